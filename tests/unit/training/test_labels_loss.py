"""The loss of types: a rare type counts more, however few documents a step has."""

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")

import torch
from torch import Tensor

from docmill.training.batch import Batch, Outputs
from docmill.training.labels_loss import LabelsLoss
from docmill.training.recipe_stages import Common
from docmill.training.targets import IGNORED

WEIGHTS = torch.tensor([0.5, 2.0])  # a common type and a rare one
SURE_OF_NEITHER = [0.0, 0.0]


def loss_of_types(*labels: int) -> Tensor:
    rows = len(labels)
    batch = Batch([], [], torch.tensor(labels), torch.zeros(0, dtype=torch.long), 0)
    outputs = Outputs(
        torch.zeros(rows, 4), torch.tensor([SURE_OF_NEITHER] * rows, requires_grad=True), torch.zeros(0, 3), []
    )
    return LabelsLoss(Common(), WEIGHTS).types(batch, outputs)


def test_a_rare_type_counts_more_in_a_step_of_one_document() -> None:
    assert loss_of_types(1).item() == pytest.approx(4 * loss_of_types(0).item())


def test_a_document_counts_as_much_beside_others_as_alone() -> None:
    alone = (loss_of_types(0) + loss_of_types(1)) / 2
    assert loss_of_types(0, 1).item() == pytest.approx(alone.item())


def test_documents_without_a_type_do_not_count() -> None:
    assert loss_of_types(0, IGNORED).item() == pytest.approx(loss_of_types(0).item())
    nothing = loss_of_types(IGNORED)
    nothing.backward()
    assert nothing.item() == 0
