"""`docmill topics`: make, check and show the topics of a deployment."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.settings import load_settings
from docmill_schemas.topics import OWN_TOPICS, TOPICS

EXIT_OFF = 1

app = typer.Typer(
    name="topics",
    help="The topics on the broker: create, verify, show.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command()
def create(
    topic_prefix: TopicPrefix = None,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Of each new topic. Default: DOCMILL_PARTITIONS, else 6.")
    ] = None,
    replication_factor: Annotated[
        int | None, typer.Option(min=-1, help="Likewise; -1: the broker's default. Default: 1.")
    ] = None,
) -> None:
    """Makes the topics that are missing; those that exist stay as they are.

    Example: `docmill topics create --partitions 12 --replication-factor 3`

    Exit codes: 0 all exist now, 1 one could not be made (the message says why), 2 wrong usage.
    """
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix, partitions=partitions, replication_factor=replication_factor)
    from docmill.kafka.topics import create_topics

    rows = asyncio.run(create_topics(settings))
    _print(
        ("topic", "what was done"),
        [(row.topic, "created" if row.created else "there already, unchanged") for row in rows],
    )


@app.command()
def verify(topic_prefix: TopicPrefix = None) -> None:
    """Compares the topics on the broker with what docmill needs; changes nothing, needs no right to.

    Longer retention and larger messages than needed are fine; a shorter retention gets a note.

    Example: `docmill topics verify --topic-prefix claims.`

    Exit codes: 0 all fit, 1 one is missing or does not fit, or the broker does not answer, 2 wrong usage.
    """
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    from docmill.kafka.topics import verify_topics

    checks = asyncio.run(verify_topics(settings, (*TOPICS, *OWN_TOPICS)))
    _print(
        ("topic", "partitions", "finding"),
        [(check.topic, str(check.partitions or "-"), check.problem or check.note or "ok") for check in checks],
    )
    off = [check for check in checks if not check.ok]
    if off:
        errors = Console(stderr=True)
        if any(check.partitions is None for check in off):
            errors.print("Make missing topics with `docmill topics create`.", markup=False)
        if any(check.partitions is not None for check in off):
            errors.print("Change a topic's configuration with Kafka's own kafka-configs.sh --alter.", markup=False)
        raise typer.Exit(EXIT_OFF)


@app.command()
def show(topic_prefix: TopicPrefix = None) -> None:
    """Shows the topics and the configuration that each is made with; asks no broker.

    Example: `docmill topics show`

    Exit codes: 0 shown, 1 a setting is wrong, 2 wrong usage.
    """
    prefix = load_settings(topic_prefix=topic_prefix).topic_prefix
    out = Console(highlight=False, markup=False, soft_wrap=True)
    for spec in (*TOPICS, *OWN_TOPICS):
        out.print(prefix + spec.name, style="bold", end="")
        out.print(f": {spec.holds} (key: {spec.key})")
        out.print("    " + " ".join(f"{name}={value}" for name, value in spec.config().items()))


def _print(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False).print(table)
