"""All topics, read for one document: no group, no trace on the broker. Does not know what the records mean.

In this order, so that a document in flight is never taken for a lost one: documents.received is read; then the
group's offsets; then documents.review and documents.feedback, one after the other; then the topics of outcomes. Each is
read up to ends that are fixed only then. What the group has committed was published before, so it lies below these
ends; so do the result that a review is about, and the one that ended it.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, NoError, for_code

from docmill.kafka.decode_record import Record
from docmill.kafka.outcomes import KIND_OF_TOPIC, OutcomeKind
from docmill.kafka.put_back import was_put_back
from docmill.kafka.review_end import Ended
from docmill.kafka.review_steps import feedback_step, review_step
from docmill.kafka.scan import OnProgress, Scan, Scanned, scan_clients
from docmill.kafka.sought import Sought
from docmill.kafka.steps import Step, outcome_step, received_step
from docmill.kafka.topics import cluster_id, missing_topics, require_topics
from docmill.kafka.way import Group, Way, ways
from docmill.settings import Settings
from docmill_schemas.topics import FALLBACK, FEEDBACK, PROCESSED, RECEIVED, REJECTED, REVIEW

OF_PEOPLE = (REVIEW, FEEDBACK)  # a deployment of before may have neither, and not everybody may read them
OUTCOMES = (PROCESSED, FALLBACK, REJECTED)


@dataclass(frozen=True, slots=True)
class Trace:
    """What the topics hold of one id."""

    ways: tuple[Way, ...]
    group: Group | None  # None: it may not be described
    scanned: tuple[Scanned, ...]
    not_scanned: tuple[str, ...] = ()  # topics of people's, with the prefix, that are not there or may not be read


async def trace(
    settings: Settings,
    wanted: str,
    since: timedelta | None = None,
    on_progress: OnProgress = lambda what, done, total: None,
) -> Trace:
    """Everything that the topics hold of a document id or a request id, from `since` ago or the start of the log.

    Raises:
        BrokerError: the broker does not answer, or a topic is missing that is not of OF_PEOPLE.
    """
    await require_topics(settings, (RECEIVED, *OUTCOMES))
    missing = await missing_topics(settings, OF_PEOPLE)
    cluster = await cluster_id(settings)
    sought = Sought(wanted, cluster)
    max_bytes = settings.max_document_bytes
    start_ms = None if since is None else max(0, int((time.time() - since.total_seconds()) * 1000))
    async with scan_clients(settings, "docmill-trace") as (admin, consumer):
        scan = Scan(settings, admin, consumer, start_ms, on_progress)
        steps: list[Step] = []
        ended: dict[bytes | None, Ended] = {}  # by request

        def received(_: str, record: Record) -> None:
            if sought.may_be_received(record) and sought.is_of(step := received_step(record, cluster, max_bytes)):
                steps.append(step)

        def of_people(topic: str, record: Record) -> None:
            before = ended.get(record.key, Ended())
            if topic == REVIEW.name and record.value is None:  # which names no document: of any request
                ended[record.key] = before.then(record)
            if not sought.may_be_outcome(record):
                return
            step = review_step(record, before) if topic == REVIEW.name else feedback_step(record)
            if sought.is_of(step):
                steps.append(step)
                sought.found((step,))  # the end of a review names the request alone

        def outcome(topic: str, record: Record) -> None:
            if was_put_back(record):
                return
            kind = KIND_OF_TOPIC[topic]
            may_be = sought.may_be_dead_letter if kind is OutcomeKind.REJECTED else sought.may_be_outcome
            if may_be(record) and sought.is_of(step := outcome_step(kind, record, cluster, max_bytes)):
                steps.append(step)

        scanned = await scan.read("received", (RECEIVED,), received)
        sought.found(steps)
        group = await processors_group(admin, settings)
        for what, spec in zip(("reviews", "decisions"), OF_PEOPLE, strict=True):
            if settings.topic_prefix + spec.name not in missing:
                scanned += await scan.read(what, (spec,), of_people)
        scanned += await scan.read("outcomes", OUTCOMES, outcome)
    return Trace(ways(steps), group, scanned, missing)


async def processors_group(admin: AIOKafkaAdminClient, settings: Settings) -> Group | None:
    """The processors' group; None where it may not be described."""
    try:
        [response] = await admin.describe_consumer_groups([settings.group])
        [(code, _, _, _, _, members, *_)] = response.groups
        error = for_code(code)
        if error is not NoError:
            raise error(f"group {settings.group}")
        offsets = await admin.list_consumer_group_offsets(settings.group)
    except GroupAuthorizationFailedError:
        return None
    received = settings.topic_prefix + RECEIVED.name
    committed = {p.partition: entry.offset for p, entry in offsets.items() if p.topic == received and entry.offset >= 0}
    return Group(settings.group, committed, len(members))
