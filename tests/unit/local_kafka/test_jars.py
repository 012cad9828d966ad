"""The committed list, the cache, and that nothing unverified ever lands in it."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docmill.errors import LocalKafkaError
from docmill.local_kafka.jars import Jar, fetch, kafka_version, missing, parse_lock
from docmill.local_kafka.runtime import locked_jars
from docmill.resources import resource

CONTENT = {"one": b"first jar", "two": b"second jar" * 9999}


def jar(name: str) -> Jar:
    return Jar("org.example", name, "1.0", None, hashlib.sha256(CONTENT[name]).hexdigest())


def honest(wanted: Jar) -> Iterator[bytes]:
    content = CONTENT[wanted.artifact]
    yield content[:5]
    yield content[5:]


def forging(wanted: Jar) -> Iterator[bytes]:
    yield b"something else" if wanted.artifact == "two" else CONTENT["one"]


def breaking_off(wanted: Jar) -> Iterator[bytes]:
    yield CONTENT[wanted.artifact][:5]
    raise LocalKafkaError("the network went away")


def test_a_line_is_coordinates_and_digest() -> None:
    digest = "a" * 64
    assert parse_lock(f"# a comment\n\norg.example:one:1.0 {digest}\norg.example:two:2.0:linux {digest}\n") == (
        Jar("org.example", "one", "1.0", None, digest),
        Jar("org.example", "two", "2.0", "linux", digest),
    )


@pytest.mark.parametrize(
    "line",
    ["org.example:one:1.0", "one:1.0 " + "a" * 64, "g:a:v:c:x " + "a" * 64, "g:a:v " + "A" * 64, "g:a:v abc"],
)
def test_another_line_is_refused_by_number(line: str) -> None:
    with pytest.raises(LocalKafkaError, match="line 2"):
        parse_lock(f"# a comment\n{line}")


def test_the_committed_list_is_whole() -> None:
    jars = locked_jars()
    assert {"kafka_2.13", "kafka-clients", "log4j-slf4j-impl", "log4j-core"} <= {jar.artifact for jar in jars}
    assert len({jar.file_name for jar in jars}) == len(jars)


def test_the_list_and_the_image_are_one_version_of_kafka() -> None:
    image = re.search(r"image: apache/kafka:(\S+)", resource("deploy/compose.yaml").read_text())
    assert image is not None
    assert image[1] == kafka_version(locked_jars())


def test_fetch_fills_the_cache(tmp_path: Path) -> None:
    jars: list[Jar] = [jar("one"), jar("two")]
    heard: list[Jar] = []
    fetch(jars, tmp_path / "cache", honest, heard.append)
    assert heard == jars
    assert missing(jars, tmp_path / "cache") == ()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["one-1.0.jar", "two-1.0.jar"]


def test_a_damaged_jar_is_missing_and_is_replaced(tmp_path: Path) -> None:
    fetch([jar("one")], tmp_path, honest, lambda _: None)
    (tmp_path / "one-1.0.jar").write_bytes(b"bit rot")
    assert missing([jar("one")], tmp_path) == (jar("one"),)
    fetch([jar("one")], tmp_path, honest, lambda _: None)
    assert missing([jar("one")], tmp_path) == ()


def test_another_digest_is_refused_and_nothing_of_it_kept(tmp_path: Path) -> None:
    with pytest.raises(LocalKafkaError, match=r"org\.example:two:1\.0 came with sha256"):
        fetch([jar("one"), jar("two")], tmp_path, forging, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["one-1.0.jar"]


def test_an_interrupted_download_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(LocalKafkaError, match="went away"):
        fetch([jar("one")], tmp_path, breaking_off, lambda _: None)
    assert list(tmp_path.iterdir()) == []
