"""What the naive workers make of a record: an event that the oracle can check. Takes its time, as a model would."""

import hashlib
import json
import time

WORK_S = 0.03
INPUT_TOPIC, RESULT_TOPIC, NUMBER_HEADER = "documents.received", "documents.processed", "correlation_id"
GROUP = "chaos"


def result_of(key: bytes, value: bytes) -> bytes:
    """The value of the result. Blocks for WORK_S seconds."""
    time.sleep(WORK_S)
    event = {"document_id": key.decode(), "content_sha256": hashlib.sha256(value).hexdigest()}
    return json.dumps(event).encode()
