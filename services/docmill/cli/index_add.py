"""`docmill index add`, and what it shares with the other commands of the index that publish."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from docmill.cli.options import Paths, TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import one_line
from docmill.settings import Settings
from docmill_schemas.reasons import KnowledgeKind

if TYPE_CHECKING:
    from docmill.indexer.gather import Gone, Listed
    from docmill.indexer.sources import Described
    from docmill.indexer.standing import Standing
    from docmill.kafka.send_knowledge import SentKnowledge
    from docmill_schemas.events import KnowledgeUpdated

EXIT_FAILED = 1
SOURCE = "docmill/index"
DAY = ["%Y-%m-%d"]
OF_ALL = "of the folder from which ids are read it would delete the files of all others: name its parent by --root"
EMPTY = "holds no file: mount what lies there, or remove the folder if its texts are to go"


def add(
    paths: Paths,
    kind: Annotated[
        str | None, typer.Option(help="policy, code_list, playbook or exemplar. Default: policy, or as it stands.")
    ] = None,
    document_type: Annotated[str | None, typer.Option(help="Of an exemplar: its label.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only documents of this tenant see it. Default: all do.")] = None,
    valid_from: Annotated[datetime | None, typer.Option(formats=DAY, help="The first day on which it holds.")] = None,
    valid_until: Annotated[datetime | None, typer.Option(formats=DAY, help="The last one.")] = None,
    root: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="A file's id is its path from this folder.")
    ] = Path(),
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Then delete, of the folders given, what was added of files that are gone. Asks nothing."
        ),
    ] = False,
    change_tenant: Annotated[
        bool, typer.Option("--change-tenant", help="The tenant is as said, whoever the text stands for now.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="As if nothing stood: what is not said, kind and days too, is not kept.")
    ] = False,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Publishes source texts on knowledge.updated, new or in a new version; `docmill run indexer` does the rest.

    Each file is one, its id its path from the working directory or from --root: the same whether the file is given
    or a folder above it. Text, Markdown, CSV, HTML, PDF, .docx and mail are read. Each line of a .jsonl file is a
    KnowledgeUpdated, for which the options are defaults; a null there is as good as nothing. Of equal ids none is
    published. Of a code list that is a CSV each column that is called as a field of the bundle (DOCMILL_BUNDLE) is the
    values that it may have, where these are texts or numbers of something; what counts is printed.

    What is not said of a file stays as it stands: its kind, its days, an exemplar's type. The tenant must be said each
    time: a text that stands for another one, or for all, is not published, nor a new file for all in a folder that
    holds files of a tenant alone. --change-tenant lifts this, and keeps the rest. --anew reads nothing of what stands,
    so it keeps nothing and lifts this, too: not for a job at night. A link inside a folder to a file outside of it is
    not followed.

    Example: `docmill index add handbook/ --kind policy --valid-from 2027-01-01 --prune`

    Exit codes: 0 all published, 1 some were not (each is named), 2 wrong usage.
    """
    from docmill.indexer.gather import gather
    from docmill.indexer.sources import TABLES
    from docmill.ingest import InThread
    from docmill.ingest.limits import limits_of
    from docmill.kafka.send_knowledge import SentKnowledge

    described = _described(kind, document_type, tenant, valid_from, valid_until)
    listed = _listed(paths, root, prune)
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    may_list = described.kind in (None, KnowledgeKind.CODE_LIST)  # None: perhaps it stands as one
    if may_list and any(file.path.suffix.lower() in TABLES for file in listed.files):
        described = replace(described, listable=_listable(settings))
    standing = {} if anew and not prune else read_standing(settings)
    gathered = gather(listed, described, InThread(limits_of(settings)), {} if anew else standing, change_tenant)
    for told in gathered.told:
        tell(told, "yellow")
    unreadable = [SentKnowledge(one.document_id, one.problem) for one in gathered.unreadable]
    sent = send(settings, gathered.updates) if gathered.updates else []
    complete = report("published", [*unreadable, *sent])
    if prune:  # what is gone is looked at as late as can be: others add files meanwhile, too
        complete = _delete(settings, listed.gone(standing, tenant)) and complete
    if not complete:
        raise typer.Exit(EXIT_FAILED)


def read_standing(settings: Settings) -> "Mapping[str, Standing]":
    """See standing_sources."""
    from docmill.indexer.standing import standing_sources

    with Console(stderr=True).status("reading what stands on knowledge.updated"):  # on a terminal only
        return asyncio.run(standing_sources(settings))


def send(settings: Settings, changes: "Sequence[KnowledgeUpdated | str]") -> "list[SentKnowledge]":
    """See send_knowledge."""
    from docmill.kafka.send_knowledge import send_knowledge

    return asyncio.run(send_knowledge(settings, changes, SOURCE))


def send_deletions(settings: Settings, ids: "Sequence[str]") -> "list[SentKnowledge]":
    """Delete these, and name each that went. Nothing is asked of the broker for none."""
    results = send(settings, ids) if ids else []
    for result in results:
        if result.problem is None:
            typer.echo(f"deleted {one_line(result.passage_id)}")
    return results


def report(what: str, results: "Sequence[SentKnowledge]") -> bool:
    """Name what failed and count the rest; whether nothing failed."""
    failed = [result for result in results if result.problem is not None]
    for result in failed:
        tell(f"not {what}: {result.passage_id}: {result.problem}", "red")
    typer.echo(f"{what} {len(results) - len(failed)}, failed {len(failed)}")
    return not failed


def tell(message: str, style: str) -> None:
    """A line on standard error."""
    Console(stderr=True).print(one_line(message), style=style, markup=False, highlight=False, soft_wrap=True)


def check_tenant(tenant: str | None) -> None:
    """Raises: typer.BadParameter: it is nobody's name."""
    if tenant is not None and not tenant.strip():
        raise typer.BadParameter("an empty tenant is nobody's: leave it out for what all see", param_hint="--tenant")


def _described(
    kind: str | None,
    document_type: str | None,
    tenant: str | None,
    valid_from: datetime | None,
    valid_until: datetime | None,
) -> "Described":
    """What the command line says.

    Raises:
        typer.BadParameter: no text could be so.
    """
    from docmill.indexer.sources import Described

    check_kind(kind)
    check_tenant(tenant)
    if valid_from and valid_until and valid_until < valid_from:
        raise typer.BadParameter("lies before --valid-from", param_hint="--valid-until")
    given = {
        "document_type": document_type,
        "tenant": tenant,
        "valid_from": None if valid_from is None else valid_from.date().isoformat(),
        "valid_until": None if valid_until is None else valid_until.date().isoformat(),
    }
    return Described(kind, {name: value for name, value in given.items() if value is not None})


def _listable(settings: Settings) -> tuple[str, ...]:
    """Fields whose values stand on lists as they are written: a date or an amount that stands there, too, is chance.

    Raises:
        BundleError: the settings name a bundle that cannot be read.
    """
    from docmill.bundle.load import default_bundle, load_bundle
    from docmill.pipeline.normalise import AS_WRITTEN

    bundle = load_bundle(settings.bundle or default_bundle())
    return tuple(field.name for field in bundle.spec.fields if field.kind in AS_WRITTEN)


def check_kind(kind: str | None) -> None:
    """Raises: typer.BadParameter: nothing is of this kind."""
    if kind is not None and kind not in set(KnowledgeKind):
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(KnowledgeKind)}", param_hint="--kind")


def _listed(paths: Sequence[Path], root: Path, prune: bool) -> "Listed":
    """The files that are meant.

    Raises:
        typer.BadParameter: there is none, one has no id from the root, or nothing can safely be pruned.
    """
    from docmill.indexer.gather import list_sources, outside

    for path in outside(paths, root):
        name = f"outside of {root.absolute()}, from which ids are read: name another folder by --root"
        raise typer.BadParameter(f"{path} lies {name}", param_hint="PATH...")
    folders = [path for path in paths if path.is_dir()]
    if prune and not folders:
        raise typer.BadParameter("needs a folder among the paths", param_hint="--prune")
    if prune and any(path.resolve() == root.resolve() for path in folders):
        raise typer.BadParameter(OF_ALL, param_hint="--prune")
    listed = list_sources(paths, root)
    for path in listed.passed_over:
        tell(f"passed over {path}: name a .jsonl file itself to add its lines", "yellow")
    if not listed.files:
        raise typer.BadParameter("no source texts there", param_hint="PATH...")
    return listed


def _delete(settings: Settings, gone: "Gone") -> bool:
    """Delete what was added of files that are gone; whether all of it went."""
    from docmill.kafka.send_knowledge import SentKnowledge

    held = [
        SentKnowledge(folder, f"{number} texts of it stand, and it is there and {EMPTY}")
        for folder, number in gone.held.items()
    ]
    return report("deleted", [*held, *send_deletions(settings, gone.ids)])
