"""`docmill trace`: one document's whole way over all topics, and what it has come to."""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import json_line, one_line

if TYPE_CHECKING:
    from docmill.kafka.scan import OnProgress, Scanned

EXIT_NOTHING = 1
BAR_AFTER_S = 1.0
SINCE = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_since(text: str) -> timedelta:
    """`90s`, `30m`, `2h`, `7d`, `1w`."""
    match = SINCE.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter("write it as 90s, 30m, 2h, 7d or 1w")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def checked_id(text: str) -> str:
    """The id, if it can be one."""
    try:
        text.encode()
    except UnicodeEncodeError as error:  # bytes of the command line that are no UTF-8
        raise typer.BadParameter("is not UTF-8") from error
    if not text.strip():
        raise typer.BadParameter("must not be empty")
    return text


def trace(
    id: Annotated[
        str, typer.Argument(parser=checked_id, metavar="ID", help="A document id, or a request id (32 hex digits).")
    ],
    since: Annotated[
        timedelta | None,
        typer.Option(parser=parse_since, metavar="AGE", help="Only records younger than, say, 2h or 7d. Default: all."),
    ] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line and request.")] = False,
    group: Annotated[
        str | None,
        typer.Option(help="Consumer group of the processors. Default: DOCMILL_GROUP, else docmill-processor."),
    ] = None,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Shows one document's way over all topics: when it came in, what was decided and why, what it waits for.

    Reads documents.received, processed, fallback, rejected, review and feedback up to their present ends, and joins no
    consumer group. Each request of a document has its own table. The document's text is never shown.

    Example: `docmill trace mail/claim-17.txt --since 2h`

    Exit codes: 0 found, 1 nothing of it on the topics, or the broker failed, 2 wrong usage, 130 interrupted.
    """
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix, group=group)
    from docmill.cli.trace_view import as_json, print_ways
    from docmill.kafka import trace as topics
    from docmill.kafka.way import judge

    started = time.monotonic()
    with progress() as on_progress:
        found = asyncio.run(topics.trace(settings, id, since, on_progress))
    seconds = time.monotonic() - started
    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    if found.not_scanned:
        errors.print(
            f"not looked at: {', '.join(found.not_scanned)} (not there, or this user has no right on it: run `docmill "
            f"topics create`, or see docs/security.md). Whether a person is asked about a document is not known so",
            style="yellow",
        )
    if not found.ways:
        _tell_nothing(errors, id, settings.topic_prefix, found.scanned)
        raise typer.Exit(EXIT_NOTHING)
    now = datetime.now(UTC)
    judged = [(way, judge(way, found.group, now)) for way in found.ways]
    if json_lines:
        for way, verdict in judged:
            typer.echo(json_line(json.dumps(as_json(way, verdict), ensure_ascii=False)))
    else:
        print_ways(judged)
    records = sum(scanned.records for scanned in found.scanned)
    errors.print(f"{records:,} records looked through in {seconds:.1f} s", style="dim")


def _tell_nothing(errors: Console, wanted: str, prefix: str, scanned: "Sequence[Scanned]") -> None:
    """Say where nothing was found."""
    total = sum(one.records for one in scanned)
    errors.print(f"nothing of {one_line(wanted)!r} among {total:,} records:", style="red")
    width = max(len(one.topic) for one in scanned)
    for one in scanned:
        if one.first is None or one.last is None:
            times = ""
        else:
            first, last = (at.astimezone().strftime("%Y-%m-%d %H:%M:%S") for at in (one.first, one.last))
            times = f"from {first} to {last}"
        errors.print(f"  {one.topic:<{width}}  {one.records:>9,}  {times}".rstrip())
    errors.print(
        f"An id is compared whole, upper and lower case. Records past their retention are gone; --since leaves out "
        f"older ones; another deployment has another prefix (--topic-prefix, now {prefix!r})."
    )


@contextmanager
def progress() -> "Iterator[OnProgress]":
    """A bar on stderr, on a terminal, for what takes longer than a moment."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    tasks: dict[str, TaskID] = {}
    started = time.monotonic()
    shown = False

    def on_progress(what: str, done: int, total: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - started > BAR_AFTER_S:
            shown = True
            bar.start()
        if what not in tasks:
            tasks[what] = bar.add_task(what)
        bar.update(tasks[what], completed=done, total=total)

    try:
        yield on_progress
    finally:
        if shown:
            bar.stop()
