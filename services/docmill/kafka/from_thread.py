"""A coroutine of the service's loop, run for a thread that waits. Does not know what is asked."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from docmill.errors import AbandonedError

T = TypeVar("T")

LOOK_EVERY_S = 0.2  # whether anybody still waits


def run_in_loop(loop: asyncio.AbstractEventLoop, asked: Coroutine[Any, Any, T], abandoned: Callable[[], bool]) -> T:
    """What the coroutine returns. Blocks; never to be called in the loop's own thread.

    Args:
        abandoned: whether nobody waits for it any more.

    Raises:
        AbandonedError: nobody waits any more, or the loop has ended: the coroutine is cancelled.
        Whatever the coroutine raises.
    """
    try:
        future = asyncio.run_coroutine_threadsafe(asked, loop)
    except RuntimeError as error:  # the loop is closed
        asked.close()
        raise AbandonedError("the service has ended") from error
    while True:
        done, _ = concurrent.futures.wait((future,), timeout=LOOK_EVERY_S)
        if done:
            break
        if abandoned() or loop.is_closed():
            future.cancel()
            raise AbandonedError("nobody waits for this any more")
    try:
        return future.result()
    except concurrent.futures.CancelledError as error:
        raise AbandonedError("the service ends") from error
