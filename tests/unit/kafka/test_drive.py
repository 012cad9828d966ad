"""Sending in an open loop: the schedule stands, whatever happens to what was sent."""

import asyncio
import time

import pytest

from docmill.kafka.drive import Shipment, send_open_loop


def shipments(*due_s: float) -> list[Shipment]:
    return [Shipment(due, str(due), b"x", "text/plain") for due in due_s]


async def test_a_sender_whose_sends_never_end_keeps_its_schedule() -> None:
    loop, handed_over, stalled = asyncio.get_running_loop(), dict[int, float](), list[asyncio.Task[None]]()

    async def never() -> None:
        await asyncio.Event().wait()

    def hand_over(index: int, shipment: Shipment) -> None:
        handed_over[index] = loop.time() - start_s
        stalled.append(asyncio.create_task(never()))

    planned = shipments(*(0.02 * n for n in range(10)))
    start_s = loop.time() + 0.05
    await send_open_loop(planned, start_s, hand_over)
    assert list(handed_over) == list(range(10))
    for shipment, at_s in zip(planned, handed_over.values(), strict=True):
        assert at_s >= shipment.due_s - 0.002  # the loop's clock is that coarse
    assert handed_over[9] < 5  # waiting for any one of them would take for ever
    assert not any(task.done() for task in stalled)
    for task in stalled:
        task.cancel()


async def test_a_stall_of_the_sender_delays_none_that_are_due_later() -> None:
    loop, handed_over = asyncio.get_running_loop(), dict[int, float]()

    def hand_over(index: int, shipment: Shipment) -> None:
        handed_over[index] = loop.time() - start_s
        if index == 0:
            time.sleep(0.3)  # the loop itself hangs

    planned = shipments(0.0, 0.1, 0.2, 0.6, 0.7)
    start_s = loop.time()
    await send_open_loop(planned, start_s, hand_over)
    assert handed_over[1] >= 0.3  # overdue: at once
    assert handed_over[2] - handed_over[1] < 0.1  # overdue too, and not spaced anew
    assert handed_over[3] >= 0.598  # where they were due from the beginning
    assert handed_over[4] >= 0.698


async def test_what_is_overdue_lets_others_run() -> None:
    loop, ran = asyncio.get_running_loop(), list[str]()
    started = list[asyncio.Task[None]]()

    async def other() -> None:
        ran.append("other")

    def hand_over(index: int, shipment: Shipment) -> None:
        ran.append(str(index))
        started.append(asyncio.create_task(other()))

    await send_open_loop(shipments(0, 0, 0), loop.time() - 10, hand_over)
    assert ran.index("other") < ran.index("2")
    await asyncio.gather(*started)


async def test_cancelling_sends_no_more() -> None:
    loop, handed_over = asyncio.get_running_loop(), list[int]()
    first = asyncio.Event()

    def hand_over(index: int, shipment: Shipment) -> None:
        handed_over.append(index)
        first.set()

    sending = asyncio.create_task(send_open_loop(shipments(0.0, 60.0), loop.time(), hand_over))
    await first.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert handed_over == [0]
