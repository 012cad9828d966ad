"""The end of a consumer whose broker may be gone. Does not know what was read."""

import asyncio

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop it; that its broker is gone is nothing that ends may fail by.

    aiokafka 0.14 lets its own fetch task's CancelledError out of `stop()` while that task waits to ask a dead broker
    again: not ours to obey. The caller's own cancellation goes through.
    """
    ended: list[object] = await asyncio.gather(consumer.stop(), return_exceptions=True)
    for problem in ended:
        if isinstance(problem, BaseException) and not isinstance(problem, asyncio.CancelledError | KafkaError):
            raise problem
