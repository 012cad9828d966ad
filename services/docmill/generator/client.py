"""Asks an OpenAI-compatible endpoint, within a deadline, a budget and a number of questions at once.

What may be believed of an answer is answer.py's business. One repair: an answer that cannot be read, or whose quotes do
not stand in the document, is asked for once more if there is time. The SDK's own retries are off, since they know no
deadline.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from openai import AsyncOpenAI

from docmill.generator.answer import NotReadableError, read_answer
from docmill.generator.breaker import Admission, Breaker
from docmill.generator.budget import Budget
from docmill.generator.prompt import Messages, messages_of, repaired
from docmill.generator.requests import Dialect, GeneratorUnavailableError, Options, Requests, Unavailable
from docmill.generator.schema import answer_schema
from docmill.generator.types import Answer, Ask, Refusal, Usage

__all__ = ["Generated", "Generator", "GeneratorUnavailableError", "Options", "Unavailable"]

FAIR_SHARE = 0.5  # of the deadline: with less left after the wait for a turn, being late is not the endpoint's fault


@dataclass(frozen=True, slots=True)
class Generated:
    """What a question came to."""

    answer: Answer
    usage: Usage


class Generator:
    """Owns the connections. For one event loop."""

    def __init__(
        self, options: Options, breaker: Breaker, budget: Budget, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._options = options
        self._breaker = breaker
        self._budget = budget
        self._clock = clock
        self._client = AsyncOpenAI(
            base_url=options.base_url, api_key=options.api_key, max_retries=0, timeout=options.deadline_s
        )
        self._turns = asyncio.Semaphore(options.at_once)
        self._dialect = Dialect()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.close()

    async def ask(self, ask: Ask) -> Generated:
        """One question, and its answer as far as it holds.

        Raises:
            GeneratorUnavailableError: none that can be read: too late, too dear, nonsense, or out of reach.
        """
        until_s = asyncio.get_running_loop().time() + self._options.deadline_s
        try:
            async with asyncio.timeout_at(until_s):
                await self._turns.acquire()
        except TimeoutError:
            detail = f"no turn within {self._options.deadline_s:g} s"
            raise GeneratorUnavailableError(Unavailable.TIMEOUT, detail) from None
        try:
            return await self._in_turn(ask, until_s)
        finally:
            self._turns.release()

    async def _in_turn(self, ask: Ask, until_s: float) -> Generated:
        requests = Requests(self._client, self._options, answer_schema(ask), self._clock, self._dialect)
        messages = messages_of(ask)
        most = requests.at_most(messages)
        admission = self._breaker.admit()
        if admission is None:
            raise GeneratorUnavailableError(Unavailable.BREAKER_OPEN, "it failed several times in a row")
        share = self._budget.set_aside(_tokens(most), most.usd)
        if share is None:
            self._breaker.unasked(admission)
            raise GeneratorUnavailableError(Unavailable.BUDGET_SPENT, "no more is to be spent for now")
        asking = _Asking(ask, requests)
        left_s = until_s - asyncio.get_running_loop().time()
        failure: GeneratorUnavailableError | None = None
        try:
            async with asyncio.timeout_at(until_s):
                await asking.run(messages)
        except GeneratorUnavailableError as error:
            failure = error
        except TimeoutError:
            detail = f"no answer within {self._options.deadline_s:g} s"
            failure = GeneratorUnavailableError(Unavailable.TIMEOUT, detail)
        except BaseException:
            self._breaker.unasked(admission)
            raise
        finally:
            self._budget.settle(share, _tokens(requests.usage), requests.usage.usd)
        if failure is None and asking.answer is None:
            failure = GeneratorUnavailableError(Unavailable.NONSENSE, "what it said, twice, is no answer of the schema")
        self._tell_breaker(admission, failure, hurried=left_s < FAIR_SHARE * self._options.deadline_s)
        if asking.answer is not None:
            return Generated(asking.answer, requests.usage)
        assert failure is not None
        failure.usage = requests.usage
        raise failure

    def _tell_breaker(self, admission: Admission, failure: GeneratorUnavailableError | None, *, hurried: bool) -> None:
        """What was learnt of the endpoint; nothing where the document or the wait for a turn was at fault."""
        reason = None if failure is None else failure.reason
        if reason is Unavailable.UNANSWERABLE or (reason is Unavailable.TIMEOUT and hurried):
            self._breaker.unasked(admission)
        elif failure is not None:
            self._breaker.failed(admission)
        else:
            self._breaker.succeeded(admission)


class _Asking:
    """A question and its one repair; `answer` is the best so far, also where the repair fails; None: none was read."""

    def __init__(self, ask: Ask, requests: Requests) -> None:
        self._ask = ask
        self._requests = requests
        self.answer: Answer | None = None

    async def run(self, messages: Messages) -> None:
        said = await self._requests.complete(messages)
        self.answer = _read(self._ask, said)
        problem = _problem(self.answer)
        if problem is None:
            return
        second = _read(self._ask, await self._requests.complete(repaired(messages, said, problem)))
        if self.answer is None or (second is not None and len(second.refused) <= len(self.answer.refused)):
            self.answer = second


def _tokens(usage: Usage) -> int:
    return usage.prompt_tokens + usage.completion_tokens


def _read(ask: Ask, said: str) -> Answer | None:
    try:
        return read_answer(ask, said)
    except NotReadableError:
        return None


def _problem(answer: Answer | None) -> str | None:
    """What a repair could mend, said to the generator; None: nothing."""
    if answer is None:
        return "it is no JSON object of the schema"
    names = sorted({refused.part for refused in answer.refused if refused.reason is Refusal.NOT_VERBATIM})
    return f"what is quoted for {', '.join(names)} does not stand in the document" if names else None
