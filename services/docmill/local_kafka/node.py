"""One broker as files and a command line: configuration, formatted storage, the Java call, its log.

Knows nothing of processes that live on: who runs the command, and how it ends, is for ``broker`` and
``detached``.
"""

import base64
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from docmill.errors import LocalKafkaError
from docmill.local_kafka.ports import HOST
from docmill.local_kafka.probe import Answer, probe
from docmill.resources import resource

START_TIMEOUT_S = 90.0  # 4 s on two idle cores
_TAIL_LINES = 25


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs a broker: a Java and the broker's jars, all of them verified."""

    java: Path
    jars: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One broker's folders, ports and settings; two nodes never share a folder or a port."""

    data_dir: Path
    log_file: Path
    port: int
    controller_port: int
    heap_mb: int = 512
    settings: Mapping[str, str] = field(default_factory=dict)  # override the template, one property each
    format_options: Sequence[str] = ()  # further ones of Kafka's storage tool, such as --add-scram

    @property
    def bootstrap_servers(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def output_file(self) -> Path:
        """What Java itself prints, before and after there is a log."""
        return self.log_file.with_suffix(".out")

    @property
    def properties_file(self) -> Path:
        return self.log_file.with_suffix(".properties")


def prepare(node: Node, runtime: Runtime) -> None:
    """Writes the configuration, and formats the data folder unless it is formatted: data are kept.

    Raises: LocalKafkaError with the tool's output when it cannot format.
    """
    for folder in (node.data_dir, node.log_file.parent):
        folder.mkdir(parents=True, exist_ok=True)
    node.properties_file.write_text(render_properties(node), encoding="ascii")
    # The tool writes this file last, so an interrupted format is done again.
    if (node.data_dir / "meta.properties").exists():
        return
    format_storage = ["kafka.tools.StorageTool", "format", "--ignore-formatted"]
    options = ["--cluster-id", _random_cluster_id(), "--config", str(node.properties_file), *node.format_options]
    command = [*_java(node, runtime), *format_storage, *options]
    formatted = subprocess.run(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if formatted.returncode != 0:
        raise LocalKafkaError(f"cannot format {node.data_dir} for Kafka:\n{formatted.stdout.strip()}")


def server_command(node: Node, runtime: Runtime) -> list[str]:
    """Returns the command line of the broker itself."""
    return [*_java(node, runtime), "kafka.Kafka", str(node.properties_file)]


def await_ready(node: Node, is_alive: Callable[[], bool], timeout_s: float = START_TIMEOUT_S) -> None:
    """Returns once the broker takes requests.

    Raises: LocalKafkaError with the end of its log when it died or ``timeout_s`` ran out.
    """
    deadline = time.monotonic() + timeout_s
    while probe(node.bootstrap_servers) is not Answer.READY:
        if not is_alive():
            raise _failed("the broker died while starting", node)
        if time.monotonic() > deadline:
            raise _failed(f"the broker does not answer after {timeout_s:g} s", node)
        time.sleep(0.1)
    if not is_alive():
        raise _failed(f"another broker answers at {node.bootstrap_servers}", node)


def _failed(what: str, node: Node) -> LocalKafkaError:
    return LocalKafkaError(f"{what}.\n{log_tail(node.log_file)}")


def log_tail(log_file: Path) -> str:
    """Returns where the broker's logs are and their last lines, for an error message."""
    parts = []
    for path in (log_file, log_file.with_suffix(".out")):
        if path.exists() and (lines := path.read_text(encoding="utf-8", errors="replace").splitlines()):
            parts.append("\n".join([f"Last lines of {path}:", *lines[-_TAIL_LINES:]]))
    return "\n".join(parts) or f"It left no log at {log_file}."


def render_properties(node: Node) -> str:
    """Returns server.properties for ``node``; pure ASCII, as Java reads properties files as Latin-1."""
    template = Template(resource("deploy/kafka/server.properties.template").read_text(encoding="utf-8"))
    text = template.substitute(
        data_dir=_escaped(str(node.data_dir)),
        port=node.port,
        controller_port=node.controller_port,
    )
    # Of two lines with one key Java keeps the last.
    return text + "".join(f"{key}={_escaped(value)}\n" for key, value in node.settings.items())


def _java(node: Node, runtime: Runtime) -> list[str]:
    return [
        str(runtime.java),
        f"-Xmx{node.heap_mb}m",
        # The first compiler only: 3.0 s of CPU instead of 5.0 s to start, and 2.9 s instead of 6.4 s to take
        # and give 60,000 records of 1.5 kB (2 busy cores, Java 17). The second pays for itself much later.
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        f"-Ddocmill.kafka.log={node.log_file}",
        f"-Dlog4j2.configurationFile={resource('deploy/kafka/log4j2.xml')}",
        # The listed jars, not a folder: nothing unverified is ever loaded.
        "-cp",
        os.pathsep.join(map(str, runtime.jars)),
    ]


def _escaped(value: str) -> str:
    # Source: java.util.Properties.load
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    characters = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    return "".join(chr(unit) if 0x20 <= unit < 0x7F else f"\\u{unit:04x}" for unit in characters)


def _random_cluster_id() -> str:
    # Source: org.apache.kafka.common.Uuid: base64url of 16 bytes; a leading dash would look like an option.
    while True:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
        if not cluster_id.startswith("-"):
            return cluster_id
