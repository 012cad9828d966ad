"""Options that several commands share, and the settings that they make."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from docmill.settings import Settings, load_settings

TopicPrefix = Annotated[
    str | None,
    typer.Option("--topic-prefix", help="Before every topic's name. Default: DOCMILL_TOPIC_PREFIX, else none."),
]
BundleFolder = Annotated[
    Path | None, typer.Option("--bundle", help="Folder of the model bundle. Default: the one shipped.")
]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Inference threads. Default: the usable cores.")]
Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        exists=True,
        readable=True,
        help="Documents: a file, a .jsonl file with a document a line, or a folder of files.",
    ),
]


def broker_settings(**overrides: object) -> Settings:
    """Settings with the broker that this machine's commands talk to: KAFKA_BOOTSTRAP_SERVERS, else the local one.

    Raises:
        LocalKafkaError: there is neither.
        ConfigurationError: a setting is wrong.
    """
    from docmill.local_kafka import bootstrap_servers

    return load_settings(kafka_bootstrap_servers=bootstrap_servers(), **overrides)


def quiet_client() -> None:
    """Keep the Kafka client's own log lines off a short command's terminal: its errors are raised, and told once."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
