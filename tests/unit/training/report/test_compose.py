"""From opinions to the whole evaluation, and to evaluation.json and back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from docmill.evaluation.score import score_source
from docmill.training.report.compose import Readings, compose
from docmill.training.report.content import Evaluation, evaluation_bytes, read_evaluation
from tests.tiny_bundle import tiny_manifest
from tests.unit.training.report.fakes import SEED, readings, tiny_spec


@pytest.fixture
def all_readings(tmp_path: Path) -> Readings:
    return readings(tmp_path)


@pytest.fixture
def evaluation(all_readings: Readings) -> Evaluation:
    return compose(all_readings, tiny_manifest(), tiny_spec(), lambda done, total: None)


def test_sources_are_the_shipped_graphs_scores(all_readings: Readings, evaluation: Evaluation) -> None:
    shipped = all_readings.reads[-1].opinions["tills"]
    answers = [None if opinion is None else opinion.answer(tiny_spec()) for opinion in shipped]
    assert evaluation.sources["tills"] == score_source(all_readings.sources[0], answers)
    assert (evaluation.documents, evaluation.rejected) == (8, 1)


def test_every_graph_is_a_row_by_source(evaluation: Evaluation) -> None:
    rows = [(row.model, row.graph, row.seed, row.tokens) for row in evaluation.rows]
    assert rows == [
        ("teacher", "fp32", SEED, 3000),
        ("baseline", "fp32", SEED, 1000),
        ("student", "fp32", 8, 2000),
        ("student", "fp32", SEED, 2000),
        ("student", "int8", SEED, 2000),
    ]
    values = [row.sources["tills"].field_f1_value for row in evaluation.rows]
    assert values == pytest.approx([1, 24 / 30, 1, 34 / 35, 30 / 33])
    assert all(row.sources["deeds"].type_macro_f1 == 1 for row in evaluation.rows)


def test_pairs_are_compared_within_their_seed(evaluation: Evaluation) -> None:
    pairs = [(c.before, c.after, c.seed) for c in evaluation.comparisons if c.measure == "field_f1_value"]
    assert list(dict.fromkeys(pairs)) == [
        ("teacher fp32", "student fp32", SEED),
        ("teacher fp32", "student fp32", 8),  # all students learnt from the one teacher
        ("baseline fp32", "student fp32", SEED),
        ("student fp32", "student int8", SEED),
    ]
    assert {c.source for c in evaluation.comparisons} == {"tills", "deeds"}
    [gain] = [
        c.difference
        for c in evaluation.comparisons
        if (c.before, c.source, c.measure) == ("baseline fp32", "tills", "field_f1_value")
    ]
    assert gain == pytest.approx(34 / 35 - 24 / 30)


def test_a_run_without_a_study_has_neither_baseline_nor_curve(all_readings: Readings) -> None:
    plain = replace(all_readings, reads=[r for r in all_readings.reads if r.model != "baseline"], curve=[])
    found = compose(plain, tiny_manifest(), tiny_spec(), lambda done, total: None)
    assert "baseline fp32" not in {c.before for c in found.comparisons}
    assert found.curve == ()


def test_the_rest_is_there_by_source(evaluation: Evaluation) -> None:
    assert {r.source for r in evaluation.calibration if r.what == "type"} == {"tills", "deeds"}
    assert {(s.source, s.target) for s in evaluation.policy} == {
        (source, target) for source in ("tills", "deeds") for target in (0.9, 0.95, 0.99)
    }
    assert set(evaluation.coverage) == set(evaluation.confusion) == {"tills", "deeds"}
    assert [(p.documents, p.is_all) for p in evaluation.curve] == [(3, False), (6, True)]
    assert evaluation.agreement[0].share == pytest.approx(0.996)
    assert evaluation.agreement[0].entity_share is None  # of no token


def test_the_file_is_read_as_it_was_written(evaluation: Evaluation, tmp_path: Path) -> None:
    content = evaluation_bytes(evaluation)
    (tmp_path / "evaluation.json").write_bytes(content)
    read = read_evaluation(tmp_path / "evaluation.json")
    assert evaluation_bytes(read) == content
    assert list(json.loads(content))[:3] == ["documents", "rejected", "sources"]
    assert "documents_per_s" not in content.decode()  # no timing: the same each time


def test_an_evaluation_from_before_there_were_reports_is_read(evaluation: Evaluation, tmp_path: Path) -> None:
    whole = json.loads(evaluation_bytes(evaluation))
    old = {
        "bundle": {"name": "x"},
        "documents_per_s": 1.5,
        **{k: whole[k] for k in ("documents", "rejected", "sources")},
    }
    for source in old["sources"].values():
        for field in source["fields"].values():
            del field["span_precision"], field["span_recall"]
    (tmp_path / "old.json").write_text(json.dumps(old))
    read = read_evaluation(tmp_path / "old.json")
    assert read.rows == ()
    assert read.sources["tills"].fields["total"].span_recall is None
