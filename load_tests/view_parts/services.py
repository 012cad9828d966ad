"""The services of a view and a Prometheus that finds them, with docmill's own rules. Knows nothing of the mail."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from docmill.local_kafka.ports import HOST, free_port
from load_tests.local_processor import TIED, Processor

COMMITTED = Path(__file__).parents[2] / "deploy" / "prometheus"
PATIENCE_S = 240.0  # on a machine that has other work to do
INSTALL = "no Prometheus: `apt-get install prometheus`, or name a binary in DOCMILL_TEST_PROMETHEUS"


class Fleet:
    """Owns the processes of services, and the file by which Prometheus finds those that run; `close` when done."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._running: dict[str, tuple[str, Processor]] = {}  # by the replica's name: (service, its process)
        self._tell()

    @property
    def targets(self) -> Path:
        """Prometheus' list of what to scrape."""
        return self._folder / "targets.json"

    def start(self, service: str, name: str) -> None:
        """Returns once it is ready. Raises: SystemExit: it does not get so."""
        process = Processor(self._environment, self._folder / f"{name}.log", service, PATIENCE_S)
        self._running[name] = service, process
        process.await_ready()
        self._tell()

    def stop(self, name: str) -> None:
        """End one in good order; it is no longer looked for. Raises: SystemExit: it ended otherwise."""
        _, process = self._running[name]
        process.stop()
        del self._running[name]
        self._tell()

    def stop_all(self) -> None:
        """Likewise all, those that were started last first."""
        for name in reversed(list(self._running)):
            self.stop(name)

    def close(self) -> None:
        """Leave nothing behind."""
        for _, process in self._running.values():
            process.close()

    def _tell(self) -> None:
        """The whole file at once: Prometheus may look at any time."""
        found = [
            {
                "targets": [process.await_url().removeprefix("http://")],
                "labels": {"job": f"docmill-{service}", "instance": name},
            }
            for name, (service, process) in self._running.items()
        ]
        unfinished = self.targets.with_suffix(".new")
        unfinished.write_text(json.dumps(found))
        unfinished.replace(self.targets)


def view_config(committed: Mapping[str, object], targets: Path, interval_s: int) -> dict[str, object]:
    """deploy's config with its rules where they lie, quicker, and with the targets of a file that names their jobs."""
    patterns = committed["rule_files"]
    assert isinstance(patterns, list)
    return {
        "global": dict.fromkeys(("scrape_interval", "evaluation_interval"), f"{interval_s}s"),
        "rule_files": [str(COMMITTED / pattern) for pattern in patterns],
        "scrape_configs": [
            {"job_name": "docmill", "file_sd_configs": [{"files": [str(targets)], "refresh_interval": "5s"}]}
        ],
    }


@contextmanager
def prometheus(folder: Path, targets: Path, interval_s: int) -> Iterator[str]:
    """Its address, on a free port of the loopback address; its data stay in the folder.

    Raises:
        SystemExit: there is none on this machine; says what to do.
    """
    binary = os.environ.get("DOCMILL_TEST_PROMETHEUS") or shutil.which("prometheus")
    if binary is None:
        raise SystemExit(INSTALL)
    config, address = folder / "prometheus.yml", f"{HOST}:{free_port()}"
    committed = yaml.safe_load((COMMITTED / "prometheus.yml").read_text())
    config.write_text(yaml.safe_dump(view_config(committed, targets, interval_s)))
    command = [binary, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [*TIED, str(os.getpid()), *command, f"--web.listen-address={address}"], stdout=log, stderr=log
        )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()
