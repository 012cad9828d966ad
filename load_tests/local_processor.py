"""A broker and a processor of this checkout on this machine, for load tests: nothing is left behind."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docmill.local_kafka import embedded_broker

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class LocalProcessor:
    """Where they are."""

    environment: dict[str, str]  # of commands that are to meet this broker
    url: str  # of the processor's probes and metrics
    threads: int

    @property
    def metrics_url(self) -> str:
        return f"{self.url}/metrics"

    def readiness(self) -> dict[str, Any]:
        """What /readyz looked at, whether or not it says yes."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                checks: dict[str, Any] = json.load(answer)["checks"]
        except urllib.error.HTTPError as error:
            checks = json.load(error)["checks"]
        return checks


@contextlib.contextmanager
def local_processor(threads: int | None) -> Iterator[LocalProcessor]:
    """A broker with docmill's topics, and one processor with the default bundle, ready; `threads` None: as many as
    there are cores.

    The operator's DOCMILL_ and KAFKA_ variables do not reach it: a run must mean the same everywhere.
    """
    threads = threads or len(os.sched_getaffinity(0))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DOCMILL_", "KAFKA_"))}
    with embedded_broker(ephemeral=True) as broker, tempfile.TemporaryDirectory() as folder:
        environment = {
            **inherited,
            "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "DOCMILL_THREADS": str(threads),
        }
        create = [sys.executable, "-m", "docmill", "topics", "create"]
        subprocess.run(create, env=environment, check=True, stdout=subprocess.DEVNULL)
        log = Path(folder) / "processor.log"
        with log.open("wb") as output:
            command = [sys.executable, "-m", "docmill", "run", "processor", "--http-port", "0"]
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            yield LocalProcessor(environment, _ready(process, log), threads)
            process.send_signal(signal.SIGTERM)
            if code := process.wait(PATIENCE_S):
                raise SystemExit(f"the processor ended with exit code {code}:\n{log.read_text()[-4000:]}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address of its probes, once it is ready."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"http://[\d.]+:\d+", log.read_text()):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{found[0]}/readyz", timeout=5):
                return found[0]
        time.sleep(0.1)
    raise SystemExit(f"the processor did not get ready:\n{log.read_text()[-4000:]}")
