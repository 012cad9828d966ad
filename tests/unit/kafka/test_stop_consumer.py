"""A consumer's end is nobody else's: aiokafka's own cancellation stays inside, the caller's and bugs come out."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from docmill.kafka.stop_consumer import stop_consumer


class Ending:
    """A consumer whose stop() ends as told; None: it never does."""

    def __init__(self, problem: BaseException | None) -> None:
        self.asked = asyncio.Event()
        self._problem = problem

    async def stop(self) -> None:
        self.asked.set()
        if self._problem is None:
            await asyncio.Event().wait()
        else:
            raise self._problem


@pytest.mark.parametrize("problem", [asyncio.CancelledError(), KafkaConnectionError("gone")])
async def test_a_broker_that_is_gone_is_no_problem(problem: BaseException) -> None:
    ending = Ending(problem)
    await stop_consumer(ending)
    assert ending.asked.is_set()


async def test_a_bug_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        await stop_consumer(Ending(ZeroDivisionError()))


async def test_the_callers_own_cancellation_goes_through() -> None:
    ending = Ending(None)
    stopping = asyncio.create_task(stop_consumer(ending))
    await ending.asked.wait()
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
