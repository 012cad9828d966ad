"""The ledger against a full read-out of the topics: what was lost, doubled, altered or put out of order.

Pure; imports nothing of docmill, and believes nobody. A document is recognised by its number, which travels as the
header `correlation_id`; whether the outcome is of that document's bytes is then checked against the ledger.

    lost                acknowledged, or found on the input topic, and fewer outcomes than records
    duplicated          more outcomes than records
    corrupt             an outcome that names other bytes, another path or another origin than the ledger, or no number;
                        a result by a bundle that never was to decide;
                        or a record on the input topic that is not what the ledger says
    out of order        an outcome behind that of a later record of its input partition, in one partition of its topic
    innocent            a dead letter of a document that can be read
    poison let through  a result of one that cannot

A document that was never acknowledged and is not on the input topic may have no outcome.

What goes in and comes out of which topic, and what a result must say, are a service's Rules; here are the processor's.
A service may put records back onto its input topic, to look at them again: those are neither documents of the sender's
nor outcomes, must be as they were sent, and none of them may be unread at the end (left waiting). A document that was
put back has lost its place among the others.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from load_tests.chaos_parts.ledger import Entry, Expected, Ledger
from load_tests.chaos_parts.read_out import ReadRecord

NUMBER_HEADER = "correlation_id"
INPUT_TOPIC = "documents.received"
RESULT_TOPICS = ("documents.processed", "documents.fallback")
DEAD_LETTER_TOPIC = "documents.rejected"
OUTCOME_TOPICS = (*RESULT_TOPICS, DEAD_LETTER_TOPIC)

Origins = Mapping[int, Sequence[ReadRecord]]  # by a document's number its records on the input topic, as sent


@dataclass(frozen=True, slots=True)
class Rules:
    """What a service is held to.

    Args:
        is_of: whether a result is of the document that the ledger names, as it was found on the input topic.
        held_header: of records on the input topic that the service itself put back there; None: it puts none back.
    """

    input_topic: str
    result_topics: tuple[str, ...]
    is_of: Callable[[ReadRecord, Entry, Sequence[ReadRecord]], bool]
    held_header: str | None = None

    @property
    def outcome_topics(self) -> tuple[str, ...]:
        """Where outcomes come out."""
        return (*self.result_topics, DEAD_LETTER_TOPIC)


@dataclass(slots=True)
class Verdict:
    """Numbers of documents, or where there is none, what is wrong in words."""

    accepted: int = 0
    unacknowledged: int = 0
    records: int = 0  # on the input topic, as sent
    put_back: int | None = None  # likewise, of the service's own; None: it puts none back
    results: int = 0
    results_by_topic: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)  # by reason
    bundles: Counter[str] = field(default_factory=Counter)  # results by the sha256 of the bundle that they name
    sent_twice: list[int] = field(default_factory=list)  # the sender's doing: each copy is to have its outcome
    lost: list[int] = field(default_factory=list)
    duplicated: list[int] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    innocent: list[int] = field(default_factory=list)
    poison_let_through: list[int] = field(default_factory=list)
    left_waiting: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, int]:
        """How many of each; all are to be 0."""
        waiting = {} if self.put_back is None else {"left waiting": len(self.left_waiting)}
        return {
            "lost": len(self.lost),
            "duplicated": len(self.duplicated),
            "corrupt": len(self.corrupt),
            "out of order within a path": len(self.out_of_order),
            "innocent dead letters": len(self.innocent),
            "poison let through": len(self.poison_let_through),
            **waiting,
        }

    @property
    def holds(self) -> bool:
        """Whether all is as it must be; of nothing at all, no."""
        return self.accepted > 0 and not any(self.faults.values())


def is_result_of(result: ReadRecord, entry: Entry, origins: Sequence[ReadRecord]) -> bool:
    """Whether a result names the document's bytes, its id, and has its path for a key."""
    try:
        event = json.loads(result.value or b"")
        said = event["content_sha256"], event["document_id"]
    except (ValueError, KeyError, TypeError):
        return False
    return (*said, key_of(result)) == (entry.sha256, entry.path, entry.path)


PROCESSOR = Rules(INPUT_TOPIC, RESULT_TOPICS, is_result_of)


def judge(
    ledger: Ledger,
    received: Sequence[ReadRecord],
    outcomes: Sequence[ReadRecord],
    bundles: frozenset[str] | None = None,
    rules: Rules = PROCESSOR,
    committed: Mapping[int, int] | None = None,
) -> Verdict:
    """Compare what was to be sent with what is there.

    Args:
        received: the input topic, in the order of offsets within a partition.
        outcomes: all outcome topics, likewise.
        bundles: sha256 of those that may decide; None: whoever wants to.
        committed: by partition of the input topic, the offset up to which it was read at the end; None: not at all.
    """
    verdict = Verdict(accepted=len(ledger.acknowledged), unacknowledged=len(ledger.entries) - len(ledger.acknowledged))
    verdict.results_by_topic.update(dict.fromkeys(rules.result_topics, 0))
    sent = [record for record in received if rules.held_header is None or rules.held_header not in record.headers]
    origins = _origins(ledger, sent, verdict)
    waited: frozenset[int] = frozenset()
    if rules.held_header is not None:
        put_back = [record for record in received if rules.held_header in record.headers]
        waited = _check_put_back(ledger, put_back, origins, committed or {}, verdict)
    found: dict[int, list[ReadRecord]] = defaultdict(list)
    for record in outcomes:
        entry = _entry_of(record, ledger)
        if entry is None:
            verdict.corrupt.append(f"{_place(record)} names no document that was sent")
            continue
        found[entry.number].append(record)
        _check_outcome(entry, record, origins.get(entry.number, []), rules, verdict)
        if record.topic != DEAD_LETTER_TOPIC and bundles is not None:
            _check_bundle(record, bundles, verdict)
    for number, entry in ledger.entries.items():
        copies = len(origins.get(number, []))
        expected = max(copies, int(number in ledger.acknowledged))
        _count(entry, len(found.get(number, [])), expected, copies, verdict)
    _check_order(ledger, origins, waited, outcomes, verdict)
    return verdict


def _origins(ledger: Ledger, sent: Iterable[ReadRecord], verdict: Verdict) -> Origins:
    """Where on the input topic each document lies."""
    origins: dict[int, list[ReadRecord]] = defaultdict(list)
    for record in sent:
        verdict.records += 1
        entry = _entry_of(record, ledger)
        if entry is None or (entry.sha256, entry.path, entry.partition) != _said_by(record):
            verdict.corrupt.append(f"{_place(record)} is not what was sent")
        if entry is not None:
            origins[entry.number].append(record)
    return origins


def _check_put_back(
    ledger: Ledger, records: Sequence[ReadRecord], origins: Origins, committed: Mapping[int, int], verdict: Verdict
) -> frozenset[int]:
    """Numbers of the documents that were put back. In which partition such a record lies is the service's business."""
    verdict.put_back = len(records)
    waited: set[int] = set()
    for record in records:
        entry = _entry_of(record, ledger)
        known = () if entry is None else origins.get(entry.number, ())
        if not any((origin.key, origin.value) == (record.key, record.value) for origin in known):
            verdict.corrupt.append(f"{_place(record)} was put back and is not what was sent")
        if entry is not None:
            waited.add(entry.number)
        if record.offset >= committed.get(record.partition, 0):
            verdict.left_waiting.append(f"{_place(record)} was put back and not read again")
    return frozenset(waited)


def _check_outcome(
    entry: Entry, record: ReadRecord, origins: Sequence[ReadRecord], rules: Rules, verdict: Verdict
) -> None:
    is_letter = record.topic == DEAD_LETTER_TOPIC
    if is_letter:
        verdict.dead_letters[record.headers.get("docmill_reason", "no reason")] += 1
        sha256, path, _ = _said_by(record)
        is_right = (sha256, path) == (entry.sha256, entry.path) and _origin(record) in {
            (origin.topic, str(origin.partition), str(origin.offset)) for origin in origins
        }
    else:
        verdict.results += 1
        verdict.results_by_topic[record.topic] += 1
        is_right = rules.is_of(record, entry, origins)
    if not is_right:
        verdict.corrupt.append(f"{_place(record)} is not of document {entry.number}")
    if is_letter and entry.expected is Expected.RESULT:
        verdict.innocent.append(entry.number)
    if not is_letter and entry.expected is Expected.DEAD_LETTER:
        verdict.poison_let_through.append(entry.number)


def _check_bundle(record: ReadRecord, bundles: frozenset[str], verdict: Verdict) -> None:
    try:
        sha256 = str(json.loads(record.value or b"")["bundle"]["sha256"])
    except (ValueError, KeyError, TypeError):
        sha256 = "none"
    verdict.bundles[sha256] += 1
    if sha256 not in bundles:
        verdict.corrupt.append(f"{_place(record)} is by the bundle {sha256}, which never was to decide")


def _count(entry: Entry, outcomes: int, expected: int, copies: int, verdict: Verdict) -> None:
    if copies > 1:
        verdict.sent_twice.append(entry.number)
    if outcomes < expected:
        verdict.lost.append(entry.number)
    if outcomes > expected:
        verdict.duplicated.append(entry.number)


def _check_order(
    ledger: Ledger, origins: Origins, waited: frozenset[int], outcomes: Iterable[ReadRecord], verdict: Verdict
) -> None:
    """A path's records share an input partition, and its outcomes one partition of each topic."""
    latest: dict[tuple[int, str, int], int] = {}
    seen: set[int] = set()
    for record in sorted(outcomes, key=lambda record: (record.topic, record.partition, record.offset)):
        entry = _entry_of(record, ledger)
        if entry is None or entry.number in seen or entry.number in waited or entry.number not in origins:
            continue  # it has no place any more, or is counted already: a stranger, a duplicate, out of nothing
        seen.add(entry.number)
        origin = origins[entry.number][0]
        stream = (origin.partition, record.topic, record.partition)
        if origin.offset < latest.get(stream, -1):
            verdict.out_of_order.append(f"{_place(record)}: document {entry.number} comes after a later one")
        latest[stream] = max(latest.get(stream, -1), origin.offset)


def _entry_of(record: ReadRecord, ledger: Ledger) -> Entry | None:
    number = record.headers.get(NUMBER_HEADER, "")
    return ledger.entries.get(int(number)) if number.isdecimal() else None


def _said_by(record: ReadRecord) -> tuple[str, str, int]:
    """Of a record that carries the document itself: its bytes' hash, its path, its partition."""
    return hashlib.sha256(record.value or b"").hexdigest(), key_of(record), record.partition


def _origin(record: ReadRecord) -> tuple[str | None, ...]:
    return tuple(record.headers.get(f"docmill_origin_{name}") for name in ("topic", "partition", "offset"))


def key_of(record: ReadRecord) -> str:
    """Its key as text."""
    return (record.key or b"").decode(errors="replace")


def _place(record: ReadRecord) -> str:
    return f"{record.topic}-{record.partition} offset {record.offset}"
