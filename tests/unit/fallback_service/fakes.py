"""Requests as records, a bundle's groups, and a generator that says what it is told to say."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from docmill.fallback.policy import Policy
from docmill.fallback_service.believe import Believer
from docmill.fallback_service.generators import Answered, Place
from docmill.fallback_service.publish import Publisher
from docmill.fallback_service.remembered_vectors import RememberedVectors
from docmill.fallback_service.retrieve import Retriever
from docmill.fallback_service.slices import FallbackSlices, Surroundings
from docmill.generator.client import Generated, GeneratorUnavailableError, Unavailable
from docmill.generator.types import Answer, Ask, Usage
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.types import Passage
from docmill.telemetry.metrics import Metrics
from docmill_schemas.events import (
    BundleRef,
    DocumentType,
    ExtractedField,
    FallbackRequested,
    LabelProbability,
)
from docmill_schemas.ids import sha256_hex
from docmill_schemas.reasons import DeferralReason
from tests.unit.fallback.builders import policy
from tests.unit.index.fakes import SOURCE, changes, passage
from tests.unit.indexer.fakes import LetterEmbedder
from tests.unit.kafka.fakes import SENT_AT, SENT_AT_MS, FakeRecord

NOW_S = SENT_AT_MS / 1000 + 1
TEXT = "parking fine of 12 March"
BUNDLE = BundleRef(name="mailroom-en", version="1", sha256="b" * 64)
USAGE = Usage(prompt_tokens=100, completion_tokens=20, usd=0.5, requests=1, seconds=0.25)
REQUEST_ID = "0" * 32


@dataclass(frozen=True)
class Group:
    fields: tuple[str, ...] = ("plate",)
    required: tuple[str, ...] = ("plate",)
    field_threshold: float | None = 0.95
    type_threshold: float | None = 0.9
    vetoed: frozenset[str] = frozenset()
    several: frozenset[str] = frozenset()


@dataclass
class FakeGenerator:
    """Says the same to every question. `asked` is what it was asked."""

    said: Answer | Unavailable = field(default_factory=Answer)
    away: bool = False
    model: str = "by-hand"
    asked: list[Ask] = field(default_factory=list)
    closed: bool = False

    def ask_all(self, asks: Sequence[tuple[Place, Ask]], abandoned: Callable[[], bool]) -> list[Answered]:
        self.asked += [ask for _, ask in asks]
        if isinstance(self.said, Answer):
            return [Generated(self.said, USAGE) for _ in asks]
        return [GeneratorUnavailableError(self.said, "as told", USAGE) for _ in asks]

    def close(self) -> None:
        self.closed = True


def request(
    text: str = TEXT,
    reasons: tuple[DeferralReason, ...] = (DeferralReason.UNFAMILIAR_DOCUMENT,),
    candidates: tuple[ExtractedField, ...] = (),
    **more: Any,
) -> FallbackRequested:
    sha256 = sha256_hex(text.encode())
    given: dict[str, Any] = {
        "request_id": REQUEST_ID,
        "document_id": "doc-1",
        "tenant": "acme",
        "received_at": SENT_AT,
        "media_type": "text/plain",
        "document_type": DocumentType(label="receipt", probability=0.6),
        "label_probabilities": (
            LabelProbability(label="receipt", probability=0.6),
            LabelProbability(label="letter", probability=0.4),
        ),
        "bundle": BUNDLE,
        "timings_ms": {"infer": 1.0},
    }
    return FallbackRequested(
        content_sha256=sha256, text_sha256=sha256, text=text, reasons=reasons, candidates=candidates, **(given | more)
    )


def plate(confidence: float, text: str = "fine", **more: Any) -> ExtractedField:
    start = TEXT.index(text)
    given = {"name": "plate", "value": text, "start": start, "end": start + len(text)} | more
    return ExtractedField(text=text, confidence=confidence, **given)


offsets = itertools.count()


def record(event: FallbackRequested | bytes | None = None, **more: Any) -> FakeRecord:
    """A record of documents.fallback."""
    value = event if isinstance(event, bytes) else (event or request()).model_dump_json(exclude_none=True).encode()
    given: dict[str, Any] = {"key": b"doc-1", "topic": "t.documents.fallback", "offset": next(offsets)}
    return FakeRecord(value, **(given | more))


def fine(id: str, text: str = TEXT, label: str = "fine", **more: Any) -> Passage:
    """An exemplar."""
    return passage(id, text, kind="exemplar", document_type=label, **more)


@dataclass
class Bench:
    """Slices on a copy of the index made of some passages.

    `now_s` is the clock that nobody sets; the time of day is ahead of it by `set_by_s`.
    """

    slices: FallbackSlices
    metrics: Metrics
    index: SqliteIndex
    now_s: float = NOW_S
    set_by_s: float = 0.0
    version: str = "version"  # of all that decides, beside document and index


@contextmanager
def bench(
    folder: Path,
    *passages: Passage,
    generator: FakeGenerator | None = None,
    chosen: Policy | None = None,
    audit_share: float = 0.0,
    max_hold_s: float = 100.0,
    include_text: bool = False,
    group: Group | None = None,
) -> Iterator[Bench]:
    index = SqliteIndex(folder / "copy.sqlite")
    index.rebuild(SOURCE, 0)
    index.apply(changes(passages))
    metrics = Metrics(CollectorRegistry())
    by = chosen or policy(threshold=0.9)
    made = Bench(None, metrics, index)  # type: ignore[arg-type]
    made.slices = FallbackSlices(
        Surroundings(
            cluster_id="cluster",
            retriever=Retriever(RememberedVectors(LetterEmbedder()), index),
            policy=by,
            group_of=lambda label: (group or Group()) if label == "receipt" else None,
            believer=Believer(by, lambda name, text: text),
            labels=lambda: ("receipt", "letter"),
            bundle_sha256=lambda: BUNDLE.sha256,
            publisher=Publisher("docmill/test", lambda: made.version, include_text),
            generator=generator,
            max_hold_s=max_hold_s,
            audit_share=audit_share,
        ),
        metrics,
        lambda: made.now_s + made.set_by_s,
        lambda: made.now_s,
    )
    yield made
    index.close()
