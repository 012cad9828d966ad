"""The end of a review on documents.review: a record without a value, whose header says which revision is decided.

What it says counts for a day, which is as long as compaction leaves it to be seen: so who has watched the topic for
months, and who has just read it, know the same.
"""

from dataclasses import dataclass

from docmill.kafka.decode_record import Record
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.headers import DECIDED_REVISION

UNKNOWN = 0  # of an end that was written before the header was: less than any revision
MOST_DIGITS = 9
COUNTS_FOR_MS = 24 * 60 * 60 * 1000  # Kafka's delete.retention.ms, unless it is set


@dataclass(frozen=True, slots=True)
class Ended:
    """What the ends of a request's reviews say together.

    Attributes:
        revision: the latest that is decided; UNKNOWN: no end says one.
        at_ms: the timestamp of the last end.
    """

    revision: int = UNKNOWN
    at_ms: int = 0

    def then(self, end: Record) -> "Ended":
        """With the next end, which takes back no revision of the day before."""
        return Ended(max(decided_revision(end), self.revision_at(end)), end.timestamp)

    def revision_at(self, later: Record) -> int:
        """The latest revision that is decided for a record behind these ends: a review that it opens, say."""
        return self.revision if later.timestamp - self.at_ms < COUNTS_FOR_MS else UNKNOWN


def decided_revision(end: Record) -> int:
    """The latest revision of the request that is decided, as the end of a review says it; UNKNOWN: it does not."""
    said = read_headers(end.headers).get(DECIDED_REVISION, "")
    is_number = said.isascii() and said.isdigit() and len(said) <= MOST_DIGITS
    return int(said) if is_number else UNKNOWN


def revision_header(revision: int) -> tuple[str, bytes]:
    """The header that says so."""
    return DECIDED_REVISION, str(revision).encode()
