"""The training loop: resumable by epoch, no padding beyond a micro-batch of near-equal windows."""

import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from docmill.training.corpus import LabelledDocument
from docmill.training.examples import IGNORED, OUTSIDE, Example, ExampleMaker, draw_epoch
from docmill.training.model import JointModel
from docmill.training.recipe import Fit, Phase, Recipe

WARMUP_SHARE = 0.06
WEIGHT_DECAY = 0.01
CLIP_NORM = 1.0
TYPE_SMOOTHING = 0.05
MICRO_TOKENS = 2048  # padded tokens in one forward pass


def fit(
    model: JointModel,
    documents: dict[str, list[LabelledDocument]],
    recipe: Recipe,
    make: ExampleMaker,
    checkpoint: Path,
) -> JointModel:
    """Train through the recipe's phases, going on from `checkpoint` where there is one. Word embeddings stay frozen."""
    saved = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else {"epochs": 0}
    if "model" in saved:
        model.load_state_dict(saved["model"])
    weights = _class_weights(documents, model.type_head.out_features, make)
    first = 0
    for number, phase in enumerate(recipe.fit.phases, start=1):
        epochs = range(first, first + phase.epochs)
        first = epochs.stop
        if saved["epochs"] >= epochs.stop:
            continue
        steps = [list(_steps(_epoch(documents, recipe, make, phase, e), recipe.fit.tokens_per_step)) for e in epochs]
        total = sum(len(batches) for batches in steps)
        print(f"phase {number}: {total} steps over {phase.epochs} epochs", flush=True)
        optimizer = _optimizer(model, phase)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step, total=total: _rate(step, total))
        if epochs.start < saved["epochs"]:
            optimizer.load_state_dict(saved["optimizer"])
            scheduler.load_state_dict(saved["scheduler"])
        for epoch in range(max(epochs.start, saved["epochs"]), epochs.stop):
            torch.manual_seed(recipe.seed + epoch)
            batches = steps[epoch - epochs.start]
            _train_epoch(model, batches, optimizer, scheduler, weights, recipe.fit, phase, f"epoch {epoch + 1}")
            _save(checkpoint, model, optimizer, scheduler, epoch + 1)
    model.eval()
    return model


def _save(
    checkpoint: Path,
    model: JointModel,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LambdaLR,
    epochs: int,
) -> None:
    """Never leaves half a checkpoint under its name."""
    partial = checkpoint.with_suffix(".partial")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
    torch.save({**state, "epochs": epochs}, partial)
    partial.replace(checkpoint)


def _epoch(
    documents: dict[str, list[LabelledDocument]], recipe: Recipe, make: ExampleMaker, phase: Phase, epoch: int
) -> list[Example]:
    rng = random.Random(f"{recipe.seed}:{epoch}")  # noqa: S311
    return draw_epoch(documents, recipe, make, phase.passes, rng)


def _train_epoch(
    model: JointModel,
    steps: list[list[Example]],
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LambdaLR,
    weights: Tensor,
    settings: Fit,
    phase: Phase,
    name: str,
) -> None:
    model.train()
    started, tokens = time.monotonic(), 0
    type_loss_mean = tag_loss_mean = 0.0
    for index, batch in enumerate(steps, start=1):
        type_loss, tag_loss = batch_losses(model, batch, weights, settings.entity_weight)
        optimizer.zero_grad()
        (type_loss + phase.tag_weight * tag_loss).backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
        scheduler.step()
        tokens += sum(len(w.ids) for e in batch for w in e.windows)
        type_loss_mean += (type_loss.item() - type_loss_mean) / min(index, 50)
        tag_loss_mean += (tag_loss.item() - tag_loss_mean) / min(index, 50)
        if index % 20 == 0 or index == len(steps):
            rate = tokens / (time.monotonic() - started)
            print(
                f"{name} step {index}/{len(steps)} type loss {type_loss_mean:.3f} "
                f"tag loss {tag_loss_mean:.4f} {rate:.0f} tokens/s",
                flush=True,
            )


def batch_losses(
    model: JointModel, batch: list[Example], weights: Tensor, entity_weight: float
) -> tuple[Tensor, Tensor]:
    """(document-type loss, tag loss) of a batch of documents.

    The tag loss is the mean over tokens of the weighted sum over their annotated fields.
    """
    owners = [(d, w) for d, example in enumerate(batch) for w in range(len(example.windows))]
    owners.sort(key=lambda owner: len(batch[owner[0]].windows[owner[1]].ids))
    pooled: dict[int, list[Tensor]] = {d: [] for d in range(len(batch))}
    tag_sum, rows = torch.zeros(()), 0
    for micro in _micro_batches(owners, batch):
        ids, mask, tags = _pad(micro, batch)
        vectors, logits = model(ids, mask)
        for row, (document, window) in enumerate(micro):
            if window < batch[document].head:
                pooled[document].append(vectors[row])
        known = tags != IGNORED
        losses = nn.functional.cross_entropy(logits[known], tags[known], reduction="none")
        weight = torch.where(tags[known] == OUTSIDE, 1.0, entity_weight)
        tag_sum = tag_sum + (losses * weight).sum()
        rows += int(known.any(-1).sum())
    labels = torch.tensor([example.label for example in batch])
    document_vectors = torch.stack([torch.stack(pooled[d]).mean(0) for d in range(len(batch))])
    chosen = labels != IGNORED
    type_loss = torch.zeros(())
    if chosen.any():
        type_loss = nn.functional.cross_entropy(
            model.type_logits(document_vectors[chosen]), labels[chosen], weights, label_smoothing=TYPE_SMOOTHING
        )
    return type_loss, tag_sum / max(rows, 1)


def _steps(examples: list[Example], tokens_per_step: int) -> Iterator[list[Example]]:
    batch: list[Example] = []
    size = 0
    for example in examples:
        batch.append(example)
        size += sum(len(window.ids) for window in example.windows)
        if size >= tokens_per_step:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _micro_batches(owners: list[tuple[int, int]], batch: list[Example]) -> Iterator[list[tuple[int, int]]]:
    micro: list[tuple[int, int]] = []
    for owner in owners:
        longest = len(batch[owner[0]].windows[owner[1]].ids)  # owners come sorted by length
        if micro and longest * (len(micro) + 1) > MICRO_TOKENS:
            yield micro
            micro = []
        micro.append(owner)
    if micro:
        yield micro


def _pad(micro: list[tuple[int, int]], batch: list[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """ids, mask [N, L] and tags [N, L, F] of the windows named by (document, window)."""
    windows = [batch[d].windows[w].ids for d, w in micro]
    tags = [batch[d].tags[w] for d, w in micro]
    length = max(len(w) for w in windows)
    ids = np.zeros((len(micro), length), dtype=np.int64)
    mask = np.zeros((len(micro), length), dtype=np.int64)
    targets = np.full((len(micro), length, tags[0].shape[1]), IGNORED, dtype=np.int64)
    for row, (window, tag) in enumerate(zip(windows, tags, strict=True)):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
        targets[row, : len(window)] = tag
    return torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(targets)


def _class_weights(documents: dict[str, list[LabelledDocument]], labels: int, make: ExampleMaker) -> Tensor:
    """Inverse square root of each label's count, mean one over the documents."""
    counts = torch.zeros(labels)
    for source in documents.values():
        for document in source:
            if document.label is not None:
                counts[make.label_index(document.label)] += 1
    weights = counts.clamp(min=1).rsqrt()
    weights *= counts.sum() / (weights * counts).sum()
    return weights


def _optimizer(model: JointModel, settings: Phase) -> torch.optim.AdamW:
    model.encoder.embeddings.word_embeddings.weight.requires_grad_(requires_grad=False)
    heads = [p for name, p in model.named_parameters() if not name.startswith("encoder.")]
    encoder = [p for p in model.encoder.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [{"params": encoder, "lr": settings.encoder_lr}, {"params": heads, "lr": settings.head_lr}],
        weight_decay=WEIGHT_DECAY,
    )


def _rate(step: int, total: int) -> float:
    warmup = max(1, int(WARMUP_SHARE * total))
    if step < warmup:
        return (step + 1) / warmup
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))
