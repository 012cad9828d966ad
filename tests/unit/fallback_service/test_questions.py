"""What a generator is asked, and what it is shown."""

import json
from collections.abc import Sequence

import pytest

from docmill.fallback.judge import DOCUMENT, LABEL, HeldBack, Judgement
from docmill.fallback.types import AbstentionReason, Candidate, Ranked
from docmill.fallback_service.questions import (
    AROUND_CHARACTERS,
    HEAD_CHARACTERS,
    SHOWN_CHARACTERS,
    question_for_generator,
    stretches,
)
from docmill.generator.prompt import messages_of
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


def shows(shown: Sequence[tuple[int, int]], place: int) -> bool:
    return any(start <= place < end for start, end in shown)


def test_each_field_has_its_best_place_shown_before_any_has_its_second() -> None:
    """Five sure spans of one field far apart would else take all the room."""
    text = "x" * 300_000
    sure = [candidate("y" * 400, 0.9 - place / 1e6, place) for place in range(10_000, 60_000, 10_000)]
    unsure = candidate("z", 0.1, 200_000, "total")
    shown = stretches(text, ("company", "total"), [*sure, unsure])
    assert shows(shown, unsure.start)
    assert shows(shown, sure[0].start)
    assert sum(end - start for start, end in shown) <= SHOWN_CHARACTERS


@pytest.mark.parametrize("fields", [1, 3, 8, 20])
@pytest.mark.parametrize("size", [1, 10, 100, 400, 2500, 10_000])
def test_no_field_is_asked_for_without_its_place_however_many_and_long_they_are(fields: int, size: int) -> None:
    text = "x" * 600_000
    names = [f"field-{number}" for number in range(fields)]
    best = [candidate("y" * size, 0.9, 20_000 * (number + 1), name) for number, name in enumerate(names)]
    second = [candidate("z", 0.8, one.start + 15_000, one.field) for one in best]
    shown = stretches(text, names, [*second, *best])
    share = (SHOWN_CHARACTERS - HEAD_CHARACTERS) // fields
    for one in best:
        assert any(start <= one.start and min(one.end, one.start + share) <= end for start, end in shown)
    assert sum(end - start for start, end in shown) <= SHOWN_CHARACTERS


@pytest.mark.parametrize(("start", "end"), [(10_000_000, 10_000_001), (299_999, 300_001), (200_000, 100), (-9, 5)])
def test_a_span_that_is_none_of_the_text_changes_nothing(start: int, end: int) -> None:
    """Of a processor that counts otherwise, or a stranger's."""
    text = "x" * 300_000
    wrong = Candidate("company", start, end, "y", "y", 0.99)
    others = [candidate("y" * 10, 0.5, place) for place in range(2000, 290_000, 1000)]
    for fields in (("company",), ("company", "total")):
        for spans in ([], others):
            shown = stretches(text, fields, [wrong, *spans])
            assert shown == stretches(text, fields, spans)
            assert sum(end - start for start, end in shown) <= SHOWN_CHARACTERS


def test_spans_of_one_place_take_its_room_once() -> None:
    text = "x" * 300_000
    together = [candidate("y" * 100, 0.9, 50_000 + place) for place in range(0, 50, 10)]
    apart = [candidate("y" * 10, 0.2, place) for place in (100_000, 200_000)]
    shown = stretches(text, ("company",), [*together, *apart])
    assert [shows(shown, one.start) for one in apart] == [True, True]


def test_what_stands_at_the_beginning_anyway_takes_no_room() -> None:
    text = "x" * 300_000
    first = [candidate("y" * 400, 0.9, place) for place in (0, 200, 400, 600, 800)]
    later = candidate("y" * 10, 0.2, 200_000)
    assert shows(stretches(text, ("company",), [*first, later]), later.start)


@pytest.mark.parametrize("length", [10_000, 2_000_000])
def test_a_prompt_is_no_longer_for_a_longer_document(length: int) -> None:
    spans = tuple(candidate("y" * 10, 0.5, start) for start in range(2000, length, length // 100))
    ask = question_for_generator("x" * length, judgement("company"), spans, ("letter",), ())
    assert ask is not None
    told = json.loads(messages_of(ask)[1]["content"])
    assert told.keys() == {"document"}
    assert HEAD_CHARACTERS < len(told["document"]) <= SHOWN_CHARACTERS + 2 * len(ask.shown)
