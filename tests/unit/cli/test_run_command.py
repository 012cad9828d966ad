"""What is said on the command line is what the service is told; what is not said comes from the environment."""

import pytest

from docmill.arbiter import app as arbiter_app
from docmill.settings import Settings
from tests.unit.cli.conftest import Command


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each arbiter that was started."""
    settings: list[Settings] = []

    async def run(given: Settings) -> None:
        settings.append(given)

    monkeypatch.setattr(arbiter_app, "run_arbiter", run)
    monkeypatch.setattr("docmill.local_kafka.bootstrap_servers", lambda: "broker:9092")
    return settings


def test_the_arbiters_options(docmill: Command, told: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_ARBITER_GROUP", "of-the-environment")
    monkeypatch.setenv("DOCMILL_ARBITER_HTTP_PORT", "9999")
    options = ("--http-port", "0", "--include-text", "--topic-prefix", "claims.", "--http-host", "127.0.0.2")
    assert docmill("run", "arbiter", *options).exit_code == 0
    [settings] = told
    assert (settings.arbiter_group, settings.arbiter_http_port) == ("of-the-environment", 0)
    assert settings.kafka_bootstrap_servers == "broker:9092"
    assert (settings.topic_prefix, settings.include_text, settings.http_host) == ("claims.", True, "127.0.0.2")
    assert settings.http_port == Settings().http_port  # the processor's own is left alone
    assert docmill("run", "arbiter", "--group", "said").exit_code == 0
    assert told[1].arbiter_group == "said"


def test_a_group_that_is_none_is_refused(docmill: Command, told: list[Settings]) -> None:
    refused = docmill("run", "arbiter", "--group", "a:b")
    assert refused.exit_code != 0
    assert told == []
