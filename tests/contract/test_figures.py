"""Tables of README and docs/model.md are as the default bundle's own files say.

Figures of another version, such as those of a study that the bundle's own evaluation was made without, stand in a table
of their own. The line above such a table says so: `of mailroom-en 0.8.4`.
"""

import hashlib
import itertools
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


def tables(page: Path, *heading: str) -> list[list[dict[str, str]]]:
    """The tables of a page that begin with these columns, without those of another version; a row is by column."""
    lines = page.read_text(encoding="utf-8").split("\n")
    starts = [n for n, line in enumerate(lines) if _cells(line)[: len(heading)] == list(heading)]
    return [_rows(lines[n:]) for n in starts if _version(lines[:n]) == MANIFEST.version]


def table(page: Path, *heading: str) -> list[dict[str, str]]:
    """The only one of those tables."""
    [found] = tables(page, *heading)
    return found


def _rows(lines: list[str]) -> list[dict[str, str]]:
    columns = _cells(lines[0])
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[2:])
    return [dict(zip(columns, _cells(row), strict=True)) for row in rows]


def by_key(rows: list[dict[str, str]], *columns: str) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows by what tells them apart: one of each, since of an old and a new one a test would see the last."""
    found = {tuple(row[column] for column in columns): row for row in rows}
    assert len(found) == len(rows), "a row stands twice"
    return found


def _version(above: list[str]) -> str:
    """Of a table's figures: what the last line above it says, else the bundle's own."""
    introduction = next(line for line in reversed(above) if line.strip())
    said = re.search(rf"\bof {MANIFEST.name} (\d+\.\d+\.\d+)", introduction)
    return MANIFEST.version if said is None else said[1]


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
    assert len(found) == len(rows)
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
    rows = by_key(table(MODEL, "source", "documents", "type accuracy"), "source")
    told: dict[tuple[str, ...], Any] = {(named(source),): score for source, score in SOURCES.items()}
    assert rows.keys() == told.keys()
    for key, row in rows.items():
        score = told[key]
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
    rows = by_key(table(MODEL, "source", "field", "gold values"), "source", "field")
    told: dict[tuple[str, ...], Any] = {
        (named(source), field): of for source, score in SOURCES.items() for field, of in score["fields"].items()
    }
    assert rows.keys() == told.keys()
    for key, row in rows.items():
        found = told[key]
        assert row["gold values"] == str(found["support"])
        assert [row[column] for column in ("precision", "recall", "F1 value", "F1 span")] == [
            shown(found[figure]) for figure in ("precision", "recall", "f1_value", "f1_span")
        ]


@pytest.mark.parametrize(
    ("introduction", "is_own"),
    [
        ("Macro-F1 of types.", True),
        (f"As of {MANIFEST.name} {MANIFEST.version}, macro-F1.", True),
        (f"Rows of the study of {MANIFEST.name} 0.0.1, macro-F1.", False),
        (f"Rows of the study of {MANIFEST.name} {MANIFEST.version}1.", False),
        (f"The study of {MANIFEST.name} 0.0.1 is below.\n\nThis is not it.", True),
    ],
)
def test_a_table_is_the_bundles_own_unless_the_line_above_it_says_otherwise(
    tmp_path: Path, introduction: str, is_own: bool
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{introduction}\n\n| model | seed |\n| --- | --- |\n| student | 7 |\n\nMore.\n")
    assert tables(page, "model", "seed") == ([[{"model": "student", "seed": "7"}]] if is_own else [])


def test_a_row_that_stands_twice_is_seen() -> None:
    row = {"model": "student", "seed": "7"}
    assert by_key([row, row | {"seed": "8"}], "model", "seed").keys() == {("student", "7"), ("student", "8")}
    with pytest.raises(AssertionError, match="a row stands twice"):
        by_key([row, row | {"types": "0.9"}], "model", "seed")


def test_the_page_of_the_model_shows_every_model() -> None:
    """And no other: without --study those of another version's study are in a table of that version."""
    rows = by_key(table(MODEL, "model", "graph", "seed", "own tokens"), "model", "graph", "seed")
    told = {(row["model"], row["graph"], str(row["seed"])): row for row in EVALUATION["rows"]}
    assert rows.keys() == told.keys()
    for key, found in told.items():
        row = {column: cell for column, cell in rows[key].items() if column not in ("model", "graph", "seed")}
        figures = {named(source): both(measures) for source, measures in found["sources"].items()}
        assert row == {"own tokens": f"{found['tokens']:,}", **figures}


def test_the_page_of_the_model_shows_where_int8_agrees() -> None:
    rows = by_key(table(MODEL, "source", "tokens", "equal"), "source")
    assert {key: (row["tokens"], row["equal"], row["entity tokens equal"]) for (key,), row in rows.items()} == {
        "all" if found["source"] is None else named(found["source"]): (
            f"{found['tokens']:,}",
            shown(found["equal"] / found["tokens"], 4),
            shown(found["entity_equal"] / found["entity_tokens"] if found["entity_tokens"] else None, 4),
        )
        for found in EVALUATION["agreement"]
    }


def test_the_page_of_the_model_shows_the_learning_curve() -> None:
    """Without --study there is none: that of another version is in a table of that version."""
    measures = {"type macro-F1": "type_macro_f1", "value F1": "field_f1_value"}
    curve = {
        (named(source), measure): {
            f"{point['documents']:,}" + (" (all)" if point["is_all"] else ""): shown(point["sources"][source][key])
            for point in EVALUATION["curve"]
        }
        for source in SOURCES
        for measure, key in measures.items()
    }
    found = [
        {(row.pop("source"), row.pop("measure")): row for row in by_key(rows, "source", "measure").values()}
        for rows in tables(MODEL, "source", "measure")
    ]
    assert found == ([curve] if EVALUATION["curve"] else [])


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


def kept(recipe: str) -> dict[str, Any]:
    """The evaluation of a recipe whose bundle is not shipped: figures, without any document."""
    evaluation: dict[str, Any] = json.loads((MODEL.parent / "model" / f"{recipe}.json").read_text(encoding="utf-8"))
    return evaluation


def models_of(evaluation: dict[str, Any], source: str, *names: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The measures of these names by model, graph and seed; those of int8 with their intervals, if any."""
    told: dict[tuple[str, ...], tuple[str, ...]] = {}
    for one in evaluation["rows"]:
        scores = evaluation["sources"][source] if one["graph"] == "int8" else one["sources"][source]
        intervals = scores.get("intervals", {})
        told[one["model"], one["graph"], str(one["seed"])] = tuple(
            with_interval(scores, name) if name in intervals else shown(scores[name]) for name in names
        )
    return told


def rows_of(version: str, table_of: list[dict[str, str]], *measures: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """These cells of the rows of a recipe's version, as `models_of` has them."""
    rows = by_key([row for row in table_of if row["version"] == version], "model", "graph", "seed")
    return {
        (model.partition(":")[0], graph, seed): tuple(row[measure] for measure in measures)
        for (model, graph, seed), row in rows.items()
    }


def test_the_table_of_the_recipe_cfpb5_is_as_its_evaluation_says() -> None:
    found = table(MODEL, "version", "model", "graph", "seed", "type accuracy")
    rows = rows_of("0.2.0", found, "type accuracy", "type macro-F1")
    assert rows == models_of(kept("cfpb5"), "cfpb5", "type_accuracy", "type_macro_f1")


def test_the_tables_of_the_recipe_nda_are_as_its_evaluation_says() -> None:
    evaluation = kept("nda")
    found = table(MODEL, "version", "model", "graph", "seed", "value F1")
    rows = rows_of("0.3.0", found, "value F1", "span F1")
    assert rows == models_of(evaluation, "kleister-nda", "field_f1_value", "field_f1_span")
    fields = by_key(table(MODEL, "field of an agreement", "gold values"), "field of an agreement")
    assert {field: tuple(row.values())[1:] for (field,), row in fields.items()} == {
        field: (str(of["support"]), *(shown(of[name]) for name in ("precision", "recall", "f1_value")))
        for field, of in evaluation["sources"]["kleister-nda"]["fields"].items()
    }
