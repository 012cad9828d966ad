"""Micro-batches through the encoder side by side, each on a thread of its own.

The steps of a small encoder are too small to keep several cores busy one operation at a time. Nothing but rounding
depends on how many threads there are: micro-batches are cut alike, each has its own seed, and gradients are added up in
their order. Knows no heads and no losses.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor

from docmill.training.dropout import seeded_dropout

T = TypeVar("T")
Encode = Callable[[int], Tensor]  # number of a micro-batch -> its hidden states


def encode_apart(encode: Encode, count: int, parameters: Sequence[Tensor], threads: int) -> list[Tensor]:
    """`encode(0)` to `encode(count - 1)`; with gradients for `parameters`, unless these are switched off here."""
    seeds = torch.randint(1 << 62, (count,)).tolist()

    def seeded(number: int) -> Tensor:
        with seeded_dropout(seeds[number]):
            return encode(number)

    learning = [parameter for parameter in parameters if parameter.requires_grad]
    if torch.is_grad_enabled() and learning:
        return list(_Apart.apply(seeded, count, threads, *learning))
    return _on_threads(torch.no_grad()(seeded), range(count), threads)


class _Apart(torch.autograd.Function):  # type: ignore[misc]  # torch does not type it
    """A graph a micro-batch, made and gone back through on the threads."""

    @staticmethod
    def forward(ctx: Any, encode: Encode, count: int, threads: int, *parameters: Tensor) -> tuple[Tensor, ...]:
        ctx.graphs = _on_threads(torch.enable_grad()(encode), range(count), threads)
        ctx.learning, ctx.threads = parameters, threads
        return tuple(graph.detach() for graph in ctx.graphs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        def back(number: int) -> Sequence[Tensor | None]:
            graph, gradient = ctx.graphs[number], gradients[number]
            found: Sequence[Tensor | None] = torch.autograd.grad(graph, ctx.learning, gradient, allow_unused=True)
            return found

        parts = _on_threads(back, range(len(gradients)), ctx.threads)
        return (None, None, None, *(_total(of_parameter) for of_parameter in zip(*parts, strict=True)))


def _total(parts: Sequence[Tensor | None]) -> Tensor | None:
    there = [part for part in parts if part is not None]
    if not there:
        return None
    total = there[0].clone()
    for part in there[1:]:
        total += part
    return total


def _on_threads(work: Callable[[int], T], numbers: Sequence[int], threads: int) -> list[T]:
    """In their order; on the caller's own thread where there is but one."""
    if threads == 1 or len(numbers) == 1:
        return [work(number) for number in numbers]
    return list(_pool(threads).map(work, numbers))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Of threads on which an operation is not divided further."""
    return ThreadPoolExecutor(threads, thread_name_prefix="encoder", initializer=torch.set_num_threads, initargs=(1,))
