"""The client against an endpoint that is slow, down or talks nonsense: it costs what it may, and never more."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
NOT_VERBATIM = RIGHT.replace("RM 41.50", "41.50 ringgit")


@asynccontextmanager
async def generator(
    at: Endpoint | str, *, failures: int = 3, tokens: int | None = None, usd: float | None = None, **options: Any
) -> AsyncIterator[tuple[Generator, Breaker]]:
    url = at if isinstance(at, str) else at.base_url
    clock = asyncio.get_running_loop().time
    breaker = Breaker(failures, 60.0, clock)
    settings: dict[str, Any] = {"deadline_s": 10.0} | options
    async with Generator(Options(url, "m", **settings), breaker, Budget(tokens, usd, 60.0, clock)) as made:
        yield made, breaker


async def unavailable(made: Generator) -> Unavailable:
    with pytest.raises(GeneratorUnavailableError) as raised:
        await made.ask(ask())
    return raised.value.reason


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
            generated = await made.ask(ask())
            assert [refused.reason for refused in generated.answer.refused] == [Refusal.NOT_JSON]
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
        async with generator(at) as (made, _):
            assert await unavailable(made) is Unavailable.REFUSED
    assert len(at.asked) == 1


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
    """A question sets aside far more than the 120 tokens that it takes."""
    with endpoint(Reply(RIGHT)) as at:
        async with generator(at, tokens=6000) as (made, _):
            for _ in range(10):
                await made.ask(ask())
    assert len(at.asked) == 10


async def test_who_stops_waiting_leaves_no_trace() -> None:
    with endpoint(Reply(RIGHT, delay_s=5.0)) as at:
        async with generator(at, failures=1) as (made, breaker):
            asking = asyncio.create_task(made.ask(ask()))
            async with asyncio.timeout(5):
                while not at.asked:  # noqa: ASYNC110 -- the other end is a thread
                    await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.wait({asking})
            assert asking.cancelled()
            assert breaker.state is State.CLOSED
