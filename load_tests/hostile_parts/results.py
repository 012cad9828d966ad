"""Checks to rates, and rates to a table."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docmill.evaluation.wilson import wilson
from load_tests.hostile_parts.checks import CHECKS
from load_tests.hostile_parts.documents import Defence
from load_tests.hostile_parts.trial import Trial
from load_tests.hostile_parts.words import WHAT_HOLDS, WHY_NOT

COLUMNS = ("defence", "what holds", "attacks", "held", "rate", "95 % interval", "naive control")


@dataclass(frozen=True, slots=True)
class Result:
    """A defence against a document; `got_around`: how, or None where it held."""

    document_id: str
    defence: Defence
    got_around: str | None


def results_of(trial: Trial, only: frozenset[Defence] | None = None) -> tuple[Result, ...]:
    """Of every defence that the document attacks, or of those among them that are named."""
    return tuple(
        Result(trial.document.document_id, defence, CHECKS[defence](trial))
        for defence in trial.document.defences
        if only is None or defence in only
    )


def table(results: Sequence[Result], control: Sequence[Result]) -> str:
    """A row for each defence, in Markdown. An interval says how sure a rate would be on so few attacks, had they been
    drawn by chance; they were written, so it is a hint and no more.
    """
    lines: list[Sequence[str]] = [COLUMNS, ["---"] * len(COLUMNS)]
    for defence in Defence:
        attacks, held = _counted(results, defence)
        naive_attacks, naive_held = _counted(control, defence)
        interval = wilson(held, attacks)
        if interval is None:
            continue
        lines.append(
            (
                f"`{defence.value}`",
                WHAT_HOLDS[defence],
                str(attacks),
                str(held),
                f"{100 * held / attacks:.0f} %",
                f"{100 * interval[0]:.0f}-{100 * interval[1]:.0f} %",
                f"{naive_held} of {naive_attacks}" if naive_attacks else "-",
            )
        )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def through(results: Iterable[Result]) -> str:
    """All that got through: by defence, with why, and how each did."""
    ways: dict[Defence, dict[str, list[str]]] = {}
    for result in results:
        if result.got_around is not None:
            name = result.document_id.removeprefix("hostile/")
            ways.setdefault(result.defence, {}).setdefault(result.got_around, []).append(name)
    lines = []
    for defence in Defence:
        if defence in ways:
            lines.append(f"- `{defence.value}`: {WHY_NOT.get(defence, 'a fault of ours')}.")
            lines += [f"  - {how}: {', '.join(names)}" for how, names in sorted(ways[defence].items())]
    return "\n".join(lines) or "none"


def families(documents: Iterable[str]) -> str:
    """How many documents of each family, in a line."""
    counted = Counter(document.split("/")[1] for document in documents)
    return ", ".join(f"{family} {count}" for family, count in counted.items())


def _counted(results: Iterable[Result], defence: Defence) -> tuple[int, int]:
    own = [result.got_around is None for result in results if result.defence is defence]
    return len(own), sum(own)
