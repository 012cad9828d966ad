from pathlib import Path
from typing import Any

from docmill.training.quality.fields import check_fields
from docmill.training.quality.finding import Code, Finding, Severity
from docmill.training.quality.subject import Subject
from docmill.training.recipe import Recipe
from tests.unit.training.corpora import Row, read, recipe, row


def found(folder: Path, train: dict[str, list[Row]], of: Recipe | None = None) -> dict[tuple[Code, str], Finding]:
    of = of or recipe()
    findings = list(check_fields(Subject.of(read(folder, of, train), of)))
    assert len({(f.code, f.where) for f in findings}) == len(findings)
    return {(f.code, f.where): f for f in findings}


def receipts(count: int, *, marked: bool = True, **further: Any) -> list[Row]:
    words = (("shop", "Ulm"), ("total", "$4")) if marked else ()
    return [row(f"r{marked}{n}", "receipt", f"shop of Ulm, {n} nails: $4", *words, **further) for n in range(count)]


def test_fields_that_a_source_never_marks(tmp_path: Path) -> None:
    letters = [row(f"{n}", "a", f"{n} by Ann", ("party", "Ann")) for n in range(20)]
    key = (Code.FIELD_NEVER_ANNOTATED, "post")
    finding = found(tmp_path, {"post": letters})[key]
    assert (finding.severity, finding.count, finding.total) == (Severity.WARN, 1, 2)
    assert [e.name for e in finding.examples] == ["law"]
    assert key not in found(tmp_path, {"post": letters}, recipe([{"name": "post", "masked": ["law"]}]))


def test_another_source_of_the_group_does_not_excuse_it(tmp_path: Path) -> None:
    by_ann = [row(f"a{n}", "a", f"{n} by Ann", ("party", "Ann")) for n in range(20)]
    in_ulm = [row(f"b{n}", "a", f"{n} in Ulm", ("jurisdiction", "Ulm")) for n in range(20)]
    findings = found(tmp_path, {"post": by_ann, "scans": in_ulm})
    assert {key: f.examples[0].name for key, f in findings.items() if key[0] is Code.FIELD_NEVER_ANNOTATED} == {
        (Code.FIELD_NEVER_ANNOTATED, "post"): "law",
        (Code.FIELD_NEVER_ANNOTATED, "scans"): "party",
    } | {(Code.FIELD_NEVER_ANNOTATED, "till"): "shop"}


def test_a_field_that_few_documents_bear(tmp_path: Path) -> None:
    finding = found(tmp_path, {"till": receipts(19)})[Code.FIELD_SMALL, ""]
    assert (finding.severity, finding.count) == (Severity.WARN, 2)
    assert [(e.name, e.detail) for e in finding.examples] == [("shop", "19 documents"), ("total", "19 documents")]
    assert (Code.FIELD_SMALL, "") not in found(tmp_path, {"till": receipts(20)})


def test_values_without_a_span(tmp_path: Path) -> None:
    valued = receipts(1, marked=False, fields={"shop": "Ulm", "total": "", "colour": "red"})
    key = (Code.VALUE_WITHOUT_SPAN, "till")
    finding = found(tmp_path, {"till": [*receipts(10, fields={"total": "4"}), *valued]})[key]
    assert (finding.severity, finding.count, finding.total) == (Severity.WARN, 1, 11)
    assert [(e.name, e.detail) for e in finding.examples] == [("rFalse0", "shop")]
    many = [*receipts(20, fields={"total": "4"}), *valued]
    assert found(tmp_path, {"till": many})[key].severity is Severity.NOTE
    assert key not in found(tmp_path, {"till": receipts(9, fields={"total": "4"})})


def test_values_go_by_the_names_of_the_recipe(tmp_path: Path) -> None:
    letters = [row(f"{n}", "a", "by Ann", fields={"parties": ["Ann"], "law": "German"}) for n in range(3)]
    finding = found(tmp_path, {"post": letters})[Code.VALUE_WITHOUT_SPAN, "post"]
    assert sorted({e.detail for e in finding.examples}) == ["law", "party"]
    masked = recipe([{"name": "post", "masked": ["party", "law"]}])
    assert (Code.VALUE_WITHOUT_SPAN, "post") not in found(tmp_path, {"post": letters}, masked)


def test_required_fields_that_are_often_missing(tmp_path: Path) -> None:
    key = (Code.REQUIRED_MISSING, "till")
    finding = found(tmp_path, {"till": receipts(8) + receipts(2, marked=False)})[key]
    assert (finding.severity, finding.count, finding.total) == (Severity.NOTE, 2, 10)
    assert "total in 2" in finding.what
    assert key not in found(tmp_path, {"till": receipts(9) + receipts(1, marked=False)})
    assert key not in found(
        tmp_path, {"till": receipts(5, marked=False)}, recipe([{"name": "till", "masked": ["total"]}])
    )


def test_documents_without_any_span(tmp_path: Path) -> None:
    key = (Code.NOTHING_ANNOTATED, "till")
    finding = found(tmp_path, {"till": receipts(8) + receipts(2, marked=False)})[key]
    assert (finding.severity, finding.count, finding.total) == (Severity.NOTE, 2, 10)
    assert key not in found(tmp_path, {"till": receipts(9) + receipts(1, marked=False)})
    assert key not in found(tmp_path, {"till": receipts(5, marked=False)})  # then no field is marked: another finding


def test_a_source_of_types_alone(tmp_path: Path) -> None:
    of = recipe([{"name": "till", "masked": ["shop", "total"]}])
    assert not [key for key in found(tmp_path, {"till": receipts(30, marked=False)}, of) if key[1] == "till"]
