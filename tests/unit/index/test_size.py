"""The largest source there may be fits, with all its vectors, into a record of its topic."""

import time

import numpy as np
import pytest

from docmill.index.chunk import chunk
from docmill.index.decode import indexed_event
from docmill.index.types import Chunk, Embedding
from docmill_schemas.events import KNOWLEDGE_MAX_CHARACTERS, TITLE_MAX_CHARACTERS, KnowledgeUpdated
from docmill_schemas.topics import INDEXED_MAX_BYTES
from tests.unit.index.test_chunk import BERT

MAX_TOKENS, DIMENSIONS = 254, 384
MARGIN_BYTES = 64 * 1024  # headers, key, the batch around the record
LONG_LINES = {"digits": "0", "codes": "A1.", "signs": "1-", "rules": "=", "spaces": " ", "heads": "Section 1. "}
SECTION = "# .\n" + "." * 100 + "\n"


@pytest.mark.parametrize(
    "unit",
    ["." * 100 + "\n", SECTION, "\U0001f600 ", "日", 'a"\\ '],
    ids=["stops", "sections", "emoji", "kanji", "escapes"],
)
def test_the_largest_source_fits(unit: str) -> None:
    text = (unit * (KNOWLEDGE_MAX_CHARACTERS // len(unit) + 1))[:KNOWLEDGE_MAX_CHARACTERS].rstrip() + "."
    text = text[:KNOWLEDGE_MAX_CHARACTERS]
    vector = np.full(DIMENSIONS, -1, dtype=np.int8).tobytes()
    chunks = tuple(Chunk(piece.start, piece.end, vector) for piece in chunk(text, BERT, MAX_TOKENS))
    updated = KnowledgeUpdated(
        passage_id="p" * 1000, kind="policy", title="\U0001f600" * TITLE_MAX_CHARACTERS, text=text
    )
    value = indexed_event(updated, Embedding("e" * 40, "0" * 64, DIMENSIONS), chunks).model_dump_json(exclude_none=True)
    assert len(value.encode()) + MARGIN_BYTES < INDEXED_MAX_BYTES


@pytest.mark.parametrize("unit", LONG_LINES.values(), ids=LONG_LINES)
def test_no_line_is_too_long_to_look_at(unit: str) -> None:
    """A line that holds up the process holds up all knowledge. Processor time: hours before, a second or two now."""
    text = (unit * (KNOWLEDGE_MAX_CHARACTERS // len(unit)))[: KNOWLEDGE_MAX_CHARACTERS - 1] + "x"
    began_s = time.process_time()
    chunk(text, BERT, MAX_TOKENS)
    assert time.process_time() - began_s < 20
