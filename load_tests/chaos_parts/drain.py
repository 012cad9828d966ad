"""Waits until the workers' group has read its input topic to the end. Plain aiokafka."""

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import suppress

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from load_tests.chaos_parts.coordinator import GROUP
from load_tests.chaos_parts.read_out import end_offsets

DRAIN_S = 90.0  # without any progress of the group, after which what is not done is taken for lost
LOOK_EVERY_S = 0.5


async def drain(bootstrap: str, topic: str, partitions: int) -> Mapping[int, int]:
    """Wait until the group has committed all that is on the topic, or makes no progress any more.

    Returns: by partition the furthest offset that the coordinator has told: it may forget (docs/decisions/0018).
    """
    wanted = [TopicPartition(topic, partition) for partition in range(partitions)]
    furthest: dict[int, int] = {}
    since_s = time.monotonic()
    while time.monotonic() - since_s < DRAIN_S:
        with suppress(KafkaError):
            told = await _committed(bootstrap, topic)
            # Asked afterwards: what a service puts back is there before the place that it came from is committed.
            end = sum((await end_offsets(bootstrap, wanted, "read_uncommitted")).values())
            further = {partition: offset for partition, offset in told.items() if offset > furthest.get(partition, -1)}
            if further:
                furthest |= further
                since_s = time.monotonic()
            if sum(furthest.values()) >= end:
                return furthest
        await asyncio.sleep(LOOK_EVERY_S)
    print(f"no progress for {DRAIN_S:.0f} s: {sum(furthest.values())} committed", file=sys.stderr)
    return furthest


async def _committed(bootstrap: str, topic: str) -> dict[int, int]:
    """By partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(GROUP)
    finally:
        await admin.close()
    return {
        partition.partition: max(0, found.offset) for partition, found in offsets.items() if partition.topic == topic
    }
