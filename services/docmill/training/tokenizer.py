"""The base model's tokenizer with line breaks and tabs as tokens of their own: they carry a receipt's layout."""

from pathlib import Path

from tokenizers import AddedToken, Tokenizer

from docmill.errors import ConfigurationError
from docmill.pipeline.window import Windowing
from docmill.training.recipe_stages import Encoder

NEWLINE = "\n"
TAB = "\t"


def extended_tokenizer(path: Path) -> Tokenizer:
    """`tokenizer.json` of the base model, unpadded, untruncated, with the two added tokens."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.add_tokens([AddedToken(NEWLINE, normalized=False), AddedToken(TAB, normalized=False)])
    return tokenizer


def windowing(tokenizer: Tokenizer, encoder: Encoder) -> Windowing:
    """The recipe's windows over this tokenizer's ids."""
    return Windowing(
        max_tokens=encoder.max_tokens,
        stride=encoder.stride,
        cls_id=_id(tokenizer, "[CLS]"),
        sep_id=_id(tokenizer, "[SEP]"),
        newline_id=_id(tokenizer, NEWLINE),
    )


def initial_ids(tokenizer: Tokenizer) -> dict[str, list[int]]:
    """Known tokens whose mean embedding the added ones are: no single one, from which they could not be told."""
    return {
        NEWLINE: [_id(tokenizer, "[SEP]"), _id(tokenizer, ".")],
        TAB: [_id(tokenizer, "|"), _id(tokenizer, ",")],
    }


def _id(tokenizer: Tokenizer, token: str) -> int:
    found: int | None = tokenizer.token_to_id(token)
    if found is None:
        raise ConfigurationError(f"the base model's tokenizer lacks {token!r}: it is not a BERT WordPiece one")
    return found
