"""The workers: processes in numbered slots, each with its path to the broker, restarted when they end.

Every end is written down with its cause. One that nobody caused is what the report must show.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from docmill.local_kafka import launch
from load_tests.chaos_parts.cluster import ROOT, child_environment

LOOK_EVERY_S = 0.1
TERM_PATIENCE_S = 40.0  # a release has deadlines of its own; in Kubernetes 45 s
TIED = (sys.executable, "-I", "-S", str(launch.__file__), "tied")  # dies with the driver, however that ends (Linux)
ENDED_BY_SIGTERM = (0, -signal.SIGTERM)  # the latter while it is still starting
PROBES = re.compile(rb"probes and metrics on (http://[\d.]+:\d+)")


class Cause(StrEnum):
    """Why a worker ended."""

    KILLED = "kill -9"
    FAILPOINT = "failpoint"
    TERMINATED = "SIGTERM"
    RECORD = "killed by a record"
    ITSELF = "by itself"


@dataclass(slots=True)
class Worker:
    """A process and what was done to it."""

    process: "subprocess.Popen[bytes]"
    log: Path
    log_start: int  # where in the log its own part begins
    failpoint: str | None
    cause: Cause | None = None  # as far as the driver knows before it ends
    stays: bool = True  # its slot gets a new one when it ends
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    url: str | None = None

    def send(self, what: signal.Signals) -> None:
        """A signal; nothing, if it has ended meanwhile."""
        if self.process.poll() is None:
            self.process.send_signal(what)

    def is_ready(self) -> bool:
        """Whether /readyz says yes; of a worker without probes, whether it lives. Blocks for a second at most."""
        if self.process.poll() is not None:
            return False
        try:
            with self._ask() as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def checks(self) -> Mapping[str, Any]:
        """What /readyz of a worker that is ready says; nothing of any other. Blocks for a second at most."""
        try:
            with self._ask() as answer:
                said: dict[str, Any] = json.load(answer)["checks"]
                return said
        except (OSError, urllib.error.URLError, ValueError):
            return {}

    def says(self) -> str:
        """What /readyz says, of whatever status, or why it says nothing. Blocks for two seconds at most."""
        try:
            try:
                answer = self._ask()
            except urllib.error.HTTPError as refusal:
                answer = refusal
            with answer:
                return str(answer.read().decode())
        except (OSError, ValueError) as error:  # the latter of a worker without probes
            return repr(error)

    def _ask(self) -> Any:
        """Raises: OSError: it does not listen yet, or is not ready."""
        if self.url is None:
            found = PROBES.search(self.log.read_bytes()[self.log_start :])
            if found is None:
                raise ConnectionRefusedError
            self.url = found[1].decode()
        return urllib.request.urlopen(f"{self.url}/readyz", timeout=1)

    def is_stopped(self) -> bool:
        """Whether the kernel has it stopped (Linux)."""
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        return False


@dataclass(frozen=True, slots=True)
class End:
    """How a worker ended. `code` as subprocess gives it: -9 is SIGKILL."""

    slot: int
    code: int
    cause: Cause
    step: str | None = None  # the failpoint's


class Fleet:
    """Owns the processes.

    Args:
        command: of a worker.
        environment: of the worker in a slot, beside the driver's own without its DOCMILL_ and KAFKA_ variables.
        on_end: hears of each end.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Callable[[int], Mapping[str, str]],
        folder: Path,
        on_end: Callable[[End], None],
        *,
        probes: bool,
    ) -> None:
        self.workers: dict[int, Worker] = {}
        self._command = command
        self._environment = environment
        self._folder = folder
        self._on_end = on_end
        self._probes = probes
        self._stopping = False

    def start(self, slot: int, failpoint: str | None = None, *, stays: bool = True) -> Worker:
        """A worker into a slot."""
        environment = child_environment(self._environment(slot))
        if failpoint is not None:
            environment["DOCMILL_FAILPOINT"] = failpoint
        log = self._folder / f"worker-{slot}.log"
        with log.open("ab") as output:
            log_start = output.tell()
            command = [*TIED, str(os.getpid()), *self._command]
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=ROOT)
        worker = Worker(process, log, log_start, failpoint, stays=stays, url=None if self._probes else "")
        self.workers[slot] = worker
        return worker

    def kill(self, slot: int) -> bool:
        """SIGKILL; whether it was alive."""
        worker = self.workers[slot]
        if worker.process.poll() is not None:
            return False
        worker.cause = Cause.KILLED
        worker.send(signal.SIGKILL)
        return True

    async def terminate(self, slot: int, *, stays: bool) -> bool:
        """SIGTERM, and wait; whether it ended by itself then, or had before. SIGKILL after 40 s."""
        worker = self.workers.get(slot)
        if worker is None:
            return True
        worker.stays = stays
        if worker.process.poll() is None and worker.cause is None:
            worker.cause = Cause.TERMINATED
        worker.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(worker.ended.wait(), TERM_PATIENCE_S)
        except TimeoutError:
            worker.cause = Cause.ITSELF  # that it had to be killed is its own doing
            worker.send(signal.SIGKILL)
            await asyncio.to_thread(worker.process.wait)
            self._notice()  # `watch` may have been cancelled
            return False
        return True

    async def watch(self) -> None:
        """Notice ends, and fill the slots again, until cancelled."""
        while True:
            self._notice()
            await asyncio.sleep(LOOK_EVERY_S)

    async def all_ready(self, patience_s: float) -> bool:
        """Wait until all are ready; whether they are in time."""
        deadline_s = time.monotonic() + patience_s
        while time.monotonic() < deadline_s:
            ready = [await asyncio.to_thread(self._is_ready, worker) for worker in list(self.workers.values())]
            if all(ready):
                return True
            await asyncio.sleep(LOOK_EVERY_S)
        return False

    def told_unready(self) -> str:
        """Who is not ready, and what they say of it. Blocks for three seconds a worker at most."""
        unready = {slot: worker for slot, worker in self.workers.items() if not self._is_ready(worker)}
        told = [f"worker {slot} ({worker.says()})" for slot, worker in unready.items()]
        return f"not ready: {', '.join(told) or 'none by now'}"

    async def stop(self) -> bool:
        """All in good order; whether all went that way."""
        self._stopping = True
        return all(await asyncio.gather(*(self.terminate(slot, stays=False) for slot in list(self.workers))))

    def kill_all(self) -> None:
        """Leave nothing behind, whatever happened."""
        self._stopping = True
        for worker in self.workers.values():
            worker.send(signal.SIGKILL)
            worker.process.wait()

    def _notice(self) -> None:
        for slot, worker in list(self.workers.items()):
            if worker.process.poll() is None or worker.ended.is_set():
                continue
            self._on_end(_end(slot, worker))
            if worker.stays and not self._stopping:
                self.start(slot)
            elif self.workers.get(slot) is worker:
                del self.workers[slot]
            worker.ended.set()

    def _is_ready(self, worker: Worker) -> bool:
        return worker.is_ready() if self._probes else worker.process.poll() is None


def _end(slot: int, worker: Worker) -> End:
    code = worker.process.returncode
    step = worker.failpoint.partition(":")[0] if worker.failpoint else None
    if worker.cause in (Cause.KILLED, Cause.ITSELF):
        return End(slot, code, worker.cause)
    if code == -signal.SIGKILL and step is not None:  # at its step, also on the way out after a SIGTERM
        return End(slot, code, Cause.FAILPOINT, step)
    if worker.cause is Cause.TERMINATED:
        return End(slot, code, Cause.TERMINATED if code in ENDED_BY_SIGTERM else Cause.ITSELF)
    return End(slot, code, Cause.RECORD if code == -signal.SIGKILL else Cause.ITSELF)
