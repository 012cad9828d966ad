"""Linear layers that can multiply in bfloat16, for CPUs with tiles for that (AMX); all else stays fp32.

Torch's autocast takes attention to bfloat16 as well, and on a CPU its way back is slower there than in fp32; see
docs/decisions/0013-model-factory.md.
"""

import torch
from torch import Tensor, nn


class Bf16Linear(nn.Linear):
    """`nn.Linear`, fp32 in and out; with `bf16` what it multiplies is rounded to eight bits of mantissa first."""

    bf16 = False

    def forward(self, x: Tensor) -> Tensor:
        """x: [..., in] -> [..., out], fp32."""
        if not self.bf16:
            return super().forward(x)
        product = nn.functional.linear(x.bfloat16(), self.weight.bfloat16(), self.bias.bfloat16())
        return product.float()


def with_bf16_linears(network: nn.Module) -> None:
    """Put new linear layers that can in the place of all in `network`; their weights are still to be loaded."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, Bf16Linear(child.in_features, child.out_features))


def multiply_in_bf16(network: nn.Module, bf16: bool) -> None:
    """Switch all linear layers that can."""
    for module in network.modules():
        if isinstance(module, Bf16Linear):
            module.bf16 = bf16


def has_bf16_tiles() -> bool:
    """Whether the processor has AMX for bfloat16; without it bfloat16 is no gain, or a loss."""
    capabilities = getattr(torch.cpu, "get_capabilities", None)  # since torch 2.9
    return bool(capabilities and capabilities().get("amx_bf16"))
