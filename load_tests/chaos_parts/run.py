"""A run: start everything, sender and faults side by side, drain, stop in good order, read out, judge."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from load_tests.chaos_parts.cluster import Cluster
from load_tests.chaos_parts.coordinator import is_served
from load_tests.chaos_parts.documents import POISON_SHARE, Document
from load_tests.chaos_parts.drain import drain
from load_tests.chaos_parts.driven import Driven
from load_tests.chaos_parts.faults import Scene, carry_out
from load_tests.chaos_parts.fleet import End, Fleet
from load_tests.chaos_parts.ledger import LedgerWriter, read_ledger
from load_tests.chaos_parts.oracle import Verdict, judge
from load_tests.chaos_parts.plan import Fault, Profile, Round, plan, required
from load_tests.chaos_parts.read_out import read_topics
from load_tests.chaos_parts.recovery import recovery_s
from load_tests.chaos_parts.sender import Sender
from load_tests.chaos_parts.state import EndSeen, Happened, State, save_state
from load_tests.chaos_parts.throughput import BIN_S, Throughput

READY_S = 420.0  # a worker whom the broker does not answer ends after 300 s, one that polls nothing after 330
MOST_REPEATED = 6  # rounds after the plan, for faults that did not strike
SERVED_S = 15.0  # for a broker to show that it serves, or longer by one try
LOOK_EVERY_S = 0.5


class NotWholeError(Exception):
    """A worker did not become ready again: faults upon such a fleet would show little, and take their full patience."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be run. `limit_s`: after so many seconds the run is broken off between two rounds, to go on later."""

    work: Path
    profile: Profile
    driven: Driven
    limit_s: float | None


async def run_chaos(task: Task, cluster: Cluster, state: State) -> Verdict | None:
    """Go on from `state`, which is changed and saved as the run goes; None: broken off, all in good order."""
    profile, driven, started_s = task.profile, task.driven, time.monotonic()
    rules = driven.rules
    known = read_ledger(task.work).entries
    throughput = Throughput(cluster.bootstrap, rules.outcome_topics, profile.partitions, state.bins)
    ends: list[End] = []

    def on_end(end: End) -> None:
        ends.append(end)
        state.ends.append(EndSeen.of(end, round(throughput.now_s(), 1)))

    def make(number: int, deadly: bool) -> Document:
        share = POISON_SHARE if profile.poison else 0.0
        return driven.make(state.seed, number, profile.paths, profile.partitions, deadly=deadly, poison_share=share)

    fleet = Fleet(
        driven.command, lambda slot: driven.environment(cluster, slot), task.work, on_end, probes=driven.probes
    )
    with LedgerWriter(task.work) as ledger:
        next_number = max(known, default=-1) + 1
        sender = Sender(cluster.bootstrap, rules.input_topic, ledger, make, profile.rate, next_number)
        guests = tuple(range(profile.workers, profile.workers + profile.guests))
        scene = Scene(cluster, fleet, sender, ends, guests, driven.shelf)
        throughput.start()
        try:
            async with asyncio.TaskGroup() as group:
                watching = [group.create_task(throughput.run()), group.create_task(fleet.watch())]
                is_done = await _under_load(task, scene, throughput, state, started_s)
                if is_done:
                    committed = await drain(cluster.bootstrap, rules.input_topic, profile.partitions)
                if not await fleet.stop():
                    print("a worker did not end in good order", file=sys.stderr)
                for one in watching:
                    one.cancel()
        finally:
            fleet.kill_all()
            state.send_failures += sender.failures
            save_state(task.work, state)
    if not is_done:
        return None
    received = await read_topics(cluster.bootstrap, [rules.input_topic], profile.partitions)
    outcomes = await read_topics(cluster.bootstrap, rules.outcome_topics, profile.partitions)
    bundles = None if driven.shelf is None else driven.shelf.sound_sha256s
    return judge(read_ledger(task.work), received, outcomes, bundles, rules, committed)


async def _under_load(task: Task, scene: Scene, throughput: Throughput, state: State, started_s: float) -> bool:
    """All rounds that are left while documents go out; whether it came to the end of them."""
    profile, generator = task.profile, task.driven.generator
    for slot in range(profile.workers):
        scene.fleet.start(slot)
    await _whole(scene, "at the start")
    sending = asyncio.create_task(scene.sender.run())

    def is_over() -> bool:
        return task.limit_s is not None and time.monotonic() - started_s > task.limit_s

    try:
        with suppress(TimeoutError):  # before the first outcome a fault would hit nobody at work
            await asyncio.wait_for(throughput.flows.wait(), READY_S)
        rounds = plan(profile, state.seed)
        while round_ := _next_round(rounds, state, profile):
            if generator is not None:
                generator.turn(state.next_round)
            await asyncio.sleep(profile.calm_s)
            if sending.done():  # of a bug: it runs until it is told to stop
                sending.result()
            await _round(round_, scene, throughput, state, profile.recovery_s)
            print(_line(len(rounds), len(round_), state, throughput.now_s()), file=sys.stderr)
            state.next_round += 1
            save_state(task.work, state)
            if is_over():
                return False
        if generator is not None:
            generator.answer()
        while scene.sender.next_number < profile.documents:
            if is_over():
                return False
            if sending.done():
                sending.result()
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        scene.sender.stop()
        await asyncio.wait({sending})
        if sys.exc_info()[1] is None:  # else that is the one to tell
            sending.result()
    return True


def _next_round(rounds: Sequence[Round], state: State, profile: Profile) -> Round | None:
    """That of the plan; after the last one, faults again that have not struck often enough; None: it is enough."""
    if state.next_round < len(rounds):
        return rounds[state.next_round]
    if state.next_round >= len(rounds) + MOST_REPEATED:
        return None
    struck = Counter(one.name for one in state.happened if one.struck)
    least = required(profile, rounds)
    lacking = [fault for round_ in rounds for fault in round_ if struck[fault.name] < least[fault.name]]
    return (lacking[state.next_round % len(lacking)],) if lacking else None


async def _round(faults: Round, scene: Scene, throughput: Throughput, state: State, patience_s: float) -> None:
    """Faults of a round, and what follows them, until the fleet is whole and as fast as before.

    Raises: NotWholeError: a worker is not ready again after READY_S.
    """
    calm_s = throughput.now_s()

    async def one(fault: Fault) -> Happened:
        struck_s = await carry_out(fault, scene)
        now_s = throughput.now_s()
        began_s = calm_s if struck_s is None else now_s - (time.monotonic() - struck_s)
        return Happened(name=fault.name, calm_s=calm_s, began_s=began_s, ended_s=now_s, struck=struck_s is not None)

    happened = await asyncio.gather(*(one(fault) for fault in faults))
    state.happened += happened
    await _whole(scene, f"after {', '.join(fault.name for fault in faults)}")
    deadline_s = throughput.now_s() + patience_s
    while (now_s := throughput.now_s()) < deadline_s:
        found = (recovery_s(throughput.bins, BIN_S, h.calm_s, h.began_s, h.ended_s, now_s) for h in happened)
        if None not in found:
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def _whole(scene: Scene, when: str) -> None:
    """Returns once all workers are ready. Raises: NotWholeError."""
    if await scene.fleet.all_ready(READY_S):
        return
    broker = scene.cluster.broker
    serves = broker.is_running and await is_served(scene.cluster.bootstrap, SERVED_S)
    state = "serves" if serves else "does not serve all its coordinators" if broker.is_running else "has died"
    raise NotWholeError(f"{when} the broker {state}; {await asyncio.to_thread(scene.fleet.told_unready)}")


def _line(planned: int, faults: int, state: State, now_s: float) -> str:
    told = (one.name if one.struck else f"{one.name} (did not strike)" for one in state.happened[-faults:])
    return f"{now_s:6.0f} s  round {state.next_round + 1} of {planned}: {', '.join(told)}"
