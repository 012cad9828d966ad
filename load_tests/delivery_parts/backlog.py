"""Documents for every partition, alike for both deliveries, sent at once. Does not know who reads them."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

from aiokafka import AIOKafkaProducer

from docmill.kafka.read_paths import SourceDocument
from docmill.kafka.received_record import received_record
from docmill.load.documents import LoadDocument
from docmill_schemas.topics import RECEIVED

SOURCE = "docmill/bench"

Spread = Sequence[Sequence[LoadDocument]]  # documents of each partition


def spread_over(documents: Sequence[LoadDocument], partitions: int, random: Random) -> Spread:
    """Partitions with about as many bytes each, in random order: none has work left long after all others.

    The largest first, each to the partition that has least.
    """
    spread: list[list[LoadDocument]] = [[] for _ in range(partitions)]
    filled = [0] * partitions
    for document in sorted(documents, key=lambda d: -len(d.content)):
        least = min(range(partitions), key=lambda p: (filled[p], len(spread[p])))
        spread[least].append(document)
        filled[least] += len(document.content)
    for of_one in spread:
        random.shuffle(of_one)
    return spread


async def send_backlog(producer: AIOKafkaProducer, prefix: str, backlog: Spread) -> None:
    """Send all, under new ids; returns once all are acknowledged."""
    run = uuid.uuid4().hex
    acks = []
    for partition, documents in enumerate(backlog):
        for index, document in enumerate(documents):
            source = SourceDocument(f"{run}-{partition}-{index}", document.content, document.content_type)
            record = received_record(source, SOURCE, source.document_id, datetime.now(UTC))
            acks.append(
                await producer.send(
                    prefix + RECEIVED.name, record.value, key=record.key, headers=record.headers, partition=partition
                )
            )
    await asyncio.gather(*acks)
