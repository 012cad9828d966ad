"""A copy of the index followed for as long as a service runs, whatever fails on the way.

Each failure ends the clients; after a pause new ones begin at the copy's own offsets, so nothing is lost or doubled.
Does not know what the copy is for: whoever is told its state decides how old is too old.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from docmill.errors import DependencyError, IndexEmbeddingError, IndexRecordError
from docmill.index.staleness import StaleReason
from docmill.index.types import Embedding, LocalIndex
from docmill.kafka.follow_index import IndexFollower, new_follower
from docmill.settings import Settings

log = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
# A topic that was filled wrongly may be mended while we wait: then the copy goes on by itself.
PASSING = (DependencyError, IndexEmbeddingError, IndexRecordError)


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How a followed copy stands.

    `ready` is said of the copy's content, and stays while brokers are away; how old that is, `complete_at_ms` tells.
    """

    ready: bool = False  # since this process began, or the copy was made anew, it has come to the log's ends of then
    complete_at_ms: int | None = None  # Unix time: it lacks nothing written before; None: not known in this process yet
    missing: int = 0  # offsets to go until it is ready, roughly
    rebuilt: StaleReason | None = None  # why it was last made anew in this process
    unreadable: int = 0  # records that it could not take, counted in this process (read_indexed.py)
    problem: str | None = None  # why it is not followed just now; None: it is


NOTHING_KNOWN = CopyProgress()


async def follow_for_ever(
    settings: Settings,
    index: LocalIndex,
    embedding: Embedding,
    on_state: Callable[[CopyProgress], None] = lambda progress: None,
    on_rebuild: Callable[[StaleReason], None] = lambda reason: None,
    known: CopyProgress = NOTHING_KNOWN,
) -> NoReturn:
    """Keep a copy in step with knowledge.indexed until cancelled. Nobody else writes to it meanwhile.

    Args:
        embedding: that of the queries.
        on_state: told several times a second, and at once when something failed. Must not block.
        on_rebuild: told why, before the copy is emptied; `on_state` says when it is ready again. Likewise.
        known: how the copy stands already.

    Raises:
        ConfigurationError: a right is missing, or the broker is older than 3.1: waiting does not help.
        IndexCorruptError: the copy's file is damaged: close it, and open it anew with `index.place.written_copy`.
    """
    progress = known
    backoff_s = FIRST_BACKOFF_S
    while True:
        before, follower = progress, None
        try:
            async with new_follower(settings, index, embedding, on_rebuild) as follower:
                while True:
                    await follower.step()
                    backoff_s = FIRST_BACKOFF_S
                    progress = _after(before, follower, None)
                    on_state(progress)
        except PASSING as error:
            progress = _after(before, follower, str(error))
            on_state(progress)
            log.warning("the copy of the index stands still: %s; trying again in %.1f s", error, backoff_s)
        await asyncio.sleep(backoff_s)
        backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)


def _after(before: CopyProgress, follower: IndexFollower | None, problem: str | None) -> CopyProgress:
    """What was known before a follower began, with what it found since; None: it could not be made."""
    if follower is None or (follower.rebuilt is None and not follower.looked):
        return replace(before, problem=problem)
    kept = follower.rebuilt is None  # it goes on with the copy that was there
    complete_at_ms = before.complete_at_ms if kept and follower.complete_at_ms is None else follower.complete_at_ms
    return CopyProgress(
        ready=follower.ready or (kept and before.ready),
        complete_at_ms=complete_at_ms,
        missing=follower.missing,
        rebuilt=follower.rebuilt or before.rebuilt,
        unreadable=before.unreadable + follower.unreadable,
        problem=problem,
    )
