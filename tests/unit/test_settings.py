import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from docmill.errors import ConfigurationError
from docmill.settings import Settings, load_settings

SECRETS = re.compile(r"passw|secret|token(?!s)|credential|api_?key|private|sasl|certificate", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith(("DOCMILL_", "KAFKA_")):
            monkeypatch.delenv(name)


def a_value(name: str) -> tuple[str, Any]:
    """A valid value of a setting that is not its default, as the environment gives it and as it is read."""
    special = {
        "delivery": ("at_least_once", "at_least_once"),
        "bundle": ("/some/bundle", Path("/some/bundle")),
        "transaction_timeout_ms": ("7000", 7000),
        "include_text": ("true", True),
        "http_port": ("0", 0),
        "log_level": ("warning", "warning"),
        "threads": ("7", 7),
        "parsers": ("7", 7),
    }
    default = Settings.model_fields[name].default
    if name in special:
        return special[name]
    if isinstance(default, int | float):
        return str(default + 1), default + 1
    return f"other{default}", f"other{default}"


def test_defaults() -> None:
    settings = load_settings()
    assert settings.kafka_bootstrap_servers == "localhost:9092"
    assert settings.delivery == "exactly_once"
    assert settings.bundle is None
    assert settings.http_host == "127.0.0.1"


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "kafka_bootstrap_servers"])
def test_every_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given, read = a_value(name)
    monkeypatch.setenv(f"DOCMILL_{name.upper()}", given)
    assert getattr(load_settings(), name) == read
    assert read != Settings.model_fields[name].default or name == "delivery"


def test_the_brokers_variable_has_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "a:1,b:2")
    monkeypatch.setenv("DOCMILL_KAFKA_BOOTSTRAP_SERVERS", "c:3")
    assert load_settings().kafka_bootstrap_servers == "a:1,b:2"


def test_overrides_win_and_none_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "env:1")
    monkeypatch.setenv("DOCMILL_PARTITIONS", "3")
    monkeypatch.setenv("DOCMILL_GROUP", "from the environment")
    settings = load_settings(kafka_bootstrap_servers="option:1", partitions=9, group=None, threads=None)
    assert (settings.kafka_bootstrap_servers, settings.partitions) == ("option:1", 9)
    assert (settings.group, settings.threads) == ("from the environment", None)


def test_falsy_overrides_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_INCLUDE_TEXT", "true")
    monkeypatch.setenv("DOCMILL_HTTP_PORT", "9000")
    monkeypatch.setenv("DOCMILL_TOPIC_PREFIX", "claims.")
    settings = load_settings(include_text=False, http_port=0, topic_prefix="")
    assert (settings.include_text, settings.http_port, settings.topic_prefix) == (False, 0, "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partitions", "0"),
        ("partitions", "many"),
        ("replication_factor", "-2"),
        ("topic_prefix", "claims/"),
        ("topic_prefix", "a b"),
        ("delivery", "at_most_once"),
        ("threads", "0"),
        ("max_slice_tokens", "255"),
        ("max_document_bytes", "0"),
        ("max_pages", "0"),
        ("max_archive_mib", "0"),
        ("max_characters", "0"),
        ("parsers", "0"),
        ("parse_timeout_s", "0"),
        ("parse_memory_mib", "63"),
        ("max_queue_bytes", "0"),
        ("max_queue_records", "0"),
        ("http_port", "65536"),
        ("http_port", "-1"),
        ("session_timeout_ms", "999"),
        ("max_poll_interval_ms", "0"),
        ("release_timeout_s", "0"),
        ("acquire_timeout_s", "0"),
        ("publish_timeout_s", "-1"),
        ("broker_timeout_s", "0"),
        ("max_internal_errors", "0"),
        ("include_text", "perhaps"),
        ("log_level", "loud"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"DOCMILL_{name.upper()}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert f"DOCMILL_{name.upper()}: " in str(caught.value)
    assert f"(got '{value}')" in str(caught.value)


def test_all_wrong_values_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_PARTITIONS", "0")
    monkeypatch.setenv("DOCMILL_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError, match=r"DOCMILL_PARTITIONS.*DOCMILL_LOG_LEVEL"):
        load_settings()


def test_a_wrong_override_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^settings: partitions: .*\(got 0\)"):
        load_settings(partitions=0)


def test_an_unknown_override_is_a_bug_of_the_caller() -> None:
    with pytest.raises(TypeError, match="partition_count"):
        load_settings(partition_count=3)


def test_variables_of_others_are_no_ones_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_DATA", "/somewhere")
    monkeypatch.setenv("DOCMILL_TEST_KAFKA", "a:1")
    monkeypatch.setenv("PARTITIONS", "99")
    monkeypatch.setenv("BUNDLE", "/nowhere")
    assert load_settings() == Settings()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().partitions = 3  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undescribed == []


def test_no_setting_holds_a_secret() -> None:
    # One that does must be a SecretStr, and load_settings must not show what was given for it.
    assert [name for name in Settings.model_fields if SECRETS.search(name)] == []
    assert SECRETS.search("sasl_password")
