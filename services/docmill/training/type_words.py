"""What each token says of the document type by itself, beside what the encoder says of all of them.

An encoder that has seen a document once or less has not learnt the words that give a type away, and a bag of words
learns them at once. Each is right where the other errs, so the logarithms of their probabilities are averaged: a
logarithmic opinion pool (Genest and Zidek, "Combining Probability Distributions", Statistical Science 1(1), 1986).
Fitted jointly they are worth nothing: of documents that it was trained on the encoder leaves nothing to explain. Of a
group with few documents a label, words say whether it is the group, and the encoder alone which label. Measured:
docs/decisions/0013-model-factory.md.
"""

import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from docmill.evaluation.labels import group_of
from docmill.pipeline.window import Window
from docmill.training.materials import Materials
from docmill.training.model import JointModel, load_model, save_model, trained_as
from docmill.training.whole_documents import whole_documents

SHARE = 0.5  # of the words; the rest is the encoder's
REGULARISATION = 10.0  # scikit-learn's C, of rows whose mean squared length is one
LEAST_DOCUMENTS = 2  # that hold a token: of fewer it says nothing
LEAST_PER_LABEL = 30  # documents of a group, on average: of fewer its labels have no words of their own
ITERATIONS, TOLERANCE = 100, 1e-3
WORDS_FILE = "words.npz"


@dataclass(frozen=True, slots=True)
class Words:
    """`table` [V, C] and `bias` [C]: what a token says of each type, the mean over a window's tokens to be taken.

    Of labels of one class, as `classes` [C] has it, they say the same (see `classes_of`).
    """

    table: NDArray[np.float32]
    bias: NDArray[np.float32]
    classes: NDArray[np.int64]


def make_words(materials: Materials, folder: Path) -> None:
    """What words say, learnt from the training documents; no file where they teach nothing."""
    words = learn_words(materials)
    if words is not None:
        np.savez(folder / WORDS_FILE, table=words.table, bias=words.bias, classes=words.classes)


def make_type_words(model_folder: Path, words_folder: Path, folder: Path) -> None:
    """The model saved there, with the words that `make_words` left."""
    model = load_model(model_folder)
    path = words_folder / WORDS_FILE
    if path.exists():
        with np.load(path) as saved:
            pool(model, Words(saved["table"], saved["bias"], saved["classes"]))
    save_model(model, folder, trained_as(model_folder))


def learn_words(materials: Materials) -> Words | None:
    """A regression on the words of the training documents; None: they are of one class, or without a token."""
    documents = whole_documents(materials)
    bags = token_shares(documents.windows, len(materials.kept))
    of_labels = classes_of(materials)
    classes = of_labels[documents.labels]
    if not bags.nnz or len(set(classes.tolist())) < 2:
        return None
    sizes = np.bincount(of_labels)
    table, bias = regression(bags, classes, documents.weights, len(sizes))
    bias -= np.log(sizes)  # what is likely of a group is spread over its labels, not said of each
    return Words(table[:, of_labels], bias[of_labels], of_labels)


def pool(model: JointModel, words: Words) -> None:
    """Average the type head's opinion with what words say; between labels of one class it keeps its own.

    The opinion of a class is the mean of its logits here, not the logarithm of their mean exponential, so that the
    graph need only add. The class then stands higher by half of what the two differ by, the more the surer the head is
    among its labels: two nats for contracts, which moves none of 1,292 documents (docs/decisions/0013).
    """
    head = model.type_head
    with torch.no_grad():
        for part in (head.weight, head.bias):
            common = part.clone()
            for number in np.flatnonzero(np.bincount(words.classes) > 1):
                labels = np.flatnonzero(words.classes == number)
                common[labels] = part[labels].mean(0, keepdim=True)
            part.sub_(SHARE * common)
        head.bias += SHARE * torch.from_numpy(words.bias)
        model.add_type_words().weight.copy_(SHARE * torch.from_numpy(words.table))


def classes_of(materials: Materials) -> NDArray[np.int64]:
    """The class of each label, [C]: a group with few documents a label is one, any other label is one by itself."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(materials.labels):
        groups[group_of(label)].append(place)
    documents = Counter(group_of(str(d.label)) for d in materials.training.all if d.label is not None)
    classes = np.zeros(len(materials.labels), dtype=np.int64)
    count = 0
    for group, labels in groups.items():
        own = 1 if documents[group] < LEAST_PER_LABEL * len(labels) else len(labels)
        classes[labels] = count + np.arange(len(labels)) % own
        count += own
    return classes


def token_shares(documents: Sequence[Sequence[Window]], vocabulary: int) -> csr_matrix:
    """[D, V]: the share of each token in a document's windows, each window's own shares averaged."""
    rows, columns, shares = [], [], []
    for row, windows in enumerate(documents):
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
    bags: csr_matrix, classes: NDArray[np.int64], weights: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(table [V, K], bias [K]) of the logistic regression of classes [D] on shares of tokens, rare ones scaled up.

    A class without a document is given the mean of all others.
    """
    documents = np.asarray((bags > 0).sum(0)).ravel()
    rarity = np.log((1 + len(classes)) / (1 + documents)) + 1  # as scikit-learn's TfidfTransformer has it
    scale = np.where(documents >= LEAST_DOCUMENTS, rarity, 0.0)
    scaled = bags.multiply(scale).tocsr()
    length = np.sqrt(scaled.multiply(scaled).sum(1).mean())
    model = LogisticRegression(C=REGULARISATION, max_iter=ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits move no measure
        model.fit(scaled / length, classes, weights)
    coefficients, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn keeps one row: of the second class against the first
        coefficients, bias = (
            np.concatenate([-coefficients / 2, coefficients / 2]),
            np.concatenate([-bias / 2, bias / 2]),
        )
    table = np.tile(coefficients.mean(0), (count, 1))
    level = np.full(count, bias.mean())
    table[model.classes_], level[model.classes_] = coefficients, bias
    return (table * (scale / length)).T.astype(np.float32), level.astype(np.float32)
