"""A mill over one's own documents, as the processor works, but for Kafka: decoded, processed and made events.

Two slices are under way at a time, so that one is parsed while the other is read by the model. Knows no terminal.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from docmill.assessment.documents import Census, OwnDocument
from docmill.assessment.tally import Gold, GoldKind, Row, Tally, Went
from docmill.evaluation.labels import match_labels
from docmill.kafka.decode_record import DecodedRecord, decode_record
from docmill.kafka.publish import Publisher
from docmill.kafka.read_paths import Unreadable
from docmill.kafka.received_record import received_record
from docmill.kafka.records_queue import estimated_tokens
from docmill.pipeline.types import Deferral
from docmill.pipeline.window import Window
from docmill.processing import Mill, Outcome, ReceivedDocument, Rejected

SLICES_AT_ONCE = 2
CLUSTER = "assess"  # stands for the cluster where there is none
SOURCE = "docmill/assess"
DAY_S = 24 * 60 * 60
SIGNIFICANT_DIGITS = 2  # of an estimate that other documents and other loads will not match exactly


@dataclass(frozen=True, slots=True)
class UnsentRecord:
    """The record that `docmill publish` would have sent."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast documents went through, all in all: parsed, read by the model, decided, made events."""

    documents: int
    seconds: float
    documents_per_s: float
    documents_per_day: int  # at that speed around the clock, rounded to two digits
    tokens: int  # read by the model; windows overlap
    tokens_per_s: float

    @classmethod
    def measured(cls, documents: int, tokens: int, seconds: float) -> "Speed":
        """From counts and the time that they took."""
        a_second = documents / seconds if seconds else 0.0
        return cls(
            documents, seconds, a_second, rounded(a_second * DAY_S), tokens, tokens / seconds if seconds else 0.0
        )


class TokenCount:
    """An observer of mills that counts what their models read."""

    def __init__(self) -> None:
        self.tokens = 0
        self._lock = Lock()

    def stage(self, name: str, seconds: float) -> None:
        """Nothing."""

    def windows(self, windows: Sequence[Window]) -> None:
        """Count a slice's windows, frames and overlap included."""
        with self._lock:
            self.tokens += sum(len(window.ids) for window in windows)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What documents go through, and within which bounds."""

    mill: Mill
    publisher: Publisher
    max_slice_tokens: int
    max_document_bytes: int


_Slice = list[tuple[OwnDocument, UnsentRecord]]


def assess(
    documents: Iterable[OwnDocument | Unreadable],
    census: Census,
    pipeline: Pipeline,
    tally: Tally,
    on_row: Callable[[Row], object],
    on_unreadable: Callable[[Unreadable], object],
) -> float:
    """Put all documents through and count them; the rows come in the documents' order.

    Returns:
        Seconds from the first document to the last outcome.

    Raises:
        DependencyError: documents cannot be parsed, for no fault of theirs.
    """
    labels = pipeline.mill.bundle.spec.labels
    meanings = {source: meanings_of(counts, labels) for source, counts in census.labels.items()}
    started = time.perf_counter()
    readable = _readable(documents, tally, on_unreadable)
    with ThreadPoolExecutor(SLICES_AT_ONCE, thread_name_prefix="slice") as executor:
        for own, decoded, outcome in _outcomes(readable, pipeline, executor):
            row = row_of(own, decoded, outcome, meanings)
            tally.add(row)
            on_row(row)
    return time.perf_counter() - started


def meanings_of(counts: Mapping[str, int], labels: Sequence[str]) -> dict[str, Gold]:
    """What an owner's labels of one source, given with their document counts, mean to a bundle."""
    groups = {label.partition(".")[0] for label in labels}
    meanings = {}
    for own, label in match_labels(counts, labels).labels.items():
        if label is not None:
            meanings[own] = Gold(label, GoldKind.LABEL)
        else:
            meanings[own] = Gold(own, GoldKind.GROUP if own in groups else GoldKind.UNKNOWN)
    return meanings


def row_of(
    own: OwnDocument, decoded: DecodedRecord, outcome: Outcome, meanings: Mapping[str, Mapping[str, Gold]]
) -> Row:
    """One document's outcome; `meanings`: by source, what the owner's labels mean."""
    document = decoded.document
    if isinstance(document, ReceivedDocument):
        media_type, size = document.media_type, len(document.content)
    else:
        media_type, size = own.document.content_type.partition(";")[0], len(own.document.content)
    gold = None
    if own.label is not None:  # a label that came after the census means nothing
        gold = meanings.get(own.source, {}).get(own.label) or Gold(own.label, GoldKind.UNKNOWN)
    document_id = own.document.document_id
    if isinstance(outcome, Rejected):
        went, reasons = Went.DEAD_LETTER, (outcome.reason.value,)
        return Row(document_id, went, media_type, size, reasons=reasons, detail=outcome.detail, gold=gold)
    deferral = outcome.route if isinstance(outcome.route, Deferral) else None
    return Row(
        document_id=document_id,
        went=Went.STRAIGHT_THROUGH if deferral is None else Went.FALLBACK,
        media_type=media_type,
        bytes=size,
        label=outcome.prediction.label,
        probability=outcome.prediction.probability,
        fields=len(outcome.prediction.spans),
        reasons=() if deferral is None else tuple(reason.value for reason in deferral.reasons),
        missing_fields=() if deferral is None else deferral.missing_fields,
        gold=gold,
    )


def rounded(number: float) -> int:
    """To so many digits as an estimate deserves: 2,160,000 becomes 2,200,000."""
    whole = int(number)
    return round(whole, SIGNIFICANT_DIGITS - len(str(whole)))


def _readable(
    documents: Iterable[OwnDocument | Unreadable], tally: Tally, on_unreadable: Callable[[Unreadable], object]
) -> Iterator[OwnDocument]:
    for document in documents:
        if isinstance(document, Unreadable):
            tally.add_unreadable()
            on_unreadable(document)
        else:
            yield document


def _outcomes(
    documents: Iterable[OwnDocument], pipeline: Pipeline, executor: ThreadPoolExecutor
) -> Iterator[tuple[OwnDocument, DecodedRecord, Outcome]]:
    """Every document with its outcome, in order; at most SLICES_AT_ONCE slices are in memory."""
    under_way: deque[tuple[_Slice, Future[list[tuple[DecodedRecord, Outcome]]]]] = deque()
    for slice_ in _slices(documents, pipeline.max_slice_tokens):
        under_way.append((slice_, executor.submit(_process, [record for _, record in slice_], pipeline)))
        if len(under_way) == SLICES_AT_ONCE:
            yield from _finished(*under_way.popleft())
    while under_way:
        yield from _finished(*under_way.popleft())


def _finished(
    slice_: _Slice, future: "Future[list[tuple[DecodedRecord, Outcome]]]"
) -> Iterator[tuple[OwnDocument, DecodedRecord, Outcome]]:
    for (own, _), (decoded, outcome) in zip(slice_, future.result(), strict=True):
        yield own, decoded, outcome


def _slices(documents: Iterable[OwnDocument], max_slice_tokens: int) -> Iterator[_Slice]:
    """Cut as the processor cuts: at least one document, at most about so many tokens."""
    slice_: _Slice = []
    tokens = 0
    for offset, own in enumerate(documents):
        record = _record(own, offset)
        weight = estimated_tokens(record)
        if slice_ and tokens + weight > max_slice_tokens:
            yield slice_
            slice_, tokens = [], 0
        slice_.append((own, record))
        tokens += weight
    if slice_:
        yield slice_


def _process(records: list[UnsentRecord], pipeline: Pipeline) -> list[tuple[DecodedRecord, Outcome]]:
    """One slice through the pipeline; an event that its topic could not hold is a dead letter here, too."""
    decoded = [decode_record(record, CLUSTER, pipeline.max_document_bytes) for record in records]
    processed = iter(pipeline.mill.process([d.document for d in decoded if isinstance(d.document, ReceivedDocument)]))
    now = datetime.now(UTC)
    outcomes = []
    for one in decoded:
        outcome = one.document if isinstance(one.document, Rejected) else next(processed)
        _, final = pipeline.publisher.outgoing(one, outcome, now)
        outcomes.append((one, final))
    return outcomes


def _record(own: OwnDocument, offset: int) -> UnsentRecord:
    now = datetime.now(UTC)
    sent = received_record(own.document, SOURCE, str(offset), now)
    timestamp = int(now.timestamp() * 1000)
    return UnsentRecord(sent.topic, 0, offset, timestamp, sent.key, sent.value, tuple(sent.headers))
