"""Gets what a broker runs on: a Java, and the jars of the committed list in the user's cache."""

from collections.abc import Callable
from pathlib import Path

from docmill.local_kafka.jars import Jar, fetch, missing, parse_lock
from docmill.local_kafka.java import find_java
from docmill.local_kafka.maven import maven_download
from docmill.local_kafka.node import Runtime
from docmill.local_kafka.paths import user_paths
from docmill.resources import resource

Progress = Callable[[Jar, int, int], None]
"""Hears of each jar that arrived: the jar, how many have, how many are to."""


def no_progress(_jar: Jar, _done: int, _total: int) -> None:
    """Says nothing."""


def locked_jars() -> tuple[Jar, ...]:
    """Returns the committed list of the broker's jars."""
    return parse_lock(resource("deploy/kafka/jars.lock").read_text(encoding="utf-8"))


def get_jars(cache: Path | None = None, progress: Progress = no_progress) -> tuple[Path, ...]:
    """Returns the broker's jars, verified; fetches those that the cache lacks, and needs no network for none.

    Raises: LocalKafkaError when one cannot be fetched or is not what the list says.
    """
    cache = cache or user_paths().jars
    jars = locked_jars()
    lacking = missing(jars, cache)
    if lacking:
        done = iter(range(1, len(lacking) + 1))
        fetch(lacking, cache, maven_download(), lambda jar: progress(jar, next(done), len(lacking)))
    return tuple(cache / jar.file_name for jar in jars)


def get_runtime(progress: Progress = no_progress) -> Runtime:
    """Returns a Java of 17 or newer and the verified jars.

    Raises: LocalKafkaError saying what to install when either cannot be had.
    """
    return Runtime(java=find_java(), jars=get_jars(progress=progress))
