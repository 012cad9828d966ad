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
from docmill.training.labels_loss import balanced_weights  # noqa: E402
from docmill.training.last_head import PENALTY, fit_types, make_type_head, settle_types  # noqa: E402
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


def test_a_head_that_knew_nothing_becomes_the_weighted_regression(model: JointModel) -> None:  # noqa: F811
    vectors, labels = drawn(120)
    weights = np.where(labels == 0, 2.5, 0.5)
    fit_types(untrained(model), vectors, labels, weights)
    scaled = (vectors - vectors.mean(0)) / vectors.std(0)
    regression = LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=2_000).fit(scaled, labels, weights)
    np.testing.assert_allclose(probabilities(model, vectors), regression.predict_proba(scaled), atol=2e-3)


def test_a_few_documents_do_not_move_a_head_far_from_where_training_left_it(
    model: JointModel,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors, labels = drawn(40)
    with torch.no_grad():
        model.type_head.weight.normal_()
    before = model.type_head.weight.clone()
    monkeypatch.setattr(last_head, "PENALTY", 1e9)
    fit_types(model, vectors, labels, np.ones(40))
    torch.testing.assert_close(model.type_head.weight, before, atol=1e-4, rtol=0)
    monkeypatch.setattr(last_head, "PENALTY", PENALTY)
    fit_types(model, vectors, labels, np.ones(40))
    assert (model.type_head.weight - before).abs().max() > 1e-2


def test_only_the_type_head_moves(model: JointModel) -> None:  # noqa: F811
    found = documents()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settle_types(model, made_of(found), found)
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


def test_a_document_stands_for_those_of_its_label_that_were_left_out(
    model: JointModel,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At most four a label are read: each of twelve leases then weighs three times what it would."""
    seen: list[NDArray[np.float64]] = []
    monkeypatch.setattr(last_head, "PER_LABEL", 4)
    monkeypatch.setattr(last_head, "fit_types", lambda model, vectors, labels, weights: seen.append(weights))
    found = documents()
    made = made_of(found)
    settle_types(model, made, found)
    balanced = balanced_weights([d for part in found.values() for d in part], len(LABELS), made.make).numpy()
    [weights] = seen
    expected = [balanced[0] * LEASES / 4] * 4 + [balanced[1]] * SUPPLIES + [balanced[2] * SLIPS / 4] * 4
    np.testing.assert_allclose(np.sort(weights), np.sort(expected), rtol=1e-6)


def test_documents_without_a_token_or_a_type_are_passed_over(model: JointModel) -> None:  # noqa: F811
    empty = document(" \t", name="empty", group="contract", label="contract.lease")
    untyped = document("w x y z", name="untyped", group="contract", label=None)
    found = documents()
    found["deeds"] += [empty, untyped]
    settle_types(model, made_of(found), found)
    assert torch.isfinite(model.type_head.weight).all()


def test_one_type_alone_has_nothing_to_be_told_apart_from(model: JointModel) -> None:  # noqa: F811
    found = {"slips": documents()["slips"], "deeds": []}
    before = model.type_head.weight.clone()
    settle_types(model, made_of(found), found)
    assert torch.equal(model.type_head.weight, before)
