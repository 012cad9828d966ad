"""The end of a review on documents.review: a record without a value, whose header says which revision is decided."""

from docmill.kafka.decode_record import Record
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.headers import DECIDED_REVISION

UNKNOWN = 0  # of an end that was written before the header was: less than any revision
MOST_DIGITS = 9


def decided_revision(end: Record) -> int:
    """The latest revision of the request that is decided, as the end of a review says it; UNKNOWN: it does not."""
    said = read_headers(end.headers).get(DECIDED_REVISION, "")
    is_number = said.isascii() and said.isdigit() and len(said) <= MOST_DIGITS
    return int(said) if is_number else UNKNOWN


def revision_header(revision: int) -> tuple[str, bytes]:
    """The header that says so."""
    return DECIDED_REVISION, str(revision).encode()
