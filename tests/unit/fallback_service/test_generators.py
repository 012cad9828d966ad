"""The generator for threads, in front of an endpoint that misbehaves as told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress

import pytest

from docmill.errors import AbandonedError
from docmill.fallback_service.generators import GeneratorThread, Place
from docmill.generator.breaker import Breaker
from docmill.generator.budget import Budget
from docmill.generator.client import Generated, Generator, GeneratorUnavailableError, Options, Unavailable
from docmill.generator.types import Ask
from tests.unit.generator.asks import ask
from tests.unit.generator.endpoint import Endpoint, Reply, endpoint

SAID = json.dumps({"label": {"choice": "receipt", "evidence": []}, "fields": {"company": None, "total": None}})


def nobody() -> bool:
    return False


def asks(*offsets: int) -> list[tuple[Place, Ask]]:
    return [(("documents.fallback", 0, offset), ask()) for offset in offsets]


@contextmanager
def thread(
    *replies: Reply,
    deadline_s: float = 20.0,
    failures: int = 100,
    tokens: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[GeneratorThread, Endpoint]]:
    with endpoint(*replies) as at:
        breaker = Breaker(failures, 1000.0, clock)
        options = Options(at.base_url, "m", deadline_s=deadline_s)
        made = GeneratorThread(
            lambda: Generator(options, breaker, Budget(tokens, None, 10.0, time.monotonic)), lambda: breaker.state, "m"
        )
        try:
            yield made, at
        finally:
            made.close()


def test_questions_of_a_slice_are_under_way_together() -> None:
    with thread(Reply(SAID, delay_s=0.5)) as (generator, at):
        answers = generator.ask_all(asks(1, 2, 3), nobody)
    assert [one.answer.label for one in answers if isinstance(one, Generated)] == ["receipt"] * 3
    assert at.most_at_once == 3


def test_a_record_that_comes_again_is_not_paid_for_again() -> None:
    with thread(Reply(SAID)) as (generator, at):
        first = generator.ask_all(asks(1), nobody)
        again = generator.ask_all(asks(1, 2), nobody)
    assert again[0] is first[0]
    assert len(at.asked) == 2


def test_nonsense_about_a_record_that_comes_again_is_not_paid_for_again() -> None:
    with thread(Reply("no JSON")) as (generator, at):
        first, again = (one for _ in range(2) for one in generator.ask_all(asks(1), nobody))
    assert isinstance(first, GeneratorUnavailableError)
    assert isinstance(again, GeneratorUnavailableError)
    assert (again.reason, again.usage, str(again)) == (Unavailable.NONSENSE, first.usage, str(first))
    assert again.usage.prompt_tokens > 0
    assert first.__traceback__ is not None
    assert (again.__traceback__, again.__cause__, again.__context__) == (None, None, None)  # which would hold the text
    assert len(at.asked) == 2  # the question and its repair, once


@pytest.mark.parametrize(
    "other",
    [ask(text="Kedai Ah Seng\nTOTAL RM 9.00"), ask(sources=()), ask(fields=("total",)), ask(shown=((0, 10),))],
    ids=["another document", "other sources", "other fields", "other stretches"],
)
def test_another_question_at_the_same_place_has_its_own_answer(other: Ask) -> None:
    """The topic was made anew, or the index or the bundle changed, between a slice and its second reading."""
    place: Place = ("documents.fallback", 0, 1)
    with thread(Reply(SAID)) as (generator, at):
        [first] = generator.ask_all(asks(1), nobody)
        [second] = generator.ask_all([(place, other)], nobody)
        assert second is not first
        assert len(at.asked) == 2
        assert generator.ask_all([(place, other)], nobody) == [second]
        assert len(at.asked) == 2


def test_what_failed_is_asked_again() -> None:
    with thread(Reply(status=500), Reply(SAID)) as (generator, _):
        [failed] = generator.ask_all(asks(1), nobody)
        assert isinstance(failed, GeneratorUnavailableError)
        assert failed.reason is Unavailable.REFUSED
        assert isinstance(generator.ask_all(asks(1), nobody)[0], Generated)


def test_an_exception_that_nobody_foresaw_is_one_questions_own(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Generator.ask

    async def broken(self: Generator, one: Ask) -> Generated:
        if one.fields == ("broken",):
            raise KeyError("secret")
        return await real(self, one)

    monkeypatch.setattr(Generator, "ask", broken)
    with thread(Reply(SAID)) as (generator, _):
        good, bad = generator.ask_all([*asks(1), (("t", 0, 2), ask(fields=("broken",)))], nobody)
    assert isinstance(good, Generated)
    assert isinstance(bad, GeneratorUnavailableError)
    assert bad.reason is Unavailable.UNANSWERABLE
    assert "secret" not in str(bad)


def test_with_nothing_left_to_spend_it_is_left_alone() -> None:
    with thread(Reply(SAID), tokens=1) as (generator, at):
        [answered] = generator.ask_all(asks(1), nobody)
        assert isinstance(answered, GeneratorUnavailableError)
        assert answered.reason is Unavailable.BUDGET_SPENT
        assert generator.away
    assert at.asked == []


def test_an_answer_that_was_under_way_ends_no_spent_budget() -> None:
    with thread(Reply(SAID, delay_s=0.3), tokens=15_000) as (generator, at):
        answers = generator.ask_all(asks(1, 2), nobody)
        assert isinstance(answers[0], Generated)
        assert isinstance(answers[1], GeneratorUnavailableError)
        assert answers[1].reason is Unavailable.BUDGET_SPENT
        assert generator.away
    assert len(at.asked) == 1


def test_it_says_that_it_is_left_alone() -> None:
    with thread(Reply(hangs_up=True), failures=1) as (generator, _):
        assert not generator.away
        generator.ask_all(asks(1), nobody)
        assert generator.away


def test_once_the_one_question_is_answered_that_a_half_open_breaker_lets_through_it_is_back() -> None:
    now_s = 0.0
    replies = Reply(hangs_up=True), Reply(SAID, delay_s=0.3)
    with thread(*replies, failures=1, clock=lambda: now_s) as (generator, at):
        generator.ask_all(asks(1), nobody)
        assert generator.away
        now_s = 1000.0
        one, *others = generator.ask_all(asks(2, 3, 4), nobody)
        assert isinstance(one, Generated)
        assert [isinstance(o, GeneratorUnavailableError) and o.reason for o in others] == [Unavailable.BREAKER_OPEN] * 2
        assert not generator.away
        assert len(at.asked) == 2


def test_a_slice_that_nobody_waits_for_gives_up_its_questions() -> None:
    gone = threading.Event()
    with thread(Reply(SAID, delay_s=5.0)) as (generator, _):
        threading.Timer(0.3, gone.set).start()
        with pytest.raises(AbandonedError):
            generator.ask_all(asks(1), gone.is_set)


def test_closing_gives_up_what_is_under_way() -> None:
    gone = threading.Event()

    def wait(generator: GeneratorThread) -> None:
        with suppress(AbandonedError, CancelledError):
            generator.ask_all(asks(1), gone.is_set)

    with thread(Reply(SAID, delay_s=5.0)) as (generator, at):
        waiting = threading.Thread(target=wait, args=[generator], daemon=True)
        waiting.start()
        while not at.asked:
            time.sleep(0.01)
    gone.set()
    waiting.join(timeout=10)
    assert not waiting.is_alive()
