"""The generator for threads: it lives in an event loop of its own, and is asked many questions at once."""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from copy import copy
from typing import Any, Protocol

from docmill.errors import AbandonedError, whereabouts
from docmill.generator.breaker import State
from docmill.generator.client import Generated, Generator, GeneratorUnavailableError, Unavailable
from docmill.generator.types import Ask
from docmill_schemas.ids import sha256_hex

LOOK_S = 0.2  # between two looks whether anybody still waits
REMEMBERED = 2000  # answers
STOP_S = 5.0
LEFT_ALONE_S = 10.0  # after it was found out of reach for all questions
NO_TURN = "no_turn"  # too many wait for it: it was not asked
OF_THE_QUESTION = frozenset({Unavailable.UNANSWERABLE, Unavailable.NONSENSE})
FOR_ALL = frozenset({Unavailable.BREAKER_OPEN, Unavailable.BUDGET_SPENT})  # whatever the question

log = logging.getLogger(__name__)

Place = tuple[str, int, int]  # topic, partition, offset: a record that comes again is not paid for again
Question = tuple[Place, str]  # and the digest of what was asked: by then the place may hold another document
Answered = Generated | GeneratorUnavailableError


class Asked(Protocol):
    """What the service needs of a generator."""

    @property
    def model(self) -> str:
        """As its endpoint names it; part of a result's identity."""
        ...

    @property
    def away(self) -> bool:
        """Whether it is left alone for now, since it failed several times in a row or no more is to be spent."""
        ...

    def ask_all(self, asks: Sequence[tuple[Place, Ask]], abandoned: Callable[[], bool]) -> list[Answered]:
        """An answer for each, or why there is none, within the deadline of one question.

        Raises:
            AbandonedError: `abandoned` says so.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


class GeneratorThread:
    """See Asked."""

    def __init__(self, generator: Callable[[], Generator], breaker_state: Callable[[], State], model: str) -> None:
        """`generator` is called in the loop."""
        self._model = model
        self._breaker_state = breaker_state
        self._refused_until_s = 0.0  # by the breaker
        self._spent_until_s = 0.0
        self._answers: OrderedDict[Question, Answered] = OrderedDict()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="generator", daemon=True)
        self._thread.start()
        self._generator: Generator = self._call(_made(generator)).result()

    @property
    def model(self) -> str:
        """See Asked."""
        return self._model

    @property
    def away(self) -> bool:
        """See Asked."""
        left_alone_until_s = max(self._refused_until_s, self._spent_until_s)
        return self._breaker_state() is State.OPEN or time.monotonic() < left_alone_until_s

    def ask_all(self, asks: Sequence[tuple[Place, Ask]], abandoned: Callable[[], bool]) -> list[Answered]:
        """See Asked. All are put at once; the generator's own limit says how many are under way."""
        questions = [((place, _digest(ask)), ask) for place, ask in asks]
        with self._lock:
            known = {question: self._answers[question] for question, _ in questions if question in self._answers}
        futures = {question: self._call(self._answer(ask)) for question, ask in questions if question not in known}
        left: set[Future[Answered]] = set(futures.values())
        while left:
            _, left = wait(left, timeout=LOOK_S)
            if left and abandoned():
                for future in left:
                    future.cancel()
                self._remember(futures)
                raise AbandonedError("nobody waits for this slice any more")
        self._remember(futures)
        return [known[question] if question in known else futures[question].result() for question, _ in questions]

    def close(self) -> None:
        """See Asked. Questions under way are given up. Called once."""
        with suppress(TimeoutError):
            self._call(self._end()).result(timeout=STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=STOP_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _answer(self, ask: Ask) -> Answered:
        try:
            answered = await self._generator.ask(ask)
            self._refused_until_s = 0.0  # as when it was the one question that a half-open breaker lets through
            return answered
        except GeneratorUnavailableError as error:
            if error.reason in FOR_ALL:
                until_s = time.monotonic() + LEFT_ALONE_S
                if error.reason is Unavailable.BUDGET_SPENT:
                    self._spent_until_s = until_s
                else:
                    self._refused_until_s = until_s
            return error
        except Exception as error:  # tied to one question: a person decides that one, the others are answered
            where = whereabouts(error)
            log.error("unexpected %s while a generator was asked", where)
            return GeneratorUnavailableError(Unavailable.UNANSWERABLE, where)

    async def _end(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._generator.__aexit__()

    def _remember(self, futures: "dict[Question, Future[Answered]]") -> None:
        with self._lock:
            for question, future in futures.items():
                if future.done() and not future.cancelled() and future.exception() is None:
                    answered = future.result()
                    if isinstance(answered, Generated) or answered.reason is Unavailable.NONSENSE:
                        # It was paid for. An error's copy has no traceback, whose frames would hold the texts.
                        self._answers[question] = answered if isinstance(answered, Generated) else copy(answered)
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)


def may_answer_later(answered: Answered | None) -> bool:
    """Whether it is for the generator's sake that there is no answer, or there was no turn: then one may come later.

    Nonsense may be the endpoint's or what it makes of this document, again and again: nobody waits for that.
    """
    if isinstance(answered, GeneratorUnavailableError):
        return answered.reason not in OF_THE_QUESTION
    return answered is None


def why_none(answered: GeneratorUnavailableError | None) -> str:
    """Why there is no answer, as a person is told."""
    return NO_TURN if answered is None else answered.reason.value


def was_put(answered: Answered) -> bool:
    """Whether a question went out at all."""
    return isinstance(answered, Generated) or answered.reason not in FOR_ALL


def _digest(ask: Ask) -> str:
    """Equal for equal questions alone, their text and sources included: an answer's offsets and quotes are theirs."""
    return sha256_hex(repr(ask).encode())


async def _made(generator: Callable[[], Generator]) -> Generator:
    return generator()
