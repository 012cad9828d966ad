"""Linear layers that can multiply in bfloat16, for CPUs with tiles for that (AMX); all else stays fp32.

Attention, norms and residuals stay as they are. torch's autocast takes attention to bfloat16 as well: with windows of
256 tokens it is as fast, with 128 it makes a quarter fewer tokens a second (docs/decisions/0013-model-factory.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Bf16Linear(nn.Linear):
    """`nn.Linear`, fp32 in and out; with `bf16` input, weights, bias and result are rounded to bfloat16 on the way."""

    bf16 = False

    def forward(self, x: Tensor) -> Tensor:
        """x: [..., in] -> [..., out], fp32."""
        if not self.bf16:
            return super().forward(x)
        bias = None if self.bias is None else self.bias.bfloat16()
        return nn.functional.linear(x.bfloat16(), self.weight.bfloat16(), bias).float()


def with_bf16_linears(network: nn.Module) -> None:
    """Put a linear layer that can in the place of each in `network`, with the same weights."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Linear:
                setattr(module, name, _with_weights_of(child))


def _with_weights_of(linear: nn.Linear) -> Bf16Linear:
    own = Bf16Linear(linear.in_features, linear.out_features, bias=linear.bias is not None, device="meta")
    own.weight, own.bias = linear.weight, linear.bias
    return own


@contextmanager
def multiplying_in_bf16(network: nn.Module) -> Iterator[None]:
    """Within it all linear layers that can do; on other threads too. A gradient comes back the way that it went."""
    layers = [module for module in network.modules() if isinstance(module, Bf16Linear)]
    for layer in layers:
        layer.bf16 = True
    try:
        yield
    finally:
        for layer in layers:
            layer.bf16 = False


def has_bf16_tiles() -> bool:
    """Whether the processor has AMX for bfloat16; without it bfloat16 is no gain, or a loss.

    A torch that does not say (before `torch.cpu.get_capabilities`) counts as one without.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    return bool(capabilities and capabilities().get("amx_bf16"))
