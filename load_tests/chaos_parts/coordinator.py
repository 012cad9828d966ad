"""Whether a broker that came back serves its group and its transactions again.

On an overloaded machine Kafka 4.4 was seen to come back without: it led the partition of `__consumer_offsets`, but
never took up the group (it called itself leader, and answered requests and transaction markers with "not coordinator",
for seven minutes on one core). Started anew on the same data it did. That is the broker's own: no client can mend it.
Transactions have coordinators of the same make, and no worker is ever ready without them.
"""

import asyncio
import time
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
    for_code,
)

GROUP = "chaos"  # of the workers
ASK_EVERY_S = 0.5
REQUEST_S = 5
NOT_SERVED = (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError)
# One for each partition of `__transaction_state` (deploy/kafka/server.properties.template): Kafka takes the id's Java
# hash modulo their number, and ids that differ in the last character alone have hashes in a row.
PROBES = tuple(f"chaos-probe-{number}" for number in range(4))


async def is_served(bootstrap: str, patience_s: float) -> bool:
    """Whether the coordinators of the workers' group and of transactions all answer within that time."""
    deadline_s = time.monotonic() + patience_s
    while time.monotonic() < deadline_s:
        if await serves_group(bootstrap) and all([await serves_transactions(bootstrap, probe) for probe in PROBES]):
            return True
        await asyncio.sleep(ASK_EVERY_S)
    return False


async def serves_group(bootstrap: str) -> bool:
    """Whether somebody coordinates the workers' group now."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_S * 1000)
    try:
        await admin.start()
        [described] = await admin.describe_consumer_groups([GROUP])
    except KafkaError:
        return False
    finally:
        await admin.close()
    return not issubclass(for_code(described.groups[0][0]), NOT_SERVED)


async def serves_transactions(bootstrap: str, transactional_id: str) -> bool:
    """Whether this id gets a producer id within REQUEST_S."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=transactional_id)
    try:
        async with asyncio.timeout(REQUEST_S):
            await producer.start()
    except (KafkaError, TimeoutError, AssertionError):  # aiokafka asserts that there is a node
        return False
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(REQUEST_S):
                await producer.stop()
    return True
