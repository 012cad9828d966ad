"""A tokenizer and a model of the smallest kind, for the pure modules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, GroupSpec, ModelSpec, OutlierSpec, WindowOutput
from docmill.pipeline.window import Tokens, Window, Windowing

CLS, SEP, NEWLINE, WORD = 0, 1, 2, 3
HIDDEN = 2
PIECES = re.compile(r"\n|[^\s]{1,4}")  # a line break, or at most four characters of a word


@dataclass(frozen=True)
class Encoding:
    ids: list[int]
    offsets: list[tuple[int, int]]


class FourCharacterTokenizer:
    """Cuts words into pieces of at most four characters; line breaks are tokens."""

    def encode(self, text: str, *, add_special_tokens: bool) -> Encoding:
        assert not add_special_tokens
        found = list(PIECES.finditer(text))
        ids = [NEWLINE if piece[0] == "\n" else WORD + i for i, piece in enumerate(found)]
        return Encoding(ids, [piece.span() for piece in found])

    def token_to_id(self, token: str) -> int | None:
        return {"[CLS]": CLS, "[SEP]": SEP, "\n": NEWLINE}.get(token)


def windowing(max_tokens: int = 8, stride: int = 2) -> Windowing:
    return Windowing(max_tokens=max_tokens, stride=stride, cls_id=CLS, sep_id=SEP, newline_id=NEWLINE)


def tokens_of_length(total: int) -> Tokens:
    """Tokens of one character each, with a blank between them."""
    starts = np.arange(total, dtype=np.int32) * 2
    return Tokens(np.arange(total, dtype=np.int64) + WORD, starts, starts + 1)


def model_spec(
    fields: Sequence[FieldSpec] = (FieldSpec("date", FieldKind.DATE, many=False),),
    *,
    required: tuple[str, ...] = ("date",),
    type_threshold: float | None = 0.9,
    field_threshold: float | None = 0.8,
) -> ModelSpec:
    """Two groups: `receipt` with all the fields, `letter.short` and `letter.long` with none."""
    return ModelSpec(
        labels=("receipt", "letter.short", "letter.long"),
        fields=tuple(fields),
        groups={
            "receipt": GroupSpec(
                "receipt", tuple(field.name for field in fields), required, type_threshold, field_threshold
            ),
            "letter": GroupSpec("letter", (), (), type_threshold, None),
        },
        type_windows=2,
        type_temperature=1.0,
        tag_temperature=1.0,
        outlier=OutlierSpec(
            mean=np.zeros(HIDDEN, dtype=np.float32),
            projection=np.eye(HIDDEN, dtype=np.float32),
            centroids=np.array([[0, 0], [10, 0]], dtype=np.float32),
            threshold=4.0,
        ),
    )


def window_output(
    window: Window,
    tags: Sequence[Sequence[float]] = (),
    *,
    type_logits: Sequence[float] = (5, 0, 0),
    pooled: Sequence[float] = (0, 0),
) -> WindowOutput:
    """An output whose tag logits [T, 3] are those given for one field; outside where none are given."""
    logits = np.zeros((len(window.ids), 1, 3), dtype=np.float32)
    logits[:, :, 0] = 10
    if len(tags):
        logits[1:-1, 0] = tags
    return WindowOutput(np.asarray(type_logits, dtype=np.float32), logits, np.asarray(pooled, dtype=np.float32))
