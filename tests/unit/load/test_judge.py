"""A step holds if the quantile does, nothing is missing and the load was really offered."""

import pytest

from docmill.kafka.outcomes import OutcomeKind
from docmill.load.judge import StepResult, Target, WhyNot, is_hopeless, judge, timeline
from docmill.load.ledger import Ledger
from docmill.load.search import Purpose
from tests.unit.load.fakes import START_S, answer, ledger, offer, send_all

TARGET = Target(0.95, 2.0)


def judged(of: Ledger, *, ended_early: bool = False) -> StepResult:
    return judge(of, TARGET, purpose=Purpose.SEARCH, ended_early=ended_early, cpu_share=0.05, usage=None)


def answered(slow: int, slow_s: float = 3.0) -> Ledger:
    """100 documents, all sent and answered after half a second, but for `slow` ones."""
    book = ledger()
    send_all(book, late_s=0.01)
    for index in range(100):
        answer(book, index, slow_s if index < slow else 0.5)
    return book


@pytest.mark.parametrize(("slow", "held"), [(0, True), (5, True), (6, False), (100, False)])
def test_the_quantile_decides(slow: int, held: bool) -> None:
    result = judged(answered(slow))
    assert result.held is held
    assert result.why_not == (() if held else (WhyNot.TOO_SLOW,))
    assert result.at_target_s == result.latency.p95_s == pytest.approx(0.5 if held else 3.0)


def test_exactly_the_target_holds() -> None:
    assert judged(answered(50, slow_s=2.0)).held


def test_figures_are_of_the_counted_part() -> None:
    book = ledger(offer(rate=10, warm_up_s=2, counted_s=10))
    send_all(book, late_s=0.02)
    for index in range(120):
        answer(book, index, 9.0 if index < 20 else 0.5, OutcomeKind.FALLBACK if index % 4 else OutcomeKind.PROCESSED)
    result = judged(book)
    assert result.held
    assert result.latency.documents == 100
    assert result.latency.max_s == pytest.approx(0.5)
    assert {name: of.documents for name, of in result.by_kind.items()} == {"book": 20, "letter": 80}
    assert {name: of.documents for name, of in result.by_outcome.items()} == {"fallback": 75, "processed": 25}
    assert result.lateness_p99_s == result.lateness_max_s == pytest.approx(0.02)
    assert result.sent_per_s == pytest.approx(10)
    assert result.mean_characters == result.mean_bytes == pytest.approx((80 * 25 + 20 * 1500) / 100)


def test_one_missing_document_is_not_held() -> None:
    book = ledger(offer(rate=10, warm_up_s=1, counted_s=10))
    send_all(book)
    for index in range(1, 110):  # the very first is lost: of the warm-up
        answer(book, index, 0.5)
    result = judged(book)
    assert (result.missing, result.why_not) == (1, (WhyNot.MISSING,))


def test_missing_documents_are_the_slowest_of_all() -> None:
    book = ledger()
    send_all(book)
    for index in range(90):
        answer(book, index, 0.5)
    result = judged(book)
    assert result.why_not == (WhyNot.TOO_SLOW, WhyNot.MISSING)
    assert result.latency.p50_s == pytest.approx(0.5)
    assert (result.latency.p95_s, result.latency.max_s) == (None, None)
    assert (result.latency.documents, result.at_target_s) == (100, None)


def test_a_late_generator_did_not_offer_the_rate() -> None:
    book = ledger()
    for index, entry in enumerate(book.entries):
        book.on_sent(index, entry.due_s + (0.25 if index < 2 else 0.0))
        answer(book, index, 0.5)
    result = judged(book)
    assert result.why_not == (WhyNot.GENERATOR_LATE,)
    assert result.lateness_p99_s == pytest.approx(0.25)


def test_a_single_late_document_in_a_hundred_is_forgiven_but_shown() -> None:
    book = ledger()
    for index, entry in enumerate(book.entries):
        book.on_sent(index, entry.due_s + (0.25 if index == 50 else 0.0))
        answer(book, index, 0.5)
    result = judged(book)
    assert result.held
    assert result.lateness_max_s == pytest.approx(0.25)


def test_refused_documents_are_not_held_and_one_reason_is_kept() -> None:
    book = ledger()
    send_all(book)
    for index in range(98):
        answer(book, index, 0.5)
    book.on_refused(99, "too large")
    book.on_refused(98, "no leader")
    result = judged(book)
    assert (result.refused, result.refusal, result.missing) == (2, "too large", 0)
    assert result.why_not == (WhyNot.REFUSED,)


def test_duplicates_are_shown_and_do_not_decide() -> None:
    book = answered(0)
    answer(book, 7, 1.0)
    result = judged(book)
    assert (result.duplicates, result.held) == (1, True)


def test_a_step_that_ended_early_counts_what_was_sent() -> None:
    book = ledger()
    for index in range(40):
        book.on_sent(index, book.entries[index].due_s)
        answer(book, index, 3.0)
    result = judged(book, ended_early=True)
    assert (result.latency.documents, result.missing, result.ended_early) == (40, 0, True)
    assert result.why_not == (WhyNot.TOO_SLOW,)
    assert result.sent_per_s == pytest.approx(40 / 3.9)


def test_a_step_that_sent_nothing_is_not_held() -> None:
    result = judged(ledger())
    assert (result.latency.documents, result.sent_per_s, result.mean_characters) == (0, 0.0, None)
    assert result.why_not == (WhyNot.TOO_SLOW,)


@pytest.mark.parametrize(("slow", "hopeless"), [(5, False), (6, True)])
def test_a_step_is_hopeless_once_too_many_are_late(slow: int, hopeless: bool) -> None:
    book = ledger()
    for index in range(slow):
        book.on_sent(index, book.entries[index].due_s)
    now_s = book.entries[slow - 1].due_s + 2.001  # those sent are all late, the other ninety-odd may be quick
    assert is_hopeless(book, TARGET, now_s) is hopeless


@pytest.mark.parametrize(("quantile", "name"), [(0.95, "p95"), (0.5, "p50"), (0.999, "p99.9")])
def test_a_target_has_a_name(quantile: float, name: str) -> None:
    assert Target(quantile, 2.0).name == name


def test_the_timeline_shows_latencies_by_due_time() -> None:
    book = ledger(offer(rate=10, warm_up_s=1, counted_s=10))
    send_all(book)
    for index in range(10, 60):
        answer(book, index, 0.1 * (index // 10))
    line = timeline(book)
    assert line.at_s == tuple(0.25 + 0.5 * n for n in range(20))
    assert line.p50_s[0] == line.max_s[0] == pytest.approx(0.1)
    assert line.max_s[9] == pytest.approx(0.5)
    assert line.p95_s[10:] == (None,) * 10
    assert book.entries[10].due_s == START_S + 1


def test_a_timeline_of_few_documents_is_one_point() -> None:
    book = ledger(offer(rate=0.1, counted_s=10))
    assert timeline(book).p50_s == (None,)
