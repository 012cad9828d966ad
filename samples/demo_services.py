"""Commands and services of docmill as a user would start them, for `make demo`."""

import contextlib
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

SAMPLES = Path(__file__).parent
PATIENCE_S = 60.0

console = Console(highlight=False, width=max(Console().width, 150) if not Console().is_terminal else None)


@dataclass(frozen=True, slots=True)
class Running:
    """A service that is ready."""

    url: str

    def page(self, path: str) -> str:
        """What it serves at a path."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def total(self, metric: str) -> float:
        """Of a metric, over all of its labels."""
        return total_in(self.page("/metrics"), metric)


def total_in(metrics: str, metric: str) -> float:
    """Likewise, in a page that was read before."""
    samples = re.findall(r"^(\w+)(?:\{[^}]*\})? (\S+)$", metrics, re.MULTILINE)
    return sum(float(value) for found, value in samples if found == metric)


def docmill(environment: dict[str, str], *arguments: str, show: bool = True, may_fail: bool = False) -> str:
    """Run a docmill command as a user would; its output."""
    shown = [str(Path(a).relative_to(SAMPLES.parent)) if a.startswith(str(SAMPLES)) else a for a in arguments]
    console.print(f"[bold cyan]$ docmill {' '.join(shown)}[/]")
    done = subprocess.run(
        [sys.executable, "-m", "docmill", *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if show:
        console.print(done.stdout.strip(), markup=False)
    if done.returncode and not may_fail:
        raise SystemExit(f"docmill {arguments[0]} ended with exit code {done.returncode}")
    return done.stdout


@contextlib.contextmanager
def service(environment: dict[str, str], name: str, folder: Path) -> Iterator[Running]:
    """A running service. Stopped with SIGTERM, as Kubernetes would."""
    console.print(f"[bold cyan]$ docmill run {name}[/]")
    command = ("docmill", "run", name, "--http-port", "0")
    with running(environment, name, command, folder, "/readyz") as started:
        console.print(f"ready; {started.url}/metrics /livez /readyz")
        yield started


@contextlib.contextmanager
def running(
    environment: dict[str, str], name: str, command: Sequence[str], folder: Path, probe: str
) -> Iterator[Running]:
    """A module of Python and its arguments, once its page `probe` answers; its log is in the folder."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=output, stderr=output)
    try:
        yield Running(_wait_ready(process, name, log, probe))
        process.send_signal(signal.SIGTERM)
        if code := process.wait(PATIENCE_S):
            raise SystemExit(f"the {name} ended with exit code {code}:\n{_said(log)}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_ready(process: "subprocess.Popen[bytes]", name: str, log: Path, probe: str) -> str:
    """Its address, once the probe says yes."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"http://[\d.]+:\d+", _said(log)):
            with contextlib.suppress(OSError), urllib.request.urlopen(found[0] + probe, timeout=5):
                return found[0]
        time.sleep(0.1)
    raise SystemExit(f"the {name} did not get ready:\n{_said(log)}")


def _said(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
