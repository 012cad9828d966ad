"""`docmill publish`: files, folders and JSONL rows onto the topic of received documents."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from docmill.cli.options import Paths, TopicPrefix, broker_settings, quiet_client
from docmill.settings import Settings

if TYPE_CHECKING:
    from docmill.kafka.follow import OutcomeCounts
    from docmill.kafka.read_paths import Listing
    from docmill.kafka.send import SendResult

EXIT_FAILED = 1
SHOWN_PROBLEMS = 20


def publish(
    paths: Paths,
    rate: Annotated[
        float | None, typer.Option(help="Documents a second, on a fixed schedule. Default: as fast as it goes.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for what becomes of each document.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0, help="With --wait: seconds to wait after the last document was sent.")
    ] = 120.0,
    topic_prefix: TopicPrefix = None,
    source_name: Annotated[str, typer.Option(help="`ce_source` of the documents: who sends them.")] = "docmill/publish",
) -> None:
    """Sends documents to docmill: each file is one, its media type by its suffix; of a .jsonl file each line is one.

    A line is `{"id": ..., "text": ...}`, of which nothing else is sent, or a DocumentReceived event. Inside a folder,
    .jsonl and hidden files are passed over. A document that cannot be sent is reported, and the next one follows.

    Example: `docmill publish samples --rate 10 --wait`

    Exit codes: 0 all sent (and with --wait all came out), 1 some were not, 2 wrong usage.
    """
    if rate is not None and not rate > 0:
        raise typer.BadParameter("must be more than 0", param_hint="--rate")
    if not source_name.strip():
        raise typer.BadParameter("must not be empty", param_hint="--source-name")
    from docmill.kafka.read_paths import list_files

    listing = list_files(paths)
    for path in listing.passed_over:
        _tell(f"passed over {path}: name a .jsonl file itself to send its lines")
    if not listing.files:
        raise typer.BadParameter("no documents there", param_hint="PATH...")
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    complete = asyncio.run(_publish(settings, listing, source_name, rate, timeout if wait else None))
    if not complete:
        raise typer.Exit(EXIT_FAILED)


async def _publish(
    settings: Settings, listing: "Listing", source: str, rate: float | None, timeout_s: float | None
) -> bool:
    """Send all and, with a timeout, wait for the outcomes; whether nothing failed and nothing is missing."""
    from docmill.kafka.follow import count_outcomes, follow_outcomes
    from docmill.kafka.read_paths import count_documents, read_documents
    from docmill.kafka.send import send_documents

    out = Console(highlight=False, markup=False, soft_wrap=True)
    async with AsyncExitStack() as stack:
        outcomes = None
        if timeout_s is not None:  # before the first document, so that no outcome is missed
            outcomes = await stack.enter_async_context(follow_outcomes(settings, from_beginning=False))
        progress = stack.enter_context(_progress())
        tally = _Tally(progress, count_documents(listing.files))
        started = time.monotonic()
        await send_documents(settings, read_documents(listing.files), tally.add, source=source, rate=rate)
        seconds = time.monotonic() - started
        counts = None
        if outcomes is not None and timeout_s is not None:
            on_seen = _bar(progress, "outcomes", len(tally.requests))
            counts = await count_outcomes(outcomes, tally.requests.keys(), timeout_s, on_seen)
    out.print(f"sent {len(tally.requests)}, failed {tally.failed}, in {seconds:.1f} s")
    if counts is None:
        return tally.failed == 0
    _print_outcomes(out, counts, tally.requests)
    return tally.failed == 0 and not counts.missing


class _Tally:
    """Counts results as they come, moves the bar, tells problems."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.requests: dict[str, str] = {}  # request id: document id
        self.failed = 0
        self._progress = progress
        self._bar = _bar(progress, "sending", total)

    def add(self, result: "SendResult") -> None:
        """Take one result."""
        from docmill.kafka.send import Sent

        if isinstance(result, Sent):
            self.requests[result.request_id] = result.document_id
        else:
            self.failed += 1
            _tell_some(self.failed, f"not sent: {result.document_id}: {result.problem}", self._progress.console)
        self._bar(len(self.requests) + self.failed)


def _print_outcomes(out: Console, counts: "OutcomeCounts", requests: dict[str, str]) -> None:
    for number, request in enumerate(sorted(counts.missing, key=requests.__getitem__), start=1):
        _tell_some(number, f"no outcome: {requests[request]}", Console(stderr=True))
    out.print(
        f"processed {counts.processed}, fallback {counts.fallback}, rejected {counts.rejected}, "
        f"missing {len(counts.missing)}"
    )
    if counts.missing:
        _tell("Does a processor run (`docmill run processor`)? A longer --timeout helps one that is behind.")


def _tell_some(number: int, message: str, console: Console) -> None:
    if number <= SHOWN_PROBLEMS:
        console.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    elif number == SHOWN_PROBLEMS + 1:
        console.print("... and more like these", style="red")


def _tell(message: str) -> None:
    Console(stderr=True).print(message, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _bar(progress: Progress, title: str, total: int) -> Callable[[int], None]:
    task = progress.add_task(title, total=total)
    return lambda done: progress.update(task, completed=done)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
