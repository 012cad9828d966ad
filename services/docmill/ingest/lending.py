"""Things that threads borrow and give back. Does not know what they are.

A queue.LifoQueue wakes who waits in order, but lets whoever comes just then take what was put: a thread that gives
back and asks again would always win.
"""

import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lending(Generic[Item]):
    """What was given back last is lent first; who waits is served in the order of asking."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._lock = threading.Lock()
        self._free = list(items)  # empty while anybody waits
        self._waiting: deque[Future[Item | None]] = deque()
        self._closed = False

    def take(self) -> Item | None:
        """Borrow one; waits for it. None: this is closed."""
        with self._lock:
            if self._closed:
                return None
            if self._free:
                return self._free.pop()
            turn: Future[Item | None] = Future()
            self._waiting.append(turn)
        return turn.result()

    def give(self, item: Item) -> None:
        """Give one back: to who has waited longest, if anybody does."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set_result(item)
            else:
                self._free.append(item)

    def close(self) -> list[Item]:
        """Lend no more, and return what is not lent."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
            while self._waiting:
                self._waiting.popleft().set_result(None)
        return free
