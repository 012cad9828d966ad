"""Send files to docmill: `python upstream.py localhost:9092 documents.received FILE ...`. Needs aiokafka alone."""

import asyncio
import hashlib
import mimetypes
import sys
from pathlib import Path

from aiokafka import AIOKafkaProducer

EVENT = {"ce_specversion": "1.0", "ce_type": "docmill.document.received.v1", "ce_source": "example/upstream"}


async def main(servers: str, topic: str, *files: str) -> None:
    # With acks from all replicas and idempotence, an acknowledged record is neither lost nor doubled by a retry.
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True) as producer:
        for file in map(Path, files):
            document = file.read_bytes()
            # (ce_source, ce_id) names the request: made from the document, it is the same one when you send again
            # after a crash. Take your own delivery's id where a document may come twice on purpose.
            event_id = hashlib.sha256(file.name.encode() + b"\0" + document).hexdigest()
            media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            headers = EVENT | {"ce_id": event_id, "ce_subject": file.name, "content-type": media_type}
            encoded = [(name, value.encode()) for name, value in headers.items()]
            # The key is the document id: documents of one id keep their order.
            ack = await producer.send_and_wait(topic, document, key=file.name.encode(), headers=encoded)
            print(file.name, f"is at {ack.partition}@{ack.offset}", flush=True)


asyncio.run(main(*sys.argv[1:]))
