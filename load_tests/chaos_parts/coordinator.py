"""Whether a broker that came back serves its group and transactions again.

On an overloaded machine Kafka 4.4 was seen to come back without: it led the partition of `__consumer_offsets`, but
never took up the group (it called itself leader, and answered requests and transaction markers with "not coordinator",
for seven minutes on one core). Started anew on the same data it did. That is the broker's own: no client can mend it.
Reading is no proof: by its log (docs/decisions/0018) the coordinator was active at first, and lost by the first write.
"""

import asyncio
import time
from contextlib import suppress

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    IllegalOperation,
    KafkaError,
    NotCoordinatorError,
    for_code,
)

GROUP = "chaos"  # of the workers
ASK_EVERY_S = 0.5
ASK_AGAIN_S = 2.0  # after the first yes
REQUEST_S = 5
COMMITS_S = 15  # of a broker that has just come up, while all workers join
NOT_SERVED = (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError)
# Transactional ids, and groups as well: one for each partition of `__transaction_state` and of `__consumer_offsets`
# (deploy/kafka/server.properties.template). Kafka takes the name's Java hash modulo their number, and names that differ
# in the last character alone have hashes in a row.
PROBES = tuple(f"chaos-probe-{number}" for number in range(4))
OFFSETS = TopicPartition("__consumer_offsets", 0)  # a partition that is there, to commit an offset of
# Of a transaction; what its state does not allow, since something failed before, aiokafka asserts or calls illegal.
FAILURES = (KafkaError, IllegalOperation, TimeoutError, AssertionError)


async def is_served(bootstrap: str, patience_s: float) -> bool:
    """Whether the coordinators of the workers' group, of transactions and of offsets do their work, and still do a
    little later. The last try begins within that time.
    """
    deadline_s = time.monotonic() + patience_s
    while time.monotonic() < deadline_s:
        if await serves(bootstrap):
            await asyncio.sleep(ASK_AGAIN_S)
            if await serves(bootstrap):
                return True
        await asyncio.sleep(ASK_EVERY_S)
    return False


async def serves(bootstrap: str) -> bool:
    """Whether all of them do now."""
    if not await serves_group(bootstrap):
        return False
    for probe in PROBES:
        if not await commits(bootstrap, probe):
            return False
    return True


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


async def commits(bootstrap: str, probe: str) -> bool:
    """Whether two transactions with an offset go through within COMMITS_S: the second begins once the first one's
    marker is written.
    """
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=probe)
    try:
        async with asyncio.timeout(COMMITS_S):
            await producer.start()
            for _ in range(2):
                await producer.begin_transaction()
                await producer.send_offsets_to_transaction({OFFSETS: 0}, probe)
                await producer.commit_transaction()
    except FAILURES:
        return False
    finally:
        with suppress(*FAILURES):
            async with asyncio.timeout(REQUEST_S):
                await producer.stop()
        await producer.client.close()  # a stop that takes too long leaves it open
    return True
