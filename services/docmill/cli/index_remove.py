"""`docmill index remove`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docmill.cli.index_add import (
    EXIT_FAILED,
    OF_ALL,
    check_tenant,
    read_standing,
    report,
    send_deletions,
    tell,
)
from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import one_line

if TYPE_CHECKING:
    from docmill.indexer.removal import Removal
    from docmill.settings import Settings

HINT = "NAME..."


def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar=HINT,
            help="Passage ids, as `docmill index search` shows them, or files and folders, as `docmill index add` "
            "takes them: there, or gone.",
        ),
    ],
    root: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="A file's id is its path from this folder. Default: where you are."
        ),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Only what stands for it. Default: of folders, what all see.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which it would be; delete nothing.")] = False,
    ids: Annotated[
        bool, typer.Option("--ids", help="Names are ids, and deleted whether or not anything stands under them.")
    ] = False,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Publishes the deletion of source texts on knowledge.updated, for good. It asks nothing: --dry-run shows which.

    A name is an id, a file, or a folder: what was added of its files, whether they are still there or not, for this
    --tenant or, without one, for all. What was added otherwise is no file of it, however its id begins. A .jsonl file
    that is there means the ids of its lines. Of a name that may mean two things nothing is deleted.

    --ids looks nothing up: for what only the index still holds, or where knowledge.updated cannot be read.

    Example: `docmill index remove handbook/receipts.md handbook/old/`

    Exit codes: 0 all published, 1 some were not, or nothing stands under a name (each is named), 2 wrong usage.
    """
    from docmill.indexer.removal import removal

    _check(names, root, tenant, dry_run, ids)
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    if ids:
        complete = report("deleted", send_deletions(settings, names))
    else:
        found = removal(names, root or Path(), read_standing(settings), tenant)
        for name, what in found.left.items():
            tell(f"of {name} stays: {what}", "yellow")
        complete = _show(found) if dry_run else _delete(settings, found)
    if not complete:
        raise typer.Exit(EXIT_FAILED)


def _check(names: Sequence[str], root: Path | None, tenant: str | None, dry_run: bool, ids: bool) -> None:
    """Raises: typer.BadParameter: nothing can be meant so."""
    from docmill.indexer.read import id_problem
    from docmill.indexer.removal import name_problem

    check_tenant(tenant)
    if ids and (dry_run or root is not None or tenant is not None):
        raise typer.BadParameter("looks nothing up: not with --root, --tenant or --dry-run", param_hint="--ids")
    for name in names:
        if not name.strip():
            raise typer.BadParameter("must not be empty", param_hint=HINT)
        if problem := id_problem(name) if ids else name_problem(name, root or Path()):
            raise typer.BadParameter(f"{problem}: there is none like it", param_hint=HINT)
        if not ids and Path(name).resolve() == (root or Path()).resolve():
            raise typer.BadParameter(OF_ALL, param_hint=HINT)


def _show(found: "Removal") -> bool:
    """Name what would go; whether something does of each name."""
    for passage_id, what in found.deletions.items():
        typer.echo(f"would delete {one_line(passage_id)} ({one_line(what.kind)})")
    for name, problem in found.missed.items():
        tell(f"would not delete: {name}: {problem}", "red")
    typer.echo(f"would delete {len(found.deletions)}, fail {len(found.missed)}")
    return not found.missed


def _delete(settings: "Settings", found: "Removal") -> bool:
    """Whether all of it went."""
    from docmill.kafka.send_knowledge import SentKnowledge

    missed = [SentKnowledge(name, problem) for name, problem in found.missed.items()]
    return report("deleted", [*missed, *send_deletions(settings, [*found.deletions])])
