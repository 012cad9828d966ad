"""`docmill redrive`: dead letters back onto the topic that they came from, each once."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import one_line
from docmill.cli.trace import checked_id, parse_since, progress
from docmill_schemas.reasons import RejectionReason

if TYPE_CHECKING:
    from docmill.kafka.redrive import Letter, Redrive

EXIT_NOTHING = 1
SHOWN = 20  # letters of a dry run; the rest are counted


def redrive(
    reason: Annotated[
        list[str] | None,
        typer.Option("--reason", metavar="REASON", help="Only of this reason, such as parse_timeout; repeatable."),
    ] = None,
    id: Annotated[
        list[str] | None,
        typer.Option("--id", parser=checked_id, metavar="ID", help="Only of this document or request id; repeatable."),
    ] = None,
    since: Annotated[
        timedelta | None,
        typer.Option(parser=parse_since, metavar="AGE", help="Only letters younger than, say, 2h or 7d."),
    ] = None,
    until: Annotated[
        timedelta | None, typer.Option(parser=parse_since, metavar="AGE", help="Only letters older than that.")
    ] = None,
    most_attempts: Annotated[
        int | None, typer.Option(min=1, help="Only documents that were tried so often at most.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many at most.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters that are not back yet.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which it would be; change nothing.")] = False,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Puts dead letters back onto documents.received, as they were received, with the same request id.

    Each goes back once, however often this is run and whatever it dies of: a note of each is kept on
    documents.redriven, in the same transaction. A document that is rejected again is a new letter, with a higher
    attempt. Put right first what the reason names; nothing here makes a document readable.

    Example: `docmill redrive --reason parse_timeout --since 2h --dry-run`

    Exit codes: 0 done, 1 there was nothing to put back, or the broker failed, 2 wrong usage, 130 interrupted.
    """
    known = {one.value for one in RejectionReason}
    if unknown := sorted(set(reason or ()) - known):
        raise typer.BadParameter(f"no reason: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    if not (everything or reason or id) and since is None and until is None:
        raise typer.BadParameter("say which: --reason, --id, --since, --until, or --all")
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    from docmill.kafka import redrive as letters

    now = datetime.now(UTC)
    selection = letters.Selection(
        reasons=frozenset(reason or ()),
        ids=frozenset(id or ()),
        since=_before(now, since),
        until=_before(now, until),
        most_attempts=most_attempts,
        limit=limit,
    )
    with progress() as on_progress:
        found = asyncio.run(letters.redrive(settings, selection, dry_run=dry_run, on_progress=on_progress))
    if dry_run:
        _show(found.wanted)
    _tell(found, dry_run)
    if not found.wanted:
        raise typer.Exit(EXIT_NOTHING)


def _before(now: datetime, age: timedelta | None) -> datetime | None:
    """When that age began; for one that is longer than the calendar, where the calendar begins."""
    if age is None:
        return None
    try:
        return now - age
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _show(wanted: "list[Letter]") -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("rejected at", "document", "reason", "attempt", "from"):
        table.add_column(title, overflow="fold")
    for letter in wanted[:SHOWN]:
        table.add_row(
            letter.at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            one_line(letter.document_id),
            letter.reason,
            str(letter.attempt),
            f"{letter.origin.topic}-{letter.origin.partition} offset {letter.origin_offset}",
        )
    out = Console(highlight=False, markup=False)
    out.print(table)
    if len(wanted) > SHOWN:
        out.print(f"and {len(wanted) - SHOWN:,} more")


def _tell(found: "Redrive", dry_run: bool) -> None:
    reasons = Counter(letter.reason for letter in found.wanted)
    named = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    done = f"{len(found.wanted):,} would go back" if dry_run else f"{found.put_back:,} put back"
    lines = [f"{done}{f' ({named})' if named else ''}"]
    if found.already_back:
        lines.append(f"{found.already_back:,} were back already")
    for letters, why in (
        (found.gone, "retention took it at its origin"),
        (found.replaced, "its origin is another record now, of a topic that was made anew"),
    ):
        if letters:
            ids = ", ".join(one_line(letter.document_id) for letter in letters[:SHOWN])
            lines.append(f"{len(letters):,} had no value, and {why}: {ids}")
    if found.strangers:
        lines.append(f"{found.strangers:,} records there are no dead letters of this deployment's")
    if found.more:
        lines.append("there are more: run it again")
    for line in lines:
        typer.echo(line)
