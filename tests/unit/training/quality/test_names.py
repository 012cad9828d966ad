from pathlib import Path

from docmill.training.quality.finding import Code, Severity
from docmill.training.quality.names import check_ids, check_names
from docmill.training.quality.subject import Subject
from tests.unit.training.corpora import VALUES, read, recipe, row, rows


def test_unknown_names_refuse_and_are_listed_with_counts_over_both_parts(tmp_path: Path) -> None:
    of = recipe(groups=VALUES["groups"] | {"letter": VALUES["groups"]["letter"] | {"labels": ["claim"]}})
    train = {"post": [row(n, "clam", "by Ann", ("foe", "Ann"), ("by", "by")) for n in "ab"]}
    validation = {"post": [row("c", "claim", "by Ann", ("foe", "Ann"))], "till": rows("receipt", 1)}
    labels, entities = check_names(Subject.of(read(tmp_path, of, train, validation), of))
    assert (labels.severity, labels.code, labels.where) == (Severity.REFUSE, Code.UNKNOWN_NAMES, "post")
    assert [(e.name, e.detail) for e in labels.examples] == [("letter.clam", "2")]
    assert [(e.name, e.detail) for e in entities.examples] == [("foe", "3"), ("by", "2")]
    assert entities.count == 2
    assert "unused" in entities.do
    assert "[labels]" in labels.do


def test_entries_that_map_nothing_warn(tmp_path: Path) -> None:
    of = recipe(labels={"drop": ["letter.clam"]})
    (finding,) = check_names(Subject.of(read(tmp_path, of, {"post": rows("claim", 2)}), of))
    assert (finding.severity, finding.code) == (Severity.WARN, Code.IDLE_MAPPING)
    assert [e.name for e in finding.examples] == ["[labels] drop: letter.clam"]


def test_an_id_belongs_to_one_document_over_all_parts_and_sources(tmp_path: Path) -> None:
    train = {"post": [row("a", "claim"), row("b", "claim"), row("a", "claim", "another")], "till": [row("b")]}
    (finding,) = check_ids(Subject.of(read(tmp_path, recipe(), train, {"post": [row("a")]}), recipe()))
    assert (finding.severity, finding.code, finding.count, finding.total) == (Severity.REFUSE, Code.DUPLICATE_ID, 2, 2)
    assert [(e.name, e.detail) for e in finding.examples] == [
        ("b", "till/train (1), post/train (1)"),
        ("a", "post/train (2), post/validation (1)"),
    ]


def test_all_is_well(tmp_path: Path) -> None:
    subject = Subject.of(read(tmp_path, recipe(), {"post": rows("claim", 3)}), recipe())
    assert [*check_names(subject), *check_ids(subject)] == []
