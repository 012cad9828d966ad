"""The client against an endpoint that is slow, down or talks nonsense: it costs what it may, and never more."""

import asyncio
import json
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from docmill.generator.breaker import Breaker, State
from docmill.generator.budget import Budget
from docmill.generator.client import Generator, GeneratorUnavailableError, Options, Unavailable
from docmill.generator.types import Refusal
from tests.unit.generator.asks import ask
from tests.unit.generator.endpoint import Endpoint, Reply, endpoint

RIGHT = json.dumps(
    {
        "label": {"choice": "receipt", "evidence": []},
        "fields": {"company": {"quote": None, "evidence": []}, "total": {"quote": "RM 41.50", "evidence": []}},
    }
)
TOKENS = 100_000
NOT_VERBATIM = RIGHT.replace("RM 41.50", "41.50 ringgit")


@asynccontextmanager
async def generator(
    at: Endpoint | str, *, failures: int = 3, tokens: int | None = None, budget: Budget | None = None, **options: Any
) -> AsyncIterator[tuple[Generator, Breaker]]:
    url = at if isinstance(at, str) else at.base_url
    clock = asyncio.get_running_loop().time
    breaker = Breaker(failures, 60.0, clock)
    budget = budget or Budget(tokens, None, 60.0, clock)
    settings: dict[str, Any] = {"deadline_s": 10.0} | options
    async with Generator(Options(url, "m", **settings), breaker, budget) as made:
        yield made, breaker


async def failure(made: Generator) -> GeneratorUnavailableError:
    with pytest.raises(GeneratorUnavailableError) as raised:
        await made.ask(ask())
    return raised.value


async def unavailable(made: Generator) -> Unavailable:
    return (await failure(made)).reason


def a_large_budget() -> Budget:
    return Budget(TOKENS, None, 600.0, asyncio.get_running_loop().time)


def spent(budget: Budget) -> int:
    """By what can still be set aside."""
    for tokens in range(TOKENS):
        if budget.set_aside(TOKENS - tokens, 0.0) is not None:
            return tokens
    return TOKENS


async def test_an_answer_with_what_it_cost() -> None:
    with endpoint(Reply(RIGHT)) as at:
        async with generator(at, usd_per_million_input=1.0, usd_per_million_output=5.0) as (made, _):
            generated = await made.ask(ask())
    assert generated.answer.label == "receipt"
    assert [value.field for value in generated.answer.values] == ["total"]
    usage = generated.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.requests) == (100, 20, 1)
    assert usage.usd == pytest.approx((100 * 1.0 + 20 * 5.0) / 1e6)
    [asked] = at.asked
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert (asked["temperature"], asked["max_tokens"]) == (0, 512)


@pytest.mark.parametrize("first", ["no JSON at all", "", None, "[1]", NOT_VERBATIM])
async def test_one_repair(first: str | None) -> None:
    with endpoint(Reply(first), Reply(RIGHT)) as at:
        async with generator(at) as (made, _):
            generated = await made.ask(ask())
    assert generated.answer.refused == ()
    assert generated.answer.label == "receipt"
    assert (generated.usage.requests, generated.usage.prompt_tokens) == (2, 200)
    assert len(at.asked[1]["messages"]) == 4


async def test_never_a_second_repair_and_nonsense_opens_the_breaker() -> None:
    with endpoint(Reply("nonsense")) as at:
        async with generator(at, failures=1) as (made, breaker):
            error = await failure(made)
            assert (error.reason, error.usage.requests, error.usage.prompt_tokens) == (Unavailable.NONSENSE, 2, 200)
            assert len(at.asked) == 2
            assert breaker.state is State.OPEN
            assert await unavailable(made) is Unavailable.BREAKER_OPEN
            assert len(at.asked) == 2


async def test_a_repair_that_is_worse_is_not_taken() -> None:
    with endpoint(Reply(NOT_VERBATIM), Reply(RIGHT.replace("receipt", "invoice").replace("RM", "USD"))) as at:
        async with generator(at) as (made, _):
            generated = await made.ask(ask())
    assert generated.answer.label == "receipt"
    assert [refused.part for refused in generated.answer.refused] == ["total"]


@pytest.mark.parametrize("second", ["nonsense", "", "[]"])
async def test_an_unreadable_repair_is_never_taken(second: str) -> None:
    with endpoint(Reply(NOT_VERBATIM), Reply(second)) as at:
        async with generator(at) as (made, _):
            generated = await made.ask(ask())
    assert generated.answer.label == "receipt"
    assert [refused.reason for refused in generated.answer.refused] == [Refusal.NOT_VERBATIM]


@pytest.mark.parametrize(
    ("second", "state"),
    [
        (Reply(status=500, body="{}"), State.OPEN),
        (Reply(hangs_up=True), State.OPEN),
        (Reply(RIGHT, delay_s=5.0), State.OPEN),
        (Reply(status=400, body="{}"), State.CLOSED),
        (Reply(RIGHT, finish="length"), State.CLOSED),
    ],
    ids=["error", "hangs up", "slow", "too long", "length"],
)
async def test_where_the_repair_fails_the_first_answer_stands(second: Reply, state: State) -> None:
    with endpoint(Reply(NOT_VERBATIM), second) as at:
        async with generator(at, failures=1, deadline_s=1.0) as (made, breaker):
            generated = await made.ask(ask())
            assert breaker.state is state
    assert generated.answer.label == "receipt"
    assert generated.usage.requests == 2


async def test_where_the_repair_of_nonsense_fails_there_is_no_answer() -> None:
    with endpoint(Reply("nonsense"), Reply(status=401, body="{}")) as at:
        async with generator(at) as (made, _):
            error = await failure(made)
    assert error.reason is Unavailable.REFUSED
    assert (error.usage.requests, error.usage.prompt_tokens, error.usage.completion_tokens) == (2, 100, 20)


async def test_an_answer_with_lone_surrogates_is_repaired() -> None:
    with endpoint(Reply(RIGHT.replace("RM 41.50", "ringgit \ud800")), Reply(RIGHT)) as at:
        async with generator(at) as (made, _):
            generated = await made.ask(ask())
    assert len(generated.answer.values) == 1
    assert at.asked[1]["messages"][2]["content"] == RIGHT.replace("RM 41.50", "ringgit ")


async def test_the_wait_for_a_turn_is_within_the_deadline_and_no_fault_of_the_endpoint() -> None:
    with endpoint(Reply(RIGHT, delay_s=5.0)) as at:
        async with generator(at, failures=2, at_once=1, deadline_s=0.5) as (made, breaker):
            async with asyncio.timeout(0.9):  # not a deadline for each in turn
                reasons = await asyncio.gather(*(unavailable(made) for _ in range(4)))
            assert set(reasons) == {Unavailable.TIMEOUT}
            assert breaker.state is State.CLOSED  # one failure, of who had a turn


@pytest.mark.parametrize("reply", [Reply(RIGHT, delay_s=5.0), Reply(RIGHT, trickle_s=0.05)], ids=["slow", "trickling"])
async def test_a_slow_one_is_given_up_in_time(reply: Reply) -> None:
    with endpoint(reply) as at:
        async with generator(at, failures=2, deadline_s=0.3) as (made, breaker):
            assert await unavailable(made) is Unavailable.TIMEOUT
            assert await unavailable(made) is Unavailable.TIMEOUT
            assert breaker.state is State.OPEN
            assert await unavailable(made) is Unavailable.BREAKER_OPEN


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_an_error_is_not_retried(status: int) -> None:
    with endpoint(Reply(status=status, body='{"error": {"message": "no"}}')) as at:
        async with generator(at, failures=1) as (made, breaker):
            assert await unavailable(made) is Unavailable.REFUSED
            assert breaker.state is State.OPEN
    assert len(at.asked) == 1


def unsupported(parameter: str, code: str) -> Reply:
    """As OpenAI says it of its models that reason."""
    error = {"message": "Unsupported.", "type": "invalid_request_error", "param": parameter, "code": code}
    return Reply(status=400, body=json.dumps({"error": error}))


async def test_an_endpoint_that_takes_neither_max_tokens_nor_a_temperature_is_asked_in_its_own_words() -> None:
    refusals = (unsupported("max_tokens", "unsupported_parameter"), unsupported("temperature", "unsupported_value"))
    with endpoint(*refusals, Reply(RIGHT)) as at:
        async with generator(at, failures=1, max_tokens=77) as (made, breaker):
            generated = await made.ask(ask())
            await made.ask(ask())  # what was learnt is learnt for all questions
            assert breaker.state is State.CLOSED
    told = [
        {name: asked.get(name) for name in ("max_tokens", "max_completion_tokens", "temperature")} for asked in at.asked
    ]
    assert told == [
        {"max_tokens": 77, "max_completion_tokens": None, "temperature": 0},
        {"max_tokens": None, "max_completion_tokens": 77, "temperature": 0},
        *[{"max_tokens": None, "max_completion_tokens": 77, "temperature": None}] * 2,
    ]
    assert (generated.usage.prompt_tokens, generated.usage.completion_tokens, generated.usage.requests) == (100, 20, 3)


async def test_questions_that_were_under_way_when_it_was_learnt_are_asked_again_too() -> None:
    refused = unsupported("max_tokens", "unsupported_parameter")
    slow = replace(refused, delay_s=0.2)
    with endpoint(refused, slow, Reply(RIGHT)) as at:
        async with generator(at) as (made, _):
            generated = await asyncio.gather(made.ask(ask()), made.ask(ask()))
    assert [one.answer.label for one in generated] == ["receipt"] * 2
    assert len(at.asked) == 4


@pytest.mark.parametrize(
    "reply",
    [
        unsupported("max_tokens", "invalid_value"),  # too many for the model: a setting
        unsupported("max_tokens", "unsupported_value"),
        unsupported("response_format", "unsupported_parameter"),
        unsupported("max_completion_tokens", "unsupported_parameter"),  # none of what was asked
    ],
    ids=["another error", "another value", "another parameter", "one that was not sent"],
)
async def test_another_error_of_a_request_is_not_asked_in_other_words(reply: Reply) -> None:
    with endpoint(reply) as at:
        async with generator(at) as (made, _):
            assert await unavailable(made) is Unavailable.UNANSWERABLE
    assert len(at.asked) == 1


async def test_one_that_takes_no_limit_at_all_is_asked_twice_and_no_more() -> None:
    names = ("max_tokens", "max_completion_tokens")
    with endpoint(*(unsupported(name, "unsupported_parameter") for name in names)) as at:
        async with generator(at) as (made, _):
            assert await unavailable(made) is Unavailable.UNANSWERABLE
    assert len(at.asked) == 2


@pytest.mark.parametrize(
    "reply",
    [
        *(Reply(status=status, body="{}") for status in (400, 413, 422)),
        Reply(RIGHT[:30], finish="length"),
        Reply(RIGHT, finish="content_filter"),
        Reply(None, refusal="I cannot help with that"),
    ],
    ids=["400", "413", "422", "length", "content_filter", "refusal"],
)
async def test_what_is_the_documents_fault_does_not_open_the_breaker(reply: Reply) -> None:
    with endpoint(reply) as at:
        async with generator(at, failures=1) as (made, breaker):
            assert await unavailable(made) is Unavailable.UNANSWERABLE
            assert breaker.state is State.CLOSED
    assert len(at.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500, body='{"error": {"message": "cannot parse Kopitiam"}}'),
        Reply(body="Kopitiam"),
        Reply(None, refusal="Kopitiam"),
        Reply(hangs_up=True),
    ],
    ids=["error", "nonsense", "refusal", "hangs up"],
)
async def test_an_error_does_not_repeat_what_the_endpoint_said(reply: Reply) -> None:
    with endpoint(reply) as at:
        async with generator(at) as (made, _):
            error = await failure(made)
    told = "".join(traceback.format_exception(error))
    assert "Kopitiam" not in told
    assert "openai." not in told


@pytest.mark.parametrize("body", ["", "<html>bad gateway</html>", "{}", '{"choices": []}', "null", "[]"])
async def test_what_is_no_completion_is_refused(body: str) -> None:
    with endpoint(Reply(body=body)) as at:
        async with generator(at) as (made, _):
            assert await unavailable(made) is Unavailable.REFUSED


async def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with generator(f"http://127.0.0.1:{taken.getsockname()[1]}/v1") as (made, _):
            assert await unavailable(made) is Unavailable.UNREACHABLE


async def test_no_secret_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        async with generator(f"http://user:secret@{where}/secret/v1") as (made, _):
            assert str(await failure(made)) == f"unreachable: {where}"
    assert "secret" not in repr(Options("http://localhost/v1", "m", api_key="secret"))


async def test_no_more_at_once_than_allowed() -> None:
    with endpoint(Reply(RIGHT, delay_s=0.1)) as at:
        async with generator(at, at_once=2) as (made, _):
            await asyncio.gather(*(made.ask(ask()) for _ in range(6)))
    assert (len(at.asked), at.most_at_once) == (6, 2)


async def test_nothing_is_asked_beyond_the_budget() -> None:
    with endpoint(Reply(RIGHT)) as at:
        async with generator(at, tokens=100) as (made, breaker):
            assert await unavailable(made) is Unavailable.BUDGET_SPENT
            assert breaker.state is State.CLOSED
    assert at.asked == []


async def test_what_was_set_aside_and_not_used_can_be_spent() -> None:
    """A question sets aside thousands of tokens, not the 120 that it takes."""
    with endpoint(Reply(RIGHT)) as at:
        async with generator(at, tokens=15_000) as (made, _):
            for _ in range(10):
                await made.ask(ask())
    assert len(at.asked) == 10


async def test_who_stops_waiting_leaves_no_trace() -> None:
    with endpoint(Reply(RIGHT, delay_s=5.0)) as at:
        budget = a_large_budget()
        async with generator(at, failures=1, budget=budget) as (made, breaker):
            asking = asyncio.create_task(made.ask(ask()))
            async with asyncio.timeout(5):
                while not at.asked:  # noqa: ASYNC110 -- the other end is a thread
                    await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.wait({asking})
            assert asking.cancelled()
            assert breaker.state is State.CLOSED
    assert spent(budget) > 1000  # what the endpoint did by then is not known


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        "many",
        {"prompt_tokens": -5, "completion_tokens": 20},
        {"prompt_tokens": 100, "completion_tokens": -1},
        {"prompt_tokens": 0.5, "completion_tokens": 20},
        {"prompt_tokens": True, "completion_tokens": 20},
        {"prompt_tokens": "100", "completion_tokens": "20"},
    ],
    ids=str,
)
async def test_a_request_that_was_not_counted_costs_what_was_set_aside(usage: Any) -> None:
    with endpoint(Reply(RIGHT, usage=usage)) as at:
        budget = a_large_budget()
        async with generator(at, budget=budget, usd_per_million_output=1.0) as (made, _):
            took = (await made.ask(ask())).usage
    [asked] = at.asked
    said = sum(len(message["content"].encode()) for message in asked["messages"])
    assert took.prompt_tokens >= said + len(json.dumps(asked["response_format"]["json_schema"]["schema"]))
    assert took.completion_tokens == 512
    assert took.usd == pytest.approx(512 / 1e6)
    assert spent(budget) == took.prompt_tokens + took.completion_tokens


@pytest.mark.parametrize(
    "reply",
    [Reply(RIGHT, delay_s=5.0), Reply(hangs_up=True), Reply(status=503, body="{}"), Reply(body="<html>")],
    ids=["slow", "hangs up", "error", "no completion"],
)
async def test_a_request_that_failed_costs_what_was_set_aside(reply: Reply) -> None:
    with endpoint(reply) as at:
        budget = a_large_budget()
        async with generator(at, budget=budget, deadline_s=0.5) as (made, _):
            took = (await failure(made)).usage
    assert took.requests == 1
    assert spent(budget) == took.prompt_tokens + took.completion_tokens > 1000


async def test_a_request_that_was_refused_costs_nothing() -> None:
    with endpoint(Reply(status=429, body="{}")) as at:
        budget = a_large_budget()
        async with generator(at, budget=budget) as (made, _):
            assert (await failure(made)).usage.requests == 1
    assert spent(budget) == 0


async def test_an_answer_without_an_end_costs_what_the_endpoint_counted() -> None:
    with endpoint(Reply(RIGHT, finish="length")) as at:
        budget = a_large_budget()
        async with generator(at, budget=budget) as (made, _):
            await failure(made)
    assert spent(budget) == 120


async def test_a_prompt_is_measured_in_bytes() -> None:
    """Two characters a token, as of English, would be 1300 tokens for this."""
    with endpoint(Reply(RIGHT)) as at:
        async with generator(at, tokens=20_000) as (made, _):
            await made.ask(ask(text="RM 41.50"))
            with pytest.raises(GeneratorUnavailableError, match="budget_spent"):
                await made.ask(ask(text="\u5408" * 2600))
