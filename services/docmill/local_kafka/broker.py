"""A real broker as a child of this process, for tests, demos and chaos: it dies with its parent."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from docmill.errors import LocalKafkaError
from docmill.local_kafka.node import Node, Runtime, await_ready, prepare, server_command
from docmill.local_kafka.ports import choose_port, free_port, is_free
from docmill.local_kafka.runtime import get_runtime
from docmill.local_kafka.spawn import spawn_tied

_STOP_GRACE_S = 30.0
_PORT_ATTEMPTS = 3


class EmbeddedBroker:
    """Owns one broker process at a time; ports and data stay the same over ``kill`` and ``restart``."""

    def __init__(self, runtime: Runtime, node: Node) -> None:
        self._runtime = runtime
        self._process: subprocess.Popen[bytes] | None = None
        self.node = node

    @property
    def bootstrap_servers(self) -> str:
        """``host:port``, the same for the broker's whole life."""
        return self.node.bootstrap_servers

    @property
    def pid(self) -> int:
        """The process id of the running broker. Raises: LocalKafkaError when it is not running."""
        if self._process is None or self._process.poll() is not None:
            raise LocalKafkaError("the embedded broker is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the broker and returns when it takes requests (seconds, blocking); nothing if it runs.

        Raises: LocalKafkaError with the end of its log.
        """
        if self.is_running:
            return
        prepare(self.node, self._runtime)
        self._process = spawn_tied(server_command(self.node, self._runtime), self.node.output_file)
        try:
            await_ready(self.node, lambda: self.is_running)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ends the broker in good order, by force after 30 s; nothing if it is not running."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_GRACE_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL, as a crash would: nothing is flushed or said to clients; returns when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stops it in good order if it runs, then starts it with the same ports and data."""
        self.stop()
        self.start()


@contextlib.contextmanager
def embedded_broker(
    *,
    ephemeral: bool = True,
    data_dir: Path | None = None,
    port: int | None = None,
    heap_mb: int = 512,
    settings: Mapping[str, str] | None = None,
) -> Iterator[EmbeddedBroker]:
    """Runs a broker for as long as the block lasts; several may run at once.

    ``ephemeral`` keeps data in a temporary folder that goes with the block, and excludes ``data_dir``, which
    is where they stay otherwise. Without ``port`` it takes a free one. ``settings`` are broker properties.
    Raises: LocalKafkaError when it cannot be had or does not start.
    """
    if ephemeral == (data_dir is not None):
        raise ValueError("give data_dir if and only if ephemeral is False")
    runtime = get_runtime()
    with contextlib.ExitStack() as cleanup:
        if data_dir is None:
            data_dir = Path(tempfile.mkdtemp(prefix="docmill-kafka-"))
            cleanup.callback(shutil.rmtree, data_dir, ignore_errors=True)
        node = Node(
            data_dir=data_dir / "data",
            log_file=data_dir / "kafka.log",
            port=free_port() if port is None else choose_port(port),
            controller_port=free_port(),
            heap_mb=heap_mb,
            settings=dict(settings or {}),
        )
        broker = EmbeddedBroker(runtime, node)
        cleanup.callback(broker.kill if ephemeral else broker.stop)
        _start_on_free_ports(broker, fixed_port=port)
        yield broker


def _start_on_free_ports(broker: EmbeddedBroker, fixed_port: int | None) -> None:
    """Starts it, on other ports when somebody took the free ones in between."""
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        try:
            return broker.start()
        except LocalKafkaError:
            ports = {broker.node.port, broker.node.controller_port}
            are_usable = len(ports) == 2 and all(map(is_free, ports))
            if are_usable or attempt == _PORT_ATTEMPTS:
                raise
        port = free_port() if fixed_port is None else choose_port(fixed_port)
        broker.node = replace(broker.node, port=port, controller_port=free_port())
    return None
