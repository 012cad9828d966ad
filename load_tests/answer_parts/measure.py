"""One change of knowledge after the other: how long until an answer shows it, and what is answered then.

Knows no Kafka: a document is asked about with `Ask`, and a change is whatever a step makes.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from docmill_schemas.events import FallbackRequested
from load_tests.answer_parts.judge import Answer, Changed, Expected, Tally, is_right, tally, total, verdict

EVERY_S = 0.2  # between two documents
MOST_UNANSWERED = 8  # then the next document waits: a machine that falls behind is not buried
PATIENCE_S = 120.0  # then something is broken, and nothing is measured

Awaited = TypeVar("Awaited")
Ask = Callable[[FallbackRequested], Coroutine[Any, Any, Answer]]
Judged = tuple[FallbackRequested, Expected]


@dataclass(frozen=True, slots=True)
class Step:
    """A change, and the documents that tell whether it shows."""

    what: str
    first: FallbackRequested  # asked about before it: must be answered as `before`
    make: Callable[[Answer], Coroutine[Any, Any, None]]  # is given that answer; returns when the change is acknowledged
    next_document: Callable[[], FallbackRequested]
    before: Expected
    after: Expected
    changed: Sequence[Judged]  # asked about once it shows
    others: Mapping[str, Sequence[Judged]]  # likewise, by what they are, those that it is not about


@dataclass(frozen=True, slots=True)
class Timed:
    """What one step showed."""

    what: str
    seconds: float
    between: int
    changed: Tally
    others: Mapping[str, Tally]


async def time_step(ask: Ask, step: Step, gap_s: float) -> Timed:
    """Make one change, `gap_s` after the answer before it, and see what becomes of it.

    Raises:
        SystemExit: the answer before is not the old one, or the new one never comes: nothing can be measured.
    """
    old = await patiently(ask(step.first), _wanted(step.before))
    if not is_right(old, step.before):
        raise SystemExit(f"{step.what}: before it {_told(old)} where a {_wanted(step.before)} was to come")
    await asyncio.sleep(gap_s)
    await step.make(old)
    acknowledged_s = time.monotonic()
    new, seen = await patiently(first_right(ask, step.next_document, step.after), _wanted(step.after))
    changed = await patiently(judged(ask, step.changed), "answer")
    others = {name: await patiently(judged(ask, some), "answer") for name, some in step.others.items()}
    between = sum(not is_right(one, step.before) and not is_right(one, step.after) for one in seen)
    return Timed(step.what, new.at_s - acknowledged_s, between, changed, others)


async def patiently(waiting: Coroutine[Any, Any, Awaited], what: str) -> Awaited:
    """What is waited for. Raises: SystemExit: it never comes."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await waiting
    except TimeoutError:
        raise SystemExit(f"no {what} in {PATIENCE_S:.0f} s: a service is gone, or the machine is too busy") from None


async def first_right(
    ask: Ask, next_document: Callable[[], FallbackRequested], expected: Expected
) -> tuple[Answer, list[Answer]]:
    """(the first answer that is as expected, all that came): a document every `EVERY_S` until then."""
    found: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    seen: list[Answer] = []
    asked = 0

    async def one(request: FallbackRequested) -> None:
        answer = await ask(request)
        seen.append(answer)
        if is_right(answer, expected) and not found.done():
            found.set_result(answer)

    async with asyncio.TaskGroup() as group:
        while not found.done():
            if asked - len(seen) < MOST_UNANSWERED:
                asked += 1
                group.create_task(one(next_document()))
            await asyncio.wait([found], timeout=EVERY_S)
    return found.result(), seen


async def judged(ask: Ask, documents: Sequence[Judged]) -> Tally:
    """Ask about all of them, one every `EVERY_S`, and compare."""
    limit = asyncio.Semaphore(MOST_UNANSWERED)

    async def one(request: FallbackRequested) -> Answer:
        async with limit:
            return await ask(request)

    tasks = []
    async with asyncio.TaskGroup() as group:
        for request, _ in documents:
            tasks.append(group.create_task(one(request)))
            await asyncio.sleep(EVERY_S)
    return tally(verdict(task.result(), expected) for task, (_, expected) in zip(tasks, documents, strict=True))


def by_kind(timed: Sequence[Timed]) -> tuple[Changed, ...]:
    """What all steps showed, the kinds in the order in which they came first."""
    kinds = dict.fromkeys(one.what for one in timed)
    return tuple(_together(kind, [one for one in timed if one.what == kind]) for kind in kinds)


def _together(what: str, of_kind: Sequence[Timed]) -> Changed:
    return Changed(
        what=what,
        seconds=tuple(one.seconds for one in of_kind),
        between=sum(one.between for one in of_kind),
        changed=total(one.changed for one in of_kind),
        others={name: total(one.others[name] for one in of_kind) for name in of_kind[0].others},
    )


def _told(answer: Answer) -> str:
    return "a person is asked" if answer.label is None else f"{answer.label} is published"


def _wanted(expected: Expected) -> str:
    return "question to a person" if expected.label is None else f"result {expected.label}"
