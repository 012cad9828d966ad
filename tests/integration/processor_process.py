"""The processor as it runs in production: a process of its own, watched over its probes, ended by signals."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

PATIENCE_S = 60.0  # for a condition that must come; nothing is measured with it
# Settings of one that is to be killed: its group does without it when it has not been heard of for so long.
SOON_MISSED = {"DOCMILL_SESSION_TIMEOUT_MS": "2000"}
Start = Callable[..., "ProcessorProcess"]


class ProcessorProcess:
    """`docmill run processor` on a test's topics. Ends with the `with` block, whatever happens in it.

    `module`: run it by another module, which does something to it first. `service`: another than the processor.
    """

    def __init__(
        self,
        bootstrap: str,
        prefix: str,
        bundle: Path,
        log: Path,
        module: str = "docmill",
        service: str = "processor",
        **environment: str,
    ) -> None:
        self._log = log
        self._port: int | None = None
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DOCMILL_", "KAFKA_"))}
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DOCMILL_TOPIC_PREFIX": prefix,
            "DOCMILL_GROUP": f"{prefix}processor",
            "DOCMILL_BUNDLE": str(bundle),
            "DOCMILL_THREADS": "1",
            "DOCMILL_HTTP_PORT": "0",
            "DOCMILL_SESSION_TIMEOUT_MS": "6000",
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "run", service],
                env={**inherited, **settings, **environment},
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def log_text(self) -> str:
        """What the process has logged so far."""
        return self._log.read_text(errors="replace")

    def ready(self) -> Self:
        """Wait until /readyz says yes."""
        self.wait_for(lambda: self._get("/readyz")[0] == 200, "ready")
        return self

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz."""
        status, body = self._get("/readyz")
        return status, json.loads(body)

    def page(self, path: str) -> str:
        """What is served at a path."""
        return self._get(path)[1]

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples of a metric that carry these labels."""
        total = 0.0
        for line in self._get("/metrics")[1].splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name and all(f'{k}="{v}"' in (match[2] or "") for k, v in labels.items()):
                total += float(match[3])
        return total

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def exit_code(self) -> int:
        """Wait for the process to end by itself."""
        return self.process.wait(PATIENCE_S)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Poll a condition; fail with the log if it never comes or the process ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                if condition():
                    return
            except (OSError, urllib.error.URLError):
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"never {what} (exit code {self.process.poll()}):\n{self.log_text[-4000:]}")
            time.sleep(0.05)

    def _get(self, path: str) -> tuple[int, str]:
        if self._port is None:
            started = re.search(r"probes and metrics on http://[\d.]+:(\d+)", self.log_text)
            if started is None:
                raise ConnectionRefusedError("not listening yet")
            self._port = int(started[1])
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
