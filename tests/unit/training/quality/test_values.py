from pathlib import Path

from docmill.training.quality.finding import Code, Finding, Severity
from docmill.training.quality.subject import Subject
from docmill.training.quality.values import check_values
from docmill.training.recipe import Recipe
from tests.unit.training.corpora import VALUES, Row, read, recipe, row

DECIDED = recipe([{"name": "post", "values_decide": True}])


def letter(name: str, *marked: str, **fields: object) -> Row:
    text = 'Ann Lee and Bob Orr, each a "Party".'
    return row(name, "a", text, *(("party", words) for words in marked), fields=fields)


def found(folder: Path, *train: Row, of: Recipe | None = None) -> list[Finding]:
    of = of or recipe()
    return list(check_values(Subject.of(read(folder, of, {"post": list(train)}), of)))


def test_spans_that_hold_what_is_named_say_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, letter("x", "Ann Lee", "Bob Orr", party=["Ann Lee", "Bob Orr"])) == []
    assert found(tmp_path, letter("x", "Ann Lee", 'each a "Party"')) == []  # nothing is named


def test_spans_beside_what_is_named(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, letter("x", "Ann Lee", 'each a "Party"', party=["Ann Lee", "Bob Orr"]))
    assert (finding.code, finding.severity, finding.where) == (Code.SPAN_NOT_VALUE, Severity.WARN, "post")
    assert (finding.count, finding.total, finding.unit) == (1, 2, "spans")
    assert [(e.name, e.detail) for e in finding.examples] == [("x", "party 21:35")]
    assert finding.examples[0].excerpt == 'Ann Lee and Bob Orr, [[each a "Party"]].'
    assert "name the field in values_decide" in finding.do


def test_few_of_them_are_noted(tmp_path: Path) -> None:
    clean = [letter(f"{n}", "Ann Lee", party=["Ann Lee"]) for n in range(98)]
    (finding,) = found(tmp_path, *clean, letter("x", "Ann Lee", 'each a "Party"', party=["Ann Lee"]))
    assert (finding.severity, finding.count, finding.total) == (Severity.NOTE, 1, 100)


def test_what_is_not_taught_is_noted(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, letter("x", "Ann Lee", 'each a "Party"', party=["Ann Lee"]), of=DECIDED)
    assert finding.severity is Severity.NOTE
    assert "they teach nothing" in finding.do


def test_what_is_decided_of_another_field_is_taught(tmp_path: Path) -> None:
    other = recipe([{"name": "post", "values_decide": ["law"]}])
    (finding,) = found(tmp_path, letter("x", "Ann Lee", 'each a "Party"', party=["Ann Lee"]), of=other)
    assert finding.severity is Severity.WARN
    assert "they are taught as values now" in finding.do


def test_beside_what_is_taught_what_is_left_out_is_not_counted(tmp_path: Path) -> None:
    """Else it would say of 31 that they are taught, and of a switch that is set to set it."""
    decided = recipe([{"name": "post", "values_decide": ["party"]}])
    text = 'Ann Lee and Bob Orr, each a "Party", by German law.'
    marked = (("party", "Ann Lee"), ("party", 'each a "Party"'), ("jurisdiction", "German"), ("jurisdiction", "law"))
    rows = [row(f"{n}", "a", text, *marked, fields={"party": "Ann Lee", "law": "German"}) for n in range(3)]
    (finding,) = found(tmp_path, *rows, of=decided)
    assert (finding.severity, finding.count, finding.total) == (Severity.WARN, 3, 12)
    assert {example.detail.split()[0] for example in finding.examples} == {"law"}
    assert "they are taught as values now" in finding.do


def test_a_source_that_is_varied_is_told_what_it_can_do(tmp_path: Path) -> None:
    of = recipe(
        [{"name": "till", "augment": True}],
        groups=VALUES["groups"] | {"receipt": {"fields": ["date", "total"], "required": []}},
        fields=VALUES["fields"] | {"date": {"kind": "date"}},
    )
    slip = row("x", "receipt", "Paid 4.50, change 0.50", ("total", "4.50"), ("total", "0.50"), fields={"total": "4.50"})
    (finding,) = check_values(Subject.of(read(tmp_path, of, {"till": [slip]}), of))
    assert (finding.count, finding.total) == (1, 2)
    assert "augment left out" in finding.do
