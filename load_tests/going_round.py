"""What it takes that documents wait for a generator which is left alone, on a clock by hand: no broker, no bundle.

    python -m load_tests.going_round [--held 1 16 50 200 1000 5000]

In one partition so many documents wait. Printed for each number, for the first 90 s and for five minutes after ten:
transactions a second, documents that are written again a second, and, of three runs more in which documents come that
the index can decide, one every 2 to 25 s, how long these wait, median and longest. The partition is that of the unit
tests (tests/unit/fallback_service/partition.py): the service's own slices, 0.2 s of tier 1 a document, 0.02 s a commit.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import pytest
from rich.table import Table

from docmill.fallback_service.holds import HOLD_S
from load_tests.report import report_console
from tests.unit.fallback_service.partition import FakePartition, SlowGenerator, familiar, partition

HELD = (1, 16, 50, 200, 1000, 5000)
FIRST_S = 90.0
LATE_AFTER_S, LATE_S = 600.0, 300.0
RUNS = 3
APART_S = 2.0, 25.0


@dataclass(frozen=True, slots=True)
class Spell:
    """Of some time: what it took, and what new documents waited in it."""

    commits_per_s: float
    rewritten_per_s: float
    waited_s: tuple[float, ...]


def main() -> int:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held", type=int, nargs="+", default=HELD, help="documents that wait")
    args = parser.parse_args()
    table = Table(title="While the generator is left alone, one partition, on a clock by hand", title_justify="left")
    for heading in ("wait", "when", "commits/s", "rewritten/s", "a new one waits, median", "longest"):
        table.add_column(heading, justify="left" if heading == "when" else "right")
    for count in args.held:
        table.add_row(str(count), "first 90 s", *told(first(count)))
        table.add_row("", "after 10 min", *told(late(count)))
    report_console().print(table)
    return 0


def first(count: int) -> Spell:
    """From when they begin to wait."""
    return spell(count, 0.0, FIRST_S)


def late(count: int) -> Spell:
    """When they have waited for ten minutes."""
    return spell(count, LATE_AFTER_S, LATE_S)


def spell(count: int, after_s: float, for_s: float) -> Spell:
    """What `count` that wait take from `after_s` on; and what new ones wait behind them, in runs of their own."""
    with held(count, after_s) as of:
        began_s, commits, rewritten = of.of.now_s, of.commits, of.rewritten
        of.work_for(for_s)
        took_s = of.of.now_s - began_s
        per_s = (of.commits - commits) / took_s, (of.rewritten - rewritten) / took_s
    waited_s: list[float] = []
    for seed in range(RUNS):
        with held(count, after_s) as of:
            waited_s += new_ones(of, for_s, Random(seed))
    return Spell(*per_s, tuple(waited_s))


@contextmanager
def held(count: int, for_s: float) -> Iterator[FakePartition]:
    """A partition in which so many have waited for so long."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        partition(Path(folder), patch, SlowGenerator(away=True)) as of,
    ):
        of.hold(count, HOLD_S)
        of.work_for(for_s)
        yield of


def new_ones(of: FakePartition, for_s: float, random: Random) -> list[float]:
    """How long each of them waits that comes within so many seconds."""
    came_s: dict[str, float] = {}
    until_s, next_s = of.of.now_s + for_s, of.of.now_s

    def come() -> None:
        nonlocal next_s
        while next_s <= min(of.of.now_s, until_s):
            name = f"new-{len(came_s)}"
            of.add(familiar(name))
            came_s[name] = next_s
            next_s += random.uniform(*APART_S)

    def pause(seconds: float) -> None:
        of.of.now_s += seconds
        come()  # before those are put back who are paused for

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("docmill.fallback_service.holds.time.sleep", pause)
        while of.of.now_s < until_s or set(came_s) - set(of.known):
            come()
            of.work()
    return [of.known[name] - at_s for name, at_s in came_s.items()]


def told(of: Spell) -> tuple[str, str, str, str]:
    """A spell's columns."""
    return (
        f"{of.commits_per_s:.2f}",
        f"{of.rewritten_per_s:.1f}",
        f"{median(of.waited_s):.1f} s",
        f"{max(of.waited_s):.1f} s",
    )


if __name__ == "__main__":
    sys.exit(main())
