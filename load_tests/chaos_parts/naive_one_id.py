"""A control: one transactional id a worker, as in aiokafka's own example of consume, process, produce.

The offsets go into the transaction without the group's generation (TxnOffsetCommit v0), and nothing fences a worker
that was frozen past its session: its successor has another id. Source: aiokafka's documentation, "Transactional
Consume-Process-Produce"; aiokafka#844.
"""

import asyncio
import os

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from load_tests.chaos_parts.naive_result import GROUP, INPUT_TOPIC, RESULT_TOPIC, result_of


async def main() -> None:
    """Until killed."""
    bootstrap = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    consumer = AIOKafkaConsumer(
        INPUT_TOPIC,
        bootstrap_servers=bootstrap,
        group_id=GROUP,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
        heartbeat_interval_ms=2000,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"naive-{os.environ['CHAOS_SLOT']}", transaction_timeout_ms=15_000
    )
    async with consumer, producer:
        while True:
            batch = await consumer.getmany(timeout_ms=500, max_records=100)
            if not batch:
                continue
            async with producer.transaction():
                for records in batch.values():
                    for record in records:
                        result = result_of(record.key, record.value)
                        await producer.send(RESULT_TOPIC, result, key=record.key, headers=list(record.headers))
                offsets = {partition: records[-1].offset + 1 for partition, records in batch.items()}
                await producer.send_offsets_to_transaction(offsets, GROUP)


if __name__ == "__main__":
    asyncio.run(main())
