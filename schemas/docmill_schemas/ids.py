"""How docmill names things: every id is a hash of what it stands for, so a retry gives the same id."""

import hashlib

ID_HEX_DIGITS = 32  # 128 bits of a SHA-256


def _hash(*parts: str) -> str:
    """First 128 bits of SHA-256 over the parts, each framed by its length, so no two lists of parts collide."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:ID_HEX_DIGITS]


def request_id(ce_source: str, ce_id: str) -> str:
    """The id of one request, kept by retries and redrive; (source, id) is unique by the CloudEvents spec."""
    return _hash("request", ce_source, ce_id)


def bare_request_id(cluster_id: str, topic: str, partition: int, offset: int, timestamp_ms: int) -> str:
    """The request id of a record without CloudEvents attributes: its place in one cluster's log."""
    return _hash("bare", cluster_id, topic, str(partition), str(offset), str(timestamp_ms))


def result_id(request: str, content_sha256: str, decided_by: str, decision_version: str) -> str:
    """The id of one decision on one request; the same decision made again gives the same id."""
    return _hash("result", request, content_sha256, decided_by, decision_version)


def decision_version(feedback_id: str, revision: int) -> str:
    """What tells one decision of people on a request from all others, for `result_id`: a sender's id is its own."""
    return f"{revision}:{feedback_id}"


def feedback_id(request: str, revision: int, reviewer: str, decided: str) -> str:
    """The id of a decision that is made of what it says and of who says it; for tools that keep none of their own."""
    return _hash("feedback", request, str(revision), reviewer, decided)


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()
