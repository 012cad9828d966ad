"""The teacher: the whole base model with new heads, told by labels alone."""

from pathlib import Path

from docmill.training.first_heads import begin_heads
from docmill.training.fit import fit, seed_of
from docmill.training.labels_loss import LabelsLoss, class_weights
from docmill.training.materials import Materials
from docmill.training.model import initial_model
from docmill.training.tokenizer import extended_tokenizer, initial_ids


def make_teacher(materials: Materials, folder: Path) -> None:
    """Train it and save it."""
    recipe, device = materials.recipe, materials.device
    model = initial_model(
        materials.base,
        None,
        len(materials.labels),
        len(recipe.fields),
        initial_ids=initial_ids(extended_tokenizer(materials.base / "tokenizer.json")),
        kept=materials.kept,
        dropout=recipe.training.dropout,
        seed=seed_of(materials.seed("teacher")),
    )
    begin_heads(model, materials, materials.training.documents)
    weights = class_weights(materials.training.all, len(materials.labels), materials.make)
    by_labels = LabelsLoss(recipe.training, weights.to(device.torch))
    course = materials.course(materials.training.documents, recipe.teacher.tokens, "teacher")
    seed, trained = materials.seed("teacher"), materials.trained("teacher", course)
    fit(model, course, by_labels, recipe.teacher, device, folder, seed, materials.on_moment, trained)
