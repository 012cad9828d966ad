"""What of a recipe each stage depends on: no more is made anew than a change touches, and no less."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill import evaluation, pipeline, runtime
from docmill.errors import ConfigurationError
from docmill.pipeline import window
from docmill.training import closing_stages, stages
from docmill.training.cache import Result, code_digest, file_digest
from docmill.training.closing_stages import Calibrated, EvaluatedPoint, EvaluatedRow, Graph, Validation
from docmill.training.recipe import Recipe
from tests.unit.training.fakes import RECIPE, recipe, with_sources

MADE = Result(Path("folder"), "digest")
MADE_SURE = Calibrated(MADE, MADE)
NO_VALIDATION = Validation({}, {}, list)
ROW = EvaluatedRow("student", "int8", 7, 2000, MADE)
POINT = EvaluatedPoint(9, 2000, is_all=True, opinions=MADE)
DATA = [Path("data")]
CUTTING = {"student-type-head", "words"}
READING = CUTTING | {"fold-0-reads", "held-out-reads", "graphs", "calibration", "agreement"}
CORPUS = {"corpus", "other-types"}
TRAINING = {"teacher", "student", "fold-0"}
WHOLE = {"evaluation", "golden"}  # of all of the recipe that is in the bundle: they take seconds
STUDY = {"baseline": {"tokens": 300, "encoder_lr": 1e-4, "head_lr": 1e-3}}


def keys(of: Recipe) -> dict[str, str]:
    """The key of each stage by its name, as if what came before had not changed."""
    materials: Any = SimpleNamespace(recipe=of, training=SimpleNamespace(digest="documents"))
    made = [
        stages.gate(of, DATA, {"file": "a"}),
        stages.corpus(of, DATA, {"file": "a"}),
        stages.other_types(of, DATA, {"file": "a"}),
        stages.vocabulary(of, Path("base"), "base", MADE),
        stages.teacher(materials, {}),
        stages.student(materials, {}, MADE),
        stages.type_head(materials, {}, "student", MADE),
        stages.words(materials, {}),
        stages.type_words("student", MADE, MADE),
        stages.fold_student(materials, {}, 0),
        stages.fold_reads(materials, {}, 0, MADE),
        stages.held_out_reads(materials, {}, MADE),
        stages.graphs(materials, {}, MADE),
        stages.calibration(materials, {}, [MADE], MADE, MADE),
        stages.fp32_graph(materials, "teacher", MADE),
        closing_stages.opinions(materials, {}, Graph("student", Path("graph"), "digest"), MADE_SURE, NO_VALIDATION),
        closing_stages.agreement(materials, {}, MADE, NO_VALIDATION),
        closing_stages.evaluation(materials, MADE_SURE, [ROW], [POINT], MADE, NO_VALIDATION),
        closing_stages.golden(materials, MADE_SURE, {"a/b.txt": "text"}),
        closing_stages.speed(materials, MADE_SURE, NO_VALIDATION),
    ]
    return {stage.name: stage.key for stage in made}


def nested(section: str, **changes: Any) -> Recipe:
    return recipe(**{section: RECIPE[section] | changes})


def read_otherwise(field: str, **changes: object) -> Recipe:
    return recipe(fields={**RECIPE["fields"], field: {**RECIPE["fields"][field], **changes}})


@pytest.mark.parametrize(
    ("changed", "anew"),
    [
        (recipe(name="other", version="1", limits=["none"], base_model_licence="MIT"), set()),
        (recipe(seed=8), {"gate", "graphs", "calibration"} | TRAINING),
        (recipe(labels={"merge": {"contract.a": "contract.b"}}), {"gate", *CORPUS}),
        (recipe(vocabulary={"most_frequent": 9}), {"vocabulary"}),
        (nested("training", dropout=0.2), TRAINING),
        (nested("encoder", stride=5), TRAINING | READING | {"student-opinions"}),
        (read_otherwise("total", min_confidence=0.9), {"calibration", "student-opinions"}),
        (read_otherwise("total", joined=True), {"calibration", "student-opinions"}),
        (read_otherwise("total", within_column=True), {"calibration", "student-opinions"}),
        (read_otherwise("total", exclusive=False), {"calibration", "student-opinions"}),
        (read_otherwise("total", many=True, nested=False), {"gate", *CORPUS, "calibration", "student-opinions"}),
        (with_sources(only="slips", per_label=2), TRAINING | READING - CUTTING),
        (with_sources(only="slips", masked=["company"]), {"gate", *CORPUS} | TRAINING | READING - CUTTING),
        (with_sources(only="slips", entities={"sum": "total"}), {"gate", *CORPUS}),
        (with_sources(only="deeds", values_decide=True), {"gate", *CORPUS}),
        (nested("teacher", tokens=2000), {"teacher"}),
        (nested("student", tokens=3000), {"student"}),
        (nested("student", distil={"kl": 1.0}), {"student"}),
        (nested("student", head_lr=2e-3), {"student", "fold-0"}),
        (nested("student", layers=[0, 1]), {"student", "fold-0"}),
        (nested("student", frozen_layers=1), {"student", "fold-0"}),
        (nested("out_of_fold", tokens=600), {"fold-0"}),
        (nested("out_of_fold", folds=4), {"corpus"}),
        (recipe(int8={"smoothing": 0.5}), {"graphs", "fold-0-reads"}),
        (nested("policy", target_precision=0.9), {"calibration"}),
    ],
)
def test_what_a_change_makes_anew(changed: Recipe, anew: set[str]) -> None:
    before, after = keys(recipe()), keys(changed)
    assert {name for name in before if before[name] != after[name]} == anew | WHOLE


def test_a_study_makes_nothing_of_the_bundle_anew() -> None:
    assert keys(recipe(study=STUDY)) == keys(recipe())


def test_students_of_folds_that_freeze_nothing_are_those_of_the_cache() -> None:
    """Made before they heeded `frozen_layers`: their sections do not name it."""
    materials: Any = SimpleNamespace(recipe=recipe())
    assert "frozen_layers" not in stages.fold_student(materials, {}, 0).section


def test_how_values_are_compared_counts_where_they_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, decided = recipe(), with_sources(only="deeds", values_decide=True)
    before = keys(plain), keys(decided)
    for module in (stages, closing_stages):
        monkeypatch.setattr(module, "values_digest", lambda: ["other code"])
    after = keys(plain), keys(decided)
    changed = [{name for name in old if old[name] != new[name]} for old, new in zip(before, after, strict=True)]
    assert changed == [{"gate", "evaluation"}, {"gate", "corpus", "evaluation"}]


@pytest.mark.parametrize(
    ("constant", "anew"),
    [
        ("PIPELINE", (READING - CUTTING) | {"gate", "student-opinions"} | WHOLE),  # how values are read and compared
        ("EVALUATION", {"gate", "calibration", "evaluation"}),  # how answers are judged
        ("RUNTIME", {"graphs", "fold-0-reads", "teacher-graph"}),  # how they are built
        ("WINDOW", CUTTING),
    ],
)
def test_what_other_code_makes_anew(monkeypatch: pytest.MonkeyPatch, constant: str, anew: set[str]) -> None:
    before = keys(recipe())
    for module in (stages, closing_stages):
        monkeypatch.setattr(module, constant, "other code", raising=False)
    after = keys(recipe())
    assert {name for name in before if before[name] != after[name]} == anew


@pytest.mark.parametrize("name", ["student-opinions", "agreement", "evaluation", "speed"])
def test_what_is_made_of_validation_documents_that_were_edited_meanwhile_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    for maker in ("make_opinions", "make_agreement", "make_speed", "read_sources", "read_opinions", "read_agreement"):
        monkeypatch.setattr(closing_stages, maker, lambda *given: None)
    monkeypatch.setattr(closing_stages, "compose", lambda *given: None)
    monkeypatch.setattr(closing_stages, "evaluation_bytes", lambda found: b"")
    monkeypatch.setattr(closing_stages, "_draft", lambda *given: nullcontext(SimpleNamespace(manifest=None, spec=None)))
    file = tmp_path / "validation.jsonl"
    file.write_text("as it was")
    materials: Any = SimpleNamespace(recipe=recipe(), on_moment=lambda moment: None)
    of = Validation({"slips/validation": file}, {"slips/validation": file_digest(file)}, list)
    graph = Graph("student", Path("graph"), "digest")
    made = [
        closing_stages.opinions(materials, {}, graph, MADE_SURE, of),
        closing_stages.agreement(materials, {}, MADE, of),
        closing_stages.evaluation(materials, MADE_SURE, [ROW], [POINT], MADE, of),
        closing_stages.speed(materials, MADE_SURE, of),
    ]
    [stage] = [stage for stage in made if stage.name == name]
    stage.make(tmp_path)
    file.write_text("edited")
    with pytest.raises(ConfigurationError, match=f"{file} was changed while it was used"):
        stage.make(tmp_path)


def test_digests_are_of_the_packages_that_run() -> None:
    assert [code_digest(evaluation), code_digest(pipeline)] == [stages.EVALUATION, stages.PIPELINE]
    assert (code_digest(runtime), file_digest(Path(str(window.__file__)))) == (stages.RUNTIME, stages.WINDOW)


def test_code_that_is_edited_while_it_runs_changes_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What was imported before the edit goes on: its results are not those of the files as they are now."""
    before = keys(recipe())
    (tmp_path / "edited.py").write_text("edited")
    for package in (evaluation, pipeline, runtime):
        monkeypatch.setattr(package, "__path__", [str(tmp_path)])
        assert code_digest(package) not in {stages.EVALUATION, stages.PIPELINE, stages.RUNTIME}
    monkeypatch.setattr(window, "__file__", str(tmp_path / "edited.py"))
    assert keys(recipe()) == before


def test_every_input_counts() -> None:
    other = Result(Path("folder"), "another digest")
    materials: Any = SimpleNamespace(recipe=recipe())
    assert stages.student(materials, {}, MADE).key != stages.student(materials, {}, other).key
    assert stages.teacher(materials, {"corpus": "a"}).key != stages.teacher(materials, {"corpus": "b"}).key
    head = stages.type_head
    assert head(materials, {}, "student", MADE).key != head(materials, {}, "student", other).key
    assert head(materials, {}, "student", MADE).key != head(materials, {}, "teacher", MADE).key
    spoken = stages.type_words("student", MADE, MADE).key
    assert spoken not in {
        stages.type_words(*others).key
        for others in (("teacher", MADE, MADE), ("student", other, MADE), ("student", MADE, other))
    }
    fewer: Any = SimpleNamespace(recipe=recipe(), training=SimpleNamespace(digest="fewer documents"))
    more: Any = SimpleNamespace(recipe=recipe(), training=SimpleNamespace(digest="more documents"))
    assert stages.words(fewer, {}).key != stages.words(more, {}).key
    assert stages.fold_student(materials, {}, 0).key != stages.fold_student(materials, {}, 1).key
    certified = stages.calibration(materials, {}, [MADE], MADE, MADE).key
    assert certified not in {
        stages.calibration(materials, {}, *others).key
        for others in (([other], MADE, MADE), ([MADE], other, MADE), ([MADE], MADE, other))
    }
