"""A load test from its first step to its report. Does not show or write it."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from random import Random

from docmill.errors import ConfigurationError
from docmill.kafka.drive import Drive, open_drive
from docmill.kafka.outcomes import OutcomeKind
from docmill.load.documents import Shelf
from docmill.load.judge import StepResult, Target, Timeline, is_hopeless, judge, timeline
from docmill.load.ledger import Ledger
from docmill.load.machine import this_machine
from docmill.load.mix import Mix
from docmill.load.plan import Offer, plan_step
from docmill.load.report import LoadReport, now_utc
from docmill.load.schedule import Arrivals
from docmill.load.scrape import scrape
from docmill.load.search import Probe, Purpose, Search, Trial, next_probe, sustained
from docmill.load.usage import Page, Usage, read_page, usage_between
from docmill.settings import Settings

LEAD_S = 0.2  # between planning a step and its first due time
LONGEST = 10
TICK_S = 0.25  # how often a running step is looked at; sending and timing do not depend on it


@dataclass(frozen=True, slots=True)
class Task:
    """What to find out, and with what."""

    search: Search | None  # None: one step at `rate`
    rate: float
    target: Target
    warm_up_s: float
    step_s: float  # of one that searches, or the only one
    confirm_s: float
    min_documents: int  # counted in each step of a search, however long it then takes, up to LONGEST times as long
    grace_s: float  # without a single outcome, after which what is outstanding is missing
    arrivals: Arrivals
    shelf: Shelf
    documents: str  # where the shelf is from
    mix: Mix
    seed: int
    metrics_urls: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Moment:
    """How a running step stands."""

    number: int  # from 1
    probe: Probe
    elapsed_s: float
    duration_s: float
    sent: int
    outstanding: int
    draining: bool


OnMoment = Callable[[Moment], None]
OnStep = Callable[[int, StepResult], None]


@dataclass(frozen=True, slots=True)
class _Reading:
    """Clocks and pages at one moment."""

    at_s: float
    cpu_s: float  # of this process
    pages: tuple[Page, ...] | None  # None: a processor did not answer


async def run_load(settings: Settings, task: Task, on_moment: OnMoment, on_step: OnStep) -> LoadReport:
    """Make all steps; `on_moment` is told several times a second how one stands, `on_step` what it showed.

    Documents that are missing end the run: a processor that is gone or behind would spoil every later step.

    Raises:
        BrokerError: the broker does not answer, a topic is missing, or outcomes can no longer be read.
        ConfigurationError: a processor's /metrics cannot be read.
    """
    pages = [read_page(url, text) for url, text in zip(task.metrics_urls, await scrape(task.metrics_urls), strict=True)]
    run = Run(task, on_moment)
    async with open_drive(settings, run.on_outcome) as drive:
        while (probe := run.next_probe()) is not None:
            result = await run.step(drive, probe)
            on_step(len(run.results), result)
            if result.missing:
                break
    return run.report(pages)


class Run:
    """The steps made so far, and the books of what each sent."""

    def __init__(self, task: Task, on_moment: OnMoment) -> None:
        self.results: list[StepResult] = []
        self._task = task
        self._on_moment = on_moment
        self._id = secrets.token_hex(4)
        self._ledgers: list[Ledger] = []
        self._timelines: list[Timeline] = []
        self._foreign = 0

    def on_outcome(self, key: bytes | None, kind: OutcomeKind, at_s: float) -> None:
        """An outcome came: to the ledger of the step that it is of, most likely the latest."""
        if not any(ledger.on_outcome(key, kind, at_s) for ledger in reversed(self._ledgers)):
            self._foreign += 1

    def next_probe(self) -> Probe | None:
        """The step to make now; None: all are made."""
        if self._task.search is not None:
            return next_probe(self._task.search, self._trials())
        return None if self.results else Probe(self._task.rate, Purpose.SINGLE)

    async def step(self, drive: Drive, probe: Probe) -> StepResult:
        """Offer a rate, wait for the outcomes, judge."""
        task, number, loop = self._task, len(self.results) + 1, asyncio.get_running_loop()
        counted_s = _counted_s(task, probe)
        offer = Offer(probe.rate, task.warm_up_s, counted_s, task.arrivals, task.mix)
        plan = plan_step(offer, task.shelf, f"load/{self._id}/{number}/", Random(f"{task.seed}:{number}"))  # noqa: S311
        ledger = Ledger(plan, loop.time() + LEAD_S)
        self._ledgers.append(ledger)
        sending = asyncio.create_task(drive.send(plan.shipments, ledger.start_s, ledger.on_sent, ledger.on_refused))
        try:
            counted_from_s = ledger.start_s + task.warm_up_s
            await self._until(counted_from_s, drive, probe, ledger)
            before = await self._read(loop)
            ended_early = await self._until(counted_from_s + counted_s, drive, probe, ledger)
            after = await self._read(loop)
            if not ended_early:
                await sending  # done already, unless it is late
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        await self._drain(drive, probe, ledger)
        result = judge(
            ledger,
            task.target,
            purpose=probe.purpose,
            ended_early=ended_early,
            cpu_share=(after.cpu_s - before.cpu_s) / (after.at_s - before.at_s),
            usage=_usage(before, after),
        )
        self.results.append(result)
        self._timelines.append(timeline(ledger))
        return result

    def report(self, pages: Sequence[Page]) -> LoadReport:
        """What all steps together say; `pages` are the processors' at the start."""
        task, trials = self._task, self._trials()
        found = sustained(task.search, trials) if task.search else 0 if trials and trials[0].held else None
        lowest = min(range(len(trials)), key=lambda n: trials[n].rate, default=None)
        shown = lowest if found is None else found
        return LoadReport(
            docmill=version("docmill"),
            at=now_utc(),
            machine=this_machine(),
            note=task.note,
            processors=len(pages) or None,
            processor_docmill=_same([page.build for page in pages]),
            bundle=_same([page.bundle for page in pages]),
            target=task.target,
            mix=str(task.mix),
            documents=task.documents,
            arrivals=task.arrivals.value,
            seed=task.seed,
            search=task.search,
            steps=tuple(self.results),
            sustained=found,
            shown=shown,
            timeline=None if shown is None else self._timelines[shown],
            duplicates=sum(ledger.duplicates for ledger in self._ledgers),
            foreign_outcomes=self._foreign,
        )

    def _trials(self) -> list[Trial]:
        return [Trial(result.rate, result.purpose, result.held) for result in self.results]

    async def _until(self, until_s: float, drive: Drive, probe: Probe, ledger: Ledger) -> bool:
        """Look on until a moment; whether the step became hopeless before."""
        loop = asyncio.get_running_loop()
        while (now_s := loop.time()) < until_s:
            await asyncio.sleep(min(TICK_S, until_s - now_s))
            drive.check()
            self._tell(probe, ledger, draining=False)
            if is_hopeless(ledger, self._task.target, loop.time()):
                return True
        return False

    async def _drain(self, drive: Drive, probe: Probe, ledger: Ledger) -> None:
        """Wait until nothing is outstanding, or nothing has come for the time of grace."""
        loop = asyncio.get_running_loop()
        since_s = loop.time()
        while ledger.outstanding and loop.time() - max(since_s, ledger.last_arrival_s) < self._task.grace_s:
            await asyncio.sleep(TICK_S)
            drive.check()
            self._tell(probe, ledger, draining=True)

    def _tell(self, probe: Probe, ledger: Ledger, *, draining: bool) -> None:
        offer = ledger.plan.offer
        elapsed_s = asyncio.get_running_loop().time() - ledger.start_s
        duration_s = offer.warm_up_s + offer.counted_s
        self._on_moment(
            Moment(len(self._ledgers), probe, elapsed_s, duration_s, ledger.sent, ledger.outstanding, draining)
        )

    async def _read(self, loop: asyncio.AbstractEventLoop) -> _Reading:
        """Fetched now; a processor that does not answer costs its figures, not the run."""
        at_s, cpu_s = loop.time(), time.process_time()
        try:
            texts = await scrape(self._task.metrics_urls)
            pages = tuple(read_page(url, text) for url, text in zip(self._task.metrics_urls, texts, strict=True))
        except ConfigurationError:
            return _Reading(at_s, cpu_s, None)
        return _Reading(at_s, cpu_s, pages)


def _counted_s(task: Task, probe: Probe) -> float:
    """Long enough for a quantile that is more than chance: of 20 documents one huge one would decide p95."""
    match probe.purpose:
        case Purpose.SINGLE:
            return task.step_s
        case Purpose.SEARCH | Purpose.CONFIRM:
            asked_s = task.step_s if probe.purpose is Purpose.SEARCH else task.confirm_s
            return max(asked_s, min(task.min_documents / probe.rate, LONGEST * asked_s))


def _usage(before: _Reading, after: _Reading) -> Usage | None:
    return usage_between(before.pages, after.pages, after.at_s - before.at_s) if before.pages and after.pages else None


def _same(values: Sequence[str | None]) -> str | None:
    """What all processors say, or all that they say."""
    told = sorted({value for value in values if value is not None})
    return ", ".join(told) or None
