"""`docmill index repair`."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from docmill.cli.index_add import EXIT_FAILED, report, send
from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import one_line
from docmill.settings import Settings

if TYPE_CHECKING:
    from docmill.indexer.left_over import LeftOver

UNDELETABLE = "the indexer takes no deletion of such an id: only who may write to knowledge.indexed can delete it"


def repair(
    delete: Annotated[bool, typer.Option("--delete", help="Publish their deletion. Asks nothing.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="With --delete: also more than half of the index, and exemplars.")
    ] = False,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Names what the index holds though no source text stands for it any more, and deletes it with --delete.

    There is such a text where the indexer was away for longer than knowledge.updated keeps deletions (a day,
    delete.retention.ms), where that topic was made anew, or where the indexer took another group; and, until it
    is through with it, where a deletion is under way. Deletions go by way of knowledge.updated: the indexer must run.
    Add nothing meanwhile: an id that comes back between look and deletion is deleted, too.

    After knowledge.updated was made anew, first add all texts that you still have. Exemplars that people decided, and
    texts of other clients, then stand in the index alone: a deletion is for good. So --delete refuses where more
    than half of the index would go, or an exemplar, unless --all is said.

    Example: `docmill index repair --delete`

    Exit codes: 0 nothing is left over, or all of it was deleted, 1 something is left over, also where --delete refuses,
    2 wrong usage.
    """
    from docmill.indexer.left_over import left_over

    if everything and not delete:
        raise typer.BadParameter("goes with --delete", param_hint="--all")
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    found = asyncio.run(left_over(settings))
    for passage_id, kind in found.kinds.items():
        typer.echo(f"left over {one_line(passage_id)} ({kind})")
    told = ", ".join(f"{kind} {number}" for kind, number in found.counts.items())
    typer.echo(f"left over {len(found.kinds)}" + (f" ({told})" if told else ""))
    if delete and found.doubt and not everything:
        typer.echo(f"{found.doubt} Nothing is deleted; --all if you mean it", err=True)
        raise typer.Exit(EXIT_FAILED)
    if not delete and found.kinds:
        more = "docmill index repair --help says what to do first"
        typer.echo(f"{found.doubt} {more}" if found.doubt else "docmill index repair --delete deletes them")
    complete = _delete(settings, found) if delete else not found.kinds
    if not complete:
        raise typer.Exit(EXIT_FAILED)


def _delete(settings: Settings, found: "LeftOver") -> bool:
    """Whether all of it went."""
    from docmill.indexer.read import id_problem
    from docmill.kafka.send_knowledge import SentKnowledge

    problems = {one: problem for one in found.kinds if (problem := id_problem(one))}
    refused = [SentKnowledge(one, f"{problem}: {UNDELETABLE}") for one, problem in problems.items()]
    wanted = [one for one in found.kinds if one not in problems]
    return report("deleted", [*refused, *(send(settings, wanted) if wanted else [])])
