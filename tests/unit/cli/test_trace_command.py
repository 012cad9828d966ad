"""`docmill trace`, as far as it comes without a broker."""

from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner

from docmill.cli import app
from docmill.cli.trace import checked_id, parse_since
from docmill.errors import LocalKafkaError
from docmill.kafka import trace as trace_module
from docmill_schemas import examples
from tests.unit.cli.conftest import Command
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.reviews import result, result_record


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90s", timedelta(seconds=90)),
        (" 30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
        ("999999w", timedelta(weeks=999_999)),
    ],
)
def test_ages(text: str, age: timedelta) -> None:
    assert parse_since(text) == age


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "-2h", "2y", "1.5h", "9999999s", "٣h"])
def test_what_is_no_age_is_told(docmill: Command, text: str) -> None:
    result = docmill("trace", "d", "--since", text)
    assert result.exit_code == 2
    assert "write it as 90s, 30m, 2h, 7d or 1w" in result.output


@pytest.mark.parametrize("words", [["trace"], ["trace", ""], ["trace", " "]])
def test_an_id_is_needed(docmill: Command, words: list[str]) -> None:
    assert docmill(*words).exit_code == 2


def test_an_id_that_no_record_can_carry_is_told() -> None:
    with pytest.raises(typer.BadParameter, match="UTF-8"):
        checked_id("caf\udce9")
    assert checked_id(" two words ") == " two words "


def test_without_a_broker_it_says_how_to_get_one(docmill: Command) -> None:
    result = docmill("trace", "d")
    assert result.exit_code == 1
    assert isinstance(result.exception, LocalKafkaError)


@pytest.mark.parametrize("missing", [set(), {"p.documents.review", "p.documents.feedback"}], ids=["all", "before"])
def test_topics_that_could_not_be_looked_at_are_told(monkeypatch: pytest.MonkeyPatch, missing: set[str]) -> None:
    broker = FakeBroker()
    broker.serve(monkeypatch, trace_module)
    broker.missing = missing
    broker.put("p.", result_record(result()))
    runner = CliRunner(env={"KAFKA_BOOTSTRAP_SERVERS": "here:1", "DOCMILL_TOPIC_PREFIX": "p.", "COLUMNS": "200"})
    ran = runner.invoke(app, ["trace", examples.REQUEST_ID])
    assert ran.exit_code == 0, ran.output
    told = "not looked at: p.documents.review, p.documents.feedback (not there, or this user has no right on it"
    assert (told in ran.stderr) is bool(missing)
    assert "not looked at" not in ran.stdout
