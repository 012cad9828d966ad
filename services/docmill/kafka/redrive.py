"""Dead letters back onto the topic that they came from, each once.

What is put back and the note of it, on documents.redriven, are one transaction. There is one transactional id for the
deployment: who starts fences a run that is still going, and only then reads the notes. So a second run, or one after a
death, skips what is back already. A letter is known by its place and time on documents.rejected.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from docmill.kafka.decode_record import ATTEMPT_HEADER, REQUEST_ID_HEADER, Record, key_text, timestamp_utc
from docmill.kafka.producers import (
    FAILURES,
    close_producer,
    first_failure,
    new_producer,
    start_producer,
)
from docmill.kafka.publish import OWN_HEADERS
from docmill.kafka.refusals import refused
from docmill.kafka.scan import OnProgress, Scan, scan_clients
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.topics import MIB, RECEIVED, REDRIVEN, REJECTED

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
    more: bool = False  # letters beyond the limit, or beyond what is held in memory


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
                await _put_back(producer, consumer, letters, settings.topic_prefix, found)
                on_letters(found.put_back)
    finally:
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
    if said["origin_topic"] != topic_prefix + RECEIVED.name or not said["reason"] or not said["request_id"]:
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
    producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, letters: Sequence[Letter], prefix: str, found: Redrive
) -> None:
    """One transaction: the records on their topic, and a note of each."""
    records = {letter.place: await _record_of(letter, consumer) for letter in letters}
    found.gone += [letter for letter in letters if records[letter.place] is None]
    acks: list[asyncio.Future[object]] = []
    try:
        await producer.begin_transaction()
        count = 0
        for letter in letters:
            record = records[letter.place]
            if record is None:
                continue
            # Its own partition: documents of one path keep their order, whatever partitioner their sender has.
            acks.append(
                await producer.send(
                    letter.origin.topic,
                    record.value,
                    key=record.key,
                    partition=letter.origin.partition,
                    headers=headers_of(letter, record),
                )
            )
            said = json.dumps({"request_id": letter.request_id, "attempt": letter.attempt + 1}).encode()
            acks.append(await producer.send(prefix + REDRIVEN.name, said, key=letter.place.encode()))
            count += 1
        await asyncio.gather(*acks)
        await producer.commit_transaction()
    except FAILURES as error:
        what = f"after {found.put_back} letters that are back, run it again"
        raise refused(what, first_failure(producer, acks, error)) from error
    found.put_back += count


def headers_of(letter: Letter, record: Record) -> list[tuple[str, bytes | None]]:
    """Those of the document as it was received, with its request id, which wins, and how often it was tried."""
    received = [(name, value) for name, value in record.headers if not name.startswith(OWN_HEADERS)]
    own = {REQUEST_ID_HEADER: letter.request_id, ATTEMPT_HEADER: str(letter.attempt)}
    return [*received, *((name, value.encode()) for name, value in own.items())]


async def _record_of(letter: Letter, consumer: AIOKafkaConsumer) -> Record | None:
    """The record as it was received: the letter itself, or where that came without its value, what is at its origin."""
    if not letter.value_omitted:
        return letter.record
    consumer.assign([letter.origin])
    start = (await consumer.beginning_offsets([letter.origin]))[letter.origin]
    end = (await consumer.end_offsets([letter.origin]))[letter.origin]
    if not start <= letter.origin_offset < end:
        return None
    consumer.seek(letter.origin, letter.origin_offset)
    polled = await consumer.getmany(letter.origin, timeout_ms=ORIGIN_PATIENCE_MS, max_records=1)
    records: Sequence[Record] = polled.get(letter.origin, ())
    return next((record for record in records if record.offset == letter.origin_offset), None)
