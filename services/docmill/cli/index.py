"""`docmill index`: source texts into the knowledge index, out of it, and what is found there."""

import asyncio
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from docmill.cli.index_add import DAY, add, check_kind
from docmill.cli.index_remove import remove
from docmill.cli.index_repair import repair
from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.errors import ConfigurationError
from docmill.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.status import Status

    from docmill.embedder.embedder import Embedder
    from docmill.index.sqlite_index import SqliteIndex

app = typer.Typer(
    name="index",
    help="Source texts for the fallback: add, remove, search, stats, repair.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


app.command()(add)
app.command()(remove)
app.command()(repair)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What is looked for: words, a question, or the text of a document.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="Chunks to show.")] = 5,
    kind: Annotated[list[str] | None, typer.Option(help="Only of this kind; may be given several times.")] = None,
    tenant: Annotated[str | None, typer.Option(help="See what this tenant sees. Default: what all see.")] = None,
    valid_on: Annotated[datetime | None, typer.Option(formats=DAY, help="Only what holds on this day.")] = None,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Brings this machine's copy of the index up to date and searches it, by meaning and by words, as the fallback
    does. It needs `docmill[rag]` and the embedder's weights.

    Example: `docmill index search "which total of a receipt counts" --kind policy`

    Exit codes: 0 searched, whether or not anything was found, 1 it cannot (the message says why), 2 wrong usage.
    """
    from docmill.cli.index_view import print_hits
    from docmill.index.place import copy_file, written_copy
    from docmill.index.types import Query

    if not query.strip():
        raise typer.BadParameter("must not be empty", param_hint="QUERY")
    for one in kind or ():
        check_kind(one)
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    embedder = _embedder(settings)
    try:
        with written_copy(copy_file(settings.topic_prefix)) as index:
            _catch_up(settings, index, embedder)
            asked = Query(
                text=query,
                vector=embedder.embed_document(query),
                embedding=embedder.embedding,
                k=limit,
                kinds=None if not kind else frozenset(kind),
                tenant=tenant,
                valid_on=_day(valid_on),
            )
            print_hits(index.search(asked))
    finally:
        embedder.close()


@app.command()
def stats(
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Bring the copy up to date first, as search does.")
    ] = False,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Says what this machine's copy of the index holds, how far it has read, and how old it is.

    Without --refresh it asks no broker: the copy is as the last search left it.

    Example: `docmill index stats --refresh`

    Exit codes: 0 shown, 1 there is no copy or it cannot be read (the message says why), 2 wrong usage.
    """
    from docmill.cli.index_view import print_stats
    from docmill.index.place import copy_file, written_copy
    from docmill.index.sqlite_index import SqliteIndex

    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix) if refresh else load_settings(topic_prefix=topic_prefix)
    path = copy_file(settings.topic_prefix)
    if refresh:
        embedder = _embedder(settings)
        try:
            with written_copy(path) as written:
                _catch_up(settings, written, embedder)
        finally:
            embedder.close()
    if not path.exists():
        raise ConfigurationError(f"there is no copy of the index at {path} yet: run `docmill index stats --refresh`")
    index = SqliteIndex(path, read_only=True)
    try:
        print_stats(path, index.stats(), index.state(), int(time.time() * 1000))
    finally:
        index.close()


def _embedder(settings: Settings) -> "Embedder":
    from docmill.embedder.packaged import packaged_embedder

    with _progress("loading the embedder; the first time it is made, which takes some ten seconds"):
        return packaged_embedder(settings)


def _catch_up(settings: Settings, index: "SqliteIndex", embedder: "Embedder") -> None:
    from docmill.kafka.follow_index import catch_up

    with _progress("reading knowledge.indexed"):
        asyncio.run(catch_up(settings, index, embedder.embedding))


def _progress(text: str) -> "Status":
    """On a terminal only: rich shows none elsewhere."""
    return Console(stderr=True).status(text)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.replace(tzinfo=UTC).date()
