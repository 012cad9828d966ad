"""docs/settings.md says what the settings are, all of them, as they are read."""

import re
from collections import Counter
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from docmill.errors import ConfigurationError
from docmill.settings import Settings, load_settings
from docmill.settings_reference import GROUPS, PAGE, default, main, page, values, variable

RENEW = "run `make schemas` and commit docs/settings.md"
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| (.+?) \| (.+?) \|(.*)\|$", re.MULTILINE)


def test_the_page_is_of_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), RENEW


def test_every_setting_is_in_one_group() -> None:
    grouped = Counter(name for names in GROUPS.values() for name in names)
    assert grouped == dict.fromkeys(Settings.model_fields, 1), "give a new setting its group in settings_reference.py"


def test_every_setting_has_its_row_in_the_order_of_the_code() -> None:
    names = [row[1] for row in ROW.finditer(page())]
    assert sorted(names) == sorted(Settings.model_fields)
    order = list(Settings.model_fields)
    for group in GROUPS.values():
        own = [name for name in names if name in group]
        assert own == [name for name in order if name in group]


def test_every_meaning_stands_on_one_line() -> None:
    for name, field in Settings.model_fields.items():
        assert "\n" not in (field.description or ""), name


def stands_alone(row: re.Match[str]) -> bool:
    """Whether anything but the default can be given, and without others: tests/unit/test_settings.py has the rest."""
    return row[3] != row[4] and not row[1].startswith(("sasl_", "ssl_", "security_", "generator_"))


@pytest.mark.parametrize("row", [row for row in ROW.finditer(page()) if stands_alone(row)], ids=lambda row: row[1])
def test_the_variable_is_the_one_that_is_read(row: re.Match[str], monkeypatch: pytest.MonkeyPatch) -> None:
    name, shown = row[1], row[2]
    closed = re.findall(r"`(\w+)`", row[3])
    others = [value for value in closed if f"`{value}`" != row[4]]
    open_value = "other" if isinstance(Settings.model_fields[name].default, str) else "9999"
    open_value = "0.5" if row[3].endswith("to 1") else open_value
    monkeypatch.setenv(shown, others[0] if others else open_value)
    assert getattr(load_settings(), name) != getattr(Settings.model_construct(), name)


def test_the_brokers_variable_has_no_prefix() -> None:
    assert variable("kafka_bootstrap_servers", Settings.model_fields["kafka_bootstrap_servers"]) == (
        "KAFKA_BOOTSTRAP_SERVERS"
    )
    assert variable("threads", Settings.model_fields["threads"]) == "DOCMILL_THREADS"
    assert variable("x", FieldInfo(validation_alias="OTHER")) == "OTHER"


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 65535}, "whole number from 0 to 65535"),
        ({"type": "number", "exclusiveMinimum": 0}, "number above 0"),
        ({"type": "number", "exclusiveMaximum": 1.5}, "number below 1.5"),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, "whole number from 1"),
        ({"anyOf": [{"type": "string", "format": "path"}, {"type": "null"}]}, "path"),
        ({"anyOf": [{"type": "string", "format": "password"}, {"type": "null"}]}, "text, never shown"),
        ({"type": "string", "const": "at_least_once"}, "`at_least_once`"),
        ({"type": "string", "enum": ["a", "b"]}, "`a`, `b`"),
        ({"type": "boolean"}, "`true`, `false`"),
        ({"type": "string", "pattern": "^x$"}, "text that matches `^x$`"),
        ({"type": "string"}, "text"),
    ],
)
def test_values(schema: dict[str, object], shown: str) -> None:
    assert values(schema) == shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("x", None, "not set"),
        ("x", "", "empty"),
        ("x", False, "`false`"),
        ("x_bytes", 4 * 1024 * 1024, "`4194304` (4 MiB)"),
        ("x_bytes", 1000, "`1000`"),
        ("x", 4 * 1024 * 1024, "`4194304`"),
        ("x", 10.0, "`10.0`"),
    ],
)
def test_defaults(name: str, value: object, shown: str) -> None:
    assert default(name, FieldInfo(default=value)) == shown


def test_it_is_written_where_it_is_asked_to(tmp_path: Path) -> None:
    main(tmp_path / "settings.md")
    assert (tmp_path / "settings.md").read_text(encoding="utf-8") == page()


def test_a_wrong_value_names_the_variable_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_PARTITIONS", "many")
    with pytest.raises(ConfigurationError, match="DOCMILL_PARTITIONS"):
        load_settings()
