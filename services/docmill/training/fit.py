"""The training loop: a plan of steps, one optimizer, checkpoints from which a killed run goes on as if nothing was."""

import hashlib
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from docmill.training.batch import Batch, Outputs, make_batch, run_batch
from docmill.training.course import Course
from docmill.training.device import Device
from docmill.training.labels_loss import Losses
from docmill.training.model import JointModel
from docmill.training.progress import Moment
from docmill.training.recipe_stages import Schedule

WARMUP_SHARE = 0.15
FINAL_RATE = 0.02  # of the peak
WEIGHT_DECAY = 0.01
CLIP_NORM = 1.0
CHECKPOINTS, CHECKPOINT_STEPS = 20, 50  # so many a stage, but one every so many steps at least
CHECKPOINT_FILE = "checkpoint.pt"

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
) -> JointModel:
    """Train through the course, going on from the checkpoint in `folder` where there is one, and take that away.

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
    checkpoint.unlink(missing_ok=True)
    model.eval()
    return model


def _resume(checkpoint: Path, model: JointModel, optimizer: torch.optim.Optimizer, device: Device) -> int:
    """The first step that is still to do; model and optimizer are as they were before it.

    A checkpoint of another device counts for nothing: half of a training in fp32 and half in bfloat16 is neither.
    """
    if not checkpoint.exists():
        return 0
    saved = torch.load(checkpoint, weights_only=True, map_location="cpu")
    if saved.get("device") != device.name:
        return 0
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def _save(checkpoint: Path, model: JointModel, optimizer: torch.optim.Optimizer, step: int, device: Device) -> None:
    """Never leaves half a checkpoint under its name."""
    partial = checkpoint.with_suffix(".partial")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "device": device.name}
    torch.save(state, partial)
    partial.replace(checkpoint)


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
    schedule.check_frozen(len(encoder.encoder.layer), "this stage")
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
