"""Students: a few of the teacher's layers, told by labels and by it; or of the base model's, told by labels alone."""

from pathlib import Path

from docmill.training.course import Documents
from docmill.training.distil import DistilLoss
from docmill.training.first_heads import begin_heads
from docmill.training.fit import fit, seed_of
from docmill.training.labels_loss import LabelsLoss, class_weights
from docmill.training.materials import Materials
from docmill.training.model import initial_model, load_model, student_of
from docmill.training.recipe_stages import Schedule
from docmill.training.tokenizer import extended_tokenizer, initial_ids


def make_student(materials: Materials, teacher_folder: Path, folder: Path) -> None:
    """Distil the student and save it. The teacher reads the same windows as it goes."""
    recipe, device = materials.recipe, materials.device
    teacher = load_model(teacher_folder)
    model = student_of(teacher, recipe.student.layers, recipe.training.dropout)
    loss = DistilLoss(teacher, _by_labels(materials), recipe.student.distil, recipe.training, device)
    course = materials.course(materials.training.documents, recipe.student.tokens, "student")
    seed, trained = materials.seed("student"), materials.trained("student", course)
    fit(model, course, loss, recipe.student, device, folder, seed, materials.on_moment, trained)


def make_untaught(materials: Materials, documents: Documents, schedule: Schedule, stage: str, folder: Path) -> None:
    """Train a student of the same shape without a teacher, from the base model's own layers, and save it."""
    recipe, device = materials.recipe, materials.device
    model = initial_model(
        materials.base,
        recipe.student.layers,
        len(materials.labels),
        len(recipe.fields),
        initial_ids=initial_ids(extended_tokenizer(materials.base / "tokenizer.json")),
        kept=materials.kept,
        dropout=recipe.training.dropout,
        seed=seed_of(materials.seed(stage)),
    )
    begin_heads(model, materials, documents)
    course = materials.course(documents, schedule.tokens, stage)
    seed, trained = materials.seed(stage), materials.trained(stage, course)
    fit(model, course, _by_labels(materials), schedule, device, folder, seed, materials.on_moment, trained)


def _by_labels(materials: Materials) -> LabelsLoss:
    weights = class_weights(materials.training.all, len(materials.labels), materials.make)
    return LabelsLoss(materials.recipe.training, weights.to(materials.device.torch))
