"""Asks an OpenAI-compatible endpoint, within a deadline, a budget and a number of questions at once.

The only importer of openai; what may be believed of an answer is answer.py's business. One repair: an answer that
cannot be read, or whose quotes do not stand in the document, is asked for once more if there is time. The SDK's own
retries are off, since they know no deadline.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

import openai
from openai import AsyncOpenAI

from docmill.errors import GeneratorError
from docmill.generator.answer import NotReadableError, read_answer
from docmill.generator.breaker import Breaker
from docmill.generator.budget import Budget, Spent
from docmill.generator.prompt import Messages, messages_of, repaired
from docmill.generator.schema import answer_schema
from docmill.generator.types import Answer, Ask, Refusal, Refused, Usage

CHARACTERS_A_TOKEN = 2  # at least, of a prompt: only ever to set enough aside
MILLION = 1_000_000


class Unavailable(StrEnum):
    """Why there is no answer; a metric's label."""

    BREAKER_OPEN = "breaker_open"
    BUDGET_SPENT = "budget_spent"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # the endpoint answered with an error


class GeneratorUnavailableError(GeneratorError):
    """No answer, now. What tier 1 says stands."""

    def __init__(self, reason: Unavailable, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Options:
    """Of one endpoint.

    Args:
        base_url: up to and with `/v1`.
        deadline_s: for a question, its repair included.
        max_tokens: of one answer.
        usd_per_million_input, usd_per_million_output: the price list; 0 for one's own machine.
    """

    base_url: str
    model: str
    api_key: str = "none"
    deadline_s: float = 30.0
    at_once: int = 4
    max_tokens: int = 512
    usd_per_million_input: float = 0.0
    usd_per_million_output: float = 0.0


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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.close()

    async def ask(self, ask: Ask) -> Generated:
        """One question, and its answer as far as it holds.

        Raises:
            GeneratorUnavailableError: there is none: too late, too dear, out of reach, or the breaker is open.
        """
        messages = messages_of(ask)
        async with self._turns:
            if not self._breaker.admit():
                raise GeneratorUnavailableError(Unavailable.BREAKER_OPEN, "it failed several times in a row")
            share = self._set_aside(messages)
            if share is None:
                self._breaker.unasked()
                raise GeneratorUnavailableError(Unavailable.BUDGET_SPENT, "no more is to be spent for now")
            asking = _Asking(self._client, self._options, answer_schema(ask), self._clock)
            try:
                async with asyncio.timeout(self._options.deadline_s):
                    answer = await self._answered(ask, messages, asking)
            except GeneratorUnavailableError:
                self._breaker.failed()
                raise
            except TimeoutError as error:
                self._breaker.failed()
                detail = f"no answer within {self._options.deadline_s:g} s"
                raise GeneratorUnavailableError(Unavailable.TIMEOUT, detail) from error
            except BaseException:
                self._breaker.unasked()
                raise
            finally:
                self._budget.settle(share, asking.tokens, asking.usage.usd)
        if any(refused.reason is Refusal.NOT_JSON for refused in answer.refused):
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return Generated(answer, asking.usage)

    async def _answered(self, ask: Ask, messages: Messages, asking: "_Asking") -> Answer:
        """The first answer, or the repaired one where that is better."""
        said = await asking.complete(messages)
        first = _read(ask, said)
        problem = _problem(first)
        if problem is None:
            return first
        second = _read(ask, await asking.complete(repaired(messages, said, problem)))
        return second if len(second.refused) <= len(first.refused) else first

    def _set_aside(self, messages: Messages) -> Spent | None:
        """What a question and its repair may cost."""
        prompt = sum(len(message["content"]) for message in messages) // CHARACTERS_A_TOKEN
        most = self._options.max_tokens
        return self._budget.set_aside(2 * prompt + 3 * most, _usd(self._options, 2 * prompt + most, 2 * most))


class _Asking:
    """The requests of one question, and what they took so far."""

    def __init__(
        self, client: AsyncOpenAI, options: Options, schema: dict[str, Any], clock: Callable[[], float]
    ) -> None:
        self._client, self._options, self._schema, self._clock = client, options, schema, clock
        self._began_s = clock()
        self.usage = Usage(prompt_tokens=0, completion_tokens=0, usd=0.0, requests=0, seconds=0.0)

    @property
    def tokens(self) -> int:
        return self.usage.prompt_tokens + self.usage.completion_tokens

    async def complete(self, messages: Messages) -> str:
        """What the endpoint says; empty where it says nothing."""
        options = self._options
        format = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": self._schema}}
        create: Any = self._client.chat.completions.create  # its types want a class for each message
        try:
            completion = await create(
                model=options.model,
                messages=messages,
                response_format=format,
                temperature=0,
                max_tokens=options.max_tokens,
            )
            said = completion.choices[0].message.content or ""
        except openai.APITimeoutError as error:
            raise TimeoutError from error
        except openai.APIConnectionError as error:
            raise GeneratorUnavailableError(Unavailable.UNREACHABLE, options.base_url) from error
        except openai.APIStatusError as error:
            raise GeneratorUnavailableError(Unavailable.REFUSED, f"HTTP {error.status_code}") from error
        except (openai.OpenAIError, AttributeError, IndexError, TypeError, ValueError) as error:
            raise GeneratorUnavailableError(Unavailable.REFUSED, "no completion in what it sent") from error
        self._took(completion.usage)
        return str(said)

    def _took(self, usage: Any) -> None:
        prompt = getattr(usage, "prompt_tokens", None) or 0
        completion = getattr(usage, "completion_tokens", None) or 0
        self.usage = replace(
            self.usage,
            prompt_tokens=self.usage.prompt_tokens + prompt,
            completion_tokens=self.usage.completion_tokens + completion,
            usd=self.usage.usd + _usd(self._options, prompt, completion),
            requests=self.usage.requests + 1,
            seconds=self._clock() - self._began_s,
        )


def _usd(options: Options, prompt: int, completion: int) -> float:
    dollars = options.usd_per_million_input * prompt + options.usd_per_million_output * completion
    return dollars / MILLION


def _read(ask: Ask, said: str) -> Answer:
    try:
        return read_answer(ask, said)
    except NotReadableError:
        return Answer(refused=(Refused("answer", Refusal.NOT_JSON),))


def _problem(answer: Answer) -> str | None:
    """What a repair could mend, said to the generator; None: nothing."""
    reasons = {refused.reason for refused in answer.refused}
    if Refusal.NOT_JSON in reasons:
        return "it is no JSON object of the schema"
    if Refusal.NOT_VERBATIM in reasons:
        names = sorted({refused.part for refused in answer.refused if refused.reason is Refusal.NOT_VERBATIM})
        return f"what is quoted for {', '.join(names)} does not stand in the document"
    return None
