"""Why a decision on documents.feedback changes nothing. `why` is for the log: it never holds text that people wrote."""

from dataclasses import dataclass

from docmill.kafka.publish import OutgoingRecord


@dataclass(frozen=True, slots=True)
class Refused:
    """It says nothing that can be published.

    `unexpected`: an exception that nobody foresaw, with its place.
    """

    why: str
    unexpected: str | None = None


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """The review that was looked at has been decided, or another took its place.

    `ends`: the tombstone of a review that was opened a moment too late, since its revision was decided by then.
    """

    why: str
    ends: OutgoingRecord | None = None


@dataclass(frozen=True, slots=True)
class NoReview:
    """Nobody is asked about that request, and the log does not show that anybody was."""

    why: str


ChangesNothing = Refused | AlreadyDecided | NoReview
