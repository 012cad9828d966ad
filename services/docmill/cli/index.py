"""`docmill index`: source texts into the knowledge index, out of it, and what is found there."""

import asyncio
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from docmill.cli.options import Paths, TopicPrefix, broker_settings, quiet_client
from docmill.errors import ConfigurationError
from docmill.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.status import Status

    from docmill.embedder.embedder import Embedder
    from docmill.index.sqlite_index import SqliteIndex
    from docmill.kafka.send_knowledge import SentKnowledge
    from docmill_schemas.events import KnowledgeUpdated

EXIT_FAILED = 1
SOURCE = "docmill/index"
DAY = ["%Y-%m-%d"]
Tenant = Annotated[str | None, typer.Option(help="Only documents of this tenant see it. Default: all do.")]

app = typer.Typer(
    name="index",
    help="Source texts for the fallback: add, remove, search, stats.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command()
def add(
    paths: Paths,
    kind: Annotated[str, typer.Option(help="policy, code_list, playbook or exemplar.")] = "policy",
    document_type: Annotated[str | None, typer.Option(help="Of an exemplar: its label.")] = None,
    tenant: Tenant = None,
    valid_from: Annotated[datetime | None, typer.Option(formats=DAY, help="The first day on which it holds.")] = None,
    valid_until: Annotated[datetime | None, typer.Option(formats=DAY, help="The last one.")] = None,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Publishes source texts on knowledge.updated, new or in a new version; `docmill run indexer` does the rest.

    Each file is one, its id its path as given; text, Markdown, CSV, HTML, PDF, .docx and mail are read. Each line of a
    .jsonl file is a KnowledgeUpdated, for which the options are defaults.

    Example: `docmill index add handbook/ --kind policy --valid-from 2027-01-01`

    Exit codes: 0 all published, 1 some were not (each is named), 2 wrong usage.
    """
    from docmill.indexer.sources import Described, read_sources
    from docmill.ingest import InThread
    from docmill.ingest.limits import limits_of
    from docmill.kafka.read_paths import Unreadable, list_files
    from docmill.kafka.send_knowledge import SentKnowledge

    listing = list_files(paths)
    for path in listing.passed_over:
        _tell(f"passed over {path}: name a .jsonl file itself to add its lines", "yellow")
    if not listing.files:
        raise typer.BadParameter("no source texts there", param_hint="PATH...")
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    given = {
        "document_type": document_type,
        "tenant": tenant,
        "valid_from": None if valid_from is None else valid_from.date().isoformat(),
        "valid_until": None if valid_until is None else valid_until.date().isoformat(),
    }
    described = Described(kind, {name: value for name, value in given.items() if value is not None})
    found = list(read_sources(listing.files, described, InThread(limits_of(settings))))
    unreadable = [SentKnowledge(one.document_id, one.problem) for one in found if isinstance(one, Unreadable)]
    readable = [one for one in found if not isinstance(one, Unreadable)]
    _report("published", [*unreadable, *(_send(settings, readable) if readable else ())])


@app.command()
def remove(
    ids: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Passage ids, as `docmill index search` shows them.")
    ],
    topic_prefix: TopicPrefix = None,
) -> None:
    """Publishes the deletion of source texts on knowledge.updated. One that is not there is deleted all the same.

    Example: `docmill index remove handbook/receipts.md`

    Exit codes: 0 all published, 1 some were not (each is named), 2 wrong usage.
    """
    if not all(passage_id.strip() for passage_id in ids):
        raise typer.BadParameter("must not be empty", param_hint="ID...")
    quiet_client()
    _report("deleted", _send(broker_settings(topic_prefix=topic_prefix), ids))


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


def _send(settings: Settings, changes: "list[KnowledgeUpdated] | list[str]") -> "list[SentKnowledge]":
    from docmill.kafka.send_knowledge import send_knowledge

    return asyncio.run(send_knowledge(settings, changes, SOURCE))


def _report(what: str, results: "list[SentKnowledge]") -> None:
    failed = [result for result in results if result.problem is not None]
    for result in failed:
        _tell(f"not {what}: {result.passage_id}: {result.problem}", "red")
    typer.echo(f"{what} {len(results) - len(failed)}, failed {len(failed)}")
    if failed:
        raise typer.Exit(EXIT_FAILED)


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


def _tell(message: str, style: str) -> None:
    Console(stderr=True).print(message, style=style, markup=False, highlight=False, soft_wrap=True)
