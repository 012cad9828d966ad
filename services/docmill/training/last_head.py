"""Where the type head of a trained model ends: fitted to whole training documents, on an encoder that stays as it is.

Training sees some windows of a document, and a document of a large source once or not at all; the head is then cheap
to fit to all documents, read as they are in use. After Kang et al., "Decoupling Representation and Classifier for
Long-Tailed Recognition", ICLR 2020 (classifier re-training), but from the trained head on: the penalty is on the
distance from it, as in Li, Grandvalet and Davoine, "Explicit Inductive Bias for Transfer Learning with Convolutional
Networks", ICML 2018 (L2-SP). Measured: docs/decisions/0013-model-factory.md.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from docmill.pipeline.window import Window
from docmill.training.examples import Example
from docmill.training.first_heads import document_vectors, spread_of
from docmill.training.materials import Materials
from docmill.training.model import JointModel, load_model, save_model, trained_as
from docmill.training.targets import IGNORED
from docmill.training.whole_documents import whole_documents

PENALTY = 20.0  # of half the squared distance from the trained weights, of standardised dimensions
ENOUGH = 6_000  # documents; of fewer the penalty is more, in proportion
ITERATIONS = 200  # not to the end: what is left moves no measure


def make_type_head(materials: Materials, model_folder: Path, folder: Path) -> None:
    """The model saved there, its type head fitted to the training documents."""
    model = load_model(model_folder)
    settle_types(model, materials)
    save_model(model, folder, trained_as(model_folder))


def settle_types(model: JointModel, materials: Materials) -> None:
    """Fit the type head of a trained model to the documents from among which its training was drawn."""
    documents = whole_documents(materials)
    if documents.of_several_labels:
        examples = [
            _example(int(label), windows, len(materials.recipe.fields))
            for label, windows in zip(documents.labels, documents.windows, strict=True)
        ]
        fit_types(model, document_vectors(model, materials, examples), documents.labels, documents.weights)


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


def _example(label: int, windows: Sequence[Window], fields: int) -> Example:
    """Windows that all tell the type, and no field."""
    untold = [np.broadcast_to(np.int64(IGNORED), (len(window.ids), fields)) for window in windows]
    return Example(label, list(windows), untold, len(windows))
