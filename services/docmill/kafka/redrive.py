"""Dead letters back onto the topic that they came from, each once.

What is put back and the note of it, on documents.redriven, are one transaction. There is one transactional id for the
deployment: who starts fences a run that is still going, and only then reads the notes. So a second run, or one after a
death, skips what is back already. A letter is known by its place and time on documents.rejected.

Failpoints of each transaction: `sent`, all of it is acknowledged and none to be seen yet; `ended`, it is final.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from docmill.kafka.decode_record import ATTEMPT_HEADER, REQUEST_ID_HEADER, Record, key_text, timestamp_utc
from docmill.kafka.failpoints import failpoint
from docmill.kafka.producers import (
    FAILURES,
    abandon_producer,
    close_producer,
    failure_of,
    new_producer,
    start_producer,
    transaction_failure,
)
from docmill.kafka.publish import OWN_HEADERS
from docmill.kafka.refusals import refused
from docmill.kafka.scan import OnProgress, Scan, scan_clients
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.topics import FALLBACK, MIB, RECEIVED, REDRIVEN, REJECTED

TRANSACTIONAL_ID = "docmill-redrive"
TRANSACTION_LETTERS, TRANSACTION_BYTES = 500, 8 * MIB
HELD_BYTES = 256 * MIB  # of letters in memory; those beyond wait for the next run
ORIGIN_PATIENCE_MS = 10_000
NEEDED = ("reason", "origin_topic", "origin_partition", "origin_offset", "request_id", "attempt")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter of docmill. `place` is what the ledger knows it by."""

    place: str
    at: datetime
    reason: str
    document_id: str
    request_id: str
    attempt: int
    origin: TopicPartition
    origin_offset: int
    origin_timestamp: str  # as its header says
    record: Record
    value_omitted: bool

    @property
    def size(self) -> int:
        return len(self.record.value or b"")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are wanted; what is None or empty excludes nothing. `ids` are document or request ids."""

    reasons: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    most_attempts: int | None = None
    limit: int | None = None

    def wants(self, letter: Letter) -> bool:
        """Whether a letter is among them, the limit apart."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.ids or not self.ids.isdisjoint((letter.document_id, letter.request_id)))
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
            and (self.most_attempts is None or letter.attempt <= self.most_attempts)
        )


@dataclass(slots=True)
class Redrive:
    """What became of a run. `wanted` are those that are not back yet, oldest offsets first."""

    wanted: list[Letter] = field(default_factory=list)
    put_back: int = 0
    already_back: int = 0
    strangers: int = 0  # records on the topic that are no dead letters of docmill, or of no topic of this deployment
    gone: list[Letter] = field(default_factory=list)  # without their value, which retention took at the origin
    replaced: list[Letter] = field(default_factory=list)  # likewise; another record is there, of a topic made anew
    more: bool = False  # letters beyond the limit, or beyond what is held in memory


class Lost(Enum):
    """Why there is no record for a letter that came without its value."""

    GONE = auto()
    REPLACED = auto()


OnLetters = Callable[[int], None]  # how many are back so far


async def redrive(
    settings: Settings,
    selection: Selection,
    *,
    dry_run: bool,
    on_progress: OnProgress = lambda what, done, total: None,
    on_letters: OnLetters = lambda count: None,
) -> Redrive:
    """Put the wanted letters back. A dry run only looks.

    Raises:
        BrokerError: the broker does not answer, a topic is missing, or another run has begun meanwhile. What was put
            back until then is, and is known to be.
        ConfigurationError: a right is missing; likewise.
    """
    await require_topics(settings, (RECEIVED, REJECTED, REDRIVEN))
    if dry_run:
        async with scan_clients(settings, TRANSACTIONAL_ID) as (admin, consumer):
            return await _look(Scan(settings, admin, consumer, None, on_progress), settings, selection)
    producer = new_producer(settings, f"{settings.topic_prefix}{TRANSACTIONAL_ID}")
    try:
        await start_producer(producer, settings.acquire_timeout_s)
        async with scan_clients(settings, TRANSACTIONAL_ID) as (admin, consumer):
            found = await _look(Scan(settings, admin, consumer, None, on_progress), settings, selection)
            for letters in batches(found.wanted):
                await _put_back(producer, consumer, letters, settings, found)
                on_letters(found.put_back)
    except BaseException:
        await abandon_producer(producer)
        raise
    await close_producer(producer)
    return found


async def _look(scan: Scan, settings: Settings, selection: Selection) -> Redrive:
    """The wanted letters that no note says are back; the notes are read first, so that a later one is not missed."""
    found = Redrive()
    back: set[str] = set()
    held = 0

    def note(_: str, record: Record) -> None:
        back.add((record.key or b"").decode(errors="replace"))

    def letter(_: str, record: Record) -> None:
        nonlocal held
        read = read_letter(record, settings.topic_prefix)
        if read is None:
            found.strangers += 1
        elif selection.wants(read):
            if read.place in back:
                found.already_back += 1
            elif held + read.size > HELD_BYTES or len(found.wanted) == selection.limit:
                found.more = True
            else:
                held += read.size
                found.wanted.append(read)

    await scan.read("redriven", (REDRIVEN,), note)
    await scan.read("rejected", (REJECTED,), letter)
    return found


def read_letter(record: Record, topic_prefix: str) -> Letter | None:
    """A dead letter that docmill wrote, of a topic that this deployment reads; a header must never choose another."""
    headers = read_headers(record.headers)
    said = {name: headers.get(OWN_HEADERS + name, "") for name in NEEDED}
    numbers = (said["origin_partition"], said["origin_offset"], said["attempt"])
    origins = (topic_prefix + RECEIVED.name, topic_prefix + FALLBACK.name)
    if said["origin_topic"] not in origins or not said["reason"] or not said["request_id"]:
        return None
    if not all(number.isdecimal() and number.isascii() for number in numbers):
        return None
    partition, offset, attempt = map(int, numbers)
    return Letter(
        place=f"{record.topic}/{record.partition}/{record.offset}/{record.timestamp}",
        at=timestamp_utc(record.timestamp),
        reason=said["reason"],
        document_id=headers.get("ce_subject") or key_text(record.key) or said["request_id"],
        request_id=said["request_id"],
        attempt=attempt,
        origin=TopicPartition(said["origin_topic"], partition),
        origin_offset=offset,
        origin_timestamp=headers.get(f"{OWN_HEADERS}origin_timestamp", ""),
        record=record,
        value_omitted=f"{OWN_HEADERS}value_omitted" in headers,
    )


def batches(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """Letters in their order, as many at once as one transaction takes."""
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        if batch and (len(batch) >= TRANSACTION_LETTERS or size + letter.size > TRANSACTION_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += letter.size
    if batch:
        yield batch


async def _put_back(
    producer: AIOKafkaProducer,
    consumer: AIOKafkaConsumer,
    letters: Sequence[Letter],
    settings: Settings,
    found: Redrive,
) -> None:
    """One transaction: the records on their topic, and a note of each."""
    records: list[tuple[Letter, Record]] = []
    for letter in letters:
        match await _record_of(letter, consumer):
            case Lost.GONE:
                found.gone.append(letter)
            case Lost.REPLACED:
                found.replaced.append(letter)
            case record:
                records.append((letter, record))
    ledger = settings.topic_prefix + REDRIVEN.name
    acks: list[tuple[str, asyncio.Future[object]]] = []  # of the topic of that name
    try:
        async with asyncio.timeout(settings.broker_timeout_s):
            await producer.begin_transaction()
            for letter, record in records:
                acks.append((letter.origin.topic, await _send_back(producer, letter, record)))
                note = json.dumps({"request_id": letter.request_id, "attempt": letter.attempt + 1}).encode()
                acks.append((ledger, await producer.send(ledger, note, key=letter.place.encode())))
                for _, ack in acks[-2:]:
                    ack.add_done_callback(failure_of)  # so that asyncio does not miss who awaits it
            await asyncio.gather(*(ack for _, ack in acks))
            failpoint("sent")
            await producer.commit_transaction()
            failpoint("ended")
    except FAILURES as error:
        # What the rest follows from: a record's failure, or where its partition was refused, that of all.
        failed = ((topic, failure) for topic, ack in acks if (failure := failure_of(ack)) is not None)
        topic, cause = next(failed, ("", transaction_failure(producer) or error))
        if isinstance(cause, TimeoutError):
            cause = TimeoutError(f"no answer within {settings.broker_timeout_s:g} s")
        what = f"after {found.put_back} letters that are back, run it again: what is back is in the ledger"
        raise refused(what, cause, topic) from error
    found.put_back += len(records)


async def _send_back(producer: AIOKafkaProducer, letter: Letter, record: Record) -> "asyncio.Future[object]":
    """Onto its own partition: documents of one path keep their order, whatever partitioner their sender has."""
    ack: asyncio.Future[object] = await producer.send(
        letter.origin.topic,
        record.value,
        key=record.key,
        partition=letter.origin.partition,
        headers=headers_of(letter, record),
    )
    return ack


def headers_of(letter: Letter, record: Record) -> list[tuple[str, bytes | None]]:
    """Those of the document as it was received, with its request id, which wins, and how often it was tried."""
    received = [(name, value) for name, value in record.headers if not name.startswith(OWN_HEADERS)]
    own = {REQUEST_ID_HEADER: letter.request_id, ATTEMPT_HEADER: str(letter.attempt)}
    return [*received, *((name, value.encode()) for name, value in own.items())]


async def _record_of(letter: Letter, consumer: AIOKafkaConsumer) -> Record | Lost:
    """The record as it was received: the letter itself, or where that came without its value, what is at its origin."""
    if not letter.value_omitted:
        return letter.record
    consumer.assign([letter.origin])
    start = (await consumer.beginning_offsets([letter.origin]))[letter.origin]
    end = (await consumer.end_offsets([letter.origin]))[letter.origin]
    if not start <= letter.origin_offset < end:
        return Lost.GONE
    consumer.seek(letter.origin, letter.origin_offset)
    polled = await consumer.getmany(letter.origin, timeout_ms=ORIGIN_PATIENCE_MS, max_records=1)
    for record in polled.get(letter.origin, ()):
        if record.offset == letter.origin_offset:
            same: Record = record
            # A topic that was made anew counts its offsets anew: another document must not go under this request.
            return same if letter.origin_timestamp == str(same.timestamp) else Lost.REPLACED
    return Lost.GONE
