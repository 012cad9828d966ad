"""What the fallback is held to: each request ends as one result or as one question to a person. Imports nothing of
docmill.

The request itself, as the ledger knows it, lies on the input topic; an outcome must repeat what it says of the
document, its text included, and bear the request id that belongs to the document's number.
"""

import json
from collections.abc import Sequence

from load_tests.chaos_parts.ledger import Entry
from load_tests.chaos_parts.oracle import Rules, key_of
from load_tests.chaos_parts.read_out import ReadRecord

REQUESTS_TOPIC = "documents.fallback"
PROCESSED_TOPIC, REVIEW_TOPIC = "documents.processed", "documents.review"
HELD_HEADER = "docmill_held_since"
REPEATED = ("request_id", "document_id", "content_sha256", "text_sha256", "text")


def request_id_of(number: int) -> str:
    """The request id of a document's number."""
    return f"{number:032x}"


def is_of_request(outcome: ReadRecord, entry: Entry, origins: Sequence[ReadRecord]) -> bool:
    """Whether a result or a review says of the document what its request says, under the right key."""
    request_id = request_id_of(entry.number)
    try:
        said = [json.loads(outcome.value or b"")[name] for name in REPEATED]
        asked = [[request[name] for name in REPEATED] for request in (json.loads(o.value or b"") for o in origins)]
    except (ValueError, KeyError, TypeError):
        return False
    key = request_id if outcome.topic == REVIEW_TOPIC else entry.path
    return said in asked and said[0] == request_id and key_of(outcome) == key


FALLBACK = Rules(REQUESTS_TOPIC, (PROCESSED_TOPIC, REVIEW_TOPIC), is_of_request, HELD_HEADER)
