"""Reading topics to their ends, with clients written by hand; tests/integration/test_trace.py has real ones."""

from datetime import timedelta

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError, KafkaError

from docmill.errors import BrokerError
from docmill.kafka import scan, trace
from docmill.kafka.decode_record import Record
from docmill.kafka.scan import Scan, Scanned
from docmill.kafka.send_feedback import feedback_record
from docmill.kafka.steps import Asked, Processed
from docmill.kafka.trace import processors_group
from docmill.kafka.way import Group
from docmill.settings import Settings, load_settings
from docmill_schemas import examples
from docmill_schemas.topics import PROCESSED, RECEIVED
from tests.unit.kafka.fake_broker import FakeAdmin, FakeBroker, FakeConsumer
from tests.unit.kafka.fakes import SENT_AT, SENT_AT_MS, FakeRecord
from tests.unit.kafka.reviews import TRACE, closed, human_result, opened

DENIED = 30


@pytest.fixture
def settings() -> Settings:
    return load_settings(topic_prefix="p.", group="g", kafka_bootstrap_servers="here:1")


class StuckConsumer(FakeConsumer):
    """Of a broker that gives no more than there is."""

    def _stepped_over(self, partition: TopicPartition) -> int:
        return self._positions[partition]


class ChokingConsumer(FakeConsumer):
    """Of a topic with a record that aiokafka cannot read."""

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


def log(topic: str, partition: int, *offsets: int) -> list[FakeRecord]:
    return [
        FakeRecord(topic=topic, partition=partition, offset=offset, timestamp=SENT_AT_MS + 1000 * offset)
        for offset in offsets
    ]


RECEIVED_0, RECEIVED_1 = TopicPartition("p.documents.received", 0), TopicPartition("p.documents.received", 1)


async def read(
    settings: Settings, consumer: FakeConsumer, start_ms: int | None = None, since: scan.Offsets | None = None
) -> tuple[tuple[Scanned, ...], list[tuple[str, int, int]], list[tuple[str, int, int]]]:
    """What was looked through, the records that were handed on, and the progress that was told."""
    handed: list[tuple[str, int, int]] = []
    progress: list[tuple[str, int, int]] = []

    def on_record(topic: str, record: Record) -> None:
        handed.append((topic, record.partition, record.offset))

    reading = Scan(settings, FakeAdmin(), consumer, start_ms, lambda *told: progress.append(told))
    return await reading.read("both", (RECEIVED, PROCESSED), on_record, since), handed, progress


async def test_everything_up_to_the_ends_is_handed_on_and_nothing_newer(settings: Settings) -> None:
    logs = {RECEIVED_0: log(RECEIVED_0.topic, 0, 0, 1, 2, 5, 6), RECEIVED_1: log(RECEIVED_1.topic, 1, 0)}
    consumer = FakeConsumer(logs, {RECEIVED_0: 6, RECEIVED_1: 3})  # markers of transactions end partition 1
    scanned, handed, progress = await read(settings, consumer)
    name = "documents.received"
    assert sorted(handed) == [*((name, 0, offset) for offset in (0, 1, 2, 5)), (name, 1, 0)]
    assert scanned[0].topic == "p.documents.received"
    assert (scanned[0].records, scanned[0].first) == (5, SENT_AT)
    assert scanned[1] == Scanned("p.documents.processed")
    assert progress[-1] == ("both", 5, 9)


async def test_from_a_time_on(settings: Settings) -> None:
    logs = {RECEIVED_0: log(RECEIVED_0.topic, 0, 0, 1, 2, 3), RECEIVED_1: log(RECEIVED_1.topic, 1, 0)}
    consumer = FakeConsumer(logs, {RECEIVED_0: 4, RECEIVED_1: 1})
    scanned, handed, _ = await read(settings, consumer, SENT_AT_MS + 2000)
    assert [offset for _, _, offset in handed] == [2, 3]
    assert scanned[0].first == SENT_AT + timedelta(seconds=2)


async def test_from_where_topics_once_ended(settings: Settings) -> None:
    """A partition that was added since is read from its start."""
    logs = {RECEIVED_0: log(RECEIVED_0.topic, 0, 0, 1, 2, 3), RECEIVED_1: log(RECEIVED_1.topic, 1, 0)}
    since = {RECEIVED_0: 2, TopicPartition("p.documents.processed", 0): 7}
    consumer = FakeConsumer(logs, {RECEIVED_0: 4, RECEIVED_1: 1})
    scanned, handed, progress = await read(settings, consumer, since=since)
    assert sorted(handed) == [("documents.received", 0, 2), ("documents.received", 0, 3), ("documents.received", 1, 0)]
    assert (scanned[0].records, progress[-1]) == (3, ("both", 3, 3))


async def test_a_broker_that_gives_no_more_ends_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "STALLED_AFTER_S", 0.0)
    consumer = StuckConsumer({RECEIVED_0: log(RECEIVED_0.topic, 0, 0)}, {RECEIVED_0: 9})
    with pytest.raises(BrokerError, match=r"here:1 gives no more records of p\.documents\.received-0"):
        await read(settings, consumer)


async def test_a_record_that_the_client_cannot_read_is_told(settings: Settings) -> None:
    with pytest.raises(BrokerError, match=r"p\.documents\.received-0 holds a record whose header name is not UTF-8"):
        await read(settings, ChokingConsumer({}, {RECEIVED_0: 9}))


async def test_the_group_counts_its_members_and_its_offsets_of_this_deployment(settings: Settings) -> None:
    others = {TopicPartition("documents.received", 0): 99, RECEIVED_1: -1}
    admin = FakeAdmin(members=2, offsets={RECEIVED_0: 7, **others})
    assert await processors_group(admin, settings) == Group("g", {0: 7}, 2)


async def test_a_group_that_may_not_be_described_is_not_guessed_at(settings: Settings) -> None:
    assert await processors_group(FakeAdmin(DENIED), settings) is None


async def test_another_failure_of_the_group_is_one(settings: Settings) -> None:
    with pytest.raises(KafkaError):
        await processors_group(FakeAdmin(GroupCoordinatorNotAvailableError.errno), settings)
    assert GroupAuthorizationFailedError.errno == DENIED


async def test_no_broker_is_a_clear_error(settings: Settings) -> None:
    with pytest.raises(BrokerError, match=r"no broker answers at 127\.0\.0\.1:1"):
        await trace.trace(settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"}), "d")


async def test_what_people_are_asked_and_decide_is_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by the document and by its request, the end of the review too, which names the request alone."""
    broker = FakeBroker()
    broker.serve(monkeypatch, trace)
    other = "e" * 32
    broker.put("p.", opened(), opened(other, document_id="another"), partition=1)
    broker.put("p.", closed(other), closed(), partition=1)
    broker.put("p.", feedback_record(examples.FEEDBACK, examples.REVIEW, TRACE))
    broker.put("p.", human_result(examples.FEEDBACK))
    settings = load_settings(topic_prefix="p.")
    for wanted in (examples.REQUEST_ID, examples.REVIEW.document_id):
        found = await trace.trace(settings, wanted)
        [way] = found.ways
        assert way.document_id == examples.REVIEW.document_id
        assert sorted(step.what.kind for step in way.steps) == ["feedback", "processed", "review", "review_ended"]
    assert [one.topic for one in found.scanned][1:3] == ["p.documents.review", "p.documents.feedback"]
    assert found.not_scanned == ()


async def test_a_review_that_was_opened_too_late_is_told_and_whose_decision_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the document's id too, though the end before it names the request alone."""
    broker = FakeBroker()
    broker.serve(monkeypatch, trace)
    broker.put("p.", closed(revision=1), opened())
    broker.put("p.", human_result(examples.FEEDBACK, reviewer="m.okafor"))
    for wanted in (examples.REQUEST_ID, examples.REVIEW.document_id):
        [way] = (await trace.trace(load_settings(topic_prefix="p."), wanted)).ways
        told = [step.what for step in way.steps]
        assert [what.opened_late for what in told if isinstance(what, Asked)] == [True]
        assert [what.reviewer for what in told if isinstance(what, Processed)] == ["m.okafor"]


async def test_topics_of_people_that_are_not_there_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployment is one of before, or its user may read the four topics that trace read then."""
    broker = FakeBroker()
    broker.serve(monkeypatch, trace)
    broker.put("p.", opened(), human_result(examples.FEEDBACK))
    broker.missing = {"p.documents.review"}
    found = await trace.trace(load_settings(topic_prefix="p."), examples.REQUEST_ID)
    assert [step.what.kind for step in found.ways[0].steps] == ["processed"]
    assert found.not_scanned == ("p.documents.review",)
    assert [one.topic for one in found.scanned][1:2] == ["p.documents.feedback"]
    assert not {"documents.review", "documents.feedback"} & set(broker.required)
