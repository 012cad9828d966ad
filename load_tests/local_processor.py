"""A broker and processors of this checkout on this machine, for load tests: nothing is left behind."""

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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docmill.local_kafka import embedded_broker, launch
from load_tests.delivery_parts.proc import share_priority

PATIENCE_S = 60.0
LOOK_EVERY_S = 0.05
TIED = (sys.executable, "-I", "-S", str(launch.__file__), "tied")  # dies with the load test, however that ends (Linux)
PROBES = re.compile(r"http://[\d.]+:\d+")


class Processor:
    """Owns the process of a processor, or of another service; `close` when done. The environment names its broker,
    topics and group.
    """

    def __init__(
        self, environment: Mapping[str, str], log: Path, service: str = "processor", patience_s: float = PATIENCE_S
    ) -> None:
        """`patience_s`: for it to get ready, and to end."""
        self._log = log
        self._service = service
        self._patience_s = patience_s
        self._url: str | None = None
        command = [*TIED, str(os.getpid()), sys.executable, "-m", "docmill", "run", service, "--http-port", "0"]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)

    @property
    def pid(self) -> int:
        """Of the process, running or not."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def await_url(self) -> str:
        """The address of its probes, which answer before it joins its group. Blocks.

        Raises:
            SystemExit: it died, or took too long; with the end of its log.
        """
        self._await(lambda: self._found_url() is not None)
        assert self._url is not None
        return self._url

    def await_ready(self) -> None:
        """Returns once /readyz says yes. Raises: as `await_url`."""
        url = self.await_url()
        self._await(lambda: _says_yes(f"{url}/readyz"))

    def readiness(self) -> dict[str, Any]:
        """What /readyz looked at, whether or not it says yes."""
        return read_readiness(self.await_url())

    def terminate(self) -> None:
        """SIGTERM: it finishes what it has in hand; does not wait for that."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End it in good order. Raises: as `await_end`."""
        self.terminate()
        self.await_end()

    def await_end(self) -> None:
        """Returns once it has ended in good order.

        Raises:
            SystemExit: it ended otherwise; with the end of its log.
        """
        if code := self._process.wait(self._patience_s):
            raise SystemExit(f"the {self._service} ended with exit code {code}:\n{self._end_of_log()}")

    def close(self) -> None:
        """Leave nothing behind."""
        if self.is_running:
            self._process.kill()
            self._process.wait()

    def _await(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self._patience_s
        while not holds():
            if not self.is_running or time.monotonic() > deadline:
                raise SystemExit(f"the {self._service} did not get ready:\n{self._end_of_log()}")
            time.sleep(LOOK_EVERY_S)

    def _found_url(self) -> str | None:
        if self._url is None and (found := PROBES.search(self._log.read_text())):
            self._url = found[0]
        return self._url

    def _end_of_log(self) -> str:
        return self._log.read_text()[-4000:]


@dataclass(frozen=True, slots=True)
class LocalProcessor:
    """Where they are."""

    environment: dict[str, str]  # of commands that are to meet this broker
    url: str  # of the processor's probes and metrics
    threads: int
    pid: int  # of the processor
    broker_pid: int

    @property
    def metrics_url(self) -> str:
        return f"{self.url}/metrics"

    def readiness(self) -> dict[str, Any]:
        """What /readyz looked at, whether or not it says yes."""
        return read_readiness(self.url)


@contextlib.contextmanager
def local_processor(threads: int | None) -> Iterator[LocalProcessor]:
    """A broker with docmill's topics, and one processor with the default bundle, ready; `threads` None: as many as
    there are cores.
    """
    threads = threads or len(os.sched_getaffinity(0))
    with embedded_broker(ephemeral=True) as broker, tempfile.TemporaryDirectory() as folder:
        share_priority(broker.pid)
        environment = environment_of(broker.bootstrap_servers, {"DOCMILL_THREADS": str(threads)})
        create_topics(environment)
        processor = Processor(environment, Path(folder) / "processor.log")
        try:
            processor.await_ready()
            yield LocalProcessor(environment, processor.await_url(), threads, processor.pid, broker.pid)
            processor.stop()
        finally:
            processor.close()


def environment_of(bootstrap_servers: str, further: Mapping[str, str]) -> dict[str, str]:
    """Of commands that are to meet a broker. The operator's DOCMILL_ and KAFKA_ variables do not reach them: a run must
    mean the same everywhere.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DOCMILL_", "KAFKA_"))}
    return {**inherited, "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, **further}


def create_topics(environment: Mapping[str, str]) -> None:
    """As a user would. Raises: CalledProcessError."""
    command = [sys.executable, "-m", "docmill", "topics", "create"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def read_readiness(url: str) -> dict[str, Any]:
    """What /readyz looked at, whether or not it says yes."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            checks: dict[str, Any] = json.load(answer)["checks"]
    except urllib.error.HTTPError as error:
        checks = json.load(error)["checks"]
    return checks


def _says_yes(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
        return True
    return False
