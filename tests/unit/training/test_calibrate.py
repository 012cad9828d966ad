"""The calibration of a student as its file says it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill.training import calibrate
from docmill.training.calibrate import make_calibration, read_calibration
from docmill.training.other_types import OTHER_TYPES_FILE
from tests.unit.training.test_calibration import POLICY, SPEC, read


@pytest.mark.parametrize(("others", "decisions"), [([], 40), (["other 0", "other 1", "strange"], 42)])
def test_documents_of_other_types_are_among_the_decisions_that_certify(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, others: list[str], decisions: int
) -> None:
    reads = [*(read(f"d{n}") for n in range(40)), *(read(f"other {n}", label=None) for n in range(10))]
    monkeypatch.setattr(calibrate, "read_all", lambda materials, folders: reads)
    monkeypatch.setattr(calibrate, "read_signature", lambda graph: SimpleNamespace(hidden_size=1))
    monkeypatch.setattr(calibrate, "_student_outlier", lambda materials, graphs, spec: spec.outlier)
    of_recipe = SimpleNamespace(seed=1, uncertifying=(), policy=POLICY)
    materials: Any = SimpleNamespace(recipe=of_recipe, bare_spec=lambda hidden_size: SPEC)
    (tmp_path / OTHER_TYPES_FILE).write_text(json.dumps(others))
    make_calibration(materials, [], tmp_path, tmp_path, tmp_path)
    certified = read_calibration(tmp_path)[0].certified
    [types] = [row for row in certified if (row.group, row.what, row.target) == ("receipt", "type", 0.9)]
    assert types.decisions == decisions
    assert (types.threshold is None) == bool(others)  # 40 of 40 certify 0.90, 40 of 42 do not
