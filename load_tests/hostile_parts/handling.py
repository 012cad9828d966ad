"""What is done with a document, step by step: docmill's own steps, to be put beside naive ones (naive.py)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from docmill.cli.printable import json_line
from docmill.cli.tail import cells
from docmill.fallback.judge import Judgement
from docmill.fallback.policy import DEFAULT_POLICY
from docmill.fallback.types import Candidate
from docmill.fallback_service.believe import Believer
from docmill.generator.answer import read_answer
from docmill.generator.prompt import Messages, messages_of, repaired
from docmill.generator.types import Answer, Ask
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.types import Change, Chunk, Embedding, Passage, Query, Source
from docmill.index.vectors import to_bytes
from docmill.ingest import extract
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.kafka.outcomes import Observed, OutcomeKind
from docmill.pipeline.normalise import FieldKind, normalise
from load_tests.hostile_parts.question import RETRIEVED

KINDS = {"total": FieldKind.MONEY, "date": FieldKind.DATE}
EMBEDDING = Embedding("none", "0" * 64, 2)
VECTOR = np.array([1.0, 0.0], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Published:
    """As much of a result as is printed."""

    document_id: str
    text: str
    fields: tuple[tuple[str, str], ...]  # name and text


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search came to: ids and texts of passages that were found by their words, and how many there are."""

    by_words: tuple[tuple[str, str], ...]
    passages: int


@dataclass(frozen=True, slots=True)
class Handling:
    """The steps. `text_of` raises DocumentError, `read` NotReadableError."""

    text_of: Callable[[bytes, str], str]
    messages: Callable[[Ask], Messages]
    repaired: Callable[[Messages, str, str], Messages]
    read: Callable[[Ask, str], Answer]
    typed: Callable[[str, str], str | None]  # of a field's name and text
    heard: Callable[[Judgement, Answer, str, Sequence[Candidate]], Judgement]  # an answer, beside tier 1
    printed: Callable[[Published], tuple[str, ...]]  # as JSON and as columns
    search: Callable[[str], Searched]


@contextmanager
def docmills() -> Iterator[Handling]:
    """docmill's own, with a small index that lasts as long as the block."""
    with TemporaryDirectory() as folder:
        index = SqliteIndex(Path(folder) / "index.sqlite")
        try:
            _fill(index)
            yield Handling(
                text_of=_text_of,
                messages=messages_of,
                repaired=repaired,
                read=read_answer,
                typed=_typed,
                heard=Believer(DEFAULT_POLICY, _typed).with_answer,
                printed=_printed,
                search=lambda text: _found(index, text),
            )
        finally:
            index.close()


def _text_of(content: bytes, media_type: str) -> str:
    return extract(content, media_type, "utf-8", DEFAULT_LIMITS).text


def _typed(name: str, text: str) -> str | None:
    return normalise(KINDS.get(name, FieldKind.TEXT), text, day_first=True)


def _printed(published: Published) -> tuple[str, ...]:
    at = datetime(2000, 1, 1, tzinfo=UTC)
    event = {"text": published.text, "fields": [{"name": name, "text": text} for name, text in published.fields]}
    seen = Observed(
        OutcomeKind.FALLBACK, at, "1", published.document_id, "receipt", fields=published.fields, event=event
    )
    return json_line(seen.as_json()), "\t".join(cells(seen))


def _fill(index: SqliteIndex) -> None:
    index.rebuild(Source("hostile", EMBEDDING), 0)
    index.apply(
        [Change(0, place, one.passage_id, one) for place, one in enumerate(map(_passage, range(len(RETRIEVED))))]
    )


def _passage(number: int) -> Passage:
    source = RETRIEVED[number]
    chunk = Chunk(0, len(source.text), to_bytes(VECTOR))
    return Passage(source.passage_id, source.kind, source.title, source.text, EMBEDDING, (chunk,))


def _found(index: SqliteIndex, text: str) -> Searched:
    hits = index.search(Query(text, VECTOR, EMBEDDING, k=len(RETRIEVED)))
    by_words = tuple((hit.passage_id, hit.text) for hit in hits if hit.score.text_rank is not None)
    return Searched(by_words, index.stats().passages)
