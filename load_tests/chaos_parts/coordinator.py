"""Whether a broker that came back serves its group again.

On an overloaded machine Kafka 4.4 was seen to come back without: it led the partition of `__consumer_offsets`, but
never took up the group (it called itself leader, and answered requests and transaction markers with "not coordinator",
for seven minutes on one core). Started anew on the same data it did. That is the broker's own: no client can mend it.
"""

import asyncio
import time

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
NOT_SERVED = (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError)


async def serves_group(bootstrap: str, patience_s: float) -> bool:
    """Whether the coordinator of the workers' group answers for it within that time."""
    deadline_s = time.monotonic() + patience_s
    while time.monotonic() < deadline_s:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
        try:
            await admin.start()
            [described] = await admin.describe_consumer_groups([GROUP])
            if not issubclass(for_code(described.groups[0][0]), NOT_SERVED):
                return True
        except KafkaError:
            pass
        finally:
            await admin.close()
        await asyncio.sleep(ASK_EVERY_S)
    return False
