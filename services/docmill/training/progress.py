"""How training is told while it goes: bars on a terminal, plain lines elsewhere. Knows no torch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from docmill.training.cache import Stage

REDRAWN_PER_S = 2  # training shares the cores with the bar
PLAIN_EVERY_S = 15.0
SMOOTHED_OVER = 20  # steps


@dataclass(frozen=True, slots=True)
class Moment:
    """A stage after one of its steps; losses by name, for people."""

    step: int
    steps: int
    per_s: float
    losses: dict[str, float]
    unit: str = "tokens"


class Telling:
    """Tells the stages of a run one after another."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
        self._bars = Progress(
            *columns,
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            refresh_per_second=REDRAWN_PER_S,
        )
        self._name = ""
        self._bar: TaskID | None = None
        self._losses: dict[str, float] = {}
        self._started = self._told = 0.0
        self._first: int | None = None  # steps that a killed run had done
        self._last: tuple[str, int] = ("", 0)  # unit and step of the last moment
        self._since = self._moved = 0.0  # when the part of the stage began whose steps are counted; the last moment

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._bars.stop()

    def on_stage(self, stage: Stage, was_there: bool) -> None:
        """A stage begins, or its result was there."""
        self._end()
        if was_there:
            self.say(f"{stage.name}: from the cache")
            return
        self.begin(stage.name)

    def begin(self, name: str) -> None:
        """Something begins that is told under this name."""
        self._end()
        self._name, self._losses, self._first = name, {}, None
        self._started = self._told = self._moved = time.monotonic()
        self._bar = self._bars.add_task(name, total=None, state="")
        if not self._console.is_terminal:
            self.say(f"{name} ...")

    def on_moment(self, moment: Moment) -> None:
        """Move the bar, or tell a line now and then."""
        if self._bar is None:
            return
        unit, step = self._last
        if self._first is None or moment.unit != unit or moment.step <= step:  # it begins, or its next part does
            self._since = self._moved
            self._first, self._losses = moment.step - 1, {}
        self._last, self._moved = (moment.unit, moment.step), time.monotonic()
        for name, loss in moment.losses.items():
            before = self._losses.get(name, loss)
            self._losses[name] = before + (loss - before) / min(moment.step, SMOOTHED_OVER)
        losses = ", ".join(f"{name} {loss:.4f}" for name, loss in self._losses.items())
        state = f"{moment.step}/{moment.steps}, {moment.per_s:,.0f} {moment.unit}/s" + (f", {losses}" if losses else "")
        self._bars.update(self._bar, completed=moment.step, total=moment.steps, state=state)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told >= PLAIN_EVERY_S:
            self._told = now
            left_s = (moment.steps - moment.step) * (now - self._since) / (moment.step - self._first)
            self.say(f"{self._name} {state}, {left_s / 60:.1f} min left")

    def say(self, line: str) -> None:
        """A line that stays."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _end(self) -> None:
        if self._bar is None:
            return
        self._bars.remove_task(self._bar)
        self._bar = None
        losses = "".join(f", {name} {loss:.4f}" for name, loss in self._losses.items())
        self.say(f"{self._name}: {time.monotonic() - self._started:.0f} s{losses}")


class Counter:
    """Tells how many of something are done, of how many in all."""

    def __init__(self, unit: str, on_moment: Callable[[Moment], None]) -> None:
        self._unit = unit
        self._on_moment = on_moment
        self._started = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        per_s = done / max(time.monotonic() - self._started, 1e-6)
        self._on_moment(Moment(done, total, per_s, {}, self._unit))
