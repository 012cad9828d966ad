"""Text to tokens to overlapping windows. Does not know what the tokens are for."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TokenEncoding(Protocol):
    """What `tokenizers.Tokenizer.encode` returns, as far as docmill reads it."""

    @property
    def ids(self) -> list[int]: ...
    @property
    def offsets(self) -> list[tuple[int, int]]: ...


class TextTokenizer(Protocol):
    """The part of `tokenizers.Tokenizer` that docmill calls."""

    def encode(self, text: str, *, add_special_tokens: bool) -> TokenEncoding: ...
    def token_to_id(self, token: str) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """One document's tokens without special ones; `text[starts[i]:ends[i]]` is token i, in code points."""

    ids: NDArray[np.int64]  # [T]
    starts: NDArray[np.int32]  # [T]
    ends: NDArray[np.int32]  # [T]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a document's tokens, framed for the encoder."""

    first: int  # index in Tokens of the first token inside the frame
    ids: NDArray[np.int64]  # [L], [CLS] and [SEP] included, L <= max_tokens

    @property
    def length(self) -> int:
        """Tokens without the frame."""
        return len(self.ids) - 2


@dataclass(frozen=True, slots=True)
class Windowing:
    """How documents are cut: windows of at most `max_tokens`, neighbours share `stride` tokens."""

    max_tokens: int
    stride: int
    cls_id: int
    sep_id: int
    newline_id: int

    def __post_init__(self) -> None:
        if not 0 <= self.stride < self.max_tokens - 2:
            raise ValueError(f"stride {self.stride} must lie in [0, max_tokens - 2 = {self.max_tokens - 2})")


def tokenise(tokenizer: TextTokenizer, windowing: Windowing, text: str) -> Tokens:
    """Encode the whole text once; a run of line breaks counts as one newline token."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    ids = np.asarray(encoding.ids, dtype=np.int64)
    offsets = np.asarray(encoding.offsets, dtype=np.int32).reshape(-1, 2)
    newline = ids == windowing.newline_id
    keep = ~newline
    keep[1:] |= ~newline[:-1]
    keep[:1] = True
    return Tokens(ids[keep], np.ascontiguousarray(offsets[keep, 0]), np.ascontiguousarray(offsets[keep, 1]))


def cut(tokens: Tokens, windowing: Windowing) -> list[Window]:
    """Cut tokens into windows that cover all of them; the last one is filled up to its left.

    A document of no tokens has no windows.
    """
    total = len(tokens)
    if total == 0:
        return []
    content = windowing.max_tokens - 2
    step = content - windowing.stride
    firsts = [0] if total <= content else [*range(0, total - content, step), total - content]
    return [frame(tokens, first, min(content, total), windowing) for first in firsts]


def frame(tokens: Tokens, first: int, length: int, windowing: Windowing) -> Window:
    """Frame `length` tokens from `first` on with [CLS] and [SEP]."""
    ids = np.empty(length + 2, dtype=np.int64)
    ids[0] = windowing.cls_id
    ids[1:-1] = tokens.ids[first : first + length]
    ids[-1] = windowing.sep_id
    return Window(first, ids)
