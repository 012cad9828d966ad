"""Threads shared round-robin by the callers that wait for them. Knows nothing of what they run.

A plain thread pool serves in order of arrival: a partition with a contract of a thousand windows would put them all
before a receipt's one. Here every call of `run` that is under way gets the next free thread in turn. Since a partition
has one slice in hand, and a slice is one call, threads are shared by partition.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Call(Generic[Result]):
    """The jobs of one call, those not begun in `waiting`."""

    waiting: deque[tuple[int, Callable[[], Result]]]
    results: dict[int, Result]
    unfinished: int
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)


class FairPool(Generic[Result]):
    """`threads` daemon threads, until `close`."""

    def __init__(self, threads: int, name: str) -> None:
        self._calls: deque[_Call[Result]] = deque()  # those with jobs not begun; the first is served next
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, jobs: Sequence[Callable[[], Result]]) -> list[Result]:
        """Results of jobs, in their order; they begin in that order. Blocks. May be called from several threads.

        Raises:
            RuntimeError: the pool is closed, or was before all jobs had begun.
            BaseException: the first that a job raised; those that had not begun then never do.
        """
        if not jobs:
            return []
        call = _Call(deque(enumerate(jobs)), {}, len(jobs))
        with self._changed:
            if self._closed:
                raise RuntimeError("the pool is closed")
            self._calls.append(call)
            self._changed.notify(len(jobs))
        call.done.wait()
        if call.error is not None:
            raise call.error
        return [call.results[index] for index in range(len(jobs))]

    def close(self) -> None:
        """End the threads once the jobs that run are finished; calls with jobs left fail."""
        with self._changed:
            self._closed = True
            for call in self._calls:
                call.error = call.error or RuntimeError("the pool was closed")
                call.done.set()
            self._calls.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._calls and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                call = self._calls.popleft()
                index, job = call.waiting.popleft()
                if call.waiting:
                    self._calls.append(call)  # behind all others: that is the round-robin
            failed: BaseException | None = None
            try:
                call.results[index] = job()
            except BaseException as error:
                failed = error
            with self._changed:
                if failed is not None:
                    call.error = call.error or failed
                    self._drop_waiting(call)
                call.unfinished -= 1
                if call.unfinished == 0:
                    call.done.set()

    def _drop_waiting(self, call: _Call[Result]) -> None:
        if call in self._calls:  # not where it has none left, or this was closed
            self._calls.remove(call)
            call.unfinished -= len(call.waiting)
            call.waiting.clear()
