"""Dropout whose random bits are drawn once and used again from other places.

Torch draws them one by one on a CPU, a third of the time of a training step of a small encoder; see
docs/decisions/0013-model-factory.md. A mask is a stretch of a fixed pool from a random place on, so masks of two calls
may overlap shifted: fine for dropout, useless for anything else. Places are drawn thread by thread.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor, nn

POOL = 1 << 23  # elements, more than the largest activation of a step's micro-batch on a CPU


class _Places(threading.local):
    """Where the masks of a thread come from; None: from torch's own generator, which threads share."""

    def __init__(self) -> None:
        self.generator: torch.Generator | None = None


_places = _Places()


@contextmanager
def seeded_dropout(seed: int) -> Iterator[None]:
    """Within it the masks of this thread depend on `seed` alone."""
    _places.generator = torch.Generator().manual_seed(seed)
    try:
        yield
    finally:
        _places.generator = None


class PooledDropout(nn.Module):
    """`nn.Dropout`, cheaper on a CPU; reproducible under `torch.manual_seed`, on several threads `seeded_dropout`."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """x, a share `p` of it 0 and the rest scaled up while training."""
        if not self.training or self.p == 0:
            return x
        size = x.numel()
        if x.device.type != "cpu" or size >= POOL:
            return nn.functional.dropout(x, self.p)
        first = int(torch.randint(POOL - size, (1,), generator=_places.generator))
        return x * _pool(self.p)[first : first + size].view(x.shape)


@cache
def _pool(p: float) -> Tensor:
    """[POOL] of 0 and 1 / (1 - p); the same in every process."""
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(POOL, generator=generator) >= p).to(torch.float32) / (1 - p)
