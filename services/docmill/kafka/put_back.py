"""Requests that the fallback put back on documents.fallback to wait there: the same request once more, no new one."""

from docmill.kafka.decode_record import Record

HELD_SINCE = "docmill_held_since"  # Unix time in milliseconds, of the first time that it was put back
NOT_BEFORE = "docmill_not_before"  # likewise: when it is to be looked at again


def was_put_back(record: Record) -> bool:
    """Whether a record of documents.fallback was there before."""
    return any(name == HELD_SINCE for name, _ in record.headers)
