"""Requests that the fallback put back on documents.fallback to wait there: the same request once more, no new one."""

import re

from docmill.kafka.decode_record import Record
from docmill_schemas.cloudevents import read_headers

MILLISECONDS = re.compile(r"[0-9]{1,15}")
HELD_SINCE = "docmill_held_since"  # Unix time in milliseconds, of the first time that it was put back
PUT_BACK_AT = "docmill_put_back_at"  # likewise, of the last time: in a partition they lie in the order of these
NOT_BEFORE = "docmill_not_before"  # likewise: when it is to be looked at again


def was_put_back(record: Record) -> bool:
    """Whether a record of documents.fallback was there before."""
    return any(name == HELD_SINCE for name, _ in record.headers)


def milliseconds(header: str | None) -> int | None:
    """One of these headers as a number; None: it is missing, or none of docmill's."""
    return int(header) if header is not None and MILLISECONDS.fullmatch(header) else None


def put_back_ms(record: Record) -> tuple[int, int] | None:
    """When a record was put back for the first time, and for the last; None: it was not, or does not say when."""
    if not was_put_back(record):
        return None
    headers = read_headers(record.headers)
    first, last = milliseconds(headers.get(HELD_SINCE)), milliseconds(headers.get(PUT_BACK_AT))
    return None if first is None or last is None else (first, last)
