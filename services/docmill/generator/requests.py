"""One question's requests to an OpenAI-compatible endpoint, and what they took. The only importer of openai.

Does not know what an answer means. No error repeats what the endpoint said, which could quote the document.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import openai
from openai import AsyncOpenAI

from docmill.errors import GeneratorError
from docmill.generator.prompt import REPAIR, Messages
from docmill.generator.types import Usage

TEMPLATE_TOKENS = 64  # around the messages of a request
MILLION = 1_000_000
NOTHING_USED = Usage(prompt_tokens=0, completion_tokens=0, usd=0.0, requests=0, seconds=0.0)
DOCUMENT_STATUS = frozenset({400, 413, 422})  # too long, or not to its taste: the next document may pass
SERVER_ERRORS = 500  # and up: it may have worked before it failed; below, it did nothing
UNSUPPORTED = {  # codes of an error 400, by the parameter that it names
    "max_tokens": frozenset({"unsupported_parameter"}),
    "temperature": frozenset({"unsupported_parameter", "unsupported_value"}),
}
NO_ANSWER_FINISHES = frozenset({"length", "content_filter"})


class Unavailable(StrEnum):
    """Why there is no answer; a metric's label."""

    BREAKER_OPEN = "breaker_open"
    BUDGET_SPENT = "budget_spent"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # the endpoint answered with an error
    NONSENSE = "nonsense"  # what it said is no JSON object of the schema, nor is the repair
    UNANSWERABLE = "unanswerable"  # it is the document: too long, filtered, declined, or an answer without an end


class GeneratorUnavailableError(GeneratorError):
    """No answer, now. What tier 1 says stands. `usage`: what was spent all the same."""

    def __init__(self, reason: Unavailable, detail: str, usage: Usage = NOTHING_USED) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.usage = usage

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.reason, self.detail, self.usage)


@dataclass(frozen=True, slots=True)
class Options:
    """Of one endpoint.

    Args:
        base_url: up to and with `/v1`.
        deadline_s: for a question, its wait for a turn and its repair included.
        max_tokens: of one answer.
        usd_per_million_input, usd_per_million_output: the price list; 0 for one's own machine.
    """

    base_url: str
    model: str
    api_key: str = field(default="none", repr=False)
    deadline_s: float = 30.0
    at_once: int = 4
    max_tokens: int = 512
    usd_per_million_input: float = 0.0
    usd_per_million_output: float = 0.0


@dataclass(slots=True)
class Dialect:
    """How an endpoint wants to be told how long an answer may be, and whether at what temperature; learnt from its
    errors.

    OpenAI's models that reason take `max_completion_tokens` in place of `max_tokens`, and no temperature but their own;
    many other servers know `max_tokens` alone. Source: https://platform.openai.com/docs/api-reference/chat/create
    """

    limit: str = "max_tokens"
    temperature: bool = True

    def parameters(self, max_tokens: int) -> dict[str, int]:
        """Of a request."""
        return {self.limit: max_tokens} | ({"temperature": 0} if self.temperature else {})

    def has_other_words(self, asked: Mapping[str, int], error: openai.BadRequestError) -> bool:
        """Whether the endpoint takes no such parameter as one of those in `asked`, and there is another way to ask."""
        if error.param not in asked or error.code not in UNSUPPORTED.get(error.param, ()):
            return False
        if error.param == "max_tokens":
            self.limit = "max_completion_tokens"
        else:
            self.temperature = False
        return True


class Requests:
    """Of one question, one after the other; `usage` is what they took so far."""

    def __init__(
        self,
        client: AsyncOpenAI,
        options: Options,
        schema: dict[str, Any],
        clock: Callable[[], float],
        dialect: Dialect,
    ) -> None:
        """`dialect`: of the endpoint, and so of all its questions."""
        self._client, self._options, self._schema, self._clock = client, options, schema, clock
        self._dialect = dialect
        self._schema_bytes = len(json.dumps(schema))
        self._began_s = clock()
        self.usage = NOTHING_USED

    def at_most(self, messages: Messages) -> Usage:
        """What a question and its repair can take."""
        answer = self._options.max_tokens
        first = self._prompt_tokens(messages)
        repair = first + answer + self._schema_bytes + len(REPAIR)  # what was wrong names fields of the schema
        return self._usage(first + repair, 2 * answer)

    async def complete(self, messages: Messages) -> str:
        """What the endpoint says; empty where it says nothing.

        Raises:
            GeneratorUnavailableError: it says nothing that could be read.
            TimeoutError: not in time.
        """
        options, dialect = self._options, self._dialect
        asked = dialect.parameters(options.max_tokens)
        format = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": self._schema}}
        create: Any = self._client.chat.completions.create  # its types want a class for each message
        took = self._usage(self._prompt_tokens(messages), options.max_tokens)  # until the endpoint counted it
        try:
            completion = await create(
                model=options.model,
                messages=messages,
                response_format=format,
                **asked,
            )
            took = self._counted(completion) or took
            choice = completion.choices[0]
            said, declined, finish = choice.message.content, choice.message.refusal, choice.finish_reason
        except openai.APITimeoutError:
            raise TimeoutError from None
        except openai.APIConnectionError:
            raise GeneratorUnavailableError(Unavailable.UNREACHABLE, self._where()) from None
        except openai.APIStatusError as error:
            if isinstance(error, openai.BadRequestError) and dialect.has_other_words(asked, error):
                took = self._usage(0, 0)
                return await self.complete(messages)
            status = error.status_code
            took = took if status >= SERVER_ERRORS else self._usage(0, 0)
            reason = Unavailable.UNANSWERABLE if status in DOCUMENT_STATUS else Unavailable.REFUSED
            raise GeneratorUnavailableError(reason, f"HTTP {status}") from None
        except (openai.OpenAIError, AttributeError, IndexError, TypeError, ValueError, RecursionError):
            raise GeneratorUnavailableError(Unavailable.REFUSED, "no completion in what it sent") from None
        finally:
            self._add(took)
        if finish in NO_ANSWER_FINISHES:
            raise GeneratorUnavailableError(Unavailable.UNANSWERABLE, f"the answer ended by {finish}")
        if declined:
            raise GeneratorUnavailableError(Unavailable.UNANSWERABLE, "the model declined to answer")
        return str(said or "")

    def _where(self) -> str:
        """Host and port alone: the rest of a URL may hold a secret."""
        url = self._client.base_url
        return url.host if url.port is None else f"{url.host}:{url.port}"

    def _prompt_tokens(self, messages: Messages) -> int:
        """At most: no tokenizer makes more tokens than there are bytes. A server may put the schema in the prompt."""
        said = sum(len(message["content"].encode(errors="surrogatepass")) for message in messages)
        return said + self._schema_bytes + TEMPLATE_TOKENS

    def _counted(self, completion: Any) -> Usage | None:
        """What the endpoint says that it took; None: nothing that can be believed."""
        counts = getattr(completion, "usage", None)
        prompt, answer = (getattr(counts, name, None) for name in ("prompt_tokens", "completion_tokens"))
        if type(prompt) is not int or type(answer) is not int or prompt < 0 or answer < 0:
            return None
        return self._usage(prompt, answer)

    def _usage(self, prompt: int, completion: int) -> Usage:
        dollars = self._options.usd_per_million_input * prompt + self._options.usd_per_million_output * completion
        return Usage(prompt, completion, dollars / MILLION, requests=1, seconds=0.0)

    def _add(self, took: Usage) -> None:
        self.usage = Usage(
            self.usage.prompt_tokens + took.prompt_tokens,
            self.usage.completion_tokens + took.completion_tokens,
            self.usage.usd + took.usd,
            self.usage.requests + took.requests,
            self._clock() - self._began_s,
        )
