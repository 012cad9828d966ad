"""Where the type head of a trained model ends: fitted to whole training documents, on an encoder that stays as it is.

Training sees some windows of a document, and a document of a large source once or not at all; the head is then cheap
to fit to all documents, read as they are in use. After Kang et al., "Decoupling Representation and Classifier for
Long-Tailed Recognition", ICLR 2020 (classifier re-training), but from the trained head on: the penalty is on the
distance from it, as in Li, Grandvalet and Davoine, "Explicit Inductive Bias for Transfer Learning with Convolutional
Networks", ICML 2018 (L2-SP). A label counts by the root of how often it comes: halfway between calibration, which wants
it as it is, and rare labels, which want it even. Measured: docs/decisions/0013-model-factory.md.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from docmill.pipeline.window import cut, tokenise
from docmill.training.corpus import LabelledDocument
from docmill.training.course import Documents
from docmill.training.examples import Example
from docmill.training.first_heads import document_vectors, spread_of
from docmill.training.labels_loss import balanced_weights
from docmill.training.materials import Materials
from docmill.training.model import JointModel, load_model, save_model, trained_as
from docmill.training.targets import IGNORED
from docmill.training.training_set import sample

PER_LABEL = 1_000  # documents, at most; each then stands for as many as were left out
PENALTY = 20.0  # of half the squared distance from the trained weights, of standardised dimensions
ENOUGH = 6_000  # documents; of fewer the penalty is more, in proportion
ITERATIONS = 200  # not to the end: what is left moves no measure


def make_type_head(materials: Materials, model_folder: Path, folder: Path) -> None:
    """The model saved there, its type head fitted to the training documents."""
    model = load_model(model_folder)
    settle_types(model, materials, materials.training.documents)
    save_model(model, folder, trained_as(model_folder))


def settle_types(model: JointModel, materials: Materials, documents: Documents) -> None:
    """Fit the type head of a trained model to documents from among which its training was drawn."""
    labelled = [d for of_source in documents.values() for d in of_source if d.label is not None]
    chosen = [
        (document, example) for document in sample(labelled, PER_LABEL) if (example := _head(materials, document))
    ]
    labels = np.array([example.label for _, example in chosen], dtype=np.int64)
    if len(set(labels.tolist())) < 2:  # there is nothing to tell apart
        return
    vectors = document_vectors(model, materials, [example for _, example in chosen])
    each = balanced_weights(labelled, len(materials.labels), materials.make).double()
    stands_for = _stands_for(labelled, [document for document, _ in chosen], materials)
    weights = (each * stands_for).numpy()[labels]
    fit_types(model, vectors, labels, weights * len(weights) / weights.sum())  # no more than were read


def fit_types(
    model: JointModel, vectors: NDArray[np.float32], labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> None:
    """Move the type head to the least weighted cross-entropy on document vectors, not far from where it is.

    A label without a document stays as it is. The bias moves freely.

    Args:
        model: on the CPU.
        vectors: [D, H]
        labels: [D]
        weights: [D], of the documents.
    """
    mean, spread = vectors.mean(0), spread_of(vectors)
    inputs = torch.from_numpy((vectors - mean) / spread).double()
    targets, counts = torch.from_numpy(labels), torch.from_numpy(weights)
    penalty = PENALTY * max(1.0, ENOUGH / len(labels))
    with torch.no_grad():
        trained = model.type_head(torch.from_numpy(vectors)).double()
    there = torch.zeros(trained.shape[1], dtype=torch.float64)
    there[targets] = 1
    away = torch.zeros(inputs.shape[1], trained.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(trained.shape[1], dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([away, bias], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def objective() -> float:
        solver.zero_grad()
        logits = trained + (inputs @ away + bias) * there
        losses = nn.functional.cross_entropy(logits, targets, reduction="none")
        total = (losses * counts).sum() + penalty / 2 * away.square().sum()
        total.backward()
        found: float = total.item()
        return found

    solver.step(objective)
    with torch.no_grad():
        moved = away.detach() * there / torch.from_numpy(spread).double()[:, None]
        level = bias.detach() * there - torch.from_numpy(mean).double() @ moved
        model.type_head.weight += moved.T.to(model.type_head.weight.dtype)
        model.type_head.bias += level.to(model.type_head.bias.dtype)


def _head(materials: Materials, document: LabelledDocument) -> Example | None:
    """The windows that decide the type in use, all of them; None: the document has no token."""
    tokens = tokenise(materials.tokenizer, materials.windowing, document.text)
    windows = cut(tokens, materials.windowing)[: materials.recipe.encoder.type_windows]
    if not windows:
        return None
    untold = [np.broadcast_to(np.int64(IGNORED), (len(w.ids), len(materials.recipe.fields))) for w in windows]
    return Example(materials.make.label_index(str(document.label)), windows, untold, len(windows))


def _stands_for(
    there: Sequence[LabelledDocument], chosen: Sequence[LabelledDocument], materials: Materials
) -> torch.Tensor:
    """[C]: how many documents of its label each chosen one stands for."""
    of_all, of_chosen = (Counter(document.label for document in part) for part in (there, chosen))
    shares = torch.ones(len(materials.labels), dtype=torch.float64)
    for label, count in of_chosen.items():
        shares[materials.make.label_index(str(label))] = of_all[label] / count
    return shares
