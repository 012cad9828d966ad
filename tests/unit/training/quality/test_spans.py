from pathlib import Path
from typing import Any

import pytest

from docmill.training.quality.finding import Code, Finding, Severity
from docmill.training.quality.spans import check_spans
from docmill.training.quality.subject import Subject
from docmill.training.recipe import Recipe
from tests.unit.training.corpora import Row, read, recipe, row

TEXT = "Ann Lee owes  Bob (of Ulm) $40.50 by law."


def spanned(name: str, *spans: tuple[int, int], label: str = "party", **further: Any) -> Row:
    entities = [{"label": label, "start": start, "end": end, **further} for start, end in spans]
    return {"id": name, "text": TEXT, "label": "a", "entities": entities}


def found(folder: Path, *train: Row, of: Recipe | None = None) -> list[Finding]:
    of = of or recipe()
    return list(check_spans(Subject.of(read(folder, of, {"post": list(train)}), of)))


@pytest.mark.parametrize(
    "span",
    [(0, 3), (0, 7), (14, 17), (19, 21), (27, 33), (37, 40), (0, len(TEXT)), (18, 26)],
)
def test_clean_spans_say_nothing(tmp_path: Path, span: tuple[int, int]) -> None:
    assert found(tmp_path, spanned("x", span, text=TEXT[slice(*span)])) == []


@pytest.mark.parametrize(
    ("span", "code"),
    [
        ((3, 3), Code.SPAN_OUTSIDE),
        ((7, 4), Code.SPAN_OUTSIDE),
        ((-3, 2), Code.SPAN_OUTSIDE),
        ((-3, -1), Code.SPAN_OUTSIDE),
        ((37, len(TEXT) + 1), Code.SPAN_OUTSIDE),
        ((900, 901), Code.SPAN_OUTSIDE),
        ((3, 7), Code.SPAN_EDGE),
        ((0, 4), Code.SPAN_EDGE),
        ((12, 14), Code.SPAN_EDGE),
        ((1, 3), Code.SPAN_IN_WORD),
        ((0, 2), Code.SPAN_IN_WORD),
        ((29, 33), Code.SPAN_IN_WORD),
    ],
)
def test_what_is_wrong_with_a_span(tmp_path: Path, span: tuple[int, int], code: Code) -> None:
    (finding,) = found(tmp_path, spanned("x", span))
    refused = code is Code.SPAN_OUTSIDE
    assert (finding.code, finding.severity) == (code, Severity.REFUSE if refused else Severity.WARN)
    assert (finding.where, finding.count, finding.total) == ("post", 1, 1)
    assert [(e.name, e.detail) for e in finding.examples] == [("x", f"party {span[0]}:{span[1]}")]


def test_a_span_that_says_another_text(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, spanned("x", (0, 3), text="Amy"))
    assert (finding.code, finding.severity) == (Code.SPAN_TEXT, Severity.REFUSE)
    assert "code points" in finding.do


def test_spans_of_one_field_that_overlap_count_once_each(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, spanned("x", (0, 7), (4, 7), (0, 7), (14, 17)))
    assert (finding.code, finding.count, finding.total) == (Code.SPAN_OVERLAP, 2, 4)


def test_spans_of_different_fields_may_overlap(tmp_path: Path) -> None:
    one = spanned("x", (0, 7))
    assert (
        found(tmp_path, one | {"entities": one["entities"] + spanned("x", (0, 3), label="jurisdiction")["entities"]})
        == []
    )


def test_a_long_span_is_remembered_past_short_ones(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, spanned("x", (0, 33), (4, 7), (14, 17)))
    assert finding.count == 2


def test_a_few_that_do_no_harm_are_noted(tmp_path: Path) -> None:
    clean = [spanned(f"{n}", (0, 3)) for n in range(99)]
    (finding,) = found(tmp_path, *clean, spanned("x", (0, 4)))
    assert (finding.severity, finding.count, finding.total) == (Severity.NOTE, 1, 100)
    (refused,) = found(tmp_path, *clean, spanned("x", (0, 99)))
    assert refused.severity is Severity.REFUSE


def test_what_teaches_nothing_is_not_looked_at(tmp_path: Path) -> None:
    assert found(tmp_path, spanned("x", (5, 99), label="colour")) == []
    assert found(tmp_path, spanned("x", (5, 99)), of=recipe(labels={"drop": ["letter.a"]})) == []
    assert found(tmp_path, spanned("x", (5, 99)), of=recipe([{"name": "post", "unused": ["party"]}])) == []


def test_validation_is_looked_at_too(tmp_path: Path) -> None:
    subject = Subject.of(read(tmp_path, recipe(), None, {"scans": [spanned("x", (0, 99))]}), recipe())
    (finding,) = check_spans(subject)
    assert finding.where == "scans"


def test_text_stands_in_the_excerpt_alone(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, row("x", "a", f"before {'a' * 60} Ann Lees {'b' * 60} after", ("party", "Ann Lee")))
    (example,) = finding.examples
    assert example.excerpt == f"{'a' * 29} [[Ann Lee]]s {'b' * 28}"
    assert "Ann" not in finding.what + finding.do + example.name + example.detail
    (outside,) = found(tmp_path, spanned("x", (900, 999)))
    assert outside.examples[0].excerpt == ""
