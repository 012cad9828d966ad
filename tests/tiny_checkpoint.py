"""A BERT checkpoint of the smallest kind, as Hugging Face lays it out, with random weights: for tests of training."""

import json
from pathlib import Path

from docmill.resources import resource

LAYERS, HIDDEN, INNER, HEADS, POSITIONS = 4, 32, 64, 4, 128
ADDED = ("\n", "\t")  # what training adds to a base model's tokenizer


def write_checkpoint(folder: Path) -> Path:
    """Write it and return the folder. The same weights each time.

    Raises:
        ImportError: torch or transformers is not installed.
    """
    import torch
    from transformers import BertConfig, BertModel

    described = json.loads((resource("bundles/mailroom-en") / "tokenizer.json").read_text(encoding="utf-8"))
    described["added_tokens"] = [token for token in described["added_tokens"] if token["content"] not in ADDED]
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(described["model"]["vocab"]),
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        max_position_embeddings=POSITIONS,
        initializer_range=0.1,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(described), encoding="utf-8")
    return folder
