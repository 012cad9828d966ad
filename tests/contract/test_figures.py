"""Sources, fields and certificates in tables of README and docs/model.md are as the default bundle's own files say."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from docmill.bundle.manifest import GroupEntry, Manifest
from docmill.resources import resource
from docmill_schemas.ids import result_id

BUNDLE = resource("bundles") / "mailroom-en"
README, MODEL = resource("README.md"), resource("docs") / "model.md"
EVALUATION: dict[str, Any] = json.loads((BUNDLE / "evaluation.json").read_text(encoding="utf-8"))
MANIFEST = Manifest.model_validate_json((BUNDLE / "manifest.json").read_text(encoding="utf-8"))
SOURCES: dict[str, dict[str, Any]] = EVALUATION["sources"]
SYNTHETIC = {source.name for source in MANIFEST.training.sources if source.synthetic}


def table(page: Path, *heading: str) -> list[dict[str, str]]:
    """The only table of a page that begins with these columns, a row a dictionary by column."""
    lines = page.read_text(encoding="utf-8").split("\n")
    [start] = [n for n, line in enumerate(lines) if _cells(line)[: len(heading)] == list(heading)]
    columns = _cells(lines[start])
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(columns, _cells(line), strict=True)))
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def shown(value: float | None, places: int = 3) -> str:
    return "-" if value is None else f"{value:.{places}f}"


def named(source: str) -> str:
    """A source as tables of docs/model.md name it: a figure on documents that are made up says so."""
    return f"{source} (synthetic)" if source in SYNTHETIC else source


def both(measures: dict[str, Any]) -> str:
    """Type macro-F1 and value F1 in one cell."""
    return f"{shown(measures['type_macro_f1'])} / {shown(measures['field_f1_value'])}"


def with_interval(score: dict[str, Any], name: str) -> str:
    low, high = score["intervals"][name]
    return f"{score[name]:.3f} ({low:.3f}-{high:.3f})"


def of_fields(group: GroupEntry) -> str:
    """The threshold of a group's required fields."""
    if not group.required:
        return "not needed"
    return "none" if group.field_threshold is None else shown(group.field_threshold)


def test_the_readme_shows_every_source_as_it_was_evaluated() -> None:
    found = table(README, "source", "documents", "type accuracy")
    rows = {row["source"].split(" ")[0]: row for row in found}
    assert rows.keys() == SOURCES.keys()
    assert {name for name, row in rows.items() if row["source"] == f"{name} (synthetic)"} == SYNTHETIC
    groups = {source.name: source.names.group for source in MANIFEST.training.sources if source.names is not None}
    for name, row in rows.items():
        score = SOURCES[name]
        assert row["documents"] == str(score["documents"])
        assert row["type accuracy"] == shown(score["type_accuracy"])
        assert row["type macro-F1"] == shown(score["type_macro_f1"])
        assert row["value F1 of fields"] == shown(score["field_f1_value"])
        threshold = MANIFEST.groups[groups[name]].type_threshold
        assert row["type threshold"] == ("none" if threshold is None else shown(threshold))
        assert row["field threshold"] == of_fields(MANIFEST.groups[groups[name]])
        assert row["straight through"] == f"{100 * score['straight_through']:.0f} %"
        assert row["of these right"].split(" ")[0] == shown(score["straight_through_correct"])


def test_the_page_of_the_model_shows_every_source_as_it_was_evaluated() -> None:
    rows = {row["source"]: row for row in table(MODEL, "source", "documents", "type accuracy")}
    told = {named(source): score for source, score in SOURCES.items()}
    assert rows.keys() == told.keys()
    for name, row in rows.items():
        score = told[name]
        assert row["documents"] == str(score["documents"])
        assert row["type accuracy"] == shown(score["type_accuracy"])
        assert row["type macro-F1"] == with_interval(score, "type_macro_f1")
        assert row["value F1"] == with_interval(score, "field_f1_value")
        assert row["span F1"] == shown(score["field_f1_span"])
        assert row["straight through"] == f"{100 * score['straight_through']:.0f}%"
        assert row["of these all right"] == shown(score["straight_through_correct"])
        low, high = score["ece_interval"] or (0, 0)
        assert row["ECE"] == ("-" if score["ece"] is None else f"{score['ece']:.3f} ({low:.3f}-{high:.3f})")


def test_the_page_of_the_model_shows_every_field() -> None:
    rows = {(row["source"], row["field"]): row for row in table(MODEL, "source", "field", "gold values")}
    told = {(named(source), field): of for source, score in SOURCES.items() for field, of in score["fields"].items()}
    assert rows.keys() == told.keys()
    for key, row in rows.items():
        found = told[key]
        assert row["gold values"] == str(found["support"])
        assert [row[column] for column in ("precision", "recall", "F1 value", "F1 span")] == [
            shown(found[figure]) for figure in ("precision", "recall", "f1_value", "f1_span")
        ]


def test_the_page_of_the_model_shows_every_model() -> None:
    """It may show more, as of a study that this evaluation does not have."""
    rows = {
        (row["model"], row["graph"], row["seed"]): row for row in table(MODEL, "model", "graph", "seed", "own tokens")
    }
    told = {(row["model"], row["graph"], str(row["seed"])): row for row in EVALUATION["rows"]}
    assert rows.keys() >= told.keys()
    for key, found in told.items():
        row = {column: cell for column, cell in rows[key].items() if column not in ("model", "graph", "seed")}
        figures = {named(source): both(measures) for source, measures in found["sources"].items()}
        assert row == {"own tokens": f"{found['tokens']:,}", **figures}


def test_the_page_of_the_model_shows_where_int8_agrees() -> None:
    rows = table(MODEL, "source", "tokens", "equal")
    assert {row["source"]: (row["tokens"], row["equal"], row["entity tokens equal"]) for row in rows} == {
        "all" if found["source"] is None else named(found["source"]): (
            f"{found['tokens']:,}",
            shown(found["equal"] / found["tokens"], 4),
            shown(found["entity_equal"] / found["entity_tokens"] if found["entity_tokens"] else None, 4),
        )
        for found in EVALUATION["agreement"]
    }


@pytest.mark.skipif(not EVALUATION["curve"], reason="this evaluation was made without --study")
def test_the_page_of_the_model_shows_the_learning_curve() -> None:
    rows = {(row.pop("source"), row.pop("measure")): row for row in table(MODEL, "source", "measure")}
    measures = {"type macro-F1": "type_macro_f1", "value F1": "field_f1_value"}
    assert rows == {
        (named(source), measure): {
            f"{point['documents']:,}" + (" (all)" if point["is_all"] else ""): shown(point["sources"][source][key])
            for point in EVALUATION["curve"]
        }
        for source in SOURCES
        for measure, key in measures.items()
    }


def test_the_page_of_the_model_shows_every_certificate() -> None:
    rows = table(MODEL, "group", "decision", "target")
    assert [
        (row["group"], row["decision"], row["target"], row["threshold"], row["accepted of held out"], row["right"])
        for row in rows
    ] == [
        (
            of.group,
            of.what,
            f"{of.target:.2f}",
            "none" if of.threshold is None else shown(of.threshold),
            f"{of.accepted} of {of.decisions}",
            str(of.correct) if of.accepted else "-",
        )
        for of in MANIFEST.policy.certified
    ]


def test_the_events_of_the_readme_are_of_the_bundle_that_is_there() -> None:
    text = README.read_text(encoding="utf-8")
    shown = re.findall(r'"version": "([^"]+)", "sha256": "([0-9a-f]+)"', text)
    own = hashlib.sha256((BUNDLE / "manifest.json").read_bytes()).hexdigest()
    assert shown == [(MANIFEST.version, own)] * 2
    [(request, result)] = re.findall(r'"request_id": "([0-9a-f]+)",\s+"result_id": "([0-9a-f]+)"', text)
    content = hashlib.sha256((resource("samples") / "receipts/hardware-store-rm.txt").read_bytes()).hexdigest()
    assert result == result_id(request, content, "model", own)


def test_the_page_of_the_model_is_of_the_bundle_that_is_there() -> None:
    heading = MODEL.read_text(encoding="utf-8").partition("\n")[0]
    assert heading == f"# What {MANIFEST.name} {MANIFEST.version} is worth"
