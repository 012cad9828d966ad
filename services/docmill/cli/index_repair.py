"""`docmill index repair`."""

import asyncio
from typing import Annotated

import typer

from docmill.cli.index_add import EXIT_FAILED, report, send
from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import one_line


def repair(
    delete: Annotated[bool, typer.Option("--delete", help="Publish their deletion. Asks nothing.")] = False,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Names what the index holds though no source text stands for it any more, and deletes it with --delete.

    There is such a text where the indexer was away for longer than knowledge.updated keeps deletions (a day,
    delete.retention.ms), where that topic was made anew, or where the indexer took another group; and, until it
    is through with it, where a deletion is under way. Deletions go by way of knowledge.updated: the indexer must run.
    Add nothing meanwhile: an id that comes back between look and deletion is deleted, too.

    Example: `docmill index repair --delete`

    Exit codes: 0 nothing is left over, or all of it was deleted, 1 something is left over, 2 wrong usage.
    """
    from docmill.indexer.left_over import left_over

    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    found = asyncio.run(left_over(settings))
    for passage_id in found:
        typer.echo(f"left over {one_line(passage_id)}")
    if not delete:
        typer.echo(f"left over {len(found)}" + (": docmill index repair --delete deletes them" if found else ""))
    complete = report("deleted", send(settings, found) if found else []) if delete else not found
    if not complete:
        raise typer.Exit(EXIT_FAILED)
