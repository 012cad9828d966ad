"""Which embedding knowledge.indexed holds already. Does not know which one it should be."""

import logging
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from docmill.errors import BrokerError, IndexRecordError
from docmill.index.decode import read_change
from docmill.index.types import Embedding
from docmill.kafka.decode_record import Record
from docmill.kafka.read_indexed import unreadable_header
from docmill.kafka.scan import scan_clients
from docmill.settings import Settings
from docmill_schemas.topics import KNOWLEDGE_INDEXED

log = logging.getLogger(__name__)

POLL_MS = 200
STALLED_AFTER_S = 60.0  # without a step forward


async def indexed_embedding(settings: Settings) -> Embedding | None:
    """That of the first passage in the topic; None: it holds none. The topic exists.

    Raises:
        BrokerError: the broker does not answer.
        IndexRecordError: see `first_embedding`.
    """
    topic = settings.topic_prefix + KNOWLEDGE_INDEXED.name
    async with scan_clients(settings, "docmill-indexer") as (admin, consumer):
        [described] = await admin.describe_topics([topic])
        return await first_embedding(consumer, [TopicPartition(topic, p["partition"]) for p in described["partitions"]])


async def first_embedding(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> Embedding | None:
    """That of the first passage that is read, from the partitions' starts to the ends that they have now.

    A record that is no passage tells nothing, and is told.

    Raises:
        BrokerError: the broker gives no records.
        IndexRecordError: aiokafka cannot read one that comes before the first passage.
    """
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    for partition, start in (await consumer.beginning_offsets(partitions)).items():
        consumer.seek(partition, start)
    positions: dict[TopicPartition, int] = {}
    moved_s = time.monotonic()
    while True:
        found = {partition: await consumer.position(partition) for partition in partitions}
        if all(found[partition] >= ends[partition] for partition in partitions):
            return None
        if found != positions:
            positions, moved_s = found, time.monotonic()
        elif time.monotonic() - moved_s > STALLED_AFTER_S:
            raise BrokerError("the broker gives no records of the index")
        for partition, records in (await _poll(consumer, partitions)).items():
            for record in records:
                try:
                    passage = read_change(partition.partition, record.offset, record.key, record.value).passage
                except IndexRecordError as error:
                    log.error("%s: copies of the index have nothing under its key; send that source text again", error)
                    continue
                if passage is not None:
                    return passage.embedding


async def _poll(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> dict[TopicPartition, list[Record]]:
    try:
        polled: dict[TopicPartition, list[Record]] = await consumer.getmany(timeout_ms=POLL_MS)
    except UnicodeDecodeError as error:  # aiokafka reads headers' names as UTF-8, whatever their sender wrote
        raise unreadable_header(partitions[0].topic) from error
    return polled
