"""load_tests/fallback_eval.py on a miniature: its arithmetic is that of docmill.fallback, and nothing leaks."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar, cast

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="the extra [train] is not installed")

from docmill.fallback.decide import decide_label
from docmill.fallback.policy import DEFAULT_POLICY, Policy, policy_from_json
from docmill.fallback.types import LabelAbstained
from docmill.training.corpus import LabelledDocument
from load_tests.fallback_eval import main
from load_tests.fallback_parts import cheap, compare, head, measures, tune
from load_tests.fallback_parts.corpora import OTHER_FOLDS, TUNING_FOLD, read_halves, split
from load_tests.fallback_parts.embeddings import EmbeddingCache
from load_tests.fallback_parts.fresh import fresh
from load_tests.fallback_parts.judged import Judged
from load_tests.fallback_parts.new_kind import new_kind

LABELS = ("autumn", "spring", "winter")
WORDS = {
    "autumn": "leaves fog harvest rain pumpkin wind brown",
    "spring": "bloom seed green lamb shower nest bud",
    "winter": "snow ice frost coat sled dark pine",
}
DIMENSIONS = 16


def a_text(label: str, number: int) -> str:
    """Some words of the label among many of others, so that no two texts are near-duplicates."""
    random = Random(f"{label}{number}")
    own = random.choices(WORDS[label].split(), k=6)
    noise = [w for words in WORDS.values() for w in random.choices(words.split(), k=4)]
    words = own + noise + [f"w{random.randrange(10**6)}" for _ in range(8)]
    random.shuffle(words)
    return " ".join(words)


def write_source(folder: Path, training: int = 40, validation: int = 12) -> Path:
    """A source of three labels, so many documents each."""
    (folder / "seasons").mkdir(parents=True)
    for name, first, count in (("train", 0, training), ("validation", 1000, validation)):
        rows = [
            {"id": f"{label}-{first + n}", "text": a_text(label, first + n), "label": label}
            for n in range(count)
            for label in LABELS
        ]
        rows.append({"id": f"none-{first}", "text": "of no label"})
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "seasons" / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def embed(source: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """Counts of the words in a few dimensions, length 1."""
    vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
    places = {word: n % DIMENSIONS for n, word in enumerate(" ".join(WORDS.values()).split())}
    for row, text in enumerate(texts):
        for word in text.split():
            vectors[row, places.get(word, 0)] += 1
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def material(data: Path) -> cheap.Material:
    halves = read_halves(data, "seasons")
    return cheap.material(halves, embed("seasons", [document.text for document in halves.everything]))


def judged(seed: int = 5, documents: int = 30) -> Judged:
    """Random opinions over four labels of which the classifier knows three."""
    random = np.random.default_rng(seed)
    classifier = random.dirichlet([1, 1, 1], documents)
    classifier = np.concatenate([classifier, np.zeros((documents, 1))], axis=1)
    similarities = -np.sort(-random.uniform(0, 1, (documents, 8)), axis=1)
    neighbours = random.integers(0, 4, (documents, 8))
    ids = tuple(str(n) for n in range(documents))
    return Judged(
        ids,
        random.integers(0, 4, documents),
        classifier,
        np.ones(documents, bool),
        similarities,
        neighbours,
        classifier,
    )


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("neighbours", "temperature"), [(1, 0.5), (5, 1.0), (60, 2.0)])
def test_the_grids_arithmetic_is_that_of_the_fallback(weight: float, neighbours: int, temperature: float) -> None:
    of, labels = judged(), ("a", "b", "c", "new")
    policy = Policy(neighbours, 0.1, weight, temperature, threshold=0.5)
    said = tune.opinion(of, policy)
    accepted = 0
    for row in range(len(of.ids)):
        decision = decide_label(*of.as_asked(row, labels), policy)
        if isinstance(decision, LabelAbstained):
            best = decision.ranking[0]
            label, confidence = best.label, best.probability
        else:
            label, confidence = decision.label, decision.confidence
            accepted += 1
        assert label == labels[said[row].argmax()]
        assert confidence == pytest.approx(said[row].max())
    assert accepted > 0


def test_halves_are_apart_and_near_duplicates_on_one_side() -> None:
    def row(id: str, label: str | None, text: str) -> LabelledDocument:
        return LabelledDocument(id, "s", "s", label, text, ())

    def sentence(n: int) -> str:
        return " ".join(f"w{Random(n * 100 + k).randrange(10**6)}" for k in range(40))

    training = [row(f"t{n}", "ab"[n % 2], sentence(n)) for n in range(40)]
    training += [row(f"twin{n}", "ab"[n % 2], sentence(n) + " again") for n in range(10)]
    training.append(row("unlabelled", None, sentence(77)))
    test = [row("v0", "a", sentence(3) + " once more"), row("v1", None, sentence(99))]
    halves = split("s", training, test)
    a, b = ({document.id for document in half} for half in (halves.half_a, halves.half_b))
    assert not a & b
    assert "unlabelled" not in a | b
    assert {"t3", "twin3"}.isdisjoint(a | b)  # they resemble a document of the test
    assert halves.left_out == 2
    assert [document.id for document in halves.test] == ["v0"]
    for n in set(range(10)) - {3}:
        assert (f"t{n}" in a) == (f"twin{n}" in a)
    assert abs(len(a) - len(b)) <= 4
    assert set(halves.fold) == a
    again = split("s", list(reversed(training)), test)
    assert {document.id for document in again.half_a} == a


def test_what_is_chosen_knows_no_document_of_the_test(material: cheap.Material) -> None:
    """Other gold labels of the test change scores and nothing else."""
    shuffled = replace(material.test, gold=(material.test.gold + 1) % 3)
    first = cheap.validation(material)
    second = cheap.validation(replace(material, test=shuffled))
    assert first.threshold == second.threshold
    np.testing.assert_array_equal(first.test.classifier, second.test.classifier)
    one, other = compare.hard_slice(first), compare.hard_slice(second)
    assert one.policies == other.policies
    np.testing.assert_array_equal(one.said[compare.BLEND], other.said[compare.BLEND])


def test_each_document_of_half_a_is_a_test_document_once(material: cheap.Material) -> None:
    reads = cheap.cross_fitted(material)
    assert sorted(id for read in reads for id in read.test.ids) == sorted(material.half_a.ids)
    for read in reads:
        assert not set(read.test.ids) & set(read.tuning.ids)


def test_a_head_out_of_fold_has_not_seen_what_it_reads() -> None:
    """Labels at random cannot be learnt: in-sample a strong head would have most of them right."""
    random = np.random.default_rng(3)
    vectors = random.normal(size=(120, 60)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gold = random.integers(0, 2, 120)
    said = head.out_of_fold(vectors, gold, np.arange(120) % 5, 2)
    assert (said.probabilities.argmax(axis=1) == gold).mean() < 0.65
    seen = head.trained(vectors, gold, head.Calibration(100.0, 1.0), vectors, 2)
    assert (seen.argmax(axis=1) == gold).mean() > 0.8


def test_the_vote_is_left_out_where_it_misleads_and_rules_where_it_is_right() -> None:
    of = judged(documents=60)
    knowing = np.full((60, 4), 0.02)
    knowing[np.arange(60), of.gold] = 0.94
    assert tune.choose(replace(of, classifier=knowing)).policy.vote_weight == 0
    right = replace(of, neighbours=np.repeat(of.gold[:, None], 8, axis=1))
    chosen = tune.choose(right)
    assert chosen.policy.vote_weight > 0.5
    assert (chosen.accepted, chosen.precision) == (60, 1.0)
    assert chosen.policy.threshold is not None


def test_nothing_deferred_is_nothing_to_choose_on() -> None:
    of = judged()
    with pytest.raises(ValueError, match="nothing to choose"):
        tune.choose(of.take(np.zeros(len(of.ids), bool)))


def test_pairs_by_hand() -> None:
    """Nine wins to one loss: 2 x (1 + 10) / 2^10."""
    ours = np.array([True] * 9 + [False] + [True] * 10)
    theirs = np.array([False] * 9 + [True] + [True] * 10)
    compared = measures.paired(ours, theirs)
    assert (compared.wins, compared.losses) == (9, 1)
    assert compared.points == pytest.approx(40)
    assert compared.p == pytest.approx(22 / 1024)
    assert compared.low < 40 < compared.high
    assert measures.paired(ours, ours).p == 1.0


def test_measures_by_hand() -> None:
    coverage, accuracy = measures.coverage_curve(np.array([0.2, 0.9, 0.5]), np.array([False, True, False]))
    assert coverage.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert accuracy.tolist() == pytest.approx([1, 0.5, 1 / 3])
    assert measures.macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1])) == pytest.approx(2 / 3)
    sure = measures.expected_calibration_error(np.array([1.0, 1.0, 0.5, 0.5]), np.array([True, True, True, False]), 2)
    assert sure == pytest.approx(0)


def test_a_label_left_out_is_recognised_once_the_index_has_it(material: cheap.Material) -> None:
    rows = {(row.label, row.exemplars): row for row in fresh(material)}
    assert rows  # of the labels of which some documents are deferred
    for label in {label for label, _ in rows}:
        assert rows[label, 0].recognised == 0
        assert rows[label, 20].recognised > 0.5


def test_a_kind_unlike_all_others_is_recognised_after_a_few_exemplars(material: cheap.Material) -> None:
    """Its words are on a dimension of their own, which no season uses alone."""
    vectors = np.full((40, DIMENSIONS), 0.01, np.float32) + np.eye(DIMENSIONS, dtype=np.float32)[[15] * 40]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = {row.exemplars: row for row in new_kind(material, "strange", vectors)}
    assert rows[0].recognised == 0
    assert rows[5].recognised == 1
    assert rows[5].documents == 20
    assert rows[20].others_taken < 0.5


def test_the_whole_cheap_mode(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "NEIGHBOURS", (3, 15))  # a coarser grid, for speed
    monkeypatch.setattr(tune, "VOTE_TEMPERATURES", (0.04, 0.16))
    main(
        ["seasons", "--data", str(data), "--out", str(tmp_path), "--no-latency", "--new-kinds", "seasons"], embed=embed
    )
    printed = capsys.readouterr().out
    assert "not the shipped classifier" in printed
    assert "validation and cross-fitted half A" in printed
    [report] = json.loads((tmp_path / "fallback.json").read_text(encoding="utf-8"))
    assert {of_slice["of"] for of_slice in report["slices"]} == {36, 36 + report["half_a"]}
    assert (tmp_path / "coverage.png").read_bytes().startswith(b"\x89PNG")
    policy = policy_from_json((tmp_path / "policy-seasons.json").read_text(encoding="utf-8"))
    assert policy.neighbours in (3, 15)
    assert policy.least_similarity == DEFAULT_POLICY.least_similarity  # chosen without; it can only hold back more
    chosen = next(of_slice["policies"][0] for of_slice in report["slices"] if of_slice["of"] == 36)
    assert chosen.startswith(f"k {policy.neighbours}, vote temperature {policy.vote_temperature:g}, ")
    page = (tmp_path / "fallback.md").read_text(encoding="utf-8")
    assert page.strip().endswith(printed.strip())
    command = "    DOCMILL_DATA=FOLDER python -m load_tests.fallback_eval seasons --new-kinds seasons --no-latency\n"
    assert command in page
    assert str(tmp_path) not in page


def test_vectors_are_kept_and_made_once(tmp_path: Path) -> None:
    class Counting:
        made: ClassVar[list[str]] = []

        def embed_document(self, text: str, windows: int) -> NDArray[np.float32]:
            self.made.append(text)
            return np.full(4, len(text), np.float32)

    path = tmp_path / "new/vectors.npz"
    cache = EmbeddingCache(path)
    cache.fill(["a", "bb", "a"], cast(Any, Counting()))
    again = EmbeddingCache(path)
    again.fill(["ccc", "bb"], cast(Any, Counting()))
    assert Counting.made == ["a", "bb", "ccc"]
    assert again.of(["bb", "ccc", "a"])[:, 0].tolist() == [2, 3, 1]
    with pytest.raises(KeyError):
        cache.of(["ccc"])


def test_folds_are_of_the_full_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["seasons", "--data", str(tmp_path), "--folds", *("abcd")], embed=embed)
    assert refused.value.code == 2
    assert "name the first two bundles with --bundles" in capsys.readouterr().err


def test_new_kinds_are_of_the_cheap_mode(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = ["seasons", "--data", str(data), "--bundles", str(tmp_path), str(tmp_path), "--new-kinds", "seasons"]
    with pytest.raises(SystemExit) as refused:
        main(full, embed=embed)
    assert refused.value.code == 2
    assert "--new-kinds is of the cheap mode: leave out --bundles" in capsys.readouterr().err


@pytest.mark.parametrize("further", [["--bundles", "a", "ab"], ["--write-halves", "out"]])
def test_a_limit_is_of_the_cheap_mode(data: Path, capsys: pytest.CaptureFixture[str], further: list[str]) -> None:
    """Other halves would be tested on than the bundles were trained without."""
    with pytest.raises(SystemExit) as refused:
        main(["seasons", "--data", str(data), "--limit", "9", *further], embed=embed)
    assert refused.value.code == 2
    assert "--limit is of the cheap mode" in capsys.readouterr().err


def test_folders_to_train_on_keep_the_tuning_fold_and_half_b_out(data: Path, tmp_path: Path) -> None:
    main(["seasons", "--data", str(data), "--write-halves", str(tmp_path)], embed=embed)
    halves = read_halves(data, "seasons")

    def ids(folder: str) -> set[str]:
        lines = (tmp_path / folder / "seasons/train.jsonl").read_text(encoding="utf-8").splitlines()
        return {json.loads(line)["id"] for line in lines}

    tuning = {id for id, fold in halves.fold.items() if fold == TUNING_FOLD}
    half_b = {document.id for document in halves.half_b}
    assert tuning
    assert half_b
    assert ids("a") == {document.id for document in halves.half_a} - tuning | {"none-0"}
    assert ids("ab") == ids("a") | half_b
    for number in OTHER_FOLDS:
        own = {id for id, fold in halves.fold.items() if fold == number}
        assert own
        assert ids(f"a{number}") == {document.id for document in halves.half_a} - own | {"none-0"}
    validation = (tmp_path / "ab/seasons/validation.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(validation) == 37
