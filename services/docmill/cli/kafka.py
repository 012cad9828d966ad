"""`docmill kafka`: a real broker on this machine, up and down with one command."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, assert_never

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from docmill.errors import LocalKafkaError
from docmill.local_kafka import control
from docmill.local_kafka.compose import logs_command
from docmill.local_kafka.control import BOOTSTRAP_VARIABLE, Engine
from docmill.local_kafka.jars import Jar, kafka_version
from docmill.local_kafka.node import log_tail
from docmill.local_kafka.paths import user_paths
from docmill.local_kafka.probe import Answer, probe
from docmill.local_kafka.runtime import Progress as OnJar
from docmill.local_kafka.runtime import get_jars, locked_jars
from docmill.local_kafka.state import DetachedBroker, DockerBroker, JarsBroker, read_state

EXIT_FAILED = 1
EXIT_NOT_RUNNING = 3

app = typer.Typer(
    name="kafka",
    help="A real Apache Kafka on this machine: up, down, status, fetch.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command()
def up(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: 9092 if it is free, else a free one.")
    ] = None,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Temporary data, removed by `docmill kafka down`.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="auto: Docker if its engine answers, else the jars on Java.")
    ] = Engine.AUTO,
) -> None:
    """Brings up a broker and leaves it running; does nothing if one is up.

    With KAFKA_BOOTSTRAP_SERVERS set it uses that broker and starts none. Data survive down and up.

    Example: `docmill kafka up --ephemeral --port 19092`

    Exit codes: 0 a broker answers, 1 it could not be had (the message says what to do), 2 wrong usage.
    """
    out = _out()
    with _errors_told():
        external = control.external_servers()
        if external is not None:
            _use_external(external, out)
            return
        with _jar_progress() as on_jar, out.status("Starting Kafka ..."):
            result = control.up(engine=engine, port=port, ephemeral=ephemeral, progress=on_jar)
        broker = result.broker
        if not result.is_new:
            out.print(f"Kafka is up already at [bold]{broker.bootstrap_servers}[/] and stays as it is.")
            if port is not None and not broker.bootstrap_servers.endswith(f":{port}"):
                out.print("For another port run `docmill kafka down` first.", style="yellow", markup=False)
            return
        out.print(f"Kafka is up at [bold]{broker.bootstrap_servers}[/].")
        if port is None and not broker.bootstrap_servers.endswith(":9092"):
            out.print("(Port 9092 was taken.)")
        out.print("Log, data, process: `docmill kafka status`. End it: `docmill kafka down`.", markup=False)


@app.command()
def down() -> None:
    """Ends exactly the broker that `up` started and waits for it; data stay unless they were ephemeral.

    A broker named by KAFKA_BOOTSTRAP_SERVERS is never touched.

    Example: `docmill kafka down`

    Exit codes: 0 none of ours is running now, 1 it could not be ended.
    """
    out = _out()
    with _errors_told():
        with out.status("Stopping Kafka ..."):
            result = control.down()
        if result is None:
            out.print("No broker to stop.")
        elif result.was_alive:
            out.print(f"Kafka at {result.broker.bootstrap_servers} is down.")
        else:
            out.print(f"Kafka at {result.broker.bootstrap_servers} was gone already; tidied up after it.")


@app.command()
def status() -> None:
    """Shows which broker docmill uses here, and where its log and data are.

    Example: `docmill kafka status && docmill topics create`

    Exit codes: 0 running, 1 the state file is damaged, 3 not running.
    """
    out = _out()
    with _errors_told():
        paths = user_paths()
        external = control.external_servers()
        broker = read_state(paths.state_file)
        if external is not None:
            answer = probe(external)
            mode = f"external ({BOOTSTRAP_VARIABLE})"
            _print_rows(out, {"mode": mode, "address": external, "answers": answer})
            if broker is not None and control.is_alive(broker):
                out.print(f"A broker of ours is up too, unused: {broker.bootstrap_servers}")
            raise typer.Exit(EXIT_NOT_RUNNING if answer is Answer.SILENT else 0)
        if broker is None:
            out.print("Not running. Start it: `docmill kafka up`.", markup=False)
            _print_rows(out, {"data": paths.data, "log": paths.log_file})
            raise typer.Exit(EXIT_NOT_RUNNING)
        _print_rows(out, _describe(broker))
        if not control.is_alive(broker):
            _print_died(broker)
            raise typer.Exit(EXIT_NOT_RUNNING)


@app.command()
def fetch() -> None:
    """Fetches the broker's jars into the cache (44 MB) and verifies them; afterwards `up` needs no network.

    Example: `docmill kafka fetch`

    Exit codes: 0 all there and verified, 1 one could not be had (the message says why).
    """
    with _errors_told():
        with _jar_progress() as on_jar:
            jars = get_jars(progress=on_jar)
        version = kafka_version(locked_jars())
        _out().print(f"Apache Kafka {version}: {len(jars)} jars, verified, in {jars[0].parent}", soft_wrap=True)


def _use_external(servers: str, out: Console) -> None:
    answer = probe(servers)
    match answer:
        case Answer.READY:
            out.print(f"{BOOTSTRAP_VARIABLE} is set: using {servers}, starting nothing.")
        case Answer.CONNECTS:
            out.print(
                f"{BOOTSTRAP_VARIABLE} is set: using {servers}, starting nothing. It accepts connections "
                "but does not answer a plain request; it may be starting, or want TLS or SASL."
            )
        case Answer.SILENT:
            raise LocalKafkaError(
                f"{BOOTSTRAP_VARIABLE} names {servers}, and nothing answers there: start that broker, "
                "or unset the variable to get a local one"
            )
        case _:
            assert_never(answer)


def _describe(broker: DetachedBroker) -> dict[str, object]:
    match broker:
        case JarsBroker():
            return {
                "mode": f"Apache Kafka {kafka_version(locked_jars())} from its jars",
                "address": broker.bootstrap_servers,
                "pid": broker.pid,
                "data": f"{broker.data_dir}{' (ephemeral)' if broker.ephemeral else ''}",
                "log": broker.log_file,
            }
        case DockerBroker():
            return {
                "mode": "Docker compose",
                "address": broker.bootstrap_servers,
                "pid": f"container of project {broker.project}",
                "data": "a volume" + (" (ephemeral)" if broker.ephemeral else ""),
                "log": logs_command(broker),
            }
        case _:
            assert_never(broker)


def _print_died(broker: DetachedBroker) -> None:
    errors = Console(stderr=True)
    errors.print("Not running: it did not start, ended by itself, or the machine restarted.", style="bold red")
    if isinstance(broker, JarsBroker):
        errors.print(log_tail(broker.log_file), markup=False, highlight=False, soft_wrap=True)
    errors.print("Start it again with the same data: `docmill kafka up`", markup=False)


def _print_rows(out: Console, rows: dict[str, object]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")  # a path must survive copying
    for name, value in rows.items():
        table.add_row(name, str(value))
    out.print(table)


@contextlib.contextmanager
def _errors_told() -> Iterator[None]:
    """Turns a LocalKafkaError into its message on standard error and exit code 1."""
    try:
        yield
    except LocalKafkaError as error:
        errors = Console(stderr=True)
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(EXIT_FAILED) from error


@contextlib.contextmanager
def _jar_progress() -> Iterator[OnJar]:
    """Shows a progress bar on standard error once the first jar has come; nothing when all are there."""
    columns = (TextColumn("Fetching Kafka"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with contextlib.ExitStack() as stack:
        bars: list[Progress] = []

        def on_jar(_jar: Jar, done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(Progress(*columns, console=Console(stderr=True))))
                bars[0].add_task("jars", total=total)
            bars[0].update(bars[0].task_ids[0], completed=done)

        yield on_jar


def _out() -> Console:
    # Made for each call: rich binds standard output when a console is made, and tests replace it.
    return Console()
