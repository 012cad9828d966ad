from pathlib import Path

from docmill.training.quality.duplicates import check_duplicates
from docmill.training.quality.finding import Code, Finding, Severity
from docmill.training.quality.subject import Subject
from tests.unit.training.corpora import Row, read, recipe, row, rows, written


def found(
    folder: Path, train: dict[str, list[Row]], validation: dict[str, list[Row]] | None = None
) -> dict[Code, Finding]:
    subject = Subject.of(read(folder, recipe(), train, validation), recipe())
    return {finding.code: finding for finding in check_duplicates(subject)}


def varied(seed: int, changes: int, words: int = 120) -> str:
    """A text of which single words, evenly spread, are others."""
    split = written(seed, words).split(" ")
    for number in range(changes):
        split[(number + 1) * words // (changes + 1)] = f"other{number}"
    return " ".join(split)


COPY, FORM = 2, 5  # changes to 120 words


def test_different_texts_say_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, {"post": rows("a", 30)}, {"post": rows("b", 5)}) == {}


def test_exact_copies_are_counted_without_their_first(tmp_path: Path) -> None:
    twice = [row("x", "a", "Same text here"), row("y", "a", "same  TEXT\nhere"), row("z", "a", "Same text here")]
    finding = found(tmp_path, {"till": twice[:1], "post": [*twice[1:], *rows("a", 5)]})[Code.EXACT_DUPLICATE]
    assert (finding.severity, finding.count, finding.total) == (Severity.WARN, 2, 8)
    assert [(e.name, e.detail) for e in finding.examples] == [("x", "y = z")]


def test_near_copies_are_noted_and_many_of_them_warn(tmp_path: Path) -> None:
    near = [row("x", "a", varied(1, 0)), row("y", "a", varied(1, COPY))]
    few = found(tmp_path, {"post": [*near, *rows("a", 40)]})
    assert few.keys() == {Code.NEAR_DUPLICATE}
    assert (few[Code.NEAR_DUPLICATE].severity, few[Code.NEAR_DUPLICATE].count) == (Severity.NOTE, 1)
    assert [e.name for e in few[Code.NEAR_DUPLICATE].examples] == ["x ~ y"]
    assert found(tmp_path, {"post": [*near, *rows("a", 10)]})[Code.NEAR_DUPLICATE].severity is Severity.WARN


def test_a_shared_form_within_training_is_no_duplicate(tmp_path: Path) -> None:
    form = [row("x", "a", varied(1, 0)), row("y", "b", varied(1, FORM))]
    assert len(Subject.of(read(tmp_path, recipe(), {"post": form}), recipe()).pairs) == 1
    assert found(tmp_path, {"post": form}) == {}


def test_copies_across_the_parts_warn_and_forms_are_noted(tmp_path: Path) -> None:
    train = [
        row("t1", "a", varied(1, 0)),
        row("t2", "a", varied(1, COPY)),
        row("t3", "a", varied(2, 0)),
        *rows("a", 50),
    ]
    validation = [row("v1", "b", varied(1, 1)), row("v2", "a", varied(2, FORM)), row("v3", "a")]
    findings = found(tmp_path, {"post": train}, {"scans": validation})
    copies, forms = findings[Code.COPY_IN_VALIDATION], findings[Code.FORM_IN_VALIDATION]
    assert (copies.severity, copies.count, copies.total) == (Severity.WARN, 1, 3)
    assert sorted((e.name, e.detail) for e in copies.examples) == [
        ("t1 ~ v1 (validation)", "letter.a / letter.b"),
        ("t2 ~ v1 (validation)", "letter.a / letter.b"),
    ]
    assert (forms.severity, forms.count) == (Severity.NOTE, 1)
    assert [e.name for e in forms.examples] == ["t3 ~ v2 (validation)"]


def test_copies_within_validation_are_nobodys_business(tmp_path: Path) -> None:
    twice = [row("v1", "a", varied(1, 0)), row("v2", "a", varied(1, 0))]
    assert found(tmp_path, {"post": rows("a", 5)}, {"post": twice}) == {}


def test_labels_that_contradict_on_one_text(tmp_path: Path) -> None:
    texts = [row("x", "a", varied(1, 0)), row("y", "b", varied(1, COPY)), row("z", None, varied(1, 0))]
    agreeing = [row("p", "a", varied(2, 0)), row("q", "a", varied(2, 1))]
    finding = found(tmp_path, {"post": texts[:1], "scans": [*texts[1:], *agreeing]})[Code.LABEL_CONFLICT]
    assert (finding.severity, finding.count) == (Severity.WARN, 1)
    assert [(e.name, e.detail) for e in finding.examples] == [("x ~ y", "letter.a / letter.b")]


def test_findings_hold_no_text(tmp_path: Path) -> None:
    findings = found(tmp_path, {"post": [row("x", "a", "secret words"), row("y", "b", "secret words")]})
    assert findings.keys() == {Code.EXACT_DUPLICATE, Code.LABEL_CONFLICT}
    assert "secret" not in repr(findings)
