"""Which repository is asked, and what is said without the extra."""

import sys
from pathlib import Path

import pytest

from docmill.errors import LocalKafkaError
from docmill.local_kafka.maven import configured_repository, maven_download

SETTINGS = """<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>
  <mirror><id>a</id><mirrorOf>jboss</mirrorOf><url>https://jboss.invalid</url></mirror>
  <mirror><id>b</id><mirrorOf>{}</mirrorOf><url>https://mirror.invalid/maven</url></mirror>
</mirrors></settings>"""


@pytest.mark.parametrize(
    ("mirror_of", "expected"),
    [
        ("central", "https://mirror.invalid/maven"),
        ("*", "https://mirror.invalid/maven"),
        ("external:*, !jboss", "https://mirror.invalid/maven"),
        ("*,!central", None),
        ("other", None),
    ],
)
def test_a_mirror_of_central_in_the_settings_is_used(tmp_path: Path, mirror_of: str, expected: str | None) -> None:
    (tmp_path / "settings.xml").write_text(SETTINGS.format(mirror_of))
    assert configured_repository({}, tmp_path / "settings.xml") == expected


def test_the_variable_comes_first_and_neither_means_the_default(tmp_path: Path) -> None:
    (tmp_path / "settings.xml").write_text(SETTINGS.format("*"))
    environ = {"DOCMILL_MAVEN_REPOSITORY": "https://mine.invalid"}
    assert configured_repository(environ, tmp_path / "settings.xml") == "https://mine.invalid"
    assert configured_repository({}, tmp_path / "none.xml") is None


def test_broken_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "settings.xml").write_text("<settings>")
    with pytest.raises(LocalKafkaError, match=r"settings\.xml is not well-formed"):
        configured_repository({}, tmp_path / "settings.xml")


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "maven_artifact", None)
    with pytest.raises(LocalKafkaError, match=r"pip install 'docmill\[local\]'"):
        maven_download({})
