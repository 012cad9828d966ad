"""Where training runs: a GPU when torch sees one, else the CPU's cores. Sets torch's threads."""

from dataclasses import dataclass, replace

import torch

from docmill.runtime.threads import default_threads
from docmill.training.bf16 import has_bf16_tiles

CPU_MICRO_TOKENS = 512  # padded tokens in one forward pass on one thread: small, so that a step has one for each
GPU_MICRO_TOKENS = 65_536


@dataclass(frozen=True, slots=True)
class Device:
    """`name` is for people and the manifest, `torch` what torch calls it.

    `apart`, as a CPU: micro-batches side by side on `threads`, and with bf16 linear layers alone. Else, as a GPU:
    micro-batches one after another, and with bf16 torch's autocast.
    """

    name: str
    torch: str
    bf16: bool
    micro_tokens: int
    threads: int = 1
    apart: bool = True

    def in_fp32(self) -> "Device":
        """The same one where nothing is multiplied in bfloat16."""
        return replace(self, name=self.name.replace("(bf16)", "(fp32)"), bf16=False)


def choose_device() -> Device:
    """The first GPU, or the CPU with as many threads as cores may be used."""
    if torch.cuda.is_available():
        bf16 = torch.cuda.is_bf16_supported()
        name = f"{torch.cuda.get_device_name()} ({'bf16' if bf16 else 'fp32'})"
        return Device(name, "cuda", bf16, GPU_MICRO_TOKENS, apart=False)
    threads = default_threads()
    torch.set_num_threads(threads)
    bf16 = has_bf16_tiles()
    return Device(f"cpu ({'bf16' if bf16 else 'fp32'})", "cpu", bf16, CPU_MICRO_TOKENS, threads)
