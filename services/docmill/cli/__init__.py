"""The command line. One file a command; `docmill --help` imports none of them."""

import sys
from typing import Annotated

import typer

from docmill.cli.commands import CommandsOnDemand, register
from docmill.errors import DocmillError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # as a shell counts SIGINT

app = typer.Typer(
    name="docmill",
    cls=CommandsOnDemand,
    help="A digital mailroom: documents in on Kafka, structured results out, on plain CPUs.\n\n"
    "Example: `docmill kafka up && docmill topics create && docmill run processor`\n\n"
    "Exit codes: 0 done, 1 failed (the message says what to do), 2 wrong usage, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    # A traceback with local variables would show documents' text.
    pretty_exceptions_enable=False,
)
register(app)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"docmill {version('docmill')}")
        raise typer.Exit


@app.callback()
def _docmill(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """The `docmill` command: an error that docmill raises on purpose is its message, not a traceback."""
    try:
        app()
    except DocmillError as error:
        from rich.console import Console

        errors = Console(stderr=True)
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
