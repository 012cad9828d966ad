"""Which documents a type is learnt from once the encoder is trained, and how much each counts."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill.pipeline.window import cut, tokenise
from docmill.training import whole_documents
from docmill.training.labels_loss import balanced_weights
from tests.parity.test_first_heads import LABELS
from tests.parity.test_last_head import LEASES, SLIPS, SUPPLIES, documents, made_of
from tests.unit.training.fakes import document


def test_a_document_stands_for_those_of_its_label_that_were_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most four a label are read: each of twelve leases then weighs three times what it would."""
    monkeypatch.setattr(whole_documents, "PER_LABEL", 4)
    made = made_of(documents())
    balanced = balanced_weights(made.training.all, len(LABELS), made.make).numpy()
    found = whole_documents.whole_documents(made)
    assert np.bincount(found.labels).tolist() == [4, SUPPLIES, 4]
    expected = np.array([balanced[0] * LEASES / 4, balanced[1], balanced[2] * SLIPS / 4])[found.labels]
    np.testing.assert_allclose(found.weights, expected * len(expected) / expected.sum(), rtol=1e-6)  # of mean one


def test_documents_without_a_token_or_a_type_are_passed_over() -> None:
    found = documents()
    without = whole_documents.whole_documents(made_of(found))
    beside = [
        document(" \t", name="empty", group="contract", label="contract.lease"),
        document("w x y z", name="untyped", group="contract", label=None),
    ]
    after = whole_documents.whole_documents(made_of({**found, "deeds": [*found["deeds"], *beside]}))
    np.testing.assert_array_equal(without.labels, after.labels)
    assert len(without.windows) == len(after.windows) == LEASES + SUPPLIES + SLIPS
    lease, slip = (int(np.flatnonzero(after.labels == LABELS.index(name))[0]) for name in ("contract.lease", "receipt"))
    before, now = (found.weights[lease] / found.weights[slip] for found in (without, after))
    assert now > before  # each lease that is read stands for the one without a token, too


def test_there_may_be_nothing_to_learn_from() -> None:
    found = whole_documents.whole_documents(made_of({"slips": [], "deeds": []}))
    assert not found.of_several_labels
    assert len(found.weights) == 0


def test_the_first_windows_are_taken_whole() -> None:
    long = document("k l m n " * 40, name="long", group="contract", label="contract.supply")
    made = made_of({"slips": [], "deeds": [long]})
    [windows] = whole_documents.whole_documents(made).windows
    expected = cut(tokenise(made.tokenizer, made.windowing, long.text), made.windowing)
    assert len(expected) > len(windows) == made.recipe.encoder.type_windows
    assert [(w.first, w.ids.tolist()) for w in windows] == [(w.first, w.ids.tolist()) for w in expected[: len(windows)]]
