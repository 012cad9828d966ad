"""Where the heads of a model told by labels begin: types at a linear probe, tags near "outside".

New heads of random weights make the first gradients random too, and these reshape the encoder before the heads know
anything. Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution",
ICLR 2022 (linear probing, then fine-tuning); the prior of the tags as in Lin et al., "Focal Loss for Dense Object
Detection", ICCV 2017, section 4.1. Measured: docs/decisions/0013-model-factory.md.
"""

import random
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from docmill.training.batch import make_batch, run_batch
from docmill.training.course import Documents
from docmill.training.examples import Example
from docmill.training.materials import Materials
from docmill.training.model import JointModel
from docmill.training.progress import Counter
from docmill.training.training_set import sample

PER_LABEL = 25  # documents that the probe learns from
AT_ONCE = 8  # of them
REGULARISATION = 0.1  # scikit-learn's C, of standardised dimensions
LEAST_SPREAD = 1e-3  # of a dimension, as a share of the mean one: less says nothing
TAG_PRIOR = (0.98, 0.005, 0.015)  # outside, begin, inside
TAG_WEIGHTS = 0.1  # of their usual size, so that the prior is what is said at first


def begin_heads(model: JointModel, materials: Materials, documents: Documents) -> None:
    """Set both heads of a model that has just been made of a base model."""
    begin_tags(model)
    examples = _heads(materials, documents)
    labels = np.array([example.label for example in examples])
    if len(set(labels.tolist())) > 1:  # there is something to tell apart
        begin_types(model, document_vectors(model, materials, examples), labels)


def begin_tags(model: JointModel) -> None:
    """Let every token be outside, as nearly all are."""
    with torch.no_grad():
        model.tag_head.weight.mul_(TAG_WEIGHTS)
        model.tag_head.bias.copy_(torch.tensor(TAG_PRIOR).log().repeat(model.fields))


def begin_types(model: JointModel, vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Let the type head be the logistic regression of labels [D] on document vectors [D, H].

    A type without a document among them keeps its random weights, and begins as unlikely as the least likely one.
    """
    mean, spread = vectors.mean(0), spread_of(vectors)
    probe = LogisticRegression(C=REGULARISATION, class_weight="balanced")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a beginning, whether it has converged or not
        probe.fit((vectors - mean) / spread, labels)
    weights, bias = probe.coef_ / spread, probe.intercept_ - probe.coef_ @ (mean / spread)
    if len(probe.classes_) == 2:  # scikit-learn keeps one row: of the second class against the first
        weights, bias = np.concatenate([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])
    known = torch.from_numpy(probe.classes_)
    with torch.no_grad():
        model.type_head.bias.fill_(float(bias.min()))
        model.type_head.weight[known] = torch.from_numpy(weights).to(model.type_head.weight.dtype)
        model.type_head.bias[known] = torch.from_numpy(bias).to(model.type_head.bias.dtype)


def spread_of(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """[H]: the standard deviations of the dimensions of [D, H], none so small that a dimension would say much by it."""
    spread = vectors.std(0)
    found: NDArray[np.float32] = np.maximum(spread, LEAST_SPREAD * spread.mean())
    return found


def document_vectors(model: JointModel, materials: Materials, examples: Sequence[Example]) -> NDArray[np.float32]:
    """[D, H]: what the type head sees of each document, without dropout."""
    device, counter = materials.device, Counter("documents", materials.on_moment)
    model.to(device.torch).eval()
    rows = []
    with torch.no_grad():
        for first in range(0, len(examples), AT_ONCE):
            batch = make_batch(list(examples[first : first + AT_ONCE]), device)
            rows.append(run_batch(model, batch, device).documents.float().cpu().numpy())
            counter(min(first + AT_ONCE, len(examples)), len(examples))
    model.to("cpu")
    return np.concatenate(rows)


def _heads(materials: Materials, documents: Documents) -> list[Example]:
    """The windows that decide the type, of some labelled documents of each label."""
    rng = random.Random(materials.recipe.seed)  # noqa: S311
    chosen = sample([document for of_source in documents.values() for document in of_source], PER_LABEL)
    examples = [materials.make(document, rng) for document in chosen]
    return [
        replace(example, windows=example.windows[: example.head], tags=example.tags[: example.head])
        for example in examples
        if example.head
    ]
