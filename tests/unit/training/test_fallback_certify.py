"""load_tests/fallback_certify.py on a miniature: the questions are what nothing was trained on, and nothing leaks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="the extra [train] is not installed")

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import load_bundle
from docmill.errors import ConfigurationError
from docmill.fallback.policy import DEFAULT_POLICY, policy_from_json
from docmill.training.corpus import LabelledDocument, load_corpus
from docmill.training.recipe import load_recipe
from docmill.training.training_set import read_parts, write_training_set
from load_tests import fallback_certify
from load_tests.fallback_certify import ALL, Answered, show
from load_tests.fallback_parts import asked
from load_tests.fallback_parts.certified import Opinion
from load_tests.fallback_parts.corpora import read_halves, split
from load_tests.fallback_parts.held_out import asked_of, held_out_ids
from load_tests.fallback_parts.published import Target
from tests.tiny_bundle import COMPANIES, LABEL_WORDS, build_tiny_bundle
from tests.unit.evaluation.fakes import row, write_rows

RECIPE = """
name = "tiny"
version = "0"
base_model = "none"
base_model_licence = "none"
languages = ["en"]
limits = []
seed = 7
encoder = { max_tokens = 64, stride = 16, type_windows = 2 }
teacher = { tokens = 1000, encoder_lr = 1e-4, head_lr = 1e-3 }
student = { tokens = 1000, encoder_lr = 1e-4, head_lr = 1e-3, layers = [1] }
out_of_fold = { folds = 3 }
policy = { target_precision = 0.95, confidence_level = 0.95 }

[groups.contract]
fields = ["party"]
required = ["party"]
[groups.receipt]
fields = ["company"]
required = ["company"]

[fields.party]
kind = "text"
[fields.company]
kind = "text"

[[sources]]
name = "papers"
group = "contract"
licence = "none"
[[sources]]
name = "tills"
group = "receipt"
licence = "none"
"""
PAPERS, TILLS, NEW = 240, 18, 8  # training documents


def text(label: str, seed: int) -> str:
    random = Random(f"{label}{seed}")
    return " ".join([*random.choices(LABEL_WORDS[label], k=23), random.choice(COMPANIES)])


def rows(label: str, first: int, count: int) -> list[dict[str, Any]]:
    texts = [text(label, seed) for seed in range(first, first + count)]
    return [row(one, label, party="acme") if label == "contract" else row(one, label, company="acme") for one in texts]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources of the recipe, and one that it does not name."""
    folder = tmp_path_factory.mktemp("data")
    for name, label, count in (("papers", "contract", PAPERS), ("tills", "receipt", TILLS), ("new", "contract", NEW)):
        first = len(name) * 1000
        write_rows(folder / name / "train.jsonl", *rows(label, first, count))
        write_rows(folder / name / "validation.jsonl", *rows(label, first + 500, 4))
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Bundle:
    """The tiny one, as if it had been trained on two folds of three."""
    folder = build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")
    loaded = load_bundle(folder)
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    recipe = load_recipe(folder / "recipe.toml")
    with TemporaryDirectory() as place:
        write_training_set(load_corpus(data, recipe), recipe.out_of_fold, Path(place))
        digest = read_parts(Path(place), recipe).training.digest
    return told_of(loaded, data_digest=digest, recipe="recipe.toml")


def told_of(bundle: Bundle, **changes: object) -> Bundle:
    """Whose manifest says otherwise of its training."""
    training = bundle.manifest.training.model_copy(update=changes)
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"training": training}))


def embed(source: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """One direction for each kind of paper."""
    kinds = ["contract" if set(one.split()) & set(LABEL_WORDS["contract"]) else "receipt" for one in texts]
    return np.array([[kind == "contract", kind == "receipt"] for kind in kinds], dtype=np.float32)


def test_a_third_of_each_source_was_held_out(bundle: Bundle, data: Path) -> None:
    held_out = held_out_ids(bundle, [data])
    papers, tills, new = (
        {document.id for document in (*halves.half_a, *halves.half_b)} & held_out
        for halves in (read_halves(data, name) for name in ("papers", "tills", "new"))
    )
    assert (len(papers), len(tills), new) == (PAPERS // 3, TILLS // 3, set())


def test_documents_of_another_training_are_refused(bundle: Bundle, data: Path) -> None:
    with pytest.raises(ConfigurationError, match="other documents than these"):
        held_out_ids(told_of(bundle, data_digest="0" * 64), data)


def test_a_bundle_that_learnt_from_all_documents_is_refused(bundle: Bundle, data: Path, tmp_path: Path) -> None:
    whole = RECIPE.replace("{ folds = 3 }", "{ folds = 3, tokens = 1000 }")
    (tmp_path / "recipe.toml").write_text(whole, encoding="utf-8")
    elsewhere = replace(bundle, model_path=tmp_path / "model.onnx")
    with pytest.raises(ConfigurationError, match="holds no fold out"):
        held_out_ids(elsewhere, data)


def test_a_source_of_the_recipe_that_is_not_there_is_an_error(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="papers"):
        held_out_ids(bundle, tmp_path)


def test_questions_are_of_both_halves_and_what_resembles_one_is_no_exemplar() -> None:
    def document(source: str, id: str, seed: int, further: str = "") -> LabelledDocument:
        words = " ".join(f"w{Random(seed * 100 + k).randrange(10**6)}" for k in range(40))
        return LabelledDocument(id, source, source, "a", words + further, ())

    ours = split("ours", [document("ours", f"o{n}", n) for n in range(20)], [])
    twins = split("twins", [document("twins", f"t{n}", n, " again") for n in range(20)], [])
    chosen = {half[0].id for half in (ours.half_a, ours.half_b)}
    first, second = asked_of([ours, twins], chosen)
    assert {one.id for one in first.test} == chosen
    assert first.half_a == second.half_a == second.test == ()
    assert {one.id for one in first.half_b} == {one.id for one in ours.half_b} - chosen
    like_them = {f"t{id[1:]}" for id in chosen}
    in_half_b = {one.id for one in twins.half_b}
    assert {one.id for one in second.half_b} == in_half_b - like_them
    assert (first.left_out, second.left_out) == (0, len(in_half_b & like_them))


def test_from_files_to_a_policy(
    bundle: Bundle,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of contracts the bundle is never certain enough by itself, of receipts always; all contracts are one type."""
    monkeypatch.setattr(asked, "cached", embed)
    monkeypatch.setattr(fallback_certify, "load_bundle", lambda folder: bundle)
    out = tmp_path / "certified.json"
    fallback_certify.main(["papers", "tills", "new", "--data", str(data), "--out", str(out)])
    lines = capsys.readouterr().out.splitlines()
    count = PAPERS // 3 + TILLS // 3
    exemplars = (PAPERS + TILLS) // 3 + NEW // 2  # of half B what was not held out
    assert abs(int(lines[0].split("; ")[1].split()[0]) - exemplars) <= 2
    tables = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    of = {cells[0]: cells[1:] for cells in tables if len(cells) == 11}
    everything = ["80 (100.0 %)", "0.25 (0.25, 0.25)", "1.0000", "80", "80 (100.0 %)", "96.3 %", "held"]
    assert of["all together"] == [str(count), "80", "80", *everything]
    assert of["papers"] == ["80", "80", "80", *everything]
    assert of["tills"][:3] == [str(TILLS // 3), "0", "0"]
    assert of["tills"][5] == "none"
    assert "new" not in of
    by = {(cells[0], cells[1]): cells[2:] for cells in tables if len(cells) == 6}
    assert by["papers", "certified"] == ["80", "80 (100.0 %)", "96.3 %", "held"]
    assert by["papers", "given"][0] == "80"
    assert by["tills", "certified"] == ["0", "-", "-", "-"]
    written = policy_from_json(out.read_text(encoding="utf-8"))
    assert written.threshold is not None
    assert written == replace(DEFAULT_POLICY, temperature=0.25, threshold=written.threshold)


def test_too_few_questions_make_a_policy_that_publishes_nothing(
    bundle: Bundle, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "cached", embed)
    monkeypatch.setattr(fallback_certify, "load_bundle", lambda folder: bundle)
    out = tmp_path / "certified.json"
    fallback_certify.main(["tills", "new", "--data", str(data), "--out", str(out)])
    assert policy_from_json(out.read_text(encoding="utf-8")).threshold is None


def test_the_policy_is_of_the_source_that_was_named(
    bundle: Bundle, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of papers and tills together a threshold is certified, of tills alone none."""
    monkeypatch.setattr(asked, "cached", embed)
    monkeypatch.setattr(fallback_certify, "load_bundle", lambda folder: bundle)
    out = tmp_path / "certified.json"
    fallback_certify.main(["papers", "tills", "new", "--data", str(data), "--on", "tills", "--out", str(out)])
    assert policy_from_json(out.read_text(encoding="utf-8")).threshold is None
    with pytest.raises(SystemExit):
        fallback_certify.main(["papers", "--data", str(data), "--on", "tills"])
    assert "--on tills: not among the sources" in capsys.readouterr().err


def test_a_source_that_certifies_nothing_is_not_among_all(capsys: pytest.CaptureFixture[str]) -> None:
    opinions = tuple(Opinion({"a": 0.9, "b": 0.1}, "a", n % 2) for n in range(40))
    answered = [Answered(name, 40, 40, opinions) for name in ("written", "generated")]
    fitted = show(answered, Target(0.9, 0.95), DEFAULT_POLICY, {"generated"})
    assert fitted[ALL].certified.decisions == 40
    assert fitted["generated"].certified.decisions == 40
    assert "| generated | certified |" not in capsys.readouterr().out


def test_no_folder_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DOCMILL_DATA", raising=False)
    with pytest.raises(SystemExit):
        fallback_certify.main(["cfpb"])
    assert "--data or DOCMILL_DATA" in capsys.readouterr().err
