"""What it takes that documents wait for a generator which is left alone, on a clock by hand: no broker, no bundle.

    python -m load_tests.going_round [--held 1 16 50 200 1000 5000]

In one partition so many documents wait. Printed for each number, for the first 90 s and for five minutes after ten:
transactions a second, documents that are written again a second, and, of three runs more in which documents come that
the index can decide, one every 2 to 25 s, how long these wait, median and longest; then all that for the first 90 s
while three a second come, which is 60 % of what the partition can decide. The partition is that of the unit tests
(tests/unit/fallback_service/partition.py): the service's own slices, 0.2 s of tier 1 a document, 0.02 s a commit.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import pytest
from rich.table import Table

from docmill.fallback_service.holds import HOLD_S
from load_tests.report import report_console
from tests.unit.fallback_service.partition import SlowGenerator, familiar, partition

HELD = (1, 16, 50, 200, 1000, 5000)
FIRST_S = 90.0
LATE_AFTER_S, LATE_S = 600.0, 300.0
RUNS = 3
SELDOM_S, STEADY_S = (2.0, 25.0), (0.25, 0.42)  # between two documents that come


@dataclass(frozen=True, slots=True)
class Spell:
    """Of some time: what it took a second, and how long the new documents waited that came in it."""

    commits: float
    rewritten: float
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
        for when, after_s, for_s in (("first 90 s", 0.0, FIRST_S), ("after 10 min", LATE_AFTER_S, LATE_S)):
            alone = spell(count, after_s, for_s, None)
            seldom = [spell(count, after_s, for_s, SELDOM_S, seed) for seed in range(RUNS)]
            table.add_row(str(count), when, *told(alone, seldom))
        steady = [spell(count, 0.0, FIRST_S, STEADY_S, seed) for seed in range(RUNS)]
        table.add_row(str(count), "first 90 s, 3 new ones a second", *told(steady[0], steady))
    report_console().print(table)
    return 0


def spell(count: int, after_s: float, for_s: float, apart_s: tuple[float, float] | None, seed: int = 0) -> Spell:
    """What `count` that wait take from `after_s` on.

    Args:
        apart_s: shortest and longest time between two new ones that come meanwhile; None: none comes.
    """
    random, came_s = Random(seed), dict[str, float]()
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        partition(Path(folder), patch, SlowGenerator(away=True)) as of,
    ):
        of.hold(count, HOLD_S)
        of.work_for(after_s)
        began_s, commits, rewritten = of.of.now_s, of.commits, of.rewritten
        next_s = began_s

        def come() -> None:  # before those are put back who are in hand
            nonlocal next_s
            while apart_s is not None and next_s <= min(of.of.now_s, began_s + for_s):
                name = f"new-{len(came_s)}"
                of.add(familiar(name))
                came_s[name] = next_s
                next_s += random.uniform(*apart_s)

        of.meanwhile = come
        while of.of.now_s < began_s + for_s or came_s.keys() - of.known.keys():
            of.work()
        took_s = of.of.now_s - began_s
        waited_s = tuple(of.known[name] - at_s for name, at_s in came_s.items())
        return Spell((of.commits - commits) / took_s, (of.rewritten - rewritten) / took_s, waited_s)


def told(took: Spell, came: Sequence[Spell]) -> tuple[str, str, str, str]:
    """Columns: what one spell took, and what all waited in others."""
    waited_s = [seconds for each in came for seconds in each.waited_s]
    return (
        f"{took.commits:.2f}",
        f"{took.rewritten:.1f}",
        f"{median(waited_s):.1f} s",
        f"{max(waited_s):.1f} s",
    )


if __name__ == "__main__":
    sys.exit(main())
