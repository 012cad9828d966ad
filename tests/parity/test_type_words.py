"""What words say of the type: scikit-learn's own regression on TF-IDF, pooled with what the encoder says."""

from dataclasses import replace
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
from docmill.training.materials import Materials  # noqa: E402
from docmill.training.model import JointModel, load_model, save_model, student_of, trained_as  # noqa: E402
from docmill.training.type_words import (  # noqa: E402
    ITERATIONS,
    REGULARISATION,
    SHARE,
    TOLERANCE,
    Words,
    classes_of,
    learn_words,
    make_type_words,
    make_words,
    pool,
    regression,
    token_shares,
)
from docmill.training.whole_documents import whole_documents  # noqa: E402
from tests.parity.test_first_heads import LABELS, model  # noqa: E402, F401
from tests.parity.test_last_head import documents, made_of  # noqa: E402
from tests.unit.training.fakes import document  # noqa: E402

VOCABULARY = 30
LEASES, SUPPLIES, RECEIPTS = (LABELS.index(name) for name in ("contract.lease", "contract.supply", "receipt"))


def told_apart() -> dict[str, list]:  # type: ignore[type-arg]
    """Documents whose label is in how long they are: the tokenizer numbers words by where they stand."""
    lengths = {"contract.lease": 2, "contract.supply": 6, "receipt": 12}
    made = {
        label: [document("w " * length, name=f"{label}{n}", group=label.split(".")[0], label=label) for n in range(5)]
        for label, length in lengths.items()
    }
    return {"slips": made["receipt"], "deeds": [*made["contract.lease"], *made["contract.supply"]]}


def made_of_words(found: dict[str, list]) -> Materials:  # type: ignore[type-arg]
    """Materials with room for the tokens of the documents."""
    return replace(made_of(found), kept=np.zeros(500, np.int64))


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


def test_shares_are_of_each_window_by_itself() -> None:
    """A full window and a short one count alike."""
    made = made_of({"slips": [], "deeds": []})
    tokens = tokenise(made.tokenizer, made.windowing, "w " * (made.windowing.max_tokens + 3))
    windows = cut(tokens, made.windowing)
    expected = np.zeros(500)
    for window in windows:
        for token in window.ids:
            expected[token] += 1 / len(window.ids) / len(windows)
    [row] = token_shares([windows], 500).toarray()
    np.testing.assert_allclose(row, expected)


def test_a_group_of_few_documents_a_label_is_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_of(told_apart())
    classes = classes_of(made)
    assert classes[LEASES] == classes[SUPPLIES] != classes[RECEIPTS]
    monkeypatch.setattr(type_words, "LEAST_PER_LABEL", 5)
    assert sorted(classes_of(made).tolist()) == [0, 1, 2]


def test_a_label_without_a_document_is_of_its_sparse_group() -> None:
    found = told_apart()
    made = made_of({**found, "deeds": [deed for deed in found["deeds"] if deed.label == "contract.lease"]})
    classes = classes_of(made)
    assert classes[LEASES] == classes[SUPPLIES] != classes[RECEIPTS]
    words = words_of(replace(made, kept=np.zeros(500, np.int64)))
    np.testing.assert_array_equal(words.table[:, LEASES], words.table[:, SUPPLIES])
    assert words.bias[LEASES] == words.bias[SUPPLIES]


def words_of(made: Materials) -> Words:
    words = learn_words(made)
    assert words is not None
    return words


def opinions(words: Words, made: Materials) -> tuple[np.ndarray, np.ndarray]:
    """What the words say of the training documents, [D, C], and their labels."""
    documents = whole_documents(made)
    return token_shares(documents.windows, len(made.kept)) @ words.table + words.bias, documents.labels


def test_words_are_the_regression_of_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type_words, "LEAST_PER_LABEL", 1)
    made = made_of_words(told_apart())
    said, labels = opinions(words_of(made), made)
    assert (said.argmax(1) == labels).all()
    found = whole_documents(made)
    table, bias = regression(token_shares(found.windows, len(made.kept)), labels, found.weights, len(LABELS))
    np.testing.assert_allclose(said, token_shares(found.windows, len(made.kept)) @ table + bias, atol=1e-5)


def test_of_few_documents_a_label_words_say_the_group_alone() -> None:
    """And as one class: what they hold for likely is spread evenly over its labels."""
    made = made_of_words(told_apart())
    said, labels = opinions(words_of(made), made)
    np.testing.assert_array_equal(said[:, LEASES], said[:, SUPPLIES])
    assert ((said[:, RECEIPTS] > said[:, LEASES]) == (labels == RECEIPTS)).all()
    found = whole_documents(made)
    classes = np.where(labels == RECEIPTS, 1, 0)
    table, bias = regression(token_shares(found.windows, len(made.kept)), classes, found.weights, 2)
    expected = token_shares(found.windows, len(made.kept)) @ table + bias
    np.testing.assert_allclose(said[:, LEASES], expected[:, 0] - np.log(2), atol=1e-5)
    np.testing.assert_allclose(said[:, RECEIPTS], expected[:, 1], atol=1e-5)


def logits(model: JointModel, vectors: Any, bags: np.ndarray) -> np.ndarray:  # noqa: F811
    """As the graph adds them up."""
    assert model.type_words is not None
    found: np.ndarray = model.type_head(vectors).detach().numpy() + bags @ model.type_words.weight.detach().numpy()
    return found


def any_words(size: int, classes: list[int]) -> Words:
    rng = np.random.default_rng(3)
    table, bias = rng.normal(size=(size, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    return Words(table, bias, np.array(classes))


def test_both_opinions_are_pooled(model: JointModel) -> None:  # noqa: F811
    """The logits that a graph adds up are the average of the head's and of the regression's."""
    size, vectors = model.encoder.config.vocab_size, torch.randn(7, model.type_head.in_features)
    bags, words = np.random.default_rng(4).random((7, size)), any_words(size, [0, 1, 2])
    expected = (1 - SHARE) * model.type_head(vectors).detach().numpy() + SHARE * (bags @ words.table + words.bias)
    pool(model, words)
    np.testing.assert_allclose(logits(model, vectors, bags), expected, atol=1e-4)


def test_between_labels_of_a_sparse_group_the_head_keeps_its_opinion(model: JointModel) -> None:  # noqa: F811
    size, vectors = model.encoder.config.vocab_size, torch.randn(7, model.type_head.in_features)
    bags, words = np.random.default_rng(4).random((7, size)), any_words(size, [0, 0, 1])
    words.table[:, SUPPLIES], words.bias[SUPPLIES] = words.table[:, LEASES], words.bias[LEASES]
    head, said = model.type_head(vectors).detach().numpy(), bags @ words.table + words.bias
    pool(model, words)
    found = logits(model, vectors, bags)
    np.testing.assert_allclose(found[:, LEASES] - found[:, SUPPLIES], head[:, LEASES] - head[:, SUPPLIES], atol=1e-4)
    group = (1 - SHARE) * head[:, [LEASES, SUPPLIES]].mean(1) + SHARE * said[:, LEASES]
    np.testing.assert_allclose(found[:, [LEASES, SUPPLIES]].mean(1), group, atol=1e-4)
    receipts = (1 - SHARE) * head[:, RECEIPTS] + SHARE * said[:, RECEIPTS]
    np.testing.assert_allclose(found[:, RECEIPTS], receipts, atol=1e-4)


def test_one_class_alone_needs_no_words() -> None:
    assert learn_words(made_of_words({"slips": documents()["slips"], "deeds": []})) is None
    assert learn_words(made_of_words({"slips": [], "deeds": told_apart()["deeds"]})) is None  # a sparse group


@pytest.mark.parametrize("teaching", [True, False])
def test_a_model_keeps_its_words_and_how_it_was_trained(
    model: JointModel,  # noqa: F811
    tmp_path: Path,
    teaching: bool,
) -> None:
    headed, learnt, spoken = (tmp_path / name for name in ("headed", "learnt", "spoken"))
    for folder in (headed, learnt, spoken):
        folder.mkdir()
    save_model(model, headed, TrainingStage(name="student", tokens=5, device="cpu (fp32)"))
    made = made_of_words(told_apart() if teaching else {"slips": documents()["slips"], "deeds": []})
    made = replace(made, kept=np.zeros(model.encoder.config.vocab_size, np.int64))
    make_words(made, learnt)
    make_type_words(headed, learnt, spoken)
    found = load_model(spoken)
    assert trained_as(spoken) == trained_as(headed)
    if not teaching:
        assert found.type_words is None
        assert torch.equal(found.type_head.weight, model.type_head.weight)
        return
    pool(model, words_of(made))
    assert model.type_words is not None
    assert found.type_words is not None
    assert torch.equal(found.type_words.weight, model.type_words.weight)
    torch.testing.assert_close(found.type_head.state_dict(), model.type_head.state_dict())


def test_no_student_learns_from_half_a_head(model: JointModel) -> None:  # noqa: F811
    pool(model, any_words(model.encoder.config.vocab_size, [0, 1, 2]))
    with pytest.raises(ValueError, match="without words"):
        student_of(model, (0, 1), 0.0)


def test_documents_without_a_token_teach_no_words() -> None:
    labels = {"contract.lease": "contract", "receipt": "receipt"}
    empty = [document(" ", name=label, group=group, label=label) for label, group in labels.items()]
    assert learn_words(made_of_words({"slips": empty[1:], "deeds": empty[:1]})) is None
