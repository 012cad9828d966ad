"""The full mode of load_tests/fallback_eval.py on a miniature: which bundle reads what, and what nothing may know."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="the extra [train] is not installed")

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import load_bundle
from docmill.bundle.manifest import SourceNames, TrainingSource
from docmill.errors import ConfigurationError
from docmill.training.corpus import LabelledDocument, load_corpus
from docmill.training.recipe import load_recipe
from docmill.training.training_set import read_parts, write_training_set
from load_tests import fallback_eval
from load_tests.fallback_eval import main
from load_tests.fallback_parts import bundles, compare, tune
from load_tests.fallback_parts.corpora import OTHER_FOLDS, TUNING_FOLD, Halves, read_halves, write_halves
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.evaluation.fakes import write_rows
from tests.unit.training.test_fallback_certify import RECIPE, rows, told_of

NEW = "snow ice frost coat sled dark pine"
PAPERS = {
    "credit_card": "complaint.credit_card",
    "mortgage": "complaint.mortgage",
    "contract": "contract",
}


def write_papers(folder: Path) -> Path:
    """What the tiny bundle reads: complaints it is sure of, contracts it always defers, and a kind that it has not."""
    (folder / "papers").mkdir(parents=True)
    for name, first, count in (("train", 0, 30), ("validation", 500, 8)):
        rows = []
        for n in range(first, first + count):
            new = " ".join([*Random(n).choices(NEW.split(), k=12), *(f"w{n}x{k}" for k in range(12))])
            texts = {label: text_of(full, n) for label, full in PAPERS.items()} | {"weather": new}
            rows += [{"id": f"{label}-{n}", "text": text, "label": label} for label, text in texts.items()]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "papers" / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def embed_papers(texts: Sequence[str]) -> NDArray[np.float32]:
    """Counts of words by their last letters, length 1."""
    vectors = np.zeros((len(texts), 64), np.float32)
    for row, text in enumerate(texts):
        for word in text.split():
            vectors[row, sum(map(ord, word)) % 64] += 1
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
def papers(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Halves:
    """Papers that the tiny bundle says it was trained on, on other documents for each name of its folder."""
    loaded = load_bundle(bundle)
    names = SourceNames(group="complaint", labels={"contract": "contract"})
    source = TrainingSource(name="papers", licence="none", names=names)

    def knowing(folder: Path) -> Bundle:
        changed = {"sources": (source,), "data_digest": sha256(folder.name.encode()).hexdigest()}
        training = loaded.manifest.training.model_copy(update=changed)
        return replace(loaded, manifest=loaded.manifest.model_copy(update={"training": training}))

    monkeypatch.setattr(bundles, "load_bundle", knowing)
    return read_halves(write_papers(tmp_path), "papers")


def test_the_full_mode_reads_with_bundles(bundle: Path, papers: Halves) -> None:
    halves, named = papers, bundles.Bundles(bundle, bundle)
    [read] = bundles.read_with_bundles(named, halves, embed_papers([d.text for d in halves.everything]))
    kinds = np.array([id.partition("-")[0] for id in read.test.ids])
    assert read.test.deferred[np.isin(kinds, ["contract", "weather"])].all()
    assert not read.test.deferred[kinds == "mortgage"].any()
    assert {halves.fold[id] for id in read.tuning.ids} == {TUNING_FOLD}
    decided = compare.deferred_slice(read)
    assert len(decided.gold) == read.test.deferred.sum()
    assert decided.right(compare.RETRAINED).sum() == (kinds == "contract").sum()  # it does not know weather
    assert decided.right(compare.BLEND).all()
    threshold = load_bundle(bundle).spec.groups["complaint"].type_threshold
    assert bundles.own_threshold(bundle, "papers") == threshold is not None


def test_with_a_bundle_for_each_fold_every_document_of_half_a_is_a_test_document_once(
    bundle: Path, papers: Halves, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_by: dict[str, set[str]] = {}
    opinions = bundles._opinions

    def noting(reader: Bundle, documents: Sequence[LabelledDocument], position: dict[str, int]) -> Any:
        read_by.setdefault(reader.manifest.training.data_digest, set()).update(one.id for one in documents)
        return opinions(reader, documents, position)

    monkeypatch.setattr(bundles, "_opinions", noting)
    folders = {TUNING_FOLD: bundle / "a"} | {number: bundle / f"a{number}" for number in OTHER_FOLDS}
    named = bundles.Bundles(folders[TUNING_FOLD], bundle / "ab", tuple(folders[number] for number in OTHER_FOLDS))
    validation, *folds = bundles.read_with_bundles(named, papers, embed_papers([d.text for d in papers.everything]))

    of_half_a = {document.id for document in papers.half_a}
    assert set(validation.tuning.ids) == of_half_a
    assert set(validation.test.ids) == {document.id for document in papers.test}
    assert sorted(id for read in folds for id in read.test.ids) == sorted(of_half_a)
    for number, read in zip(folders, folds, strict=True):
        own = {id for id in of_half_a if papers.fold[id] == number}
        assert set(read.test.ids) == own
        assert set(read.tuning.ids) == of_half_a - own
        assert read.retrained is None
        by = read_by[sha256(folders[number].name.encode()).hexdigest()]
        assert by == (own | set(validation.test.ids) if number == TUNING_FOLD else own)

    assert read_by[sha256(b"ab").hexdigest()] == set(validation.test.ids)

    together = compare.pooled([compare.deferred_slice(read) for read in (validation, *folds)])
    assert together.of == len(papers.test) + len(of_half_a)
    assert compare.RETRAINED not in together.ways
    assert f"{compare.BLEND} / {compare.ALONE}" in together.pairs()
    assert not [pair for pair in together.pairs() if compare.RETRAINED in pair]
    assert compare.RETRAINED in compare.deferred_slice(validation).ways


@pytest.fixture
def dealt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, bundles.Bundles]:
    """Data, and a bundle for each part of them that says it was trained on that part."""
    data, parts = tmp_path / "data", tmp_path / "parts"
    for name, label in (("papers", "contract"), ("tills", "receipt")):
        write_rows(data / name / "train.jsonl", *rows(label, 0, 120))
        write_rows(data / name / "validation.jsonl", *rows(label, 1000, 4))
        write_halves(data, name, parts)
    names = ("a", "ab", *(f"a{number}" for number in OTHER_FOLDS))
    folder = build_tiny_bundle(tmp_path / "tiny")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    tiny, recipe = load_bundle(folder), load_recipe(folder / "recipe.toml")
    digests = {}
    for name in names:
        (tmp_path / f"set-{name}").mkdir()
        write_training_set(load_corpus(parts / name, recipe), recipe.out_of_fold, tmp_path / f"set-{name}")
        digests[name] = read_parts(tmp_path / f"set-{name}", recipe).training.digest

    def named(place: Path) -> Bundle:
        return told_of(tiny, data_digest=digests[place.name], recipe="recipe.toml")

    monkeypatch.setattr(bundles, "load_bundle", named)
    a, ab, *others = (tmp_path / name for name in names)
    return data, bundles.Bundles(a, ab, tuple(others))


def test_each_bundle_is_of_its_part(dealt: tuple[Path, bundles.Bundles]) -> None:
    data, named = dealt
    bundles.check_parts(named, data)
    bundles.check_parts(replace(named, others=()), data)


@pytest.mark.parametrize(
    ("order", "first_wrong"),
    [
        ("a ab a2 a1 a3 a4", "a2 was to be of the part a1"),
        ("a ab a1 a2 a2 a4", "a2 was to be of the part a3"),
        ("a1 ab a a2 a3 a4", "a1 was to be of the part a"),
        ("a a a1 a2 a3 a4", "a was to be of the part ab"),
    ],
)
def test_a_bundle_that_would_be_tested_on_what_it_knows_is_refused(
    dealt: tuple[Path, bundles.Bundles], order: str, first_wrong: str
) -> None:
    data, named = dealt
    a, ab, *others = (named.a.with_name(name) for name in order.split())
    with pytest.raises(ConfigurationError, match=f"^{first_wrong}: .*other documents than these"):
        bundles.check_parts(bundles.Bundles(a, ab, tuple(others)), data)


def test_the_whole_full_mode(
    papers: Halves, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "NEIGHBOURS", (3, 15))  # a coarser grid, for speed
    monkeypatch.setattr(tune, "VOTE_TEMPERATURES", (0.04, 0.16))
    checked: list[object] = []
    monkeypatch.setattr(fallback_eval, "check_parts", lambda *given: checked.append(given))
    folders = [str(tmp_path / name) for name in ("a", "ab", "a1", "a2", "a3", "a4")]
    asked = ["papers", "--data", str(tmp_path), "--bundles", *folders[:2], "--folds", *folders[2:], "--no-latency"]
    main([*asked, "--out", str(tmp_path / "out")], embed=lambda source, texts: embed_papers(texts))
    of_each = [Path(folder) for folder in folders]
    assert checked == [(bundles.Bundles(of_each[0], of_each[1], tuple(of_each[2:])), tmp_path)]
    printed = capsys.readouterr().out
    assert "(A + B), and 4 more of other parts of A" in printed
    of_validation, of_all = printed.split("**deferred, validation and cross-fitted half A**")
    assert f"| {compare.RETRAINED} |" in of_validation
    assert f"| {compare.RETRAINED} |" not in of_all.split("**least confident")[0]
    [report] = json.loads((tmp_path / "out/fallback.json").read_text(encoding="utf-8"))
    assert {of_slice["of"] for of_slice in report["slices"]} == {len(papers.test), len(papers.test) + report["half_a"]}
    assert (tmp_path / "out/coverage.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out/fallback.md").read_text(encoding="utf-8")
    assert "fallback_eval papers --bundles a ab --folds a1 a2 a3 a4 --no-latency\n" in page


def test_a_bundle_of_another_source_is_refused(bundle: Path, tmp_path: Path) -> None:
    halves = read_halves(write_papers(tmp_path), "papers")
    with pytest.raises(ConfigurationError, match="not trained on papers"):
        bundles.read_with_bundles(
            bundles.Bundles(bundle, bundle), halves, embed_papers([d.text for d in halves.everything])
        )
