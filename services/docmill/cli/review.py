"""`docmill review`: documents that a person is to decide, on a terminal."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import json_line, one_line
from docmill.cli.review_decide import decide
from docmill.cli.review_options import RequestId, find, tell
from docmill.cli.trace import progress
from docmill.errors import ReviewError
from docmill_schemas.reasons import ReviewReason

if TYPE_CHECKING:
    from docmill.kafka.read_reviews import ReviewSummary

SHOWN = 50
SHOWN_PROBLEMS = 20

app = typer.Typer(
    name="review",
    help="Documents that a person is to decide: list, show, decide, open, export.\n\n"
    "Example: `docmill review list && docmill review show 1a2b3c4d && docmill review decide 1a2b3c4d`\n\n"
    "Exit codes: 0 done, 1 failed (the message says what to do), 2 wrong usage.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command("list")
def list_(
    reason: Annotated[
        list[str] | None, typer.Option("--reason", metavar="REASON", help="Only those asked for this; repeatable.")
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only of this proposed type, or group of types; repeatable."),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Only of this tenant.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"So many at most. Default: {SHOWN}; with --json all.")
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json", help="One JSON object a line and review, without text.")
    ] = False,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Lists the open reviews, oldest first: what is proposed, why a person is asked, and since when.

    Reads documents.review up to its present end, and joins no consumer group. No text of a document is shown.

    Example: `docmill review list --reason audit --type medical`

    Exit codes: 0 listed, also if none is open, 1 the broker failed, 2 wrong usage.
    """
    known = {one.value for one in ReviewReason}
    if unknown := sorted(set(reason or ()) - known):
        raise typer.BadParameter(f"no reason: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    from docmill.cli.review_view import print_list, summary_json
    from docmill.kafka.read_reviews import list_reviews

    with progress() as on_progress:
        found = asyncio.run(list_reviews(settings, on_progress))
    wanted = [one for one in found.reviews if _is_wanted(one, reason, type_, tenant)]
    now = datetime.now(UTC)
    if json_lines:
        for one in wanted[:limit]:
            typer.echo(json_line(summary_json(one, now)))
    else:
        print_list(wanted, limit or SHOWN, now, (one.request_id for one in found.reviews))
    if found.unreadable:
        shown = ", ".join(map(one_line, found.unreadable[:SHOWN_PROBLEMS]))
        tell(f"{len(found.unreadable)} open reviews are not of this docmill and cannot be read: {shown}", "yellow")


@app.command()
def show(
    request_id: RequestId,
    full: Annotated[bool, typer.Option("--full", help="All lines of a long text.")] = False,
    json_object: Annotated[bool, typer.Option("--json", help="The event itself, text included.")] = False,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Shows one open review: what is proposed and why that was not published, and the text with every field marked.

    Of a long text the lines around its fields are shown. The text of the document goes to the terminal.

    Example: `docmill review show 1a2b3c4d`

    Exit codes: 0 shown, 1 no open review has that id or several begin with it, or the broker failed, 2 wrong usage.
    """
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    from docmill.cli.review_view import print_review

    review = find(settings, request_id).review
    if json_object:
        typer.echo(json_line(review.model_dump_json(exclude_none=True)))
    else:
        print_review(review, datetime.now(UTC), full=full)


app.command()(decide)


@app.command("open")
def open_(request_id: RequestId, topic_prefix: TopicPrefix = None) -> None:
    """Opens a review of a published result, for who holds it for wrong; then `docmill review decide` corrects it.

    The text is looked for in the result itself, on documents.fallback, and at last on documents.received, where the
    document is parsed again.

    Example: `docmill review open 1a2b3c4d`

    Exit codes: 0 opened, 1 there is no such result, a review of it is open already, or its text is gone, 2 wrong usage.
    """
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    from docmill.ingest.limits import limits_of
    from docmill.ingest.processes import ParserProcesses
    from docmill.kafka.open_correction import open_correction

    parsers = ParserProcesses(limits_of(settings), 1)
    try:
        with progress() as on_progress:
            review, topic = asyncio.run(open_correction(settings, request_id, parsers, on_progress))
    finally:
        parsers.close()
    assert review.published is not None
    typer.echo(
        f"opened: {one_line(review.document_id)}, revision {review.published.revision} by "
        f"{review.published.decided_by}, text from {settings.topic_prefix}{topic}"
    )
    typer.echo(f"next: docmill review decide {one_line(review.request_id)}")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", dir_okay=False, help="Is replaced if it is there.")],
    group: Annotated[
        str | None, typer.Option(help="Only decisions on types of this group, such as claim; needed if there are more.")
    ] = None,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Writes what people decided as labelled documents, which `docmill train` reads: the type, and where fields stand.

    A source of a recipe is of one group of types, so a file is, too; labels go without the group's name. **The file
    holds the documents' texts.** Corrected documents are there once, as they were decided last.

    Example: `docmill review export decided-claims.jsonl --group claim`

    Exit codes: 0 written, 1 there is nothing to write, or the broker failed, 2 wrong usage.
    """
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    from docmill.cli.review_export import export_rows, groups
    from docmill.kafka.read_exemplars import read_exemplars
    from docmill.training.importers.imported import write_rows

    with progress() as on_progress:
        exemplars = asyncio.run(read_exemplars(settings, on_progress))
    counts = groups(exemplars)
    shown = ", ".join(f"{one_line(name)} {count:,}" for name, count in sorted(counts.items())) or "none"
    if group is None and len(counts) > 1:
        raise ReviewError(f"decisions on types of several groups ({shown}): give --group, and each a file of its own")
    chosen = group or next(iter(counts), "")
    made = export_rows(exemplars, chosen)
    for passage_id, why in made.left_out[:SHOWN_PROBLEMS]:
        tell(f"left out: {one_line(passage_id)}: {why}", "yellow")
    if not made.rows:
        raise ReviewError(f"no decision to write; decisions by group of types: {shown}")
    write_rows(file, made.rows)
    left_out = f", left out {len(made.left_out)}" if made.left_out else ""
    typer.echo(f"wrote {file}: {len(made.rows):,} of group {one_line(chosen)}{left_out}")


def _is_wanted(review: "ReviewSummary", reasons: list[str] | None, types: list[str] | None, tenant: str | None) -> bool:
    return (
        (not reasons or not set(reasons).isdisjoint(review.review_reasons))
        and (not types or any(review.label == one or review.label.startswith(f"{one}.") for one in types))
        and (tenant is None or review.tenant == tenant)
    )
