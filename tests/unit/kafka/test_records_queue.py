"""What waits, how much of it is too much, and how it is cut."""

import asyncio

import pytest

from docmill.kafka.decode_record import Record
from docmill.kafka.records_queue import MOST_PASSING, MOST_PASSING_BYTES, RecordsQueue
from tests.unit.kafka.fakes import FakeRecord

MANY = 10**9


def records(*sizes: int, first: int = 0) -> list[FakeRecord]:
    return [FakeRecord(b"x" * size, offset=first + n, timestamp=1000 + n) for n, size in enumerate(sizes)]


def queue(
    max_records: int = MANY,
    max_bytes: int = MANY,
    max_slice_tokens: int = MANY,
    max_slice_records: int | None = None,
) -> RecordsQueue:
    return RecordsQueue(max_records, max_bytes, max_slice_tokens, max_slice_records)


async def offsets(waiting: RecordsQueue) -> list[int]:
    return [record.offset for record in await asyncio.wait_for(waiting.next_slice(), 5)]


async def test_a_slice_holds_what_fits_in_order() -> None:
    waiting = queue(max_slice_tokens=33)
    waiting.add(records(40, 40, 40, 40))  # 11 tokens each
    assert await offsets(waiting) == [0, 1, 2]
    assert await offsets(waiting) == [3]
    assert len(waiting) == 0


async def test_a_record_that_is_too_large_is_a_slice_of_its_own() -> None:
    waiting = queue(max_slice_tokens=10)
    waiting.add(records(4, 4000, 4))
    assert [await offsets(waiting) for _ in range(3)] == [[0], [1], [2]]


async def test_slices_that_take_turns_are_smaller() -> None:
    waiting = queue(max_slice_tokens=4096)
    waiting.add(records(*[4000] * 12))  # 1,001 tokens each
    sizes = [len(await asyncio.wait_for(waiting.next_slice(shared_by=lambda n=n: n), 5)) for n in (1, 2, 4, 100)]  # type: ignore[misc]
    assert sizes == [4, 2, 1, 1]


async def test_a_slice_holds_no_more_records_than_it_may() -> None:
    waiting = queue(max_slice_tokens=33, max_slice_records=2)
    waiting.add(records(40, 40, 40, 120, 40))  # 11 tokens each, and 31
    assert [await offsets(waiting) for _ in range(4)] == [[0, 1], [2], [3], [4]]


def passes(record: Record) -> bool:
    """What begins so is no work."""
    return (record.value or b"").startswith(b"pass")


def passing(*values: bytes) -> RecordsQueue:
    waiting = RecordsQueue(MANY, MANY, MANY, 2, passes)
    waiting.add(FakeRecord(value, offset=n) for n, value in enumerate(values))
    return waiting


async def test_what_passes_lies_before_what_is_work_in_one_slice() -> None:
    """Who is new does not wait until those before him are done with by themselves."""
    waiting = passing(b"pass", b"pass", b"pass", b"work", b"pass", b"pass")
    assert [await offsets(waiting) for _ in range(2)] == [[0, 1, 2, 3, 4], [5]]
    assert not waiting.full
    assert await offsets(passing(b"work", b"pass", b"pass")) == [0, 1]


async def test_what_is_work_has_its_bounds_behind_what_passes() -> None:
    waiting = RecordsQueue(MANY, MANY, 33, MANY, passes)
    waiting.add(FakeRecord(value, offset=n) for n, value in enumerate([b"pass" * 100, *[b"w" * 40] * 4, b"w" * 400]))
    assert [await offsets(waiting) for _ in range(3)] == [[0, 1, 2, 3], [4], [5]]
    before_a_large_one = RecordsQueue(MANY, MANY, 33, MANY, passes)
    before_a_large_one.add([FakeRecord(b"pass", offset=0), FakeRecord(b"w" * 400, offset=1)])
    assert await offsets(before_a_large_one) == [0, 1]


async def test_what_passes_is_bounded_too() -> None:
    many = passing(*[b"pass"] * (MOST_PASSING + 1))
    assert [len(await offsets(many)) for _ in range(2)] == [MOST_PASSING, 1]
    half = b"pass" + b"." * (MOST_PASSING_BYTES // 2)
    large = passing(half, half, half + half, b"pass")
    assert [await offsets(large) for _ in range(4)] == [[0], [1], [2], [3]]
    assert await offsets(passing(b"pass" + b"." * (MOST_PASSING_BYTES - 100), b"pass")) == [0, 1]


async def test_whether_it_passes_is_asked_when_there_is_something_to_take() -> None:
    generator_is_back = False
    waiting = RecordsQueue(MANY, MANY, MANY, 2, lambda record: not generator_is_back)
    waiting.add(records(4, 4, 4, 4))
    generator_is_back = True
    assert await offsets(waiting) == [0, 1]
    generator_is_back = False
    assert await offsets(waiting) == [2, 3]


async def test_how_many_share_is_asked_when_there_is_something_to_take() -> None:
    waiting = queue(max_slice_tokens=4096)
    sharers = [1]
    taking = asyncio.create_task(waiting.next_slice(shared_by=lambda: sharers[0]))
    await asyncio.sleep(0)
    sharers[0] = 2
    waiting.add(records(*[4000] * 4))
    assert len(await asyncio.wait_for(taking, 5)) == 2


async def test_records_without_a_value_count_too() -> None:
    waiting = queue(max_slice_tokens=3)
    waiting.add([FakeRecord(None, offset=n) for n in range(4)])
    assert await offsets(waiting) == [0, 1, 2]


async def test_a_slice_is_waited_for() -> None:
    waiting = queue()
    taking = asyncio.create_task(waiting.next_slice())
    await asyncio.sleep(0)
    assert not taking.done()
    waiting.add(records(1))
    assert [record.offset for record in await asyncio.wait_for(taking, 5)] == [0]


async def test_a_cleared_queue_is_waited_for_again() -> None:
    waiting = queue()
    waiting.add(records(1))
    waiting.clear()
    taking = asyncio.create_task(waiting.next_slice())
    await asyncio.sleep(0)
    assert not taking.done()
    waiting.add(records(1, first=7))
    assert [record.offset for record in await asyncio.wait_for(taking, 5)] == [7]


async def test_closing_wakes_and_leaves_what_waits() -> None:
    waiting = queue()
    taking = asyncio.create_task(waiting.next_slice())
    await asyncio.sleep(0)
    waiting.close()
    assert await asyncio.wait_for(taking, 5) == []
    waiting.add(records(1))
    assert await offsets(waiting) == []


@pytest.mark.parametrize("limits", [{"max_records": 4}, {"max_bytes": 40}])
async def test_full_and_drained_leave_room_between(limits: dict[str, int]) -> None:
    waiting = queue(**limits, max_slice_tokens=1)
    waiting.add(records(10, 10, 10))
    assert not waiting.full
    waiting.add(records(10))
    assert waiting.full
    await waiting.next_slice()
    assert not waiting.full
    assert not waiting.drained
    await waiting.next_slice()
    assert not waiting.drained
    await waiting.next_slice()
    assert waiting.drained


async def test_a_queue_of_one_record_drains() -> None:
    waiting = queue(max_records=1, max_bytes=1)
    waiting.add(records(100))
    assert waiting.full
    await waiting.next_slice()
    assert waiting.drained


@pytest.mark.parametrize("heavy", [{"key": b"k" * 100}, {"headers": (("h", b"v" * 99),)}, {"value": b"v" * 100}])
def test_bytes_are_those_of_the_whole_record(heavy: dict[str, object]) -> None:
    waiting = queue(max_bytes=100)
    waiting.add([FakeRecord(**{"value": None, **heavy})])  # type: ignore[arg-type]
    assert waiting.full
    waiting.clear()
    assert not waiting.full


def test_the_oldest_is_the_first() -> None:
    waiting = queue()
    assert waiting.oldest_timestamp_ms() is None
    waiting.add(records(1, 1))
    assert waiting.oldest_timestamp_ms() == 1000
