"""Which automatic results a person is asked about too, to see how often such results are right.

Drawn by a hash of the request's id: the same on a redelivery, on every replica, and whoever decided.
"""

import hashlib

DRAW = b"docmill audit:"  # so that no other hash of a request id has anything to do with this one
BYTES = 8


def is_audited(request_id: str, share: float) -> bool:
    """Whether a result of this request is drawn. Whoever is drawn at one share is drawn at every larger one.

    Args:
        share: in [0, 1], of all requests; at 0 none is drawn, at 1 every one.
    """
    drawn = int.from_bytes(hashlib.sha256(DRAW + request_id.encode()).digest()[:BYTES], "big")
    return drawn < share * float(256**BYTES)
