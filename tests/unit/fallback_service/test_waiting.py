"""How long the oldest has waited: right between rounds, after a decision, and when a partition changes hands."""

from collections.abc import Callable

import pytest

from docmill.fallback_service.resolved import Came, Held, Resolved
from docmill.fallback_service.waiting import FORGOTTEN_AFTER_S, WELL_AFTER_S, Waiting
from docmill.kafka.put_back import HELD_SINCE, NOT_BEFORE, PUT_BACK_AT
from docmill.processing import Rejected
from docmill_schemas.reasons import RejectionReason
from tests.unit.kafka.fakes import FakeRecord

DECIDED = Rejected(RejectionReason.INTERNAL_ERROR, "whatever ends it")
T = 1_000_000.0
ROUND_S = 15.0


def fresh(partition: int = 0, sent_s: float = T - 900) -> FakeRecord:
    """A new document; sent before anybody was put back, unless told."""
    return FakeRecord(b"{}", topic="documents.fallback", partition=partition, timestamp=int(sent_s * 1000))


def put_back(since_s: float, due_s: float, partition: int = 0) -> FakeRecord:
    headers = (
        (HELD_SINCE, b"%d" % (since_s * 1000)),
        (PUT_BACK_AT, b"%d" % ((due_s - ROUND_S) * 1000)),
        (NOT_BEFORE, b"%d" % (due_s * 1000)),
    )
    return FakeRecord(b"{}", headers, topic="documents.fallback", partition=partition)


def held(record: FakeRecord, since_s: float, now_s: float) -> Resolved:
    return Resolved(record, Held(int(since_s * 1000), int(now_s * 1000), int((now_s + ROUND_S) * 1000)), ())


def ended(record: FakeRecord, came: Came = DECIDED) -> Resolved:
    return Resolved(record, came, ())


def at(now_s: float) -> Callable[[], float]:
    return lambda: now_s


def test_nobody_waits() -> None:
    waiting = Waiting()
    assert waiting.oldest_s(T) == 0
    waiting.final([ended(fresh())], T)
    assert waiting.oldest_s(T) == 0


def test_the_age_grows_between_rounds_and_from_round_to_round() -> None:
    waiting = Waiting()
    waiting.final([held(fresh(), T, T)], T)
    assert waiting.oldest_s(T + 10) == 10
    for number in range(1, 5):
        now_s = T + number * ROUND_S
        waiting.final([held(put_back(T, now_s), T, now_s)], now_s)
        assert waiting.oldest_s(now_s + 14) == number * ROUND_S + 14


def test_once_it_is_decided_it_no_longer_counts_and_the_next_oldest_does() -> None:
    waiting = Waiting()
    waiting.final([held(fresh(), T, T), held(fresh(), T + 5, T + 5)], T + 5)
    due_s = T + ROUND_S
    waiting.final([ended(put_back(T, due_s))], T + 20)
    assert waiting.oldest_s(T + 20) == 15
    waiting.final([ended(put_back(T + 5, due_s + 5))], T + 21)
    assert waiting.oldest_s(T + 21) == 0


def test_of_two_of_one_second_the_one_that_still_waits_counts() -> None:
    waiting = Waiting()
    waiting.final([held(fresh(), T, T + 0.1), held(fresh(), T, T + 0.2)], T + 1)
    one, other = put_back(T, T + 0.1 + ROUND_S), put_back(T, T + 0.2 + ROUND_S)
    waiting.final([ended(one)], T + 16)
    assert waiting.oldest_s(T + 16) == 16
    waiting.final([held(other, T, T + 17)], T + 17)
    assert waiting.oldest_s(T + 17) == 17


def test_those_put_back_in_the_same_moment_are_told_apart() -> None:
    """Put back unseen, many a millisecond; the next slices part them anyhow."""
    waiting = Waiting()
    waiting.final([held(fresh(), T, T + 20), held(fresh(), T + 5, T + 20)], T + 20)
    due_s = T + 20 + ROUND_S
    waiting.final([ended(put_back(T + 5, due_s))], T + 36)
    assert waiting.oldest_s(T + 36) == 36
    waiting.final([ended(put_back(T, due_s))], T + 37)
    assert waiting.oldest_s(T + 37) == 0


def test_who_is_due_sooner_though_he_was_put_back_later_takes_nobody_away() -> None:
    """One without a turn is due at once; the one that was asked about before him, in 15 s."""
    waiting = Waiting()
    waiting.final([held(fresh(), T, T + 5)], T + 5)
    waiting.final([Resolved(fresh(), Held(int(T + 3) * 1000, int(T + 6) * 1000, int(T + 6) * 1000), ())], T + 6)
    early = Resolved(put_back(T, T + 5 + ROUND_S), Held(int(T) * 1000, int(T + 7) * 1000, int(T + 20) * 1000), ())
    waiting.final([early], T + 7)  # not due: the same once more
    assert waiting.oldest_s(T + 8) == 8
    waiting.final([ended(put_back(T + 3, T + 6 + ROUND_S))], T + 9)
    assert waiting.oldest_s(T + 9) == 9


def test_those_that_come_round_late_behind_many_others_still_count() -> None:
    """A slow generator: minutes of fresh requests lie before the one that was put back."""
    waiting = Waiting()
    waiting.final([held(fresh(), T, T)], T)
    for second in range(10, 300, 10):
        with waiting.in_hand([fresh()], at(T + second)):
            pass
        waiting.final([ended(fresh())], T + second)
        assert waiting.oldest_s(T + second) == second


def test_what_was_decided_by_a_commit_that_nobody_saw_is_gone_once_others_pass_it() -> None:
    waiting = Waiting()
    waiting.final([held(fresh(), T, T), held(fresh(), T + 5, T + 5)], T + 5)
    later = put_back(T + 5, T + 5 + ROUND_S)  # the first one's last slice was committed, and taken for failed
    waiting.final([held(later, T + 5, T + 21)], T + 21)
    assert waiting.oldest_s(T + 21) == 16


def new_ones_every_half_minute(waiting: Waiting, until_s: float) -> None:
    """Each is sent a second before it is decided."""
    now_s = T
    while (now_s := now_s + 30) <= until_s:
        with waiting.in_hand([fresh()], at(now_s)):
            pass
        waiting.final([ended(fresh(sent_s=now_s - 1))], now_s)


def test_who_was_decided_unseen_is_gone_once_new_documents_have_passed_him() -> None:
    """By somebody else, before the partition came back; or by a commit that was taken for failed. Nobody else waits."""
    waiting = Waiting()
    waiting.final([held(fresh(), T, T)], T)
    new_ones_every_half_minute(waiting, T + WELL_AFTER_S)
    assert waiting.oldest_s(T + WELL_AFTER_S) == WELL_AFTER_S
    new_ones_every_half_minute(waiting, T + WELL_AFTER_S + 60)
    assert waiting.oldest_s(T + WELL_AFTER_S + 60) == 0


def test_who_comes_round_under_new_documents_counts_on() -> None:
    waiting = Waiting()
    waiting.final([held(fresh(), T, T)], T)
    for number in range(1, 60):
        now_s = T + number * ROUND_S
        new = ended(fresh(sent_s=now_s - 1))
        waiting.final([new, held(put_back(T, now_s), T, now_s), new], now_s)
        assert waiting.oldest_s(now_s) == number * ROUND_S


@pytest.mark.parametrize("ahead_s", [1, 1e9])
def test_a_document_of_a_time_to_come_tells_nothing(ahead_s: float) -> None:
    waiting = Waiting()
    waiting.final([held(fresh(), T, T)], T)
    now_s = T + WELL_AFTER_S + 30
    waiting.final([ended(fresh(sent_s=now_s + ahead_s))], now_s)
    assert waiting.oldest_s(now_s) == WELL_AFTER_S + 30


def test_one_that_was_put_back_and_does_not_say_when_is_no_new_document() -> None:
    waiting = Waiting()
    waiting.final([held(fresh(), T, T)], T)
    now_s = T + WELL_AFTER_S + 30
    of_before = FakeRecord(
        b"{}", ((HELD_SINCE, b"1"),), topic="documents.fallback", partition=0, timestamp=int(now_s) * 1000
    )
    waiting.final([ended(of_before)], now_s)
    assert waiting.oldest_s(now_s) == WELL_AFTER_S + 30


def test_a_partition_that_was_let_go_of_is_forgotten_and_one_in_hand_is_not() -> None:
    waiting = Waiting()
    waiting.final([held(fresh(0), T, T)], T)
    waiting.final([held(fresh(1), T + 10, T + 10)], T + 10)
    long_after_s = T + 11 + FORGOTTEN_AFTER_S
    with waiting.in_hand([put_back(T + 10, T + 25, partition=1)], at(long_after_s)):  # it waits until it is due
        assert waiting.oldest_s(long_after_s) == long_after_s - T - 10
    assert waiting.oldest_s(long_after_s + FORGOTTEN_AFTER_S) == long_after_s + FORGOTTEN_AFTER_S - T - 10
    assert waiting.oldest_s(long_after_s + FORGOTTEN_AFTER_S + 1) == 0


def test_who_takes_a_partition_over_learns_of_it_when_it_comes_round() -> None:
    waiting = Waiting()
    waiting.final([held(put_back(T - 3600, T), T - 3600, T)], T)
    assert waiting.oldest_s(T + 1) == 3601


def test_a_slice_that_fails_leaves_everything_as_it_was() -> None:
    waiting = Waiting()
    waiting.final([held(fresh(), T, T)], T)
    with pytest.raises(RuntimeError), waiting.in_hand([put_back(T, T + ROUND_S)], at(T + 20)):
        raise RuntimeError
    assert waiting.oldest_s(T + 21) == 21
    assert waiting.oldest_s(T + 21 + FORGOTTEN_AFTER_S) == 0


def test_there_are_no_more_entries_than_seconds() -> None:
    waiting = Waiting()
    for number in range(3000):
        since_s = T + number / 1000
        waiting.final([held(fresh(), since_s, since_s)], since_s)
    [partition] = waiting._partitions.values()
    assert len(partition.put_back_ms) == 3
