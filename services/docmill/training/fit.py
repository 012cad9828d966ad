"""The training loop: a plan of steps, one optimizer, checkpoints from which a killed run goes on as if nothing was."""

import hashlib
import logging
import math
import os
import pickle
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

try:
    from lzma import LZMAError
except ImportError:  # such a Python cannot read what it says this of
    LZMAError = zipfile.BadZipFile  # type: ignore[assignment,misc]

from docmill.bundle.manifest import TrainingStage
from docmill.errors import ConfigurationError
from docmill.training.batch import Batch, Outputs, make_batch, run_batch
from docmill.training.course import Course
from docmill.training.device import Device
from docmill.training.labels_loss import Losses
from docmill.training.model import JointModel, save_model
from docmill.training.progress import Moment
from docmill.training.recipe_stages import Schedule

WARMUP_SHARE = 0.15
FINAL_RATE = 0.02  # of the peak
WEIGHT_DECAY = 0.01
CLIP_NORM = 1.0
CHECKPOINTS, CHECKPOINT_STEPS = 20, 50  # so many a stage, but one every so many steps at least
CHECKPOINT_FILE = "checkpoint.pt"
# What zipfile says of an archive in which some bytes are not as they were written; of a disk it says OSError.
DAMAGED = (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, struct.error, zlib.error, LZMAError)
UNREADABLE = (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError)

log = logging.getLogger(__name__)
Objective = Callable[[Batch, Outputs], Losses]
OnMoment = Callable[[Moment], None]


def fit(
    model: JointModel,
    course: Course,
    objective: Objective,
    schedule: Schedule,
    device: Device,
    folder: Path,
    seed: str,
    on_moment: OnMoment,
    trained: TrainingStage,
) -> JointModel:
    """Train through the course, going on from the checkpoint in `folder` where there is one, and save the model there.

    The checkpoint goes when the model is on the disk, not before: a full disk then costs some steps, not the stage.

    Every step has a seed of its own, so the steps after a resumption are those that would have been.
    Word embeddings stay frozen, and the layers that the schedule names. The type head, which begins as a probe
    (first_heads.py), learns at the encoder's rate.
    """
    checkpoint = folder / CHECKPOINT_FILE
    model.to(device.torch)
    optimizer = _optimizer(model, schedule)
    first = _resume(checkpoint, model, optimizer, device)
    every = max(1, min(CHECKPOINT_STEPS, len(course) // CHECKPOINTS))
    started, tokens = time.monotonic(), 0
    for step in range(first, len(course)):
        model.train()
        torch.manual_seed(seed_of(f"{seed}:{step}"))
        rate = _rate(step, len(course))
        for group in optimizer.param_groups:
            group["lr"] = rate * group["peak"]
        examples = course.examples(step)
        batch = make_batch(examples, device)
        losses = objective(batch, run_batch(model, batch, device))
        optimizer.zero_grad()
        losses.total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
        tokens += sum(example.tokens for example in examples)
        if (step + 1) % every == 0 and step + 1 < len(course):
            _save(checkpoint, model, optimizer, step + 1, device)
        on_moment(Moment(step + 1, len(course), tokens / (time.monotonic() - started), losses.parts))
    model.eval()
    save_model(model, folder, trained)
    for path in (checkpoint, _partial(checkpoint)):
        path.unlink(missing_ok=True)
    return model


def _resume(checkpoint: Path, model: JointModel, optimizer: torch.optim.Optimizer, device: Device) -> int:
    """The first step that is still to do; model and optimizer are as they were before it.

    A checkpoint of another device counts for nothing: half of a training in fp32 and half in bfloat16 is neither. Nor
    does a damaged one, as a disk leaves it whose power went.

    Raises:
        ConfigurationError: it is not damaged and yet cannot be read, as for want of memory; it is left as it is.
    """
    if not checkpoint.exists():
        return 0
    try:
        if (damage := _damage(checkpoint)) is not None:
            log.warning("%s is damaged, so this stage is trained from its beginning: %s", checkpoint, damage)
            return 0
        saved = torch.load(checkpoint, weights_only=True, map_location="cpu")
    except UNREADABLE as error:
        raise ConfigurationError(
            f"{checkpoint} cannot be read ({error}): see to disk, memory and torch, or delete it to train this stage "
            f"from its beginning"
        ) from error
    if saved.get("device") != device.name:
        return 0
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def _damage(checkpoint: Path) -> str | None:
    """How the file is not as `_save` wrote it; None: it is, by its checksums. (torch itself reads over them.)"""
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            name = archive.testzip()
    except DAMAGED as error:
        return str(error) or type(error).__name__
    return None if name is None else f"{name} has another checksum"


def _save(checkpoint: Path, model: JointModel, optimizer: torch.optim.Optimizer, step: int, device: Device) -> None:
    """Never leaves half a checkpoint under its name, whether the process dies or the machine."""
    partial = _partial(checkpoint)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "device": device.name}
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(checkpoint)


def _partial(checkpoint: Path) -> Path:
    return checkpoint.with_suffix(".partial")


def _optimizer(model: JointModel, schedule: Schedule) -> torch.optim.AdamW:
    _freeze(model, schedule)
    encoder = [p for p in model.encoder.parameters() if p.requires_grad]
    groups = [
        {"params": [*encoder, *model.type_head.parameters()], "lr": 0.0, "peak": schedule.encoder_lr},
        {"params": list(model.tag_head.parameters()), "lr": 0.0, "peak": schedule.head_lr},
    ]
    return torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY, fused=True)


def _freeze(model: JointModel, schedule: Schedule) -> None:
    encoder, layers = model.encoder, schedule.frozen_layers
    try:
        schedule.check_frozen(len(encoder.encoder.layer), "this stage")
    except ValueError as error:  # where the base model's configuration did not say how many it has
        raise ConfigurationError(str(error)) from error
    encoder.embeddings.word_embeddings.requires_grad_(requires_grad=False)
    if layers:
        encoder.embeddings.requires_grad_(requires_grad=False)
        encoder.encoder.layer[:layers].requires_grad_(requires_grad=False)


def _rate(step: int, total: int) -> float:
    """Of the peak rate: a linear warm-up, then half a cosine."""
    warmup = max(1, int(WARMUP_SHARE * total))
    if step < warmup:
        return (step + 1) / warmup
    return FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def seed_of(name: str) -> int:
    """A seed for torch."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
