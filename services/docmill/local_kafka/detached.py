"""The broker from its jars, as a process that outlives the command which started it."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from docmill.errors import LocalKafkaError
from docmill.local_kafka.node import Node, Runtime, await_ready, prepare, server_command
from docmill.local_kafka.paths import Paths
from docmill.local_kafka.ports import free_port
from docmill.local_kafka.process import is_same, start_time, terminate
from docmill.local_kafka.spawn import spawn_detached
from docmill.local_kafka.state import JarsBroker

_STOP_GRACE_S = 30.0
_EPHEMERAL_PREFIX = "docmill-kafka-"


def start_detached(
    paths: Paths, runtime: Runtime, port: int, ephemeral: bool, on_born: Callable[[JarsBroker], None]
) -> JarsBroker:
    """Starts a broker and returns when it takes requests; ``on_born`` hears of it as soon as it has a pid.

    Raises: LocalKafkaError with the end of its log when it does not start; then nothing is left running.
    """
    home = Path(tempfile.mkdtemp(prefix=_EPHEMERAL_PREFIX)) if ephemeral else paths.data
    node = Node(data_dir=home, log_file=paths.log_file, port=port, controller_port=free_port())
    prepare(node, runtime)
    pid = spawn_detached(server_command(node, runtime), node.output_file)
    broker = JarsBroker(
        bootstrap_servers=node.bootstrap_servers,
        pid=pid,
        started=start_time(pid) or "",
        data_dir=home,
        log_file=node.log_file,
        ephemeral=ephemeral,
    )
    on_born(broker)
    try:
        await_ready(node, lambda: is_running(broker))
    except LocalKafkaError:
        stop_detached(broker)
        raise
    return broker


def is_running(broker: JarsBroker) -> bool:
    """Says whether exactly that process is still there."""
    return is_same(broker.pid, broker.started)


def stop_detached(broker: JarsBroker) -> None:
    """Ends exactly that process if it is still there, waits for it, and removes its data if ephemeral."""
    terminate(broker.pid, broker.started, _STOP_GRACE_S)
    # The name is checked too: no state file, however damaged, may point this at somebody's folder.
    if broker.ephemeral and broker.data_dir.name.startswith(_EPHEMERAL_PREFIX):
        shutil.rmtree(broker.data_dir, ignore_errors=True)
