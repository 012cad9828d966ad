"""The broker's jars: the committed list, the user's cache, and the check between the two.

Does not know where jars come from: a ``Download`` yields one's bytes (``maven.py``, or a fake in a test).
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from docmill.errors import LocalKafkaError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of jars.lock: Maven coordinates and the sha256 that the file must have."""

    group: str
    artifact: str
    version: str
    classifier: str | None
    sha256: str

    @property
    def file_name(self) -> str:
        return "-".join(filter(None, (self.artifact, self.version, self.classifier))) + ".jar"

    def __str__(self) -> str:
        return ":".join(filter(None, (self.group, self.artifact, self.version, self.classifier)))


Download = Callable[[Jar], Iterator[bytes]]


def parse_lock(text: str) -> tuple[Jar, ...]:
    """Parses jars.lock: ``group:artifact:version[:classifier] sha256`` a line, ``#`` starts a comment line.

    Raises: LocalKafkaError naming the line that is not of this form.
    """
    jars = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        coordinates, _, digest = line.strip().partition(" ")
        match coordinates.split(":"):
            case [group, artifact, version] if _SHA256.fullmatch(digest):
                jars.append(Jar(group, artifact, version, None, digest))
            case [group, artifact, version, classifier] if _SHA256.fullmatch(digest):
                jars.append(Jar(group, artifact, version, classifier, digest))
            case _:
                raise LocalKafkaError(f"jars.lock line {number} is not 'group:artifact:version sha256': {line!r}")
    return tuple(jars)


def kafka_version(jars: Iterable[Jar]) -> str:
    """Returns the version of Apache Kafka that the list is for."""
    return next(jar.version for jar in jars if jar.artifact == "kafka_2.13")


def missing(jars: Iterable[Jar], cache: Path) -> tuple[Jar, ...]:
    """Returns the jars that are not in ``cache``, or are there with other content than the list says."""
    return tuple(jar for jar in jars if _digest(cache / jar.file_name) != jar.sha256)


def fetch(jars: Iterable[Jar], cache: Path, download: Download, on_done: Callable[[Jar], None]) -> None:
    """Puts every jar of ``jars`` into ``cache``, whole and verified, or raises; ``on_done`` hears of each.

    Raises: LocalKafkaError from ``download``, or when what came has another sha256 than the list.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        try:
            for jar in pool.map(lambda jar: _fetch_one(jar, cache, download), jars):
                on_done(jar)
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_one(jar: Jar, cache: Path, download: Download) -> Jar:
    """Downloads beside the final name and moves it there once verified: no half jar is ever seen."""
    handle, name = tempfile.mkstemp(dir=cache, prefix=f"{jar.file_name}.", suffix=".part")
    try:
        digest = hashlib.sha256()
        with os.fdopen(handle, "wb") as file:
            for chunk in download(jar):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != jar.sha256:
            raise LocalKafkaError(
                f"{jar} came with sha256 {digest.hexdigest()}, jars.lock says {jar.sha256}: "
                "nothing was kept. Check the Maven mirror in use, or renew deploy/kafka/jars.lock"
            )
        os.replace(name, cache / jar.file_name)
    finally:
        Path(name).unlink(missing_ok=True)
    return jar


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
