"""What a generator is asked, and what it is shown."""

import pytest

from docmill.fallback.judge import DOCUMENT, LABEL, HeldBack, Judgement
from docmill.fallback.types import AbstentionReason, Ranked
from docmill.fallback_service.questions import (
    AROUND_CHARACTERS,
    HEAD_CHARACTERS,
    SHOWN_CHARACTERS,
    question_for_generator,
    stretches,
)
from docmill.generator.types import Ask
from tests.unit.fallback.builders import candidate

LOW = AbstentionReason.LOW_CONFIDENCE


def judgement(*parts: str) -> Judgement:
    return Judgement("receipt", 0.5, (Ranked("fine", 0.3),), (), (), tuple(HeldBack(part, LOW) for part in parts))


def asked(*parts: str, text: str = "a text") -> Ask | None:
    return question_for_generator(text, judgement(*parts), (), ("letter", "receipt", "abstain"), ())


def test_only_what_is_open_is_asked() -> None:
    of_type = asked(LABEL)
    assert of_type is not None
    assert (of_type.labels, of_type.fields) == (("receipt", "fine", "letter"), ())
    of_fields = asked("total", "company")
    assert of_fields is not None
    assert (of_fields.labels, of_fields.fields) == ((), ("company", "total"))


@pytest.mark.parametrize("parts", [(), (DOCUMENT,), (DOCUMENT, LABEL)])
def test_nothing_is_asked_where_no_answer_could_help(parts: tuple[str, ...]) -> None:
    assert asked(*parts) is None


def test_nothing_is_asked_of_an_empty_text() -> None:
    assert asked(LABEL, text=" \n") is None


def test_of_a_long_document_the_beginning_and_what_is_around_the_likeliest_spans() -> None:
    text = "x" * 300_000
    spans = [candidate("y" * 10, 0.3, 200_000), candidate("y" * 10, 0.9, 100_000), candidate("z", 0.9, 50_000, "other")]
    shown = stretches(text, ("company",), spans)
    assert shown == (
        (0, HEAD_CHARACTERS),
        (100_000 - AROUND_CHARACTERS, 100_010 + AROUND_CHARACTERS),
        (200_000 - AROUND_CHARACTERS, 200_010 + AROUND_CHARACTERS),
    )


def test_no_more_is_shown_than_there_is_room_for() -> None:
    text = "x" * 300_000
    shown = stretches(text, ("company",), [candidate("y" * 10, 0.5, start) for start in range(2000, 200_000, 1000)])
    assert sum(end - start for start, end in shown) <= SHOWN_CHARACTERS
    assert len(shown) > 3


def test_stretches_that_touch_are_one() -> None:
    text = "x" * 5000
    shown = stretches(text, ("company",), [candidate("y" * 10, 0.5, 1600), candidate("y" * 10, 0.5, 1750)])
    assert shown == ((0, 1760 + AROUND_CHARACTERS),)


def test_where_a_missing_field_may_stand_is_shown_too() -> None:
    """The model saw no total; it stands at the end of a receipt, as a rule."""
    text = "x" * 3012
    shown = stretches(text, ("company", "total"), [candidate("y" * 10, 0.9, 20)])
    assert (shown[0][0], shown[-1][1]) == (0, len(text))
    assert stretches(text, ("company",), [candidate("y" * 10, 0.9, 20)]) == ((0, HEAD_CHARACTERS),)


@pytest.mark.parametrize("length", [1, HEAD_CHARACTERS, SHOWN_CHARACTERS, SHOWN_CHARACTERS + 1, 100_000])
def test_with_nothing_to_go_by_the_end_is_shown_too(length: int) -> None:
    shown = stretches("x" * length, ("company",), ())
    assert (shown[0][0], shown[-1][1]) == (0, length)
    assert sum(end - start for start, end in shown) == min(length, SHOWN_CHARACTERS)
