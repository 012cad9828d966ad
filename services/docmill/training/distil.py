"""What a student is told by labels and by its teacher.

Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015; hidden states as in Jiao et al.,
"TinyBERT", 2020. The weights: docs/decisions/0013-model-factory.md.
"""

import torch
from torch import Tensor, nn

from docmill.training.batch import Batch, Outputs, run_batch
from docmill.training.device import Device
from docmill.training.labels_loss import LabelsLoss, Losses
from docmill.training.model import JointModel
from docmill.training.recipe_stages import Common, Distil
from docmill.training.targets import OUTSIDE


class DistilLoss:
    """The teacher reads the same windows, without dropout, and the student is drawn to what it says."""

    def __init__(
        self, teacher: JointModel, by_labels: LabelsLoss, settings: Distil, common: Common, device: Device
    ) -> None:
        self._teacher = teacher.to(device.torch).eval()
        self._by_labels = by_labels
        self._settings = settings
        self._tag_weight = common.tag_weight
        self._device = device

    def __call__(self, batch: Batch, student: Outputs) -> Losses:
        with torch.no_grad():
            teacher = run_batch(self._teacher, batch, self._device)
        settings = self._settings
        types_kl = self._kl(student.types, teacher.types).mean()
        certainty = 1 - teacher.tags.softmax(-1)[:, OUTSIDE]
        weights = 1 + (settings.entity_weight - 1) * certainty
        tags_kl = (self._kl(student.tags, teacher.tags) * weights).sum() / max(batch.rows, 1)
        hidden = _mean_squared(student.hidden, teacher.hidden)
        types = settings.cross_entropy * self._by_labels.types(batch, student) + settings.kl * types_kl
        tags = settings.cross_entropy * self._by_labels.tags(batch, student) + settings.kl * tags_kl
        total = types / self._tag_weight + tags + settings.hidden * hidden
        parts = {"type kl": types_kl.item(), "tags kl": tags_kl.item(), "hidden": hidden.item()}
        return Losses(total, parts)

    def _kl(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Divergence of each row of softened logits [N, C] -> [N]."""
        temperature = self._settings.temperature
        own = (student / temperature).log_softmax(-1)
        told = (teacher / temperature).log_softmax(-1)
        return nn.functional.kl_div(own, told, reduction="none", log_target=True).sum(-1)


def _mean_squared(student: list[Tensor], teacher: list[Tensor]) -> Tensor:
    """Over all tokens and dimensions of all micro-batches."""
    total = sum(((s - t) ** 2).sum() for s, t in zip(student, teacher, strict=True))
    return torch.as_tensor(total) / sum(s.numel() for s in student)
