"""A real Prometheus with docmill's own rules and scrape config, on a free port of the loopback address.

DOCMILL_TEST_PROMETHEUS names the binary, else it is found by PATH; without one the tests that need it skip.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
import yaml

from deploy.grafana.prometheus_api import PrometheusApi, PrometheusError
from docmill.local_kafka.ports import HOST, free_port

COMMITTED = Path(__file__).parents[2] / "deploy" / "prometheus"
PATIENCE_S = 60.0  # for a condition that must come; nothing is measured with it
Answer = TypeVar("Answer")


def prometheus_binary() -> str:
    """The Prometheus to test with; skips the test where there is none."""
    found = os.environ.get("DOCMILL_TEST_PROMETHEUS") or shutil.which("prometheus")
    if found is None:
        pytest.skip("no Prometheus: `apt-get install prometheus`, or name a binary in DOCMILL_TEST_PROMETHEUS")
    return found


def derived_config(committed: dict[str, Any], interval_s: int, targets: list[str]) -> dict[str, Any]:
    """The committed scrape config, but quicker, with its rules where they lie, and reading these targets."""
    derived = dict(committed)
    derived["global"] = committed["global"] | dict.fromkeys(
        ("scrape_interval", "evaluation_interval"), f"{interval_s}s"
    )
    derived["rule_files"] = [str(COMMITTED / pattern) for pattern in committed["rule_files"]]
    [job] = committed["scrape_configs"]
    derived["scrape_configs"] = [job | {"static_configs": [{"targets": targets}]}]
    return derived


class PrometheusProcess:
    """Ends with the `with` block, whatever happens in it."""

    def __init__(self, folder: Path, interval_s: int, targets: list[str]) -> None:
        binary = prometheus_binary()
        config = folder / "prometheus.yml"
        committed = yaml.safe_load((COMMITTED / "prometheus.yml").read_text())
        config.write_text(yaml.safe_dump(derived_config(committed, interval_s, targets)))
        address = f"{HOST}:{free_port()}"
        self.api = PrometheusApi(f"http://{address}")
        self._log = folder / "prometheus.log"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    binary,
                    f"--config.file={config}",
                    f"--storage.tsdb.path={folder / 'prometheus-data'}",
                    f"--web.listen-address={address}",
                ],
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def wait_for(self, question: Callable[[PrometheusApi], Answer | None], what: str) -> Answer:
        """Ask until the answer is neither None nor empty; fails with the log if it never is."""
        deadline = time.monotonic() + PATIENCE_S
        problem: object = None
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                if answer := question(self.api):
                    return answer
            except PrometheusError as error:  # it has not opened its port yet
                problem = error
            time.sleep(0.05)
        log = self._log.read_text(errors="replace")
        raise AssertionError(f"never {what} (exit code {self._process.poll()}, {problem}):\n{log[-4000:]}")
