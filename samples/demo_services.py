"""Commands and services of docmill as a user would start them, for `make demo`."""

import contextlib
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
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
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "docmill", "run", name, "--http-port", "0"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        url = _wait_ready(process, name, log)
        console.print(f"ready; {url}/metrics /livez /readyz")
        yield Running(url)
        process.send_signal(signal.SIGTERM)
        if code := process.wait(PATIENCE_S):
            raise SystemExit(f"the {name} ended with exit code {code}:\n{log.read_text()}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_ready(process: "subprocess.Popen[bytes]", name: str, log: Path) -> str:
    """The address of the probes, once /readyz says yes."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"http://[\d.]+:\d+", log.read_text()):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{found[0]}/readyz", timeout=5):
                return found[0]
        time.sleep(0.1)
    raise SystemExit(f"the {name} did not get ready:\n{log.read_text()}")
