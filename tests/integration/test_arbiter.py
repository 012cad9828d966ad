"""The arbiter on a real broker: a decision is a result, its review's end and an exemplar, once, whoever is killed."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from docmill.kafka.topics import create_topics
from docmill.settings import Settings
from docmill_schemas.events import DocumentProcessed, KnowledgeUpdated
from docmill_schemas.examples import FEEDBACK, REVIEW
from docmill_schemas.ids import request_id
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from docmill_schemas.topics import FEEDBACK as FEEDBACK_TOPIC
from docmill_schemas.topics import KNOWLEDGE_UPDATED, PROCESSED
from docmill_schemas.topics import REVIEW as REVIEW_TOPIC
from tests.integration.processor_process import PATIENCE_S, SOON_MISSED, ProcessorProcess
from tests.integration.topics import Sent, Topics, header, receipt
from tests.unit.arbiter.fakes import feedback, review

pytestmark = pytest.mark.kafka
REQUESTS = [request_id("test", str(number)) for number in range(12)]
TRACE = (("traceparent", b"00-1"),)


@pytest.fixture
async def settings(kafka_bootstrap: str, topic_prefix: str) -> Settings:
    """Of a deployment whose topics are made."""
    made = Settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=3)
    await create_topics(made)
    return made


@pytest.fixture
def of_test(settings: Settings) -> Topics:
    return Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)


def started(settings: Settings, log: Path, **environment: str) -> ProcessorProcess:
    """The arbiter in a process of its own."""
    own = {"DOCMILL_ARBITER_GROUP": f"{settings.topic_prefix}arbiter", "DOCMILL_ARBITER_HTTP_PORT": "0"}
    servers, prefix = settings.kafka_bootstrap_servers, settings.topic_prefix
    return ProcessorProcess(servers, prefix, log.parent, log, service="arbiter", **own, **environment)


@contextmanager
def arbiter(settings: Settings, log: Path, **environment: str) -> Iterator[ProcessorProcess]:
    """The same, ready; ended with the block."""
    with started(settings, log, **environment) as process:
        yield process.ready()


async def ask(topics: Topics, *reviews: ReviewRequested) -> None:
    """Reviews, as the fallback publishes them."""
    sent = [Sent(one.model_dump_json().encode(), key=one.request_id.encode(), headers=TRACE) for one in reviews]
    await topics.send_to(REVIEW_TOPIC.name, sent)


async def decide(topics: Topics, *decisions: FeedbackGiven) -> None:
    """Decisions, as a person's tool publishes them."""
    sent = [Sent(one.model_dump_json().encode(), key=one.request_id.encode()) for one in decisions]
    await topics.send_to(FEEDBACK_TOPIC.name, sent)


def decisions_of(process: ProcessorProcess, outcome: str) -> float:
    return process.metric("docmill_decisions_total", outcome=outcome)


async def results(topics: Topics) -> list[DocumentProcessed]:
    return [DocumentProcessed.model_validate_json(record.value) for record in await topics.read(PROCESSED.name)]


async def tombstones(topics: Topics) -> list[str]:
    """Keys of the reviews' ends, sorted."""
    return sorted(record.key.decode() for record in await topics.read(REVIEW_TOPIC.name) if record.value is None)


async def exemplars(topics: Topics) -> list[KnowledgeUpdated]:
    return [KnowledgeUpdated.model_validate_json(record.value) for record in await topics.read(KNOWLEDGE_UPDATED.name)]


def numbered(number: int, **more: Any) -> tuple[ReviewRequested, FeedbackGiven]:
    """A review of its own request, and the decision on it."""
    own = {"request_id": REQUESTS[number]}
    return review(**own, **more), feedback(**own, feedback_id=f"f{number}")


async def test_the_first_decision_counts_whatever_comes_after_it(
    settings: Settings, of_test: Topics, tmp_path: Path
) -> None:
    with arbiter(settings, tmp_path / "log") as process:
        assert process.readiness()[1]["checks"]["open_reviews"] == 0
        await ask(of_test, REVIEW)
        await decide(of_test, FEEDBACK)
        process.wait_for(lambda: decisions_of(process, "accepted") == 1, "accepted")
        [result] = await results(of_test)
        assert (result.decided_by, result.revision, result.supersedes) == ("human", 1, None)
        assert result.reviewer == FEEDBACK.reviewer
        assert [field.value for field in result.fields] == ["Kopitiam Sri Melur", "2018-03-12", "41.50 MYR"]
        assert await tombstones(of_test) == [REVIEW.request_id]
        [exemplar] = await exemplars(of_test)
        assert (exemplar.passage_id, exemplar.document_type) == (f"decided/{REVIEW.request_id}", "receipt")
        for topic in (PROCESSED, REVIEW_TOPIC, KNOWLEDGE_UPDATED):
            assert header((await of_test.read(topic.name))[-1], "traceparent") == "00-1"

        # A second one, a third that was never asked for, and one that nobody can read.
        await decide(of_test, feedback(feedback_id="second", document_type="contract.supply"))
        await decide(of_test, feedback(request_id="nobody-asked"))
        await of_test.send_to(FEEDBACK_TOPIC.name, [Sent(b"a secret that is no JSON", key=b"someone")])
        for outcome in ("already_decided", "no_review", "refused"):
            process.wait_for(lambda outcome=outcome: decisions_of(process, outcome) == 1, outcome)  # type: ignore[misc]
        assert "secret" not in process.log_text

        # Somebody holds the result for wrong: asked again, decided again, on both the first counts.
        published = {"result_id": result.result_id, "revision": 1, "decided_by": "human"}
        again = review(published=published, revision=2, review_reasons=("correction",))
        await ask(of_test, again)
        corrected = feedback(revision=2, feedback_id="corrected", document_type="contract.supply")
        await decide(of_test, feedback(feedback_id="late"), corrected, feedback(revision=2, feedback_id="later"))
        process.wait_for(lambda: decisions_of(process, "already_decided") == 3, "decided again")
        assert decisions_of(process, "accepted") == 2
        first, second = sorted(await results(of_test), key=lambda one: one.revision)
        assert first == result
        assert (second.revision, second.supersedes) == (2, result.result_id)
        assert second.document_type.label == "contract.supply"
        assert await tombstones(of_test) == [REVIEW.request_id] * 2
        assert [one.document_type for one in await exemplars(of_test)] == ["receipt", "contract.supply"]
        assert process.readiness()[1]["checks"]["open_reviews"] in (0, 1)  # as it was read last
        assert process.terminate() == 0
    with arbiter(settings, tmp_path / "again.log") as process:  # it goes on where it was, and remembers from the log
        await decide(of_test, feedback(revision=2, feedback_id="much later"))
        process.wait_for(lambda: decisions_of(process, "already_decided") == 1, "seen")
        assert process.readiness()[1]["checks"]["open_reviews"] == 0
        assert process.terminate() == 0
    assert len(await results(of_test)) == 2


async def test_a_review_that_is_opened_too_late_ends_without_a_result(
    settings: Settings, of_test: Topics, tmp_path: Path
) -> None:
    """Two people opened one result; the first one's review was decided before the second one's came."""
    asked, given = numbered(0)
    again = feedback(**{**given.model_dump(), "feedback_id": "second"})
    await ask(of_test, asked)
    with arbiter(settings, tmp_path / "log") as process:
        await decide(of_test, given)
        process.wait_for(lambda: decisions_of(process, "accepted") == 1, "accepted")
        await ask(of_test, asked)
        await decide(of_test, again)
        process.wait_for(lambda: decisions_of(process, "already_decided") == 1, "already decided")
        assert await tombstones(of_test) == [asked.request_id] * 2
        await ask(of_test, asked)
        assert process.terminate() == 0
    with arbiter(settings, tmp_path / "again.log") as process:  # that it knows from the log alone
        assert process.readiness()[1]["checks"]["open_reviews"] == 1
        await decide(of_test, again)
        process.wait_for(lambda: decisions_of(process, "already_decided") == 1, "already decided")
        assert await tombstones(of_test) == [asked.request_id] * 3
        ends = [record for record in await of_test.read(REVIEW_TOPIC.name) if record.value is None]
        assert [header(record, "docmill_revision") for record in ends] == ["1"] * 3
        next_asked, next_given = numbered(0, revision=2)
        await ask(of_test, next_asked)
        await decide(of_test, feedback(**{**next_given.model_dump(), "revision": 2}))
        process.wait_for(lambda: decisions_of(process, "accepted") == 1, "accepted")
        assert process.terminate() == 0
    first, second = sorted(await results(of_test), key=lambda one: one.revision)
    assert (first.revision, second.revision) == (1, 2)
    assert first.result_id != second.result_id  # of one feedback id


async def decided_once(topics: Topics, numbers: Sequence[int]) -> None:
    """Wait for the results; each request has one, and with it everything else."""
    async with asyncio.timeout(PATIENCE_S):
        while len(await results(topics)) < len(numbers):  # noqa: ASYNC110
            await asyncio.sleep(0.2)  # no event tells a reader
    expected = {REQUESTS[number]: 1 for number in numbers}
    found = await results(topics)
    assert Counter(result.request_id for result in found) == expected
    assert {result.request_id: result.document_type.label for result in found} == dict.fromkeys(expected, "receipt")
    assert Counter(await tombstones(topics)) == expected
    assert Counter(one.metadata["request_id"] for one in await exemplars(topics)) == expected


@pytest.mark.parametrize("step", ["computed:2", "sent:6", "ended:6"])
async def test_one_that_is_killed_and_started_anew_decides_each_review_once(
    settings: Settings, of_test: Topics, tmp_path: Path, step: str
) -> None:
    """Each is decided twice, and differently; it dies in one of its first slices, of a few records each."""
    pairs = [numbered(number) for number in range(len(REQUESTS))]
    await ask(of_test, *(asked for asked, _ in pairs))
    firsts = [given for _, given in pairs]
    seconds = [
        feedback(**{**given.model_dump(), "feedback_id": "second", "document_type": "wrong"}) for given in firsts
    ]
    await decide(of_test, *firsts, *seconds)
    few_a_slice = {"DOCMILL_MAX_SLICE_TOKENS": "256", **SOON_MISSED}
    with started(settings, tmp_path / "killed.log", DOCMILL_FAILPOINT=step, **few_a_slice) as first:
        assert first.exit_code() == -signal.SIGKILL
    assert len(await results(of_test)) < len(REQUESTS)
    with arbiter(settings, tmp_path / "log", **few_a_slice) as second:
        await decided_once(of_test, range(len(REQUESTS)))
        second.wait_for(lambda: second.metric("docmill_consumer_lag_records") == 0, "through")
        assert decisions_of(second, "accepted") + decisions_of(second, "already_decided") > 0
        assert second.terminate() == 0
    await decided_once(of_test, range(len(REQUESTS)))


async def test_a_decision_is_seen_behind_somebody_elses_open_transaction(
    settings: Settings, of_test: Topics, tmp_path: Path
) -> None:
    """The stable end of documents.review lies before the tombstone, as long as another transaction is open there."""
    asked, given = numbered(0)
    await ask(of_test, asked)
    partition = next(record.partition for record in await of_test.read(REVIEW_TOPIC.name))
    hanging = AIOKafkaProducer(bootstrap_servers=of_test.bootstrap, transactional_id=f"{of_test.prefix}hanging")
    with arbiter(settings, tmp_path / "log") as process:
        await hanging.start()
        try:
            await hanging.begin_transaction()
            await hanging.send_and_wait(of_test.prefix + REVIEW_TOPIC.name, b"{}", key=b"other", partition=partition)
            await decide(of_test, given)  # its slice waits for the end of that transaction
            await asyncio.sleep(1)
            assert decisions_of(process, "accepted") == 0
            await hanging.commit_transaction()
            process.wait_for(lambda: decisions_of(process, "accepted") == 1, "accepted")
            # Decided. Again a transaction is open, and this time the tombstone comes to lie behind it.
            second, other = numbered(1)
            await ask(of_test, second)
            await hanging.begin_transaction()
            await hanging.send_and_wait(of_test.prefix + REVIEW_TOPIC.name, b"{}", key=b"other", partition=partition)
            await decide(of_test, feedback(**{**given.model_dump(), "feedback_id": "second"}), other)
            await hanging.abort_transaction()
            process.wait_for(lambda: decisions_of(process, "accepted") == 2, "accepted")
            process.wait_for(lambda: decisions_of(process, "already_decided") == 1, "already decided")
        finally:
            await hanging.stop()
        assert process.terminate() == 0
    await decided_once(of_test, range(2))


async def test_two_share_the_partitions_and_one_that_hangs_is_fenced(
    settings: Settings, of_test: Topics, tmp_path: Path
) -> None:
    """The one that hangs has decided, and has not published: its heir decides too, and only the heir's counts."""
    pairs = [numbered(number) for number in range(len(REQUESTS))]
    await ask(of_test, *(asked for asked, _ in pairs))
    with started(settings, tmp_path / "hangs.log", DOCMILL_FAILPOINT="stop@computed", **SOON_MISSED) as hangs:
        hangs.ready()
        await decide(of_test, *(given for _, given in pairs))
        with arbiter(settings, tmp_path / "heir.log") as heir:
            await decided_once(of_test, range(len(REQUESTS)))
            hangs.process.send_signal(signal.SIGCONT)
            # Back again, it shares the partitions, and what it had decided is decided.
            hangs.wait_for(lambda: hangs.readiness()[0] == 200, "back")
            seconds = [{**given.model_dump(), "feedback_id": "second"} for _, given in pairs]
            await decide(of_test, *(feedback(**second) for second in seconds))
            heir.wait_for(
                lambda: decisions_of(heir, "already_decided") + decisions_of(hangs, "already_decided") >= len(pairs),
                "all decided",
            )
            assert heir.terminate() == 0
        assert hangs.terminate() == 0
    await decided_once(of_test, range(len(REQUESTS)))


async def test_an_audited_result_of_the_processor_is_judged(
    settings: Settings, of_test: Topics, tiny_bundle: Path, tmp_path: Path
) -> None:
    """All that are published are asked about; what a person says of two of them is in the figures."""
    with ProcessorProcess(
        of_test.bootstrap, of_test.prefix, tiny_bundle, tmp_path / "processor.log", DOCMILL_AUDIT_SHARE="1"
    ) as processor:
        processor.ready()
        await of_test.send([receipt(1), receipt(2), Sent(b"\xff\x00\x01\x02\x81", key=b"bytes")])
        processor.wait_for(lambda: processor.metric("docmill_records_consumed_total") == 3, "through")
        assert processor.metric("docmill_review_total", reason="audit") == 2
        assert processor.terminate() == 0
    asked = [ReviewRequested.model_validate_json(record.value) for record in await of_test.read(REVIEW_TOPIC.name)]
    published = {result.request_id: result for result in await results(of_test)}
    assert {one.request_id: one.published and one.published.result_id for one in asked} == {
        id: result.result_id for id, result in published.items()
    }
    agreed, corrected = asked
    decisions = [
        FeedbackGiven(
            feedback_id=f"on-{one.document_id}",
            request_id=one.request_id,
            revision=one.revision,
            document_type=label,
            fields=[field.model_dump() for field in one.fields],
            decided_at=one.requested_at,
        )
        for one, label in ((agreed, agreed.document_type.label), (corrected, "contract.supply"))
    ]
    with arbiter(settings, tmp_path / "log") as process:
        await decide(of_test, *decisions)
        process.wait_for(lambda: decisions_of(process, "accepted") == 2, "accepted")
        for verdict in ("right", "wrong"):
            assert process.metric("docmill_audits_total", decided_by="model", verdict=verdict) == 1
        assert process.terminate() == 0
    later = [result for result in await results(of_test) if result.decided_by == "human"]
    assert {one.supersedes for one in later} == {result.result_id for result in published.values()}
    assert {one.revision for one in later} == {2}
