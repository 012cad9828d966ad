"""Which Java is taken; the Javas here are shell scripts that print a version."""

from pathlib import Path

import pytest

from docmill.errors import LocalKafkaError
from docmill.local_kafka.java import find_java, java_major

SHELL_PATH = "/usr/bin:/bin"


def make_java(home: Path, version: str, exit_code: int = 0) -> Path:
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\nexit {exit_code}\n")
    java.chmod(0o755)
    return java


def none_bundled() -> Path | None:
    return None


@pytest.mark.parametrize(
    ("version", "major"), [("17.0.15", 17), ("25", 25), ("25-ea", 25), ("1.8.0_392", 8), ("11.0.2", 11)]
)
def test_the_major_version_is_read(tmp_path: Path, version: str, major: int) -> None:
    assert java_major(make_java(tmp_path, version)) == major


def test_java_home_comes_before_path_and_the_bundled_one(tmp_path: Path) -> None:
    at_home = make_java(tmp_path / "home", "21.0.1")
    on_path = make_java(tmp_path / "path", "17.0.1")
    bundled = make_java(tmp_path / "bundled", "25")
    environ = {"JAVA_HOME": str(tmp_path / "home"), "PATH": f"{on_path.parent}:{SHELL_PATH}"}
    assert find_java(environ, lambda: bundled) == at_home
    assert find_java({"PATH": environ["PATH"]}, lambda: bundled) == on_path
    assert find_java({"PATH": ""}, lambda: bundled) == bundled


def test_an_old_or_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    make_java(tmp_path / "home", "11.0.2")
    stub = make_java(tmp_path / "path", "21.0.1", exit_code=1)
    bundled = make_java(tmp_path / "bundled", "25")
    environ = {"JAVA_HOME": str(tmp_path / "home"), "PATH": str(stub.parent)}
    assert find_java(environ, lambda: bundled) == bundled


def test_without_one_the_message_says_what_was_found_and_what_to_install(tmp_path: Path) -> None:
    make_java(tmp_path / "home", "11.0.2")
    with pytest.raises(LocalKafkaError, match=r"version 11(.|\n)*pip install 'docmill\[local\]'"):
        find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": ""}, none_bundled)
