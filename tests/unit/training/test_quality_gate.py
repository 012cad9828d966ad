import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from docmill.training import quality_gate
from docmill.training.quality.finding import Code, Severity
from docmill.training.quality_gate import QualityReport, check_corpus, report_json
from tests.unit.training.corpora import Row, read, recipe, row, rows

HAS_EXTRA = find_spec("cleanlab") is not None and find_spec("sklearn") is not None


def report(folder: Path, train: dict[str, list[Row]], *, suspects: bool = False) -> QualityReport:
    of = recipe()
    return check_corpus(read(folder, of, train, {"post": rows("a", 2, "v")}), of, seek_suspects=suspects)


def codes(of: QualityReport, severity: Severity) -> set[Code]:
    return {finding.code for finding in of.of(severity)}


def test_findings_come_severest_first_and_one_refusal_refuses(tmp_path: Path) -> None:
    bad = {"till": rows("receipt", 30), "post": [*rows("a", 30), *rows("b", 2)]}
    refused = report(tmp_path, bad)
    order = [list(Severity).index(finding.severity) for finding in refused.findings]
    assert order == sorted(order)
    assert refused.is_refused
    assert codes(refused, Severity.REFUSE) == {Code.LABEL_TOO_SMALL}
    assert Code.FEW_DOCUMENTS in codes(refused, Severity.WARN)
    warned = report(tmp_path, {"till": rows("receipt", 30), "post": rows("a", 30)})
    assert not warned.is_refused
    assert codes(warned, Severity.WARN)


def test_every_rule_is_asked(tmp_path: Path) -> None:
    text = "Der Schaden ist in der Nacht entstanden, und wir haben ihn nicht bemerkt, weil das Haus leer war. " * 2
    entities = [{"label": "party", "start": 0, "end": 9999}, {"label": "foe", "start": 0, "end": 3}]
    bad = [row("x", "a", text) | {"entities": entities}, row("y", "b", text), row("y", "a")]
    found = {finding.code for finding in report(tmp_path, {"post": bad}).findings}
    assert found >= {
        Code.UNKNOWN_NAMES,
        Code.DUPLICATE_ID,
        Code.FEW_DOCUMENTS,
        Code.LABEL_TOO_SMALL,
        Code.SPAN_OUTSIDE,
        Code.FIELD_NEVER_ANNOTATED,
        Code.EXACT_DUPLICATE,
        Code.LABEL_CONFLICT,
        Code.UNKNOWN_LANGUAGE,
    }


def test_sources_are_counted_as_the_recipe_sees_them(tmp_path: Path) -> None:
    train = {"post": [*rows("a", 3), row("x", None, "by Ann of Ulm", ("party", "Ann"), ("foe", "Ulm"))]}
    counts = {s.source: (s.group, s.training, s.validation, s.labels, s.spans) for s in report(tmp_path, train).sources}
    assert counts == {
        "till": ("receipt", 0, 0, 0, 0),
        "post": ("letter", 4, 2, 1, 1),
        "scans": ("letter", 0, 0, 0, 0),
    }


def test_the_report_as_json_holds_excerpts_and_says_so(tmp_path: Path) -> None:
    entities = [{"label": "party", "start": 0, "end": 5}]
    secret = [row("x", "a", "secret words") | {"entities": entities}]
    told = report_json(report(tmp_path, {"post": secret}))
    assert json.loads(json.dumps(told))["findings"][0]["code"] == told["findings"][0]["code"]
    assert told["holds_excerpts_of_documents"] is True
    assert told["refused"] is True
    assert told["counts"]["refuse"] == len([f for f in told["findings"] if f["severity"] == "refuse"])
    (span,) = [f for f in told["findings"] if f["code"] == "span_in_word"]
    assert span["examples"][0] == {"name": "x", "detail": "party 0:5", "excerpt": "[[secre]]t words"}


def test_without_the_extra_suspects_are_not_sought_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality_gate, "find_spec", lambda name: None)
    found = report(tmp_path, {"post": rows("a", 30)}, suspects=True)
    (note,) = [f for f in found.findings if f.code is Code.SUSPECTS_NOT_SOUGHT]
    assert note.severity is Severity.NOTE
    assert "pip install 'docmill[train]'" in note.what
    assert found.suspects == ()


@pytest.mark.skipif(not HAS_EXTRA, reason="needs the extra [train]: scikit-learn and cleanlab")
def test_suspects_are_listed_by_group_worst_first(tmp_path: Path) -> None:
    def letter(name: str, label: str, topic: str) -> Row:
        return row(name, label, f"{topic} " * 5 + " ".join(f"{topic}{c}" for c in name))

    fine = [letter(f"{t}-{n}", t, t) for t in ("storm", "theft") for n in range(40)]
    wrong = [letter("wrong", "storm", "theft")]
    found = report(tmp_path, {"post": [*fine, *wrong], "till": rows("receipt", 60)}, suspects=True)
    (suspect,) = found.suspects
    assert (suspect.document_id, suspect.source) == ("wrong", "post")
    assert (suspect.given, suspect.suggested) == ("letter.storm", "letter.theft")
    assert suspect.margin == pytest.approx(suspect.suggested_probability - suspect.given_probability, abs=1e-4)
    assert suspect.excerpt.startswith("theft theft")
    (warning,) = [f for f in found.findings if f.code is Code.SUSPECT_LABEL]
    assert (warning.severity, warning.count, warning.total) == (Severity.WARN, 1, 81)
    assert [(e.name, e.detail) for e in warning.examples] == [("letter", "1 of 81")]


@pytest.mark.skipif(not HAS_EXTRA, reason="needs the extra [train]: scikit-learn and cleanlab")
def test_a_group_too_small_to_search_is_named(tmp_path: Path) -> None:
    found = report(tmp_path, {"post": [*rows("a", 20), *rows("b", 20)]}, suspects=True)
    (note,) = [f for f in found.findings if f.code is Code.SUSPECTS_NOT_SOUGHT]
    assert [e.name for e in note.examples] == ["letter"]


def test_the_gate_needs_neither_torch_nor_the_extra() -> None:
    code = "import sys, docmill.training.quality_gate; print(*({'torch', 'sklearn', 'cleanlab'} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
