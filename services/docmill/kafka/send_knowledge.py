"""Source texts, and their deletions, to knowledge.updated. Does not know what they are for."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from docmill.errors import BrokerError
from docmill.kafka.decode_record import JSON
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.received_record import new_event_id
from docmill.kafka.refusals import told
from docmill.kafka.send import ACK_TIMEOUT_S, idempotent_producer
from docmill.kafka.topics import max_message_bytes, require_topics
from docmill.settings import Settings
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import EventType, KnowledgeUpdated
from docmill_schemas.topics import KNOWLEDGE_UPDATED


@dataclass(frozen=True, slots=True)
class SentKnowledge:
    """What became of a source text. `problem` None: all in-sync replicas have it."""

    passage_id: str
    problem: str | None = None


def updated_record(updated: KnowledgeUpdated, source: str, event_id: str, now: datetime) -> OutgoingRecord:
    """A source text as a CloudEvent in binary mode; the key is the passage id."""
    headers = binary_headers(
        id=event_id,
        source=source,
        type=EventType.KNOWLEDGE_UPDATED,
        subject=updated.passage_id,
        time=now,
        media_type=JSON,
    )
    value = updated.model_dump_json(exclude_none=True).encode()
    return OutgoingRecord(KNOWLEDGE_UPDATED.name, updated.passage_id.encode(), value, [*headers])


def deleted_record(passage_id: str, source: str, event_id: str) -> OutgoingRecord:
    """The tombstone of a source text."""
    headers: list[tuple[str, bytes | None]] = [("ce_id", event_id.encode()), ("ce_source", source.encode())]
    return OutgoingRecord(KNOWLEDGE_UPDATED.name, passage_id.encode(), None, headers)


async def send_knowledge(
    settings: Settings, changes: Iterable[KnowledgeUpdated | str], source: str
) -> list[SentKnowledge]:
    """Send in order; a text stands for the deletion of that passage id. One result each, in their order.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
    """
    await require_topics(settings, [KNOWLEDGE_UPDATED])
    limit = await max_message_bytes(settings, KNOWLEDGE_UPDATED)
    results: list[SentKnowledge | tuple[str, asyncio.Future[object]]] = []
    async with idempotent_producer(settings, limit) as producer:
        for change in changes:
            event_id = new_event_id()
            if isinstance(change, str):
                record = deleted_record(change, source, event_id)
            else:
                record = updated_record(change, source, event_id, datetime.now(UTC))
            passage_id = change if isinstance(change, str) else change.passage_id
            topic = settings.topic_prefix + record.topic
            try:
                ack = await producer.send(topic, record.value, key=record.key, headers=record.headers)
            except MessageSizeTooLargeError:
                problem = f"{record.size()} bytes, more than the topic's {limit}: send it section by section"
                results.append(SentKnowledge(passage_id, problem))
            else:
                results.append((passage_id, ack))
        return [one if isinstance(one, SentKnowledge) else await _acknowledged(*one) for one in results]


async def _acknowledged(passage_id: str, ack: "asyncio.Future[object]") -> SentKnowledge:
    try:
        async with asyncio.timeout(ACK_TIMEOUT_S):
            await ack
    except TimeoutError:
        raise BrokerError(f"no acknowledgement in {ACK_TIMEOUT_S:.0f} s: {passage_id} may or may not be sent") from None
    except KafkaError as error:
        return SentKnowledge(passage_id, f"refused by the broker: {told(error)}")
    return SentKnowledge(passage_id)
