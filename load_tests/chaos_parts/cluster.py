"""A broker, and a proxy in front of it with a path of its own for each worker. Data and ports outlive a run.

The broker has a listener a path, which it advertises at the proxy's port: whoever connects through a path stays on it.
The driver's own clients use the broker's first listener, past the proxy.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docmill.local_kafka import EmbeddedBroker
from docmill.local_kafka.node import Node
from docmill.local_kafka.ports import HOST, free_port
from docmill.local_kafka.runtime import get_runtime
from load_tests.chaos_parts.proxy import Mode

PORTS_FILE = "ports.json"
ROOT = Path(__file__).parents[2]


class Proxy:
    """Owns the proxy's process."""

    def __init__(self, paths: list[tuple[int, int]]) -> None:
        ends = [f"{listen}:{target}" for listen, target in paths]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "load_tests.chaos_parts.proxy", *ends],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._await_ok()

    def set_mode(self, path: int, mode: Mode) -> None:
        """Returns once it is so; milliseconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{path} {mode.value}\n")
        self._process.stdin.flush()
        self._await_ok()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _await_ok(self) -> None:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ok\n":
            raise RuntimeError("the proxy has died; see its error above")


class Cluster:
    """Where everything is."""

    def __init__(self, broker: EmbeddedBroker, proxy: Proxy, paths: list[int]) -> None:
        self.broker = broker
        self.proxy = proxy
        self._paths = paths

    @property
    def bootstrap(self) -> str:
        """Past the proxy."""
        return self.broker.bootstrap_servers

    def path_to(self, slot: int) -> str:
        """The broker as the worker of a slot sees it."""
        return f"{HOST}:{self._paths[slot]}"


@contextmanager
def running_cluster(folder: Path, paths: int) -> Iterator[Cluster]:
    """Start it in `folder`, on the ports and data of the run before if there was one.

    Raises: LocalKafkaError when the broker does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ports = _ports(folder / PORTS_FILE, paths)
    listeners = [f"PATH{n}://{HOST}:{port}" for n, port in enumerate(ports["listeners"])]
    advertised = [f"PATH{n}://{HOST}:{port}" for n, port in enumerate(ports["proxies"])]
    own, controller = f"PLAINTEXT://{HOST}:{ports['broker']}", f"CONTROLLER://{HOST}:{ports['controller']}"
    protocols = ["PLAINTEXT", "CONTROLLER", *(f"PATH{n}" for n in range(paths))]
    settings = {
        "listeners": ",".join([own, *listeners, controller]),
        "advertised.listeners": ",".join([own, *advertised]),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in protocols),
    }
    node = Node(folder / "data", folder / "kafka.log", ports["broker"], ports["controller"], settings=settings)
    broker = EmbeddedBroker(get_runtime(), node)
    proxy = Proxy(list(zip(ports["proxies"], ports["listeners"], strict=True)))
    try:
        broker.start()
        yield Cluster(broker, proxy, ports["proxies"])
    finally:
        broker.stop()
        proxy.close()


def child_environment(further: Mapping[str, str]) -> dict[str, str]:
    """This process's variables without the operator's own of docmill and Kafka, and some more."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DOCMILL_", "KAFKA_"))}
    return {**inherited, **further}


def _ports(file: Path, paths: int) -> dict[str, Any]:
    """Those of the run before, or free ones."""
    if not file.exists():
        found: set[int] = set()
        while len(found) < 2 * paths + 2:
            found.add(free_port())
        broker, controller, *rest = found
        ports = {"broker": broker, "controller": controller, "listeners": rest[:paths], "proxies": rest[paths:]}
        file.write_text(json.dumps(ports))
    known: dict[str, Any] = json.loads(file.read_text())
    return known
