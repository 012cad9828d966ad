"""What each token says of the document type by itself, beside what the encoder says of all of them.

An encoder that has seen a document once or less has not learnt the words that give a type away, and a bag of words
learns them at once. Each is right where the other errs, so the logarithms of their probabilities are averaged: a
logarithmic opinion pool (Genest and Zidek, "Combining Probability Distributions", Statistical Science 1(1), 1986).
Fitted jointly they are worth nothing: of documents that it was trained on the encoder leaves nothing to explain. Of a
group with few documents a label, words say that it is the group, and the encoder which label. Measured:
docs/decisions/0013-model-factory.md.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from docmill.pipeline.window import cut, tokenise
from docmill.training.corpus import LabelledDocument
from docmill.training.labels_loss import balanced_weights
from docmill.training.materials import Materials
from docmill.training.model import JointModel, load_model, save_model, trained_as

SHARE = 0.5  # of the words; the rest is the encoder's
REGULARISATION = 10.0  # scikit-learn's C, of rows whose mean squared length is one
LEAST_DOCUMENTS = 2  # that hold a token: of fewer it says nothing
LEAST_PER_LABEL = 30  # documents of a group, on average: of fewer its labels have no words of their own
ITERATIONS, TOLERANCE = 100, 1e-3


def make_type_words(materials: Materials, model_folder: Path, folder: Path) -> None:
    """The model saved there, with a table of what tokens say, learnt from the training documents."""
    model = load_model(model_folder)
    learn_words(model, materials)
    save_model(model, folder, trained_as(model_folder))


def learn_words(model: JointModel, materials: Materials) -> None:
    """Fit a regression on the words of all labelled documents, and pool its opinion with the type head's.

    A label without a document gets the mean of what words say of all others. Nothing is done where there are fewer than
    two labels, or no token.
    """
    labelled = [document for document in materials.training.all if document.label is not None]
    labels = np.array([materials.make.label_index(str(document.label)) for document in labelled], dtype=np.int64)
    if len(set(labels.tolist())) < 2:
        return
    bags = word_counts(labelled, materials, model.encoder.config.vocab_size)
    if not bags.nnz:
        return
    weights = balanced_weights(labelled, len(materials.labels), materials.make).double().numpy()[labels]
    table, bias = regression(bags, labels, weights, len(materials.labels))
    for group in sparse_groups(labelled, materials):
        table[:, group] = table[:, group].mean(1, keepdims=True)
        bias[group] = bias[group].mean()
    with torch.no_grad():
        model.type_head.weight *= 1 - SHARE
        model.type_head.bias.copy_((1 - SHARE) * model.type_head.bias + SHARE * torch.from_numpy(bias))
        model.add_type_words().weight.copy_(SHARE * torch.from_numpy(table))


def sparse_groups(documents: list[LabelledDocument], materials: Materials) -> Iterator[list[int]]:
    """The labels of each group that has few documents a label."""
    for group in sorted({document.group for document in documents}):
        found = [str(document.label) for document in documents if document.group == group]
        labels = sorted(materials.make.label_index(label) for label in set(found))
        if len(found) < LEAST_PER_LABEL * len(labels):
            yield labels


def word_counts(documents: list[LabelledDocument], materials: Materials, vocabulary: int) -> csr_matrix:
    """[D, V]: the share of each token in the windows that decide the type, each window's own shares averaged."""
    rows, columns, shares = [], [], []
    for row, document in enumerate(documents):
        tokens = tokenise(materials.tokenizer, materials.windowing, document.text)
        windows = cut(tokens, materials.windowing)[: materials.recipe.encoder.type_windows]
        for window in windows:
            ids, counts = np.unique(window.ids, return_counts=True)
            rows.append(np.full(len(ids), row))
            columns.append(ids)
            shares.append(counts / len(window.ids) / len(windows))
    if not rows:
        return csr_matrix((len(documents), vocabulary))
    places = (np.concatenate(rows), np.concatenate(columns))
    return csr_matrix((np.concatenate(shares), places), shape=(len(documents), vocabulary))


def regression(
    bags: csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64], types: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(table [V, C], bias [C]) of the logistic regression of labels [D] on shares of tokens, rare ones scaled up.

    A label without a document is given the mean of all others.
    """
    documents = np.asarray((bags > 0).sum(0)).ravel()
    rarity = np.log((1 + len(labels)) / (1 + documents)) + 1  # as scikit-learn's TfidfTransformer has it
    scale = np.where(documents >= LEAST_DOCUMENTS, rarity, 0.0)
    scaled = bags.multiply(scale).tocsr()
    length = np.sqrt(scaled.multiply(scaled).sum(1).mean())
    model = LogisticRegression(C=REGULARISATION, max_iter=ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits move no measure
        model.fit(scaled / length, labels, weights)
    coefficients, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn keeps one row: of the second class against the first
        coefficients, bias = (
            np.concatenate([-coefficients / 2, coefficients / 2]),
            np.concatenate([-bias / 2, bias / 2]),
        )
    table = np.tile(coefficients.mean(0), (types, 1))
    level = np.full(types, bias.mean())
    table[model.classes_], level[model.classes_] = coefficients, bias
    return (table * (scale / length)).T.astype(np.float32), level.astype(np.float32)
