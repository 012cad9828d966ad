"""Write fixtures/tiny_torch.npz: a tiny random JointModel, inputs, and what torch says of them.

PYTHONPATH=services:schemas python tests/parity/regenerate.py      (extra [train])
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIXTURE = Path(__file__).parent / "fixtures" / "tiny_torch.npz"
HEADS, LAYERS, MAX_TOKENS, VOCABULARY = 4, 2, 64, 200
LABELS, FIELDS = 5, 4
LENGTHS = (3, 17, 64)
SEED = 7


def torch_reference() -> dict[str, NDArray[Any]]:
    """`state.<name>` of the model, `ids.<length>`, and of each input `hidden`, `pooled`, `tags` and `types`.

    Raises:
        ImportError: torch or transformers is not installed.
    """
    import torch
    from transformers import BertConfig

    from docmill.training.model import JointModel

    torch.manual_seed(SEED)
    # Weights ten times BERT's initial ones: attention is then uneven and Gelu well off its linear part.
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=48,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=96,
        max_position_embeddings=MAX_TOKENS,
        initializer_range=0.2,
    )
    model = JointModel(config, LABELS, FIELDS).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "LayerNorm" in name or name.endswith("bias"):
                weight.add_(torch.randn_like(weight) * 0.1)  # none stays at its neutral initial value
        arrays = {f"state.{name}": weight.numpy() for name, weight in model.state_dict().items()}
        for length in LENGTHS:
            ids = torch.randint(0, VOCABULARY, (1, length))
            pooled, tags = model(ids, torch.ones_like(ids))
            hidden = model.encoder(input_ids=ids).last_hidden_state
            outputs = {"ids": ids, "hidden": hidden, "pooled": pooled, "tags": tags, "types": model.type_logits(pooled)}
            arrays |= {f"{name}.{length}": tensor.numpy() for name, tensor in outputs.items()}
    return arrays


if __name__ == "__main__":
    np.savez_compressed(FIXTURE, allow_pickle=False, **torch_reference())
    print(FIXTURE, FIXTURE.stat().st_size, "bytes")
