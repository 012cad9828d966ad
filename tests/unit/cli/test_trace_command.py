"""`docmill trace`, as far as it comes without a broker."""

from datetime import timedelta

import pytest
import typer

from docmill.cli.trace import checked_id, parse_since
from docmill.errors import LocalKafkaError
from tests.unit.cli.conftest import Command


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
