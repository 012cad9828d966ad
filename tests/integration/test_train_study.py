"""`docmill train run --study`: what is already made is taken from the cache, and the report shows more."""

import json
from pathlib import Path

from docmill.training.finish import CARD_FILE, EVALUATION_FILE, REPORT_FILE
from tests.integration.test_train_run import LIMIT_S, QUICKEST, RECIPE, on_tiny_checkpoint, run, start
from tests.sample_sources import write_sample_sources


def test_a_study_adds_to_a_plain_run(tmp_path: Path) -> None:
    data, cache = write_sample_sources(tmp_path / "data"), tmp_path / "cache"
    recipe = on_tiny_checkpoint(RECIPE, tmp_path / "recipe")
    run(recipe, data, tmp_path / "plain", cache, *QUICKEST)
    told = run(recipe, data, tmp_path / "study", cache, *QUICKEST, "--study")
    for stage in ("teacher", "student", "graphs", "calibration", "student-int8-opinions", "agreement", "golden"):
        assert f"\n{stage}: from the cache" in f"\n{told}"
    for stage in ("baseline", "student-seed-8", "baseline-seed-8", "curve-20", "evaluation"):
        assert f"\n{stage} ..." in f"\n{told}"
    assert "curve-68" not in told  # on all documents it is the baseline
    plain, study = (json.loads((tmp_path / name / EVALUATION_FILE).read_text()) for name in ("plain", "study"))
    assert plain["sources"] == study["sources"]
    assert [row["model"] for row in plain["rows"]] == ["student", "student"]
    assert {(row["model"], row["graph"], row["seed"]) for row in study["rows"]} == {
        ("teacher", "fp32", 7),
        ("baseline", "fp32", 7),
        ("student", "fp32", 8),
        ("baseline", "fp32", 8),
        ("student", "fp32", 7),
        ("student", "int8", 7),
    }
    assert [(point["documents"], point["is_all"]) for point in study["curve"]] == [(20, False), (68, True)]
    pages = [(tmp_path / name / REPORT_FILE).read_text(encoding="utf-8") for name in ("plain", "study")]
    assert ["<h2>Learning curve</h2>" in page for page in pages] == [False, True]
    same = ("model.int8.onnx", "golden.jsonl", "outlier.npz", "tokenizer.json")
    assert [(tmp_path / "plain" / name).read_bytes() for name in same] == [
        (tmp_path / "study" / name).read_bytes() for name in same
    ]
    assert "student without a teacher, fp32" in (tmp_path / "study" / CARD_FILE).read_text(encoding="utf-8")


def test_a_recipe_without_a_study_says_so(tmp_path: Path) -> None:
    recipe = on_tiny_checkpoint(RECIPE, tmp_path / "recipe")
    before, _, rest = recipe.read_text(encoding="utf-8").partition("[study]")
    recipe.write_text(f"{before}[out_of_fold]{rest.partition('[out_of_fold]')[2]}", encoding="utf-8")
    with start(recipe, tmp_path, tmp_path / "bundle", tmp_path / "cache", "--study") as process:
        _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 1
    assert "has no section [study], which --study is to make" in errors
