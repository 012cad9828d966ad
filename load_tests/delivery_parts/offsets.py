"""How far a group has come, as the broker tells: its committed offsets. Knows nothing of docmill's own figures."""

import asyncio
import time
from collections.abc import Callable

from aiokafka.admin import AIOKafkaAdminClient

LOOK_EVERY_S = 0.03
PATIENCE_S = 60.0  # without any progress


class StandstillError(Exception):
    """A group commits nothing any more, though records are left."""


async def committed_records(admin: AIOKafkaAdminClient, group: str, topic: str) -> int:
    """Records below the committed offsets of a topic that holds nothing but records."""
    offsets = await admin.list_consumer_group_offsets(group)
    return sum(max(0, found.offset) for partition, found in offsets.items() if partition.topic == topic)


async def await_committed(
    admin: AIOKafkaAdminClient, group: str, topic: str, records: int, is_alive: Callable[[], bool]
) -> float:
    """When (time.monotonic) the group was seen to have committed so many, at most LOOK_EVERY_S late.

    Raises:
        StandstillError: it does not get there.
    """
    best, since = -1, time.monotonic()
    while True:
        found = await committed_records(admin, group, topic)
        now = time.monotonic()
        if found >= records:
            return now
        if found > best:
            best, since = found, now
        if now - since > PATIENCE_S or not is_alive():
            raise StandstillError(f"{group} has committed {found} of {records} records of {topic} and does not go on")
        await asyncio.sleep(LOOK_EVERY_S)
