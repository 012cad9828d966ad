"""A thread waits for the loop, but never for one that has ended, and never when nobody waits for it."""

import asyncio
import threading

import pytest

from docmill.errors import AbandonedError, BrokerError
from docmill.kafka.from_thread import run_in_loop


async def answer() -> str:
    await asyncio.sleep(0)
    return "answer"


async def fail() -> str:
    raise BrokerError("away")


async def time_out() -> str:
    raise TimeoutError("the coroutine's own")


class Endless:
    """A question that is never answered; knows whether it was given up."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.given_up = asyncio.Event()

    async def ask(self) -> str:
        self.asked.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        return "never"


def never() -> bool:
    return False


async def test_what_the_coroutine_returns_or_raises() -> None:
    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(lambda: run_in_loop(loop, answer(), never)) == "answer"
    with pytest.raises(BrokerError, match="away"):
        await asyncio.to_thread(lambda: run_in_loop(loop, fail(), never))
    with pytest.raises(TimeoutError, match="own"):
        await asyncio.to_thread(lambda: run_in_loop(loop, time_out(), never))


async def test_nobody_waits_any_more() -> None:
    loop, endless = asyncio.get_running_loop(), Endless()
    with pytest.raises(AbandonedError):
        await asyncio.to_thread(lambda: run_in_loop(loop, endless.ask(), endless.asked.is_set))
    async with asyncio.timeout(5):
        await endless.given_up.wait()


async def test_a_coroutine_that_is_cancelled_with_its_loop() -> None:
    loop, endless = asyncio.get_running_loop(), Endless()
    waiting = asyncio.create_task(asyncio.to_thread(lambda: run_in_loop(loop, endless.ask(), never)))
    await asyncio.to_thread(endless.asked.wait)
    [running] = [task for task in asyncio.all_tasks() if task.get_coro().__qualname__.endswith("Endless.ask")]  # type: ignore[union-attr]
    running.cancel()
    with pytest.raises(AbandonedError, match="ends"):
        await waiting


def test_a_loop_that_has_ended() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    with pytest.raises(AbandonedError, match="has ended"):
        run_in_loop(loop, answer(), never)


def test_a_loop_that_ends_meanwhile() -> None:
    """It was stopped with the question in it, which nobody will ever answer."""
    loop = asyncio.new_event_loop()
    asked = answer()
    outcome: list[BaseException] = []

    def wait() -> None:
        try:
            run_in_loop(loop, asked, never)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)  # the loop never runs
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    loop.close()
    thread.join(5)
    asked.close()
    assert isinstance(outcome[0], AbandonedError)
