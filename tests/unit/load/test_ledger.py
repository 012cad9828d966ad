"""Outcomes find their documents; latency counts from when a document was due."""

import pytest

from docmill.kafka.outcomes import OutcomeKind
from tests.unit.load.fakes import START_S, answer, ledger, offer, send_all

PROCESSED, FALLBACK, REJECTED = OutcomeKind.PROCESSED, OutcomeKind.FALLBACK, OutcomeKind.REJECTED


def test_latency_counts_from_the_due_time_however_late_it_was_sent() -> None:
    book = ledger()
    send_all(book, late_s=1.5)
    answer(book, 3, after_s=2.0)
    entry = book.entries[3]
    assert entry.due_s == START_S + 0.3
    assert entry.sent_s == pytest.approx(START_S + 1.8)
    assert entry.latency_s == pytest.approx(2.0)
    assert entry.outcome is PROCESSED
    assert book.entries[4].latency_s is None


def test_outstanding_is_what_is_on_its_way() -> None:
    book = ledger()
    assert (book.sent, book.outstanding) == (0, 0)
    for index in range(4):
        book.on_sent(index, START_S)
    answer(book, 0, 0.1)
    book.on_refused(1, "too large")
    assert (book.sent, book.outstanding) == (4, 2)
    answer(book, 1, 0.1)  # it had arrived after all
    assert book.outstanding == 2
    assert book.refusals == {}
    book.on_refused(0, "no acknowledgement")  # but the outcome is there
    assert book.refusals == {}


@pytest.mark.parametrize("key", [None, b"", b"t/100", b"someone-elses", b"\xff"])
def test_outcomes_of_others_are_none_of_ours(key: bytes | None) -> None:
    book = ledger()
    send_all(book)
    assert not book.on_outcome(key, PROCESSED, START_S)
    assert book.outstanding == 100


@pytest.mark.parametrize(
    ("kinds", "duplicates"),
    [
        ([PROCESSED], 0),
        ([PROCESSED, PROCESSED], 1),
        ([PROCESSED, PROCESSED, PROCESSED], 2),
        ([FALLBACK, PROCESSED], 0),
        ([PROCESSED, FALLBACK], 0),
        ([FALLBACK, PROCESSED, FALLBACK], 1),
        ([FALLBACK, FALLBACK], 1),
        ([REJECTED, PROCESSED], 1),
        ([FALLBACK, REJECTED], 1),
    ],
)
def test_a_second_outcome_is_a_duplicate_unless_the_fallback_answered(
    kinds: list[OutcomeKind], duplicates: int
) -> None:
    book = ledger()
    send_all(book)
    for at, kind in enumerate(kinds):
        answer(book, 0, after_s=1.0 + at, kind=kind)
    assert book.duplicates == duplicates
    assert book.entries[0].latency_s == pytest.approx(1.0)
    assert book.entries[0].outcome is kinds[0]
    assert book.outstanding == 99


def test_late_are_those_that_were_slow_and_those_that_are_bound_to_be() -> None:
    book = ledger(offer(rate=10, warm_up_s=1, counted_s=10))
    first = book.plan.first_counted
    now_s = book.entries[first].due_s + 2.55  # six documents were due more than 2 s ago
    answer(book, first, after_s=2.2)
    answer(book, first + 1, after_s=1.0)
    assert book.count_late(2.0, now_s) == 5
    assert book.count_late(2.0, START_S) == 1  # of the others nothing is known yet
    assert len(book.counted) == 100
