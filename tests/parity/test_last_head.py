"""Where type heads end: scikit-learn's own regression away from where they were, on an encoder that did not move."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from sklearn.linear_model import LogisticRegression  # noqa: E402

from docmill.bundle.manifest import TrainingStage  # noqa: E402
from docmill.training import last_head  # noqa: E402
from docmill.training.examples import Example  # noqa: E402
from docmill.training.last_head import ENOUGH, PENALTY, fit_types, make_type_head, settle_types  # noqa: E402
from docmill.training.materials import Materials  # noqa: E402
from docmill.training.model import JointModel, load_model, save_model, trained_as  # noqa: E402
from tests.parity.test_first_heads import LABELS, materials, model, probabilities  # noqa: E402, F401
from tests.tiny_checkpoint import HIDDEN  # noqa: E402
from tests.unit.pipeline.fakes import FourCharacterTokenizer  # noqa: E402
from tests.unit.training.fakes import document  # noqa: E402

LEASES, SUPPLIES, SLIPS = 12, 3, 5


def drawn(size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors around a centre a label, [D, H], and their labels."""
    rng = np.random.default_rng(5)
    labels = rng.choice(len(LABELS), size=size)
    centres = rng.normal(size=(len(LABELS), HIDDEN))
    return (centres[labels] + rng.normal(size=(size, HIDDEN)) * rng.uniform(0.5, 3, HIDDEN)).astype(np.float32), labels


def untrained(model: JointModel) -> JointModel:  # noqa: F811
    with torch.no_grad():
        model.type_head.weight.zero_()
        model.type_head.bias.zero_()
    return model


def documents() -> dict[str, list]:  # type: ignore[type-arg]
    deeds = [("contract.lease", "w x y z ", LEASES), ("contract.supply", "k l m n ", SUPPLIES)]
    return {
        "slips": [document("ACME Trad\nTota 4.50", name=f"s{n}") for n in range(SLIPS)],
        "deeds": [
            document(words * (n + 1), name=f"{label}{n}", group="contract", label=label)
            for label, words, count in deeds
            for n in range(count)
        ],
    }


def made_of(found: dict[str, list]) -> Materials:  # type: ignore[type-arg]
    return replace(materials(found), tokenizer=FourCharacterTokenizer())  # type: ignore[arg-type]


def penalty(documents: int) -> float:
    return PENALTY * max(1.0, ENOUGH / documents)


def test_a_head_that_knew_nothing_becomes_the_weighted_regression(model: JointModel) -> None:  # noqa: F811
    vectors, labels = drawn(120)
    weights = np.where(labels == 0, 2.5, 0.5)
    fit_types(untrained(model), vectors, labels, weights)
    scaled = (vectors - vectors.mean(0)) / vectors.std(0)
    regression = LogisticRegression(C=1 / penalty(120), tol=1e-8, max_iter=2_000).fit(scaled, labels, weights)
    np.testing.assert_allclose(probabilities(model, vectors), regression.predict_proba(scaled), atol=2e-3)


@pytest.mark.parametrize("enough", [10, 400])
def test_the_fit_is_the_best_one_not_far_from_the_trained_head(
    model: JointModel,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    enough: int,
) -> None:
    """At the least of a sum its gradient is none: what errors pull is what the distance holds back."""
    monkeypatch.setattr(last_head, "ENOUGH", enough)
    vectors, labels = drawn(40)
    weights = np.linspace(0.5, 2, 40)
    with torch.no_grad():
        model.type_head.weight.normal_(generator=torch.Generator().manual_seed(3))
    before = model.type_head.weight.clone()
    fit_types(model, vectors, labels, weights)
    spread = vectors.std(0)
    scaled = (vectors - vectors.mean(0)) / spread
    errors = (probabilities(model, vectors) - np.eye(len(LABELS))[labels]) * weights[:, None]
    away = (model.type_head.weight - before).detach().numpy().T * spread[:, None]
    held_back = PENALTY * max(1, enough / 40) * away
    assert np.abs(held_back).max() > 0.1
    np.testing.assert_allclose(scaled.T @ errors, -held_back, atol=2e-2)
    np.testing.assert_allclose(errors.sum(0), 0, atol=2e-2)


def test_a_label_without_a_document_stays_as_it_is(model: JointModel) -> None:  # noqa: F811
    vectors, labels = drawn(40)
    with_two = labels != 1
    before = model.type_head.weight.clone(), model.type_head.bias.clone()
    fit_types(model, vectors[with_two], labels[with_two], np.ones(int(with_two.sum())))
    assert torch.equal(model.type_head.weight[1], before[0][1])
    assert model.type_head.bias[1] == before[1][1]
    assert not torch.equal(model.type_head.weight[0], before[0][0])


def test_a_document_is_read_as_it_is_in_use(model: JointModel, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Its first windows, as many as decide the type, whatever training draws of them."""
    seen: list[list[int]] = []

    def vectors(model: JointModel, materials: Materials, examples: list[Example]) -> NDArray[np.float32]:
        seen.extend([window.first for window in example.windows] for example in examples)
        assert [example.head for example in examples] == [len(example.windows) for example in examples]
        return np.random.default_rng(5).normal(size=(len(examples), HIDDEN)).astype(np.float32)

    monkeypatch.setattr(last_head, "document_vectors", vectors)
    short = document("w x", name="short", group="contract", label="contract.lease")
    long = document("k l m n " * 40, name="long", group="contract", label="contract.supply")
    found = {"slips": [], "deeds": [short, long]}
    made = made_of(found)
    settle_types(model, made)
    assert sorted(len(windows) for windows in seen) == [1, made.recipe.encoder.type_windows]
    assert all(windows[0] == 0 for windows in seen)


def test_only_the_type_head_moves(model: JointModel) -> None:  # noqa: F811
    found = documents()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settle_types(model, made_of(found))
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {"type_head.weight", "type_head.bias"}


def test_the_stage_keeps_how_the_model_was_trained(model: JointModel, tmp_path: Path) -> None:  # noqa: F811
    trained, settled = tmp_path / "trained", tmp_path / "settled"
    trained.mkdir()
    settled.mkdir()
    stage = TrainingStage(name="student", tokens=5, device="cpu (fp32)")
    save_model(model, trained, stage)
    make_type_head(made_of(documents()), trained, settled)
    assert trained_as(settled) == stage
    before, after = load_model(trained).state_dict(), load_model(settled).state_dict()
    assert {name for name in before if not torch.equal(before[name], after[name])} == {
        "type_head.weight",
        "type_head.bias",
    }


def test_one_type_alone_has_nothing_to_be_told_apart_from(model: JointModel) -> None:  # noqa: F811
    found = {"slips": documents()["slips"], "deeds": []}
    before = model.type_head.weight.clone()
    settle_types(model, made_of(found))
    assert torch.equal(model.type_head.weight, before)
