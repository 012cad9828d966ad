"""What words say of the type: scikit-learn's own regression on TF-IDF, pooled with what the encoder says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from scipy.sparse import csr_matrix  # noqa: E402
from sklearn.feature_extraction.text import TfidfTransformer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402

from docmill.bundle.manifest import TrainingStage  # noqa: E402
from docmill.pipeline.window import cut, tokenise  # noqa: E402
from docmill.training import type_words  # noqa: E402
from docmill.training.labels_loss import balanced_weights  # noqa: E402
from docmill.training.materials import Materials  # noqa: E402
from docmill.training.model import JointModel, load_model, save_model, student_of, trained_as  # noqa: E402
from docmill.training.type_words import (  # noqa: E402
    ITERATIONS,
    REGULARISATION,
    SHARE,
    TOLERANCE,
    learn_words,
    make_type_words,
    regression,
    word_counts,
)
from tests.parity.test_first_heads import LABELS, model  # noqa: E402, F401
from tests.parity.test_last_head import documents, made_of  # noqa: E402
from tests.unit.training.fakes import document  # noqa: E402

VOCABULARY = 30


def told_apart() -> dict[str, list]:  # type: ignore[type-arg]
    """Documents whose label is in how long they are: the tokenizer numbers words by where they stand."""
    lengths = {"contract.lease": 2, "contract.supply": 6, "receipt": 12}
    made = {
        label: [document("w " * length, name=f"{label}{n}", group=label.split(".")[0], label=label) for n in range(5)]
        for label, length in lengths.items()
    }
    return {"slips": made["receipt"], "deeds": [*made["contract.lease"], *made["contract.supply"]]}


def drawn(documents: int) -> tuple[csr_matrix, np.ndarray]:
    """Shares of 30 tokens, of which each of three labels has some of its own."""
    rng = np.random.default_rng(5)
    labels = rng.choice(3, size=documents)
    counts = rng.poisson(0.3 + 2 * (np.arange(VOCABULARY) % 5 == labels[:, None]))
    counts[:, 0] += 1
    return csr_matrix(counts / counts.sum(1, keepdims=True)), labels.astype(np.int64)


def test_the_table_is_the_regression_on_shares_with_rare_words_scaled_up() -> None:
    bags, labels = drawn(200)
    weights = np.where(labels == 0, 2.0, 0.5)
    table, bias = regression(bags, labels, weights, 3)
    scaled = TfidfTransformer(norm=None).fit(bags).transform(bags)
    scaled = scaled / np.sqrt(scaled.multiply(scaled).sum(1).mean())
    expected = LogisticRegression(C=REGULARISATION, max_iter=ITERATIONS, tol=TOLERANCE).fit(scaled, labels, weights)
    logits = bags @ table + bias
    found = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(found, expected.predict_proba(scaled), atol=1e-4)


def test_a_token_of_one_document_says_nothing() -> None:
    bags, labels = drawn(50)
    alone = bags.tolil()
    alone[:, 7] = 0
    alone[3, 7] = 0.5
    table, _ = regression(alone.tocsr(), labels, np.ones(50), 3)
    assert not table[7].any()
    assert table[6].any()


def test_of_two_labels_among_more_the_third_gets_what_is_common_to_all() -> None:
    bags, labels = drawn(90)
    two = labels != 1
    table, bias = regression(bags[two], labels[two], np.ones(int(two.sum())), 3)
    np.testing.assert_allclose(table[:, 1], (table[:, 0] + table[:, 2]) / 2, atol=1e-5)
    assert table[:, 0] == pytest.approx(-table[:, 2], abs=1e-5)
    assert bias[1] == pytest.approx((bias[0] + bias[2]) / 2, abs=1e-5)


def test_shares_are_of_the_windows_that_decide_the_type_each_by_itself() -> None:
    """A full window and a short one count alike; what stands behind them does not count."""
    made = made_of({"slips": [], "deeds": []})
    windows = made.recipe.encoder.type_windows
    inside = made.windowing.max_tokens - 2
    step = inside - made.windowing.stride
    words = inside + step * (windows - 1) + 3  # three beyond the windows that decide
    for count in (words, inside + 1):
        text = "w " * count
        tokens = tokenise(made.tokenizer, made.windowing, text)
        kept = cut(tokens, made.windowing)[:windows]
        expected = np.zeros(500)
        for window in kept:
            for token in window.ids:
                expected[token] += 1 / len(window.ids) / len(kept)
        long = document(text, name="long", group="contract", label="contract.supply")
        [row] = word_counts([long], made, 500).toarray()
        np.testing.assert_allclose(row, expected)
        seen = {int(token) for window in kept for token in window.ids}
        behind = set(tokens.ids.tolist()) - seen
        assert bool(behind) == (count == words)
        assert not row[sorted(behind)].any()


def test_a_document_without_a_token_has_no_words() -> None:
    empty = document(" \t", name="empty", group="contract", label="contract.lease")
    assert word_counts([empty], made_of({"slips": [], "deeds": [empty]}), 500).nnz == 0


def spoken_of(model: JointModel, made: Materials, before: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:  # noqa: F811
    """What the words alone say of the training documents, [D, C], and their labels."""
    assert model.type_words is not None
    labelled = made.training.all
    bags = word_counts(labelled, made, model.encoder.config.vocab_size)
    bias = (model.type_head.bias.detach() - (1 - SHARE) * before["bias"]).numpy() / SHARE
    words = bags @ model.type_words.weight.detach().numpy() / SHARE + bias
    return words, np.array([LABELS.index(str(document.label)) for document in labelled])


def test_both_opinions_are_pooled(model: JointModel, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The logits that a graph adds up are the average of the head's and of the regression's."""
    monkeypatch.setattr(type_words, "LEAST_PER_LABEL", 1)
    made = made_of(told_apart())
    head = {name: part.clone() for name, part in model.type_head.state_dict().items()}
    learn_words(model, made)
    torch.testing.assert_close(model.type_head.weight.detach(), (1 - SHARE) * head["weight"])
    words, labels = spoken_of(model, made, head)
    assert (words.argmax(1) == labels).all()
    bags = word_counts(made.training.all, made, model.encoder.config.vocab_size)
    weights = balanced_weights(made.training.all, len(LABELS), made.make).double().numpy()[labels]
    table, bias = regression(bags, labels, weights, len(LABELS))
    np.testing.assert_allclose(words, bags @ table + bias, atol=1e-4)


def test_of_few_documents_a_label_words_say_the_group_alone(model: JointModel) -> None:  # noqa: F811
    made = made_of(told_apart())
    head = {name: part.clone() for name, part in model.type_head.state_dict().items()}
    learn_words(model, made)
    words, labels = spoken_of(model, made, head)
    leases, supplies, receipts = (LABELS.index(name) for name in ("contract.lease", "contract.supply", "receipt"))
    np.testing.assert_allclose(words[:, leases], words[:, supplies], atol=1e-5)
    assert ((words[:, receipts] > words[:, leases]) == (labels == receipts)).all()


def test_one_type_alone_needs_no_words(model: JointModel) -> None:  # noqa: F811
    learn_words(model, made_of({"slips": documents()["slips"], "deeds": []}))
    assert model.type_words is None


def test_a_model_keeps_its_words_and_how_it_was_trained(model: JointModel, tmp_path: Path) -> None:  # noqa: F811
    headed, spoken = tmp_path / "headed", tmp_path / "spoken"
    headed.mkdir()
    spoken.mkdir()
    save_model(model, headed, TrainingStage(name="student", tokens=5, device="cpu (fp32)"))
    made = made_of(documents())
    make_type_words(made, headed, spoken)
    found = load_model(spoken)
    learn_words(model, made)
    assert model.type_words is not None
    assert found.type_words is not None
    assert torch.equal(found.type_words.weight, model.type_words.weight)
    assert trained_as(spoken) == trained_as(headed)


def test_no_student_learns_from_half_a_head(model: JointModel) -> None:  # noqa: F811
    learn_words(model, made_of(documents()))
    with pytest.raises(ValueError, match="without words"):
        student_of(model, (0, 1), 0.0)


def test_documents_without_a_token_teach_no_words(model: JointModel) -> None:  # noqa: F811
    labels = {"contract.lease": "contract", "receipt": "receipt"}
    empty = [document(" ", name=label, group=group, label=label) for label, group in labels.items()]
    learn_words(model, made_of({"slips": empty[1:], "deeds": empty[:1]}))
    assert model.type_words is None
