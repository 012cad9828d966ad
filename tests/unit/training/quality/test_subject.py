from pathlib import Path

from docmill.training.quality.subject import Subject
from tests.unit.training.corpora import VALUES, read, recipe, row, rows


def subject(folder: Path, **changes: object) -> Subject:
    of = recipe(**changes)  # type: ignore[arg-type]
    train = {"till": rows("receipt", 2), "post": rows("a", 3), "scans": [*rows("b", 1), row("none")]}
    return Subject.of(read(folder, of, train, {"scans": rows("a", 1, "v")}), of)


def test_documents_by_part_and_group(tmp_path: Path) -> None:
    seen = subject(tmp_path)
    assert [d.id for d in seen.training("letter")] == ["a-0", "a-1", "a-2", "b-0", "none"]
    assert len(list(seen.training())) == 7
    assert [d.id for d in seen.validation()] == ["va-0"]
    assert list(seen.validation("receipt")) == []


def test_labels_by_part_and_group(tmp_path: Path) -> None:
    assert subject(tmp_path).labels("train", "letter") == {"letter.a": 3, "letter.b": 1}
    groups = VALUES["groups"] | {"letter": VALUES["groups"]["letter"] | {"labels": ["a", "z"]}}
    listed = subject(tmp_path, groups=groups)
    assert dict(listed.labels("validation", "letter")) == {"letter.a": 1, "letter.z": 0}
    assert dict(listed.labels("train", "letter")) == {"letter.a": 3, "letter.z": 0}  # b is not listed


def test_sources_have_both_parts(tmp_path: Path) -> None:
    seen = subject(tmp_path)
    assert [(s.name, [p.name for p in parts]) for s, parts in seen.sources()] == [
        (name, ["train", "validation"]) for name in ("till", "post", "scans")
    ]


def test_rows_of_dropped_labels_are_left_out(tmp_path: Path) -> None:
    seen = subject(tmp_path, labels={"drop": ["letter.b"]})
    scans = next(p for p in seen.corpus.parts if (p.source.name, p.name) == ("scans", "train"))
    assert [r.id for r in seen.rows(scans)] == ["none"]
