"""The view of open reviews: never behind what is final, whatever lies open in the log; never wrong after a failure."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError, TopicAuthorizationFailedError

from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka import open_reviews
from docmill.kafka.open_reviews import LONG_AGO_S, OpenReviews
from docmill.kafka.review_end import COUNTS_FOR_MS, UNKNOWN
from docmill.kafka.topics import LiveTopic
from tests.unit.kafka.fakes import FakeRecord

TOPIC = "claims.documents.review"


@dataclass
class FakeLog:
    """A topic's partitions: records with holes, which are markers or what was aborted. `stable`: where the first open
    transaction begins, behind which a reader of what is committed sees nothing.
    """

    records: dict[int, list[FakeRecord]]
    ends: dict[int, int]
    stable: dict[int, int] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    topic_id: str = "one"
    error: BaseException | None = None  # of the next poll, after the positions have moved
    start_error: Exception | None = None
    readers: "list[FakeReader]" = field(default_factory=list)
    described: int = 0
    before_poll: Callable[[], Awaitable[None]] | None = None

    async def describe(self) -> LiveTopic:
        self.described += 1
        return LiveTopic(self.topic_id, tuple(self.records))

    def consumer(self, isolation_level: str) -> Any:
        made = FakeReader(self, isolation_level)
        self.readers.append(made)
        return made

    def add(self, key: str, value: bytes | None, partition: int = 0, revision: bytes | None = None) -> None:
        """A record at the end, and the marker of its transaction."""
        offset = self.ends[partition]
        self.records[partition].append(reviewed(key, value, offset, partition, revision))
        self.ends[partition] = offset + 2

    def stable_end(self, partition: int) -> int:
        return self.stable.get(partition, self.ends[partition])


class FakeReader:
    """A consumer of the log; it gives two records at a time."""

    def __init__(self, log: FakeLog, isolation_level: str) -> None:
        self.log, self.committed = log, isolation_level == "read_committed"
        self.at: dict[TopicPartition, int] = {}
        self.polls = self.starts = self.stops = 0
        self.assigned: list[TopicPartition] = []

    async def start(self) -> None:
        self.starts += 1
        if self.log.start_error is not None:
            raise self.log.start_error

    async def stop(self) -> None:
        self.stops += 1

    def partitions_for_topic(self, topic: str) -> set[int]:
        assert topic == TOPIC
        return set(self.log.records)

    def assign(self, partitions: list[TopicPartition]) -> None:
        assert self.committed
        self.assigned = partitions

    def seek(self, partition: TopicPartition, offset: int) -> None:
        assert partition in self.assigned
        self.at[partition] = offset

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {p: self.log.starts.get(p.partition, 0) for p in partitions}

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(0)
        last = self.log.stable_end if self.committed else self.log.ends.__getitem__
        return {p: last(p.partition) for p in partitions}

    async def position(self, partition: TopicPartition) -> int:
        return self.at[partition]

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int | None = None
    ) -> dict[TopicPartition, list[FakeRecord]]:
        assert self.committed
        self.polls += 1
        await asyncio.sleep(0)
        if self.log.before_poll is not None:
            await self.log.before_poll()
        polled = {}
        for partition in partitions or self.assigned:
            first, end = self.at[partition], self.log.stable_end(partition.partition)
            of_partition = self.log.records[partition.partition]
            given = [record for record in of_partition if first <= record.offset < end][: max_records or 2]
            self.at[partition] = given[-1].offset + 1 if given else max(first, end)
            if given:
                polled[partition] = given
        if (error := self.log.error) is not None:
            self.log.error = None
            raise error
        return polled


def reviewed(
    key: str, value: bytes | None, offset: int, partition: int = 0, revision: bytes | None = None, timestamp: int = 0
) -> FakeRecord:
    headers = () if revision is None else (("docmill_revision", revision),)
    return FakeRecord(value, headers, key.encode(), TOPIC, partition, offset, timestamp)


def log_of(*records: FakeRecord, end: int) -> FakeLog:
    return FakeLog({0: list(records)}, {0: end})


@dataclass
class Clock:
    now_s: float = 1e9

    def __call__(self) -> float:
        return self.now_s


def view_of(log: FakeLog, stalled_after_s: float = 5.0, now_s: Clock | None = None) -> OpenReviews:
    return OpenReviews(log.consumer, log.describe, TOPIC, stalled_after_s, now_s or Clock())


async def value_of(view: OpenReviews, request_id: str) -> bytes | None:
    found = (await view.find(request_id)).review
    return None if found is None else found.value


async def decided_of(view: OpenReviews, request_id: str) -> int | None:
    return (await view.find(request_id)).decided


async def test_the_last_record_of_a_request_says_whether_it_is_open() -> None:
    log = FakeLog(
        {0: [reviewed("a", b"1", 0), reviewed("b", b"1", 2), reviewed("a", None, 4)], 1: [reviewed("c", b"1", 3, 1)]},
        {0: 6, 1: 5},
    )
    view = view_of(log)
    await view.catch_up()
    assert view.count == 2
    assert [await value_of(view, request) for request in ("a", "b", "c", "d")] == [None, b"1", b"1", None]
    assert [await decided_of(view, request) for request in ("a", "b", "c", "d")] == [UNKNOWN, None, None, None]


async def test_a_review_that_is_opened_again_is_open_and_its_last_record_counts() -> None:
    log = log_of(reviewed("a", b"1", 0), end=2)
    view = view_of(log)
    await view.catch_up()
    log.add("a", None, revision=b"1")
    await view.catch_up()
    assert (await value_of(view, "a"), await decided_of(view, "a")) == (None, 1)
    log.add("a", b"2")
    await view.catch_up()
    assert (await value_of(view, "a"), await decided_of(view, "a")) == (b"2", 1)
    log.add("b", b"3")
    await view.catch_up()
    assert await value_of(view, "b") == b"3"  # finding "a" did not lose the place
    assert await value_of(view, "a") == b"2"


async def test_the_latest_decided_revision_is_remembered_whatever_comes_after_it() -> None:
    log = log_of(reviewed("a", None, 0, revision=b"3"), end=2)
    view = view_of(log)
    for value, revision in ((b"opened", None), (None, b"2"), (b"opened", None), (None, None)):
        log.add("a", value, revision=revision)
        await view.catch_up()
        assert await decided_of(view, "a") == 3
    log.add("a", None, revision=b"4")
    await view.catch_up()
    assert await decided_of(view, "a") == 4


@pytest.mark.parametrize(("later_ms", "decided"), [(-60_000, 2), (COUNTS_FOR_MS - 1, 2), (COUNTS_FOR_MS, UNKNOWN)])
async def test_a_review_of_a_day_later_is_not_late_though_its_first_end_is_remembered(
    later_ms: int, decided: int
) -> None:
    """The document came once more, from an archive: who has just read the log, compacted, sees no end at all."""
    decided_ms = 10 * COUNTS_FOR_MS
    again = reviewed("a", b"again", 2, timestamp=decided_ms + later_ms)
    view = view_of(log_of(reviewed("a", None, 0, revision=b"2", timestamp=decided_ms), again, end=4))
    await view.catch_up()
    assert (await value_of(view, "a"), await decided_of(view, "a")) == (b"again", decided)


async def test_an_end_of_a_day_later_begins_to_count_anew() -> None:
    end = reviewed("a", None, 2, revision=b"1", timestamp=COUNTS_FOR_MS)
    correction = reviewed("a", b"1", 4, timestamp=COUNTS_FOR_MS + 1)
    view = view_of(log_of(reviewed("a", None, 0, revision=b"2"), end, correction, end=6))
    await view.catch_up()
    assert await decided_of(view, "a") == 1


@pytest.mark.parametrize("said", [b"", b"two", b"-1", b"\xff", "\u0663".encode(), b"1" * 5000])
async def test_an_end_that_says_no_revision_is_an_end_all_the_same(said: bytes) -> None:
    view = view_of(log_of(reviewed("a", b"1", 0), reviewed("a", None, 2, revision=said), end=4))
    await view.catch_up()
    assert (await value_of(view, "a"), await decided_of(view, "a")) == (None, UNKNOWN)


async def test_a_view_that_is_made_anew_remembers_what_the_log_shows() -> None:
    log = log_of(reviewed("a", None, 0, revision=b"2"), reviewed("a", b"late", 2), end=4)
    view = view_of(log)
    await view.catch_up()
    log.error = OffsetOutOfRangeError({})
    log.add("b", b"1")
    with pytest.raises(BrokerError):
        await view.catch_up()
    with pytest.raises(BrokerError, match="is to be read from its start again"):
        await view.find("a")  # not: open, and nothing decided
    await view.catch_up()
    assert (await value_of(view, "a"), await decided_of(view, "a")) == (b"late", 2)


async def test_a_decision_behind_somebody_elses_open_transaction_is_waited_for() -> None:
    """It was final long ago, and a reader of what is committed cannot see it yet: its stable end is not enough."""
    log = log_of(reviewed("a", b"1", 0), end=2)
    view = view_of(log)
    await view.catch_up()
    log.stable[0] = 2  # offset 2 is of a transaction that is open
    log.ends[0] = 3
    log.add("a", None)
    asking = asyncio.create_task(view.catch_up())
    await asyncio.wait({asking}, timeout=0.05)
    assert not asking.done()
    del log.stable[0]
    async with asyncio.timeout(5):
        await asking
    assert await value_of(view, "a") is None


async def test_what_comes_after_the_question_is_not_waited_for() -> None:
    log = log_of(reviewed("a", b"1", 0), end=2)
    view = view_of(log)
    await view.catch_up()
    polls = log.readers[0].polls
    log.stable[0] = log.ends[0]
    await view.catch_up()
    assert log.readers[0].polls == polls  # nothing new is no poll


async def test_a_transaction_that_does_not_end_is_an_error_and_what_was_read_stays() -> None:
    log = log_of(reviewed("a", b"1", 0), end=4)
    log.stable[0] = 2
    view = view_of(log, stalled_after_s=0.05)
    with pytest.raises(BrokerError, match=rf"cannot read {TOPIC}"):
        await view.catch_up()
    del log.stable[0]
    await view.catch_up()
    assert await value_of(view, "a") == b"1"
    assert len(log.readers) == 4
    assert [reader.at.get(TopicPartition(TOPIC, 0)) for reader in log.readers[::2]] == [2, 4]
    await view.close()
    assert all(reader.stops == 1 for reader in log.readers)


async def test_one_partition_that_goes_on_does_not_hide_another_that_stands_still() -> None:
    log = FakeLog({0: [], 1: []}, {0: 2, 1: 0}, stable={0: 0})
    view = view_of(log, stalled_after_s=0.2)

    async def somebody_asks() -> None:
        await asyncio.sleep(0.02)
        log.add("b", b"1", partition=1)

    log.before_poll = somebody_asks
    async with asyncio.timeout(5):
        with pytest.raises(BrokerError, match=rf"cannot read {TOPIC}"):
            await view.catch_up()


async def test_a_long_topic_may_take_its_time() -> None:
    log = log_of(*(reviewed(f"r{n}", b"1", n) for n in range(24)), end=24)
    view = view_of(log, stalled_after_s=1.0)

    async def slowly() -> None:
        await asyncio.sleep(0.125)

    log.before_poll = slowly  # two records a poll: 1.5 s in all
    await view.catch_up()
    assert view.count == 24


@pytest.mark.parametrize("error", [KafkaConnectionError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")])
async def test_a_poll_that_fails_loses_nothing(error: Exception) -> None:
    """aiokafka moves its positions as it takes records, and forgets what it took when it stumbles over the next."""
    log = log_of(reviewed("a", b"1", 0), reviewed("b", b"1", 2), reviewed("a", None, 4), end=6)
    log.error = error
    view = view_of(log)
    with pytest.raises(BrokerError, match=TOPIC):
        await view.catch_up()
    await view.catch_up()
    assert (await value_of(view, "a"), await value_of(view, "b")) == (None, b"1")


async def test_a_question_that_is_given_up_loses_nothing() -> None:
    log = log_of(reviewed("a", b"1", 0), reviewed("b", b"1", 2), end=6)
    log.stable[0] = 4
    view = view_of(log)
    asking = asyncio.create_task(view.catch_up())
    await asyncio.wait({asking}, timeout=0.05)
    asking.cancel()
    await asyncio.wait({asking})
    del log.stable[0]
    await view.catch_up()
    assert view.count == 2


async def test_questions_take_turns() -> None:
    log = log_of(*(reviewed(f"r{n}", b"%d" % n, 2 * n) for n in range(20)), end=40)
    view = view_of(log)
    await view.catch_up()
    found = await asyncio.gather(*(value_of(view, f"r{n}") for n in range(20)), view.catch_up())
    assert found == [*(b"%d" % n for n in range(20)), None]
    assert len(log.readers) == 2


async def test_a_topic_that_is_shorter_than_it_was_is_read_anew() -> None:
    log = log_of(reviewed("a", b"1", 0), reviewed("b", b"1", 2), end=4)
    view = view_of(log)
    await view.catch_up()
    log.records[0], log.ends[0] = [reviewed("c", b"1", 0)], 2
    with pytest.raises(BrokerError, match="ends at offset 2, before what was read of it"):
        await view.catch_up()
    with pytest.raises(BrokerError, match="is to be read from its start again"):
        await view.find("a")  # not None: that nobody knows of it would cost the decision
    await view.catch_up()
    assert (view.count, await value_of(view, "c")) == (1, b"1")


async def test_a_topic_that_was_made_anew_is_read_anew() -> None:
    log = log_of(reviewed("a", b"1", 0), end=2)
    view = view_of(log)
    await view.catch_up()
    log.topic_id, log.records[0], log.ends[0] = "another", [reviewed("b", b"1", 0)], 8
    log.error = KafkaConnectionError()  # whoever deletes it closes the connections to it
    with pytest.raises(BrokerError):
        await view.catch_up()
    await view.catch_up()
    assert (view.count, await value_of(view, "b")) == (1, b"1")


async def test_offsets_that_are_gone_are_read_anew() -> None:
    log = log_of(reviewed("a", b"1", 0), end=2)
    view = view_of(log)
    await view.catch_up()
    log.starts[0], log.records[0], log.ends[0] = 6, [reviewed("b", b"1", 6)], 8
    log.error = OffsetOutOfRangeError({})
    with pytest.raises(BrokerError):
        await view.catch_up()
    await view.catch_up()
    assert (view.count, await value_of(view, "b")) == (1, b"1")


async def test_after_a_long_time_it_is_read_anew() -> None:
    """Compaction takes a tombstone away too, once it is old: the end of a review would never be seen."""
    log = log_of(reviewed("a", b"1", 0), reviewed("b", b"1", 2), end=4)
    clock = Clock()
    view = view_of(log, now_s=clock)
    await view.catch_up()
    log.records[0], log.ends[0] = [reviewed("b", b"1", 2)], 8
    clock.now_s += LONG_AGO_S - 1
    await view.catch_up()
    assert view.count == 2
    clock.now_s += LONG_AGO_S
    await view.catch_up()
    assert view.count == 1
    clock.now_s -= 1  # a clock that was set back says nothing of how long it was
    readers = len(log.readers)
    await view.catch_up()
    assert len(log.readers) == readers + 2


async def test_partitions_that_were_added_are_read() -> None:
    log = log_of(reviewed("a", b"1", 0), end=2)
    view = view_of(log)
    await view.catch_up()
    log.records[1], log.ends[1] = [reviewed("b", b"1", 0, 1)], 2
    await view.catch_up()
    assert (await value_of(view, "a"), await value_of(view, "b")) == (b"1", b"1")


async def test_a_review_that_another_replaced_since_is_looked_for_again() -> None:
    log = log_of(reviewed("a", b"1", 0), end=2)
    view = view_of(log)
    await view.catch_up()
    log.records[0] = []
    log.add("a", b"2")
    with pytest.raises(BrokerError, match="was replaced"):
        await view.find("a")
    await view.catch_up()
    assert await value_of(view, "a") == b"2"


async def test_keys_that_are_none_are_passed_over() -> None:
    strange = FakeRecord(b"1", key=b"\xff", topic=TOPIC, partition=0, offset=0)
    nameless = FakeRecord(b"1", key=None, topic=TOPIC, partition=0, offset=2)
    view = view_of(log_of(strange, nameless, reviewed("a", b"1", 4), end=6))
    await view.catch_up()
    assert await value_of(view, "a") == b"1"


async def test_decided_requests_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_reviews, "REMEMBERED", 2)
    log = log_of(*(reviewed(f"r{n}", None, n) for n in range(3)), end=3)
    view = view_of(log)
    await view.catch_up()
    assert [await decided_of(view, f"r{n}") for n in range(3)] == [None, UNKNOWN, UNKNOWN]


async def test_a_missing_right_is_named() -> None:
    log = log_of(end=0)
    log.start_error = TopicAuthorizationFailedError()
    view = view_of(log)
    with pytest.raises(ConfigurationError, match=TOPIC):
        await view.catch_up()
    log.start_error = None
    await view.catch_up()
    await view.close()
    assert cast(Any, log.readers[0]).stops == 1
