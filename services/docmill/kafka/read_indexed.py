"""Polled records of knowledge.indexed to changes of a copy. Knows no store and no consumer.

A record that a copy cannot take (no event of ours, or a passage of another embedding) is a deletion of its key. So what
a copy holds follows from the last record of each key alone, and is the same on all replicas, whatever compaction took:
to keep the passage before would do so on those copies only that still saw it. The text is not lost, knowledge.updated
has it, and one bad record stops nobody (docs/decisions/0019-indexer.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from docmill.errors import IndexEmbeddingError, IndexRecordError
from docmill.index.decode import read_change
from docmill.index.types import Change, Embedding
from docmill.index.writer import described
from docmill.kafka.decode_record import Record

KEY_SHOWN = 80  # characters, in messages


@dataclass(frozen=True, slots=True)
class ReadPoll:
    """What a poll does to a copy. `problems`: of each record that it cannot take, without its text."""

    changes: Sequence[Change] = ()
    problems: Sequence[str] = ()
    foreign: Embedding | None = None  # of one of its passages, where none is of the copy's

    @property
    def unreadable(self) -> int:
        """How many records a copy cannot take."""
        return len(self.problems)


def read_poll(polled: Mapping[TopicPartition, Iterable[Record]], embedding: Embedding) -> ReadPoll:
    """The changes in the order of each partition; `embedding` is that of the copy."""
    changes: list[Change] = []
    problems: list[str] = []
    foreign: Embedding | None = None
    own = False
    for partition, records in polled.items():
        for record in records:
            try:
                change = read_change(partition.partition, record.offset, record.key, record.value)
                found = None if change.passage is None else change.passage.embedding
                if found not in (None, embedding):
                    foreign = found
                    name = f"offset {record.offset} of {partition.topic}-{partition.partition}"
                    raise IndexEmbeddingError(name, described(embedding), described(found))
            except (IndexRecordError, IndexEmbeddingError) as error:
                passage_id = _passage_id(record.key)
                problems.append(f"{error} (its key: {passage_id[:KEY_SHOWN]!r})")
                changes += [Change(partition.partition, record.offset, passage_id, None)] if passage_id else []
            else:
                own = own or found is not None
                changes.append(change)
    return ReadPoll(changes, problems, None if own else foreign)


def unreadable_header(topic: str) -> IndexRecordError:
    """Of a topic of which aiokafka cannot read a record: nobody knows what it would do to a copy."""
    return IndexRecordError(
        f"{topic} holds a record with a header whose name is not UTF-8, which cannot be read: make the topic anew "
        f"(docs/knowledge.md#another-embedding)"
    )


def _passage_id(key: bytes | None) -> str:
    """Empty where the key can be no passage's: a copy has nothing under it."""
    try:
        return (key or b"").decode()
    except UnicodeDecodeError:
        return ""
