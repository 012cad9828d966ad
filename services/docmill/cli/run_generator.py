"""`docmill run generator`: a language model on this machine, in a process of its own (docs/decisions/0021)."""

import asyncio
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from docmill.cli.options import Threads
from docmill.errors import ConfigurationError

PORT = 8080


def generator(
    model: Annotated[Path, typer.Argument(metavar="FILE.gguf", help="The model, one file.", show_default=False)],
    port: Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0: any free one.")] = PORT,
    threads: Threads = None,
    context_tokens: Annotated[
        int, typer.Option(min=512, help="Of a question and its answer; the model's own limit holds too.")
    ] = 8192,
) -> None:
    """Serves a language model from one GGUF file to the fallback, on 127.0.0.1 alone; ends on SIGTERM or SIGINT.

    Prints the base URL, and the command line of a fallback that asks it, once the model is loaded; llama.cpp's own log
    is on stderr. Nothing is downloaded. It answers one question at a time, without a key: everybody on this machine may
    ask. It needs `docmill[local-llm]`, and no broker.

    Example: `docmill run generator qwen3-4b-q4_k_m.gguf --threads 8`

    Exit codes: 0 stopped on request, 1 it cannot start (the message says why), 2 wrong usage. While the model loads a
    signal ends it at once, as that signal.
    """
    from docmill.generator.local import local_endpoint
    from docmill.local_kafka.ports import is_free
    from docmill.runtime.threads import default_threads

    if port and not is_free(port):
        raise ConfigurationError(
            f"port {port} is taken: stop what listens there, or name another with --port (0: any free one)"
        )
    with _interrupted_at_once(), local_endpoint(model, threads or default_threads(), context_tokens, port) as url:
        asyncio.run(_serve(url, model.stem))


@contextmanager
def _interrupted_at_once() -> Iterator[None]:
    """Until the loop takes the signals, SIGINT ends the process as SIGTERM does: there is nothing to finish yet.

    Python's own handler would run only once llama.cpp has loaded the model, which may take minutes.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def _serve(url: str, name: str) -> None:
    """Says where the model answers, and returns on the first SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    typer.echo(url)
    typer.echo(fallback_command(url, name))
    await stopped.wait()


def fallback_command(url: str, name: str) -> str:
    """For a shell. One question at a time, since more would only wait at the endpoint while their deadlines pass."""
    options = shlex.join(("--generator-url", url, "--generator-model", name))
    return f"DOCMILL_GENERATOR_AT_ONCE=1 docmill run fallback {options}"
