"""A control: FastStream's subscriber with its default ack policy, publishing without transactions.

By default (ACK_FIRST) offsets are committed in the background as records are handed out, whatever becomes of them.
"""

import asyncio
import os

from faststream import FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from load_tests.chaos_parts.naive_result import GROUP, INPUT_TOPIC, NUMBER_HEADER, RESULT_TOPIC, result_of

broker = KafkaBroker(os.environ["KAFKA_BOOTSTRAP_SERVERS"])


@broker.subscriber(INPUT_TOPIC, group_id=GROUP, auto_offset_reset="earliest", session_timeout_ms=6000)
async def handle(message: KafkaMessage) -> None:
    """One record, one result."""
    record = message.raw_message
    assert not isinstance(record, tuple)
    result = await asyncio.to_thread(result_of, record.key, record.value)
    number = dict(record.headers)[NUMBER_HEADER].decode()
    await broker.publish(result, RESULT_TOPIC, key=record.key, correlation_id=number)


if __name__ == "__main__":
    asyncio.run(FastStream(broker).run())
