"""What a service does with the records of a slice: the seam between the engine, which every service has, and the
service. process_slices.py is the processor's, docmill.indexer the indexer's.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from docmill.kafka.decode_record import Record
from docmill.kafka.publish import OutgoingRecord


class Finished(Protocol):
    """A record, and what it comes to."""

    @property
    def record(self) -> Record:
        """As it was polled."""
        ...

    @property
    def publishes(self) -> Sequence[OutgoingRecord]:
        """To be published in this order, with the offset after the slice."""
        ...

    @property
    def unexpected(self) -> str | None:
        """An exception that nobody foresaw, tied to this record; many of them stop the service. Without its text."""
        ...


F = TypeVar("F", bound=Finished)


class SliceWork(Protocol[F]):
    """A service's work. A failure is an exception: the slice is discarded, and nothing of it is published.

    Every service's class is derived from this one: `most_records`, `passes` and `pausing` are here for all who are not
    otherwise.
    """

    @property
    def tries_suspects(self) -> bool:
        """Whether suspected records are tried before they may hurt this process; where not, nobody is condemned."""
        ...

    @property
    def gives_up_on_release(self) -> bool:
        """Whether a slice is given up as soon as its partition is let go of; else it has some seconds to finish."""
        ...

    @property
    def most_records(self) -> int | None:
        """Of a slice, where what a record takes does not go by its size; None: tokens alone bound it."""
        return None

    def passes(self, record: Record) -> bool:
        """Whether a record is no work as things stand, as one that is only put back. Many of these may lie before the
        others in a slice, whatever their tokens.

        Called in the event loop, of records that wait for work. By the time it is processed it may be work after all.
        """
        return False

    @property
    def pausing(self) -> int:
        """How many of the slices in work only let time pass at this moment: others need not be smaller for them."""
        return 0

    def process(self, records: Sequence[Record], suspected: bool, abandoned: Callable[[], bool]) -> Sequence[F]:
        """One for each record, in their order. Blocks; called in a thread, of several slices at once.

        Args:
            suspected: an owner of the partition died at these records, perhaps of one of them.
            abandoned: whether nobody waits for this slice any more.

        Raises:
            DependencyError: later it may succeed: the worker backs off and acquires again.
            AbandonedError: it was abandoned.
        """
        ...

    def final(self, slice_: Sequence[F]) -> None:
        """What `process` returned is committed: metrics advance."""
        ...
