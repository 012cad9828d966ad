"""How each fault is made: by signals, modes of the proxy, one record, a bundle. Says when it struck, if it did."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from docmill.errors import LocalKafkaError
from load_tests.chaos_parts.bundles import Shelf
from load_tests.chaos_parts.cluster import Cluster
from load_tests.chaos_parts.coordinator import is_served
from load_tests.chaos_parts.fleet import Cause, End, Fleet, Worker
from load_tests.chaos_parts.plan import Fault, Kind
from load_tests.chaos_parts.proxy import Mode
from load_tests.chaos_parts.sender import Sender

# For a worker to start, join and reach a step, or to check a bundle. On a quiet machine each takes seconds: this is
# only there so that what never strikes ends, and is reported, also where a machine has ten times more work than cores.
PATIENCE_S = 180.0
LOOK_EVERY_S = 0.1
COORDINATOR_S = 90.0  # for a broker that came back to take up its group and its transactions
BROKER_STARTS = 3
STORM_STEP_S = 1.5  # between the joins of a storm
MODES = {Kind.BLACKHOLE: Mode.BLACKHOLE, Kind.HALF_OPEN: Mode.HALF_OPEN, Kind.DELAY: Mode.DELAY}


@dataclass(frozen=True, slots=True)
class Scene:
    """What faults are done to. `ends`: of workers, as they come."""

    cluster: Cluster
    fleet: Fleet
    sender: Sender
    ends: list[End]
    guest_slots: tuple[int, ...]
    shelf: Shelf | None = None  # None: a control, which has no bundle


async def carry_out(fault: Fault, scene: Scene) -> float | None:
    """Returns when the fault itself is over, not when its consequences are: monotonic time at which it struck; None:
    it did not.
    """
    await asyncio.sleep(fault.wait_s)
    now_s = time.monotonic()
    match fault.kind:
        case Kind.KILL:
            return now_s if scene.fleet.kill(fault.slot) else None
        case Kind.FAILPOINT:
            return await _kill_at_step(fault, scene)
        case Kind.SIGTERM:
            return now_s if await scene.fleet.terminate(fault.slot, stays=True) else None
        case Kind.ZOMBIE:
            return await _freeze(scene.fleet.workers[fault.slot], fault.lasts_s)
        case Kind.STOPPED:
            return await _stop_at_step(fault, scene)
        case Kind.BROKER_KILL | Kind.BROKER_AWAY:
            await _without_broker(scene.cluster, fault.lasts_s)
            return now_s
        case Kind.BLACKHOLE | Kind.HALF_OPEN | Kind.DELAY:
            await _bad_network(fault, scene.cluster)
            return now_s
        case Kind.STORM:
            return now_s if await _storm(scene) else None
        case Kind.KILLER:
            return await _killer(scene)
        case Kind.NEW_BUNDLE:
            return await _new_bundle(scene)
        case Kind.BAD_BUNDLE:
            return await _bad_bundle(fault, scene)
        case _:
            assert_never(fault.kind)


async def _kill_at_step(fault: Fault, scene: Scene) -> float | None:
    """A guest joins and dies there. The last step is that of leaving, which takes a SIGTERM."""
    guest = scene.fleet.start(fault.slot, fault.step, stays=False)
    if fault.name.endswith("released"):
        await scene.fleet.all_ready(PATIENCE_S)
    elif not await _ended(guest):
        print(f"{fault.name} was not reached", file=sys.stderr)
    await scene.fleet.terminate(fault.slot, stays=False)
    return time.monotonic() if guest.process.returncode == -signal.SIGKILL else None


async def _stop_at_step(fault: Fault, scene: Scene) -> float | None:
    """A guest joins and becomes a zombie at a place of our choice."""
    guest = scene.fleet.start(fault.slot, f"stop@{fault.step}", stays=False)
    struck_s = None
    for _ in range(int(PATIENCE_S / LOOK_EVERY_S)):
        if guest.is_stopped():
            struck_s = time.monotonic()
            await asyncio.sleep(fault.lasts_s)
            guest.send(signal.SIGCONT)
            await scene.fleet.all_ready(PATIENCE_S)
            break
        await asyncio.sleep(LOOK_EVERY_S)
    await scene.fleet.terminate(fault.slot, stays=False)
    return struck_s


async def _freeze(worker: Worker, seconds: float) -> float | None:
    struck_s = time.monotonic()
    worker.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    is_alive = worker.process.poll() is None
    worker.send(signal.SIGCONT)
    return struck_s if is_alive else None


async def _without_broker(cluster: Cluster, seconds: float) -> None:
    await asyncio.to_thread(cluster.broker.kill)
    await asyncio.sleep(seconds)
    for attempt in range(1, BROKER_STARTS + 1):
        await asyncio.to_thread(cluster.broker.start)
        if await is_served(cluster.bootstrap, COORDINATOR_S):
            return
        print(f"the broker is back without all its coordinators ({attempt})", file=sys.stderr)
        await asyncio.to_thread(cluster.broker.kill)
    raise LocalKafkaError(f"the broker was started {BROKER_STARTS} times, and never had all its coordinators")


async def _bad_network(fault: Fault, cluster: Cluster) -> None:
    cluster.proxy.set_mode(fault.slot, MODES[fault.kind])
    await asyncio.sleep(fault.lasts_s)
    cluster.proxy.set_mode(fault.slot, Mode.PASS)


async def _storm(scene: Scene) -> bool:
    """Guests join one after the other; every second one leaves by SIGTERM, the others die."""
    for slot in scene.guest_slots:
        scene.fleet.start(slot, stays=False)
        await asyncio.sleep(STORM_STEP_S)
    are_ready = await scene.fleet.all_ready(PATIENCE_S)
    leaving = []
    for number, slot in enumerate(scene.guest_slots):
        guest = scene.fleet.workers.get(slot)
        if guest is None:
            are_ready = False
        elif number % 2:
            scene.fleet.kill(slot)
            leaving.append(_ended(guest))
        else:
            leaving.append(scene.fleet.terminate(slot, stays=False))
        await asyncio.sleep(STORM_STEP_S)
    return all(await asyncio.gather(*leaving)) and are_ready


async def _killer(scene: Scene) -> float | None:
    """A record goes out that kills who reads it; the fleet must lose one worker to it, and then be rid of it."""
    before = len(scene.ends)
    scene.sender.kill_next()
    for _ in range(int(PATIENCE_S / LOOK_EVERY_S)):
        if any(end.cause is Cause.RECORD for end in scene.ends[before:]):
            return time.monotonic()
        await asyncio.sleep(LOOK_EVERY_S)
    return None


async def _new_bundle(scene: Scene) -> float | None:
    """A sound bundle of a further version; all workers are to decide with it, one at least without a restart."""
    assert scene.shelf is not None
    before = list(scene.fleet.workers.values())
    struck_s, sha256 = time.monotonic(), scene.shelf.push_sound()
    if not await _all_say(scene.fleet, lambda said: said.get("bundle_sha256") == sha256):
        return None
    return struck_s if any(worker in scene.fleet.workers.values() for worker in before) else None


async def _bad_bundle(fault: Fault, scene: Scene) -> float | None:
    """A broken one; all workers are to refuse it, to say so, and to stay ready with the sound one that they have."""
    shelf = scene.shelf
    assert shelf is not None
    sound = shelf.current_sha256
    struck_s = time.monotonic()
    shelf.push_broken(fault.step)
    are_refusing = await _all_say(
        scene.fleet, lambda said: said.get("bundle_refused") is not None and said["bundle_sha256"] == sound
    )
    shelf.put_back()
    is_over = await _all_say(
        scene.fleet, lambda said: said.get("bundle_sha256") == sound and said["bundle_refused"] is None
    )
    return struck_s if are_refusing and is_over else None


async def _all_say(fleet: Fleet, what: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Whether each worker comes to say so in time, of those that there are then."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        workers = list(fleet.workers.values())
        if all([what(await asyncio.to_thread(worker.checks)) for worker in workers]):
            return True
        await asyncio.sleep(LOOK_EVERY_S)
    return False


async def _ended(worker: Worker) -> bool:
    try:
        await asyncio.wait_for(worker.ended.wait(), PATIENCE_S)
    except TimeoutError:
        return False
    return True
