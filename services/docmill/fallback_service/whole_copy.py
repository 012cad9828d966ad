"""A copy of the index that is searched only while it is whole.

While the service runs its copy may be made anew (index/staleness.py): it is emptied, and filled again in seconds or
minutes. What half of an index says would be wrong in either direction, so nobody is answered until it has come to the
ends that the topic had when that began. It is said before the copy is emptied, and each search looks both before and
after: what it found is of a whole copy.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from docmill.errors import AbandonedError, IndexUnavailableError
from docmill.fallback_service.retrieve import Searchable
from docmill.index.staleness import StaleReason
from docmill.index.types import Hit, Query
from docmill.kafka.follow_for_ever import CopyProgress

LOOK_S = 0.2

log = logging.getLogger(__name__)


class WholeCopy:
    """See Searchable. For any number of threads that search, and one that follows."""

    def __init__(self, index: Searchable) -> None:
        """`index` is whole when this is made."""
        self._index = index
        self._rebuilds = 0
        self.progress = CopyProgress(ready=True)

    def begun_anew(self, reason: StaleReason) -> None:
        """The copy is about to be emptied."""
        log.warning("the copy of the index is made anew (%s): nothing is decided until it is whole", reason)
        self.progress = replace(self.progress, ready=False, rebuilt=reason, missing=0)
        self._rebuilds += 1

    def followed(self, progress: CopyProgress) -> None:
        """How it stands."""
        if progress.ready and not self.progress.ready:
            log.info("the copy of the index is whole again")
        self.progress = progress

    @property
    def problem(self) -> str | None:
        """Why it is not searched, or not followed just now; None: nothing is wrong."""
        progress = self.progress
        if progress.ready:
            return progress.problem
        why = f"it is made anew ({progress.rebuilt}), and nothing is decided until then"
        left = f"about {progress.missing:,} records of the index are still to be read"
        return "; ".join(part for part in (why, left if progress.missing else None, progress.problem) if part)

    def wait(self, abandoned: Callable[[], bool]) -> None:
        """Until it is whole. Blocks.

        Raises:
            AbandonedError: `abandoned` says so.
        """
        while not self.progress.ready:
            if abandoned():
                raise AbandonedError("nobody waits for this slice any more")
            time.sleep(LOOK_S)

    def search(self, query: Query) -> list[Hit]:
        """See LocalIndex.search.

        Raises:
            IndexUnavailableError: also while the copy is made anew.
        """
        rebuilds = self._rebuilds
        self._check(rebuilds)
        hits = self._index.search(query)
        self._check(rebuilds)
        return hits

    def _check(self, rebuilds: int) -> None:
        if not self.progress.ready or rebuilds != self._rebuilds:
            raise IndexUnavailableError(f"the copy of the index is not whole: {self.problem or 'it was made anew'}")
