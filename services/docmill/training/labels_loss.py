"""What a network is told by labels: the document-type loss and the tag loss."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from docmill.training.batch import Batch, Outputs
from docmill.training.corpus import LabelledDocument
from docmill.training.examples import ExampleMaker
from docmill.training.recipe_stages import Common
from docmill.training.targets import IGNORED, OUTSIDE

TYPE_SMOOTHING = 0.05
LEAST_WEIGHT, MOST_WEIGHT = 0.5, 2.0  # of a class: in a step of a few documents more would drown all else


@dataclass(frozen=True, slots=True)
class Losses:
    """`total` is what is minimised, `parts` are for people."""

    total: Tensor
    parts: dict[str, float]


class LabelsLoss:
    """Cross-entropies: types balanced by class, entity tokens weighted, tags beside types as the recipe says."""

    def __init__(self, settings: Common, class_weights: Tensor) -> None:
        self._settings = settings
        self._weights = class_weights

    def __call__(self, batch: Batch, outputs: Outputs) -> Losses:
        types = self.types(batch, outputs)
        tags = self.tags(batch, outputs)
        return Losses(types + self._settings.tag_weight * tags, {"type": types.item(), "tags": tags.item()})

    def types(self, batch: Batch, outputs: Outputs) -> Tensor:
        """Mean over the labelled documents, each as often as its class weighs; 0 where there is none.

        Torch's own weighted mean divides by the weights of the batch, so that in a step of one document they are gone.
        """
        labelled = batch.labels != IGNORED
        if not labelled.any():
            return outputs.types.sum() * 0
        labels = batch.labels[labelled]
        losses = nn.functional.cross_entropy(
            outputs.types[labelled], labels, reduction="none", label_smoothing=TYPE_SMOOTHING
        )
        return (losses * self._weights[labels]).mean()

    def tags(self, batch: Batch, outputs: Outputs) -> Tensor:
        """Mean over tokens of the weighted sum over their annotated fields."""
        losses = nn.functional.cross_entropy(outputs.tags, batch.targets, reduction="none")
        weights = torch.where(batch.targets == OUTSIDE, 1.0, self._settings.entity_weight)
        return (losses * weights).sum() / max(batch.rows, 1)


def class_weights(documents: Iterable[LabelledDocument], labels: int, make: ExampleMaker) -> Tensor:
    """Weights of labels, [C]: `balanced_weights`, their extremes cut."""
    return balanced_weights(documents, labels, make).clamp(LEAST_WEIGHT, MOST_WEIGHT)


def balanced_weights(documents: Iterable[LabelledDocument], labels: int, make: ExampleMaker) -> Tensor:
    """Inverse square root of each label's count, [C]; mean one over the documents of a group.

    How much a group counts beside others is for the shares of its sources to say where documents are drawn (but for
    what `per_label` leaves out: where fewer of the common labels are drawn than there are, a draw weighs somewhat more
    than one), and for its number of documents where all of them are read.
    """
    counts = torch.zeros(labels)
    groups: dict[str, set[int]] = defaultdict(set)
    for document in documents:
        if document.label is not None:
            index = make.label_index(document.label)
            counts[index] += 1
            groups[document.group].add(index)
    weights = counts.clamp(min=1).rsqrt()
    for group in groups.values():
        own = sorted(group)
        weights[own] *= counts[own].sum() / (weights[own] * counts[own]).sum()
    return weights
