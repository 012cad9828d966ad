"""Examples through the network: windows of near-equal length together, without padding beyond that."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from docmill.training.apart import encode_apart
from docmill.training.bf16 import multiplying_in_bf16
from docmill.training.device import Device
from docmill.training.examples import Example
from docmill.training.model import JointModel
from docmill.training.targets import IGNORED


@dataclass(frozen=True, slots=True)
class Batch:
    """The documents of one step, padded micro-batch by micro-batch, on the device."""

    examples: list[Example]
    micros: list["Micro"]
    labels: Tensor  # [D], IGNORED where there is none
    targets: Tensor  # [K], of the annotated (token, field) pairs of all micro-batches
    rows: int  # tokens with an annotated field


@dataclass(frozen=True, slots=True)
class Micro:
    """Windows of near-equal length; `owners` are their documents, `in_head` says which decide the type."""

    ids: Tensor  # [N, L]
    mask: Tensor  # [N, L]
    known: Tensor  # [N, L, F]: annotated
    owners: list[int]
    in_head: list[bool]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the network says of a batch, fp32."""

    documents: Tensor  # [D, H], what the type head sees of each, before dropout
    types: Tensor  # [D, C]
    tags: Tensor  # [K, 3]
    hidden: list[Tensor]  # a micro-batch each, [tokens without padding, H]


def make_batch(examples: list[Example], device: Device) -> Batch:
    """Pad the windows of some examples."""
    owners = [(d, w) for d, example in enumerate(examples) for w in range(len(example.windows))]
    owners.sort(key=lambda owner: len(examples[owner[0]].windows[owner[1]].ids))
    micros, targets, rows = [], [], 0
    for part in _micro_batches(owners, examples, device.micro_tokens):
        ids, mask, tags = _pad(part, examples)
        known = tags != IGNORED
        targets.append(tags[known])
        rows += int(known.any(-1).sum())
        in_head = [w < examples[d].head for d, w in part]
        ids, mask, known = (tensor.to(device.torch) for tensor in (ids, mask, known))
        micros.append(Micro(ids, mask, known, owners=[d for d, _ in part], in_head=in_head))
    labels = torch.tensor([example.label for example in examples], device=device.torch)
    return Batch(examples, micros, labels, torch.cat(targets).to(device.torch), rows)


def run_batch(model: JointModel, batch: Batch, device: Device) -> Outputs:
    """The outputs of a model, with gradients unless they are switched off around the call; in bf16 if the device is."""
    vectors: list[list[Tensor]] = [[] for _ in batch.examples]
    tags, hidden = [], []
    with _precision(model, device):
        for micro, states in zip(batch.micros, _hidden(model, batch.micros, device), strict=True):
            pooled = model.pool(states, micro.mask)
            for row, (owner, in_head) in enumerate(zip(micro.owners, micro.in_head, strict=True)):
                if in_head:
                    vectors[owner].append(pooled[row])
            tags.append(model.tag_logits(states)[micro.known].float())
            hidden.append(states[micro.mask.bool()].float())
        documents = torch.stack([torch.stack(own).mean(0) for own in vectors])
        types = model.type_logits(documents).float()
    return Outputs(documents, types, torch.cat(tags), hidden)


def _precision(model: JointModel, device: Device) -> AbstractContextManager[None]:
    if not device.bf16:
        return nullcontext()
    return multiplying_in_bf16(model.encoder) if device.apart else torch.autocast(device.torch, torch.bfloat16)


def _hidden(model: JointModel, micros: list[Micro], device: Device) -> list[Tensor]:
    """The hidden states [N, L, H] of each micro-batch."""

    def encode(number: int) -> Tensor:
        return model.hidden(micros[number].ids, micros[number].mask)

    if not device.apart:
        return [encode(number) for number in range(len(micros))]
    return encode_apart(encode, len(micros), list(model.encoder.parameters()), device.threads)


def _micro_batches(
    owners: list[tuple[int, int]], examples: list[Example], limit: int
) -> Iterator[list[tuple[int, int]]]:
    micro: list[tuple[int, int]] = []
    for owner in owners:
        longest = len(examples[owner[0]].windows[owner[1]].ids)  # owners come sorted by length
        if micro and longest * (len(micro) + 1) > limit:
            yield micro
            micro = []
        micro.append(owner)
    if micro:
        yield micro


def _pad(micro: list[tuple[int, int]], examples: list[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """ids, mask [N, L] and tags [N, L, F] of the windows named by (document, window)."""
    windows = [examples[d].windows[w].ids for d, w in micro]
    tags = [examples[d].tags[w] for d, w in micro]
    length = max(len(w) for w in windows)
    ids = np.zeros((len(micro), length), dtype=np.int64)
    mask = np.zeros((len(micro), length), dtype=np.int64)
    targets = np.full((len(micro), length, tags[0].shape[1]), IGNORED, dtype=np.int64)
    for row, (window, tag) in enumerate(zip(windows, tags, strict=True)):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
        targets[row, : len(window)] = tag
    return torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(targets)
