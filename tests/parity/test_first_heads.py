"""Where heads begin: at scikit-learn's own logistic regression, and near "outside"."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from sklearn.linear_model import LogisticRegression  # noqa: E402

from docmill.training.device import Device  # noqa: E402
from docmill.training.examples import ExampleMaker  # noqa: E402
from docmill.training.first_heads import (  # noqa: E402
    REGULARISATION,
    TAG_PRIOR,
    begin_heads,
    begin_tags,
    begin_types,
    document_vectors,
)
from docmill.training.materials import Materials  # noqa: E402
from docmill.training.model import JointModel, initial_model  # noqa: E402
from docmill.training.tokenizer import extended_tokenizer, initial_ids  # noqa: E402
from docmill.training.training_set import TrainingSet  # noqa: E402
from tests.tiny_checkpoint import HIDDEN, write_checkpoint  # noqa: E402
from tests.unit.pipeline.fakes import FourCharacterTokenizer, windowing  # noqa: E402
from tests.unit.training.fakes import document, recipe  # noqa: E402

DEVICE = Device("cpu (fp32)", "cpu", False, 64)
LABELS = ("contract.lease", "contract.supply", "receipt")
DOCUMENTS = {
    "slips": [document("ACME Trad\nTota 4.50", ("total", "4.50"), name=f"s{n}") for n in range(6)],
    "deeds": [
        document("w x y z " * (n + 1), ("party", "x"), name=f"d{n}", group="contract", label=label)
        for n, label in enumerate(("contract.lease", "contract.supply", None, "contract.lease"))
    ],
}


@pytest.fixture
def model(tmp_path: Path) -> JointModel:
    base = write_checkpoint(tmp_path)
    tokenizer = extended_tokenizer(base / "tokenizer.json")
    size = tokenizer.get_vocab_size(with_added_tokens=True)
    return initial_model(
        base,
        (0, 2),
        len(LABELS),
        len(recipe().fields),
        initial_ids=initial_ids(tokenizer),
        kept=np.array([*range(0, size - 2, 100), size - 2, size - 1]),
        dropout=0.1,
        seed=1,
    )


def materials(documents: dict[str, Any]) -> Materials:
    """As far as heads need them."""
    windows = windowing(max_tokens=16, stride=4)
    return Materials(
        recipe=recipe(),
        training=TrainingSet(documents, {}),
        held_out=[],
        labels=LABELS,
        tokenizer=None,  # type: ignore[arg-type]
        windowing=windows,
        kept=np.zeros(0, np.int64),
        base=Path(),
        make=ExampleMaker(recipe(), LABELS, FourCharacterTokenizer(), windows),
        device=DEVICE,
        on_moment=lambda moment: None,
    )


def probabilities(model: JointModel, vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        found: np.ndarray[Any, Any] = model.eval().type_logits(torch.from_numpy(vectors)).softmax(-1).numpy()
    return found


@pytest.mark.parametrize("known", [(0, 1, 2), (0, 2), (1, 2)])
def test_types_begin_as_the_regression_of_standardised_vectors(model: JointModel, known: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    centres = 3 * rng.normal(size=(len(LABELS), HIDDEN))
    labels = rng.choice(known, size=90)
    vectors = (centres[labels] + rng.normal(size=(90, HIDDEN)) * rng.uniform(0.01, 5, HIDDEN)).astype(np.float32)
    begin_types(model, vectors, labels)
    scaled = (vectors - vectors.mean(0)) / vectors.std(0)
    probe = LogisticRegression(C=REGULARISATION, class_weight="balanced").fit(scaled, labels)
    found = probabilities(model, vectors)[:, known]
    np.testing.assert_allclose(found / found.sum(1, keepdims=True), probe.predict_proba(scaled), atol=2e-3)


def test_a_type_that_was_not_seen_begins_unlikely(model: JointModel) -> None:
    labels = np.array([0, 2] * 20)
    vectors = np.random.default_rng(5).normal(size=(40, HIDDEN)).astype(np.float32) + labels[:, None]
    begin_types(model, vectors, labels.astype(np.int64))
    assert model.type_head.bias[1] == model.type_head.bias.min()


def test_a_dimension_without_spread_says_nothing(model: JointModel) -> None:
    labels = np.array([0, 1] * 20)
    vectors = np.random.default_rng(5).normal(size=(40, HIDDEN)).astype(np.float32) + labels[:, None]
    vectors[:, 3] = 1e-9 * labels
    begin_types(model, vectors, labels.astype(np.int64))
    assert torch.isfinite(model.type_head.weight).all()
    assert model.type_head.weight[:2, 3].abs().max() < 1e-3 * model.type_head.weight[:2].abs().max()


def test_tags_begin_near_outside(model: JointModel) -> None:
    begin_tags(model)
    with torch.no_grad():
        tags = model.eval().tag_logits(torch.randn(50, HIDDEN)).softmax(-1).mean((0, 1))
    torch.testing.assert_close(tags, torch.tensor(TAG_PRIOR), atol=0.03, rtol=0)


def test_the_heads_of_a_model_know_types_before_any_training(model: JointModel) -> None:
    made = materials(DOCUMENTS)
    begin_heads(model, made, DOCUMENTS)
    labelled = [one for of_source in DOCUMENTS.values() for one in of_source if one.label is not None]
    vectors = document_vectors(model, made, [made.make(one, random.Random(0)) for one in labelled])
    found = [LABELS[index] for index in probabilities(model, vectors).argmax(1)]
    assert sum(a == one.label for a, one in zip(found, labelled, strict=True)) >= len(labelled) - 1


def test_the_vectors_are_of_the_head_windows_without_dropout(model: JointModel) -> None:
    made = materials(DOCUMENTS)
    example = made.make(DOCUMENTS["deeds"][3], random.Random(0))
    cut = replace(example, windows=example.windows[: example.head], tags=example.tags[: example.head])
    [whole], [head] = (document_vectors(model.train(), made, [one]) for one in (example, cut))
    np.testing.assert_allclose(whole, head, atol=1e-6)


def test_one_type_alone_has_no_probe(model: JointModel) -> None:
    """There is nothing to tell apart; also where a document has no token."""
    only = {"slips": [*DOCUMENTS["slips"], document(" \t", name="empty")], "deeds": []}
    before = model.type_head.weight.clone()
    begin_heads(model, materials(only), only)
    assert torch.equal(model.type_head.weight, before)
