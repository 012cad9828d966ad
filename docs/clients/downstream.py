"""Keep docmill's results: `python downstream.py localhost:9092 documents.processed GROUP`. Needs aiokafka alone."""

import asyncio
import json
import sqlite3
import sys

from aiokafka import AIOKafkaConsumer

KEY = "request_id, decided_by, revision"  # a person may correct a result again and again: each has its revision
# read_committed, or you see what aborted transactions left behind. The offset is committed by hand, after the work.
READ = {"isolation_level": "read_committed", "enable_auto_commit": False, "auto_offset_reset": "earliest"}


async def main(servers: str, topic: str, group: str) -> None:
    kept = sqlite3.connect("results.db")
    kept.execute(f"CREATE TABLE IF NOT EXISTS results ({KEY}, event, PRIMARY KEY ({KEY}))")
    async with AIOKafkaConsumer(topic, bootstrap_servers=servers, group_id=group, **READ) as consumer:
        async for record in consumer:
            event = json.loads(record.value)  # ignore keys, reasons and deciders that you do not know
            once = event["request_id"], event["decided_by"], event["revision"]
            with kept:  # a result may come twice: the work and the mark that it is done are one transaction
                new = kept.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?)", (*once, record.value)).rowcount
            if new:
                print(event["document_id"], event["document_type"]["label"], *once, flush=True)
            await consumer.commit()  # after a crash before this line the record comes again, and changes nothing


asyncio.run(main(*sys.argv[1:]))
