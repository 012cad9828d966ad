"""A smaller vocabulary for one corpus: what its documents use, and enough that no text becomes unknown that was not.

WordPiece takes the longest piece that fits, so texts whose pieces are all kept are cut exactly as before; any other
word falls to shorter pieces, in the end to its characters. Does not know weights.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from docmill.errors import ConfigurationError
from docmill.pipeline.window import TextTokenizer

CONTINUES = "##"


@dataclass(frozen=True, slots=True)
class Pruned:
    """`tokenizer` is the JSON of the smaller one, whose id i was `kept[i]`."""

    tokenizer: str
    kept: NDArray[np.int64]  # [V], ascending


def used_ids(tokenizer: TextTokenizer, texts: Iterable[str]) -> set[int]:
    """The ids that occur in texts."""
    return {token for text in texts for token in tokenizer.encode(text, add_special_tokens=False).ids}


def prune(tokenizer: Tokenizer, used: set[int], most_frequent: int) -> Pruned:
    """Keep the pieces `used`, added tokens, characters, numbers (a digit may change in augmented text), and the first
    `most_frequent` in the vocabulary's own order, which is BERT's by frequency.

    Raises:
        ConfigurationError: not a WordPiece tokenizer, or one whose characters are not pieces of their own.
    """
    described = json.loads(tokenizer.to_str())
    model = described["model"]
    if model["type"] != "WordPiece" or model["continuing_subword_prefix"] != CONTINUES:
        raise ConfigurationError("the base model's tokenizer is not a BERT WordPiece one")
    vocabulary: dict[str, int] = model["vocab"]
    added = {token["id"] for token in described["added_tokens"]}
    reserved = {index for piece, index in vocabulary.items() if piece.startswith("[") and piece.endswith("]")}
    pieces = {piece: index for piece, index in vocabulary.items() if index not in reserved | added}
    ranked = sorted(pieces.values())
    kept = used | added | set(ranked[:most_frequent])
    for piece, index in pieces.items():
        bare = piece.removeprefix(CONTINUES)
        if len(bare) == 1 or bare.isdigit():
            kept.add(index)
    _check_characters(vocabulary)
    order = sorted(kept)
    renumbered = {old: new for new, old in enumerate(order)}
    model["vocab"] = {piece: renumbered[index] for piece, index in vocabulary.items() if index in renumbered}
    for token in described["added_tokens"]:
        token["id"] = renumbered[token["id"]]
    for special in (described["post_processor"] or {}).get("special_tokens", {}).values():
        special["ids"] = [renumbered[index] for index in special["ids"]]
    return Pruned(json.dumps(described, ensure_ascii=False), np.array(order, dtype=np.int64))


def _check_characters(vocabulary: dict[str, int]) -> None:
    characters = {c for piece in vocabulary if not piece.startswith("[") for c in piece.removeprefix(CONTINUES)}
    if lacking := sorted(c for c in characters if c not in vocabulary or CONTINUES + c not in vocabulary):
        raise ConfigurationError(
            f"the base model's vocabulary has pieces with {lacking[:10]}, but not these characters by themselves, so "
            f"that it cannot be made smaller: take another base model"
        )
