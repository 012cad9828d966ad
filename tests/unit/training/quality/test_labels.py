from pathlib import Path

import pytest

from docmill.training.quality.finding import Code, Finding, Severity
from docmill.training.quality.labels import check_labels, check_size, effective_number
from docmill.training.quality.subject import Subject
from docmill.training.recipe import Recipe
from tests.unit.training.corpora import VALUES, Row, read, recipe, rows


def found(
    folder: Path, train: dict[str, list[Row]], validation: dict[str, list[Row]] | None = None, of: Recipe | None = None
) -> dict[Code, Finding]:
    of = of or recipe()
    subject = Subject.of(read(folder, of, train, validation), of)
    return {finding.code: finding for finding in (*check_size(subject), *check_labels(subject))}


def names(finding: Finding) -> list[tuple[str, str]]:
    return [(example.name, example.detail) for example in finding.examples]


@pytest.mark.parametrize(
    ("count", "severity"),
    [(0, Severity.WARN), (199, Severity.WARN), (200, Severity.NOTE), (999, Severity.NOTE), (1000, None)],
)
def test_size_in_all_counts_all_sources(tmp_path: Path, count: int, severity: Severity | None) -> None:
    short = [{"id": f"{n}", "text": f"{n}"} for n in range(count)]
    finding = found(tmp_path, {"till": short[:50], "post": short[50:]}).get(Code.FEW_DOCUMENTS)
    assert (finding and finding.severity) == severity
    if finding:
        assert finding.count == count


def test_small_labels_refuse_below_five_and_warn_below_twenty(tmp_path: Path) -> None:
    sizes = {"four": 4, "five": 5, "nineteen": 19, "twenty": 20}
    all_rows = [r for label, count in sizes.items() for r in rows(label, count)]
    findings = found(tmp_path, {"till": rows("receipt", 20), "post": all_rows})
    too_small, small = findings[Code.LABEL_TOO_SMALL], findings[Code.LABEL_SMALL]
    assert (too_small.severity, too_small.count, too_small.total) == (Severity.REFUSE, 1, 5)
    assert names(too_small) == [("letter.four", "4 documents")]
    assert (small.severity, small.count) == (Severity.WARN, 2)
    assert names(small) == [("letter.five", "5 documents"), ("letter.nineteen", "19 documents")]


def test_a_label_counts_over_all_sources_of_its_group(tmp_path: Path) -> None:
    findings = found(tmp_path, {"till": rows("receipt", 20), "post": rows("a", 10), "scans": rows("a", 10, "s")})
    assert findings.keys().isdisjoint({Code.LABEL_TOO_SMALL, Code.LABEL_SMALL})


def test_merged_and_dropped_labels_are_counted_as_the_recipe_says(tmp_path: Path) -> None:
    train = {"till": rows("receipt", 20), "post": [*rows("a", 18), *rows("b", 2), *rows("c", 1), *rows("d", 1)]}
    labels = {"merge": {"letter.b": "letter.a"}, "drop": ["letter.c"], "unlabel": ["letter.d"]}
    findings = found(tmp_path, train, of=recipe(labels=labels))
    assert findings.keys().isdisjoint({Code.LABEL_TOO_SMALL, Code.LABEL_SMALL})
    assert findings[Code.FEW_DOCUMENTS].count == 41  # the document without its label still teaches fields


def test_a_listed_label_that_nobody_bears_refuses(tmp_path: Path) -> None:
    groups = VALUES["groups"] | {"letter": VALUES["groups"]["letter"] | {"labels": ["a", "b"]}}
    findings = found(tmp_path, {"till": rows("receipt", 20), "post": rows("a", 20)}, of=recipe(groups=groups))
    assert names(findings[Code.LABEL_TOO_SMALL]) == [("letter.b", "0 documents")]


def test_a_group_without_labels_refuses(tmp_path: Path) -> None:
    finding = found(tmp_path, {"till": rows("receipt", 20), "post": rows(None, 30)})[Code.NO_LABELS]
    assert (finding.severity, names(finding)) == (Severity.REFUSE, [("letter", "")])


def test_labels_on_one_side_only(tmp_path: Path) -> None:
    train = {"till": rows("receipt", 20), "post": [*rows("a", 20), *rows("b", 20)]}
    validation = {"till": rows("receipt", 2, "v"), "post": [*rows("a", 1, "v"), *rows("c", 3, "v")]}
    findings = found(tmp_path, train, validation)
    only, unmeasured = findings[Code.LABEL_ONLY_IN_VALIDATION], findings[Code.LABEL_NOT_IN_VALIDATION]
    assert (only.severity, names(only)) == (Severity.WARN, [("letter.c", "3 in validation")])
    assert (unmeasured.severity, names(unmeasured)) == (Severity.NOTE, [("letter.b", "20 in training")])


@pytest.mark.parametrize(("large", "severity"), [(49, None), (50, Severity.NOTE), (250, Severity.WARN)])
def test_imbalance_within_a_group(tmp_path: Path, large: int, severity: Severity | None) -> None:
    findings = found(tmp_path, {"till": rows("receipt", 1), "post": [*rows("a", large), *rows("b", 5)]})
    finding = findings.get(Code.IMBALANCE)
    assert (finding and finding.severity) == severity
    if finding:
        assert finding.examples[0].name == "letter"
        assert finding.examples[0].detail.startswith(f"{large / 5:.0f} times: letter.a {large}, letter.b 5; 2 labels")


def test_the_effective_number_of_labels() -> None:
    assert effective_number([7, 7, 7]) == pytest.approx(3)
    assert effective_number([1000, 1, 1]) == pytest.approx(1, abs=0.02)
    assert effective_number([5]) == 1


def test_a_good_corpus_has_no_finding(tmp_path: Path) -> None:
    def of(prefix: str, times: int) -> dict[str, list[Row]]:
        short = [{"id": f"{prefix}{n}", "text": f"{n}", "label": "ab"[n % 2]} for n in range(times)]
        return {"till": [r | {"label": "receipt", "id": r["id"] + "t"} for r in short], "post": short}

    assert found(tmp_path, of("t", 500), of("v", 20)) == {}
