"""A training of the smallest kind: documents, a network and its loss. To be imported where torch is installed."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.manifest import TrainingStage
from docmill.training.device import Device
from docmill.training.examples import ExampleMaker
from docmill.training.labels_loss import LabelsLoss, class_weights
from docmill.training.model import JointModel, initial_model
from docmill.training.recipe_stages import Common
from docmill.training.tokenizer import extended_tokenizer, initial_ids
from tests.unit.pipeline.fakes import FourCharacterTokenizer, windowing
from tests.unit.training.fakes import document, recipe

DEVICE = Device("cpu (fp32)", "cpu", False, 64)
LABELS = ("contract.lease", "contract.supply", "receipt")
DOCUMENTS = {
    "slips": [
        document("ACME Trad\nTota 4.50 than kyou", ("company", "ACME"), ("total", "4.50"), name=f"s{n}")
        for n in range(6)
    ],
    "deeds": [
        document("w x y z " * (n + 1), ("party", "x"), name=f"d{n}", group="contract", label=label)
        for n, label in enumerate(("contract.lease", "contract.supply", None, "contract.lease"))
    ],
}
COMMON = Common(tokens_per_step=64)
TRAINED = TrainingStage(name="stage", tokens=5, device="cpu")


def kept_ids(base: Path) -> NDArray[np.int64]:
    """Every hundredth piece and the added ones."""
    size = extended_tokenizer(base / "tokenizer.json").get_vocab_size(with_added_tokens=True)
    return np.array([*range(0, size - 2, 100), size - 2, size - 1])


def model_of(base: Path, layers: tuple[int, ...] | None = None, dropout: float = 0.0) -> JointModel:
    tokenizer = extended_tokenizer(base / "tokenizer.json")
    return initial_model(
        base,
        layers,
        len(LABELS),
        len(recipe().fields),
        initial_ids=initial_ids(tokenizer),
        kept=kept_ids(base),
        dropout=dropout,
        seed=1,
    )


def maker() -> ExampleMaker:
    return ExampleMaker(recipe(), LABELS, FourCharacterTokenizer(), windowing(max_tokens=16, stride=4))


def labels_loss() -> LabelsLoss:
    documents = [document for of_source in DOCUMENTS.values() for document in of_source]
    return LabelsLoss(COMMON, class_weights(documents, len(LABELS), maker()))
