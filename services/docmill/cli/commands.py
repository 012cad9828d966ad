"""The commands by name, each imported when it is called: `docmill --help` needs none of them."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# name: what `docmill --help` says of it. docmill.cli.<name> holds a sub-app `app`, or a function of that name.
COMMANDS = {
    "kafka": "A real Apache Kafka on this machine: up, down, status, fetch.",
    "topics": "The topics on the broker: create, verify, show.",
    "run": "The services, in the foreground: processor, fallback, indexer, arbiter, generator.",
    "publish": "Sends documents: files, folders, or the lines of .jsonl files.",
    "tail": "Shows what becomes of documents, as it happens.",
    "trace": "Shows one document's whole way over all topics.",
    "redrive": "Puts dead letters back onto the topic that they came from, each once.",
    "index": "Source texts for the fallback: add, remove, search, stats.",
    "review": "Documents that a person is to decide: list, show, decide, open, export.",
    "process": "Says what docmill makes of documents, without Kafka.",
    "assess": "Says what docmill would make of your own documents, in figures.",
    "train": "From labelled documents to a bundle: init, import, check, run.",
    "evaluate": "Scores a bundle on labelled documents of one's own.",
    "load": "Finds how many documents a second a deployment holds.",
}


class CommandsOnDemand(TyperGroup):
    """Lists commands by the table; one that is called, or asked for its own help, is imported first."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """See click.Group: name, command and the arguments that are left."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else command, rest


def load(name: str) -> Any:
    """The click command, or group of commands, of a name in the table."""
    module = import_module(f"docmill.cli.{name}")
    if hasattr(module, "app"):
        return typer.main.get_group(module.app)
    app = typer.Typer(rich_markup_mode="markdown", add_completion=False)
    app.command(name)(getattr(module, name))
    return typer.main.get_command(app)


def _placeholder() -> None:
    """Stands in the list for a command that is not imported."""


def register(app: typer.Typer) -> None:
    """Put all commands on the list of an app whose group is CommandsOnDemand."""
    for name, help_ in COMMANDS.items():
        app.command(name, help=help_)(_placeholder)
