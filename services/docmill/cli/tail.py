"""`docmill tail`: what becomes of documents, as it happens."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import json_line, one_line
from docmill.settings import Settings

if TYPE_CHECKING:
    from docmill.kafka.outcomes import Observed

EXIT_TOO_FEW = 1
COLUMNS = ("time", "document", "outcome", "type", "probability", "fields", "why", "latency")
STYLES = {"processed": "green", "fallback": "yellow", "rejected": "red"}
SHARES = {"document": 3, "type": 2, "fields": 4, "why": 3}  # of the width that the other columns leave
REDRAWN_PER_S = 8
FRAME_LINES = 6  # of the table and the prompt below it
SHOWN_CHARACTERS = 60  # of a field's value

Show = Callable[["Observed"], None]


def tail(
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Everything the topics still hold, then what comes.")
    ] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="The events themselves, one a line.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many outcomes.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0, help="End after so many seconds.")] = None,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Shows outcomes as they are committed: results, deferrals to the fallback, dead letters.

    On a terminal a table of the latest ones; piped, a line each, with the columns between tabs: time, document,
    outcome, type, probability, fields, why, latency. It joins no consumer group, so it takes nothing from anyone.

    Example: `docmill tail --from-beginning --json --limit 100 --timeout 10`

    Exit codes: 0 ended as asked, 1 --timeout came before --limit outcomes, or the broker failed, 2 wrong usage,
    130 interrupted.
    """
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    console = Console(highlight=False)
    with ExitStack() as stack:
        show: Show
        if json_lines:
            show = _show_json
        elif console.is_terminal:
            show = _show_table(console, stack)
        else:
            show = _show_line
        seen = asyncio.run(_tail(settings, show, from_beginning, limit, timeout))
    if limit is not None and seen < limit:
        raise typer.Exit(EXIT_TOO_FEW)


async def _tail(
    settings: Settings, show: Show, from_beginning: bool, limit: int | None, timeout_s: float | None
) -> int:
    """Show outcomes up to the limit or the timeout; how many."""
    from docmill.kafka.follow import follow_outcomes

    seen = 0
    async with follow_outcomes(settings, from_beginning=from_beginning) as outcomes:
        try:
            async with asyncio.timeout(timeout_s):
                async for outcome in outcomes:
                    show(outcome)
                    seen += 1
                    if seen == limit:
                        break
        except TimeoutError:
            pass
    return seen


def cells(outcome: "Observed") -> tuple[str, ...]:
    """An outcome as text, one cell a column."""
    fields = "; ".join(f"{one_line(name)}={_shortened(value)}" for name, value in outcome.fields)
    why = ", ".join(outcome.reasons)
    if outcome.detail is not None:
        why = f"{why}: {outcome.detail}" if why else outcome.detail
    return (
        outcome.at.astimezone().strftime("%H:%M:%S"),
        one_line(outcome.document_id),
        outcome.kind.value,
        one_line(outcome.label or ""),
        "" if outcome.probability is None else f"{outcome.probability:.3f}",
        fields,
        one_line(why),
        "" if outcome.latency_s is None else f"{outcome.latency_s:.2f} s",
    )


def _show_line(outcome: "Observed") -> None:
    typer.echo("\t".join(cells(outcome)))


def _show_json(outcome: "Observed") -> None:
    typer.echo(json_line(outcome.as_json()))


def _show_table(console: Console, stack: ExitStack) -> Show:
    """Shows the latest outcomes, as many as the terminal has lines for; redrawn by a clock, not by each outcome."""
    rows: deque[tuple[str, ...]] = deque(maxlen=max(1, console.height - FRAME_LINES))

    def table() -> Table:
        drawn = Table(expand=True)
        for title in COLUMNS:
            drawn.add_column(title, no_wrap=True, overflow="ellipsis", ratio=SHARES.get(title))
        for row in list(rows):  # a copy: this runs in the clock's thread
            drawn.add_row(*(escape(cell) for cell in row), style=STYLES[row[2]])
        return drawn

    stack.enter_context(Live(console=console, get_renderable=table, refresh_per_second=REDRAWN_PER_S))
    return lambda outcome: rows.append(cells(outcome))


def _shortened(value: str) -> str:
    line = one_line(value)
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 3] + "..."
