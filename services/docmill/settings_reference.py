"""`python -m docmill.settings_reference`: docs/settings.md, made from the settings themselves.

The page is a snapshot, committed: tests/contract/test_settings_reference.py compares it with the settings.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from docmill.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
MIB = 1024 * 1024
FORMATS = {"path": "path", "password": "text, never shown"}  # of JSON Schema, in words
# Each setting is in one group; within it, settings stand in the order of the code, which some descriptions refer to.
GROUPS: Mapping[str, frozenset[str]] = {
    "Kafka": frozenset(
        {
            "kafka_bootstrap_servers",
            "topic_prefix",
            "partitions",
            "replication_factor",
            "group",
            "indexer_group",
            "fallback_group",
            "arbiter_group",
            "delivery",
        }
    ),
    "Security of the connection": frozenset(
        {
            "security_protocol",
            "sasl_mechanism",
            "sasl_username",
            "sasl_password",
            "sasl_password_file",
            "ssl_cafile",
            "ssl_certfile",
            "ssl_keyfile",
            "ssl_key_password",
            "ssl_key_password_file",
            "ssl_check_hostname",
        }
    ),
    "Model": frozenset({"bundle", "bundle_poll_s", "threads"}),
    "Documents": frozenset(
        {
            "max_document_bytes",
            "max_pages",
            "max_archive_mib",
            "max_characters",
            "parsers",
            "parse_timeout_s",
            "parse_memory_mib",
            "include_text",
        }
    ),
    "Fallback and reviews": frozenset(
        {
            "audit_share",
            "fallback_policy",
            "max_hold_s",
            "generator_url",
            "generator_model",
            "generator_api_key",
            "generator_api_key_file",
            "generator_deadline_s",
            "generator_at_once",
            "generator_max_tokens",
            "generator_usd_per_million_input",
            "generator_usd_per_million_output",
            "generator_tokens_per_day",
            "generator_usd_per_day",
        }
    ),
    "Work in hand": frozenset({"max_slice_tokens", "max_queue_bytes", "max_queue_records"}),
    "Patience": frozenset(
        {
            "session_timeout_ms",
            "max_poll_interval_ms",
            "release_timeout_s",
            "acquire_timeout_s",
            "publish_timeout_s",
            "transaction_timeout_ms",
            "broker_timeout_s",
            "max_internal_errors",
        }
    ),
    "Metrics, probes and logs": frozenset(
        {"http_host", "http_port", "indexer_http_port", "fallback_http_port", "arbiter_http_port", "log_level"}
    ),
}
INTRODUCTION = """\
# Settings

<!-- Generated from services/docmill/settings.py by `make schemas`. Do not edit. -->

Every service and command reads its settings from the environment, once, when it starts. Many are options, too
(`DOCMILL_TOPIC_PREFIX` is `--topic-prefix`; `docmill COMMAND --help` says which a command has), and the option wins.
A wrong value ends the start with a message that names the variable.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(section(title, names) for title, names in GROUPS.items())])


def section(title: str, names: Iterable[str]) -> str:
    """One group as a heading and a table."""
    schemas = Settings.model_json_schema(by_alias=False)["properties"]
    lines = [
        f"## {title}",
        "",
        "| setting | variable | values | default | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        if name in names:
            cells = (
                f"`{name}`",
                f"`{variable(name, field)}`",
                values(schemas[name]),
                default(name, field),
                field.description or "",
            )
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*lines, ""])


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable that holds a setting: its alias where it has one, else its name with the prefix."""
    if isinstance(field.validation_alias, AliasChoices):
        return next(choice for choice in field.validation_alias.choices if isinstance(choice, str))
    return field.validation_alias if isinstance(field.validation_alias, str) else f"DOCMILL_{name.upper()}"


def values(schema: Mapping[str, Any]) -> str:
    """What may be given, from a setting's JSON Schema."""
    if "anyOf" in schema:  # the other one is null: not given
        schema = next(choice for choice in schema["anyOf"] if choice["type"] != "null")
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "boolean":
        return "`true`, `false`"
    if schema["type"] in ("integer", "number"):
        kind = "whole number" if schema["type"] == "integer" else "number"
        bounds = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
        return " ".join([kind, *(f"{word} {schema[key]:g}" for key, word in bounds.items() if key in schema)])
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    return f"text that matches `{schema['pattern']}`" if "pattern" in schema else "text"


def default(name: str, field: FieldInfo) -> str:
    """What holds where nothing is given."""
    value = field.default
    if value is None:
        return "not set"
    if value == "":
        return "empty"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    in_mib = name.endswith("_bytes") and isinstance(value, int) and value % MIB == 0
    return f"`{shown}`" + (f" ({value // MIB} MiB)" if in_mib else "")


def main(file: Path = PAGE) -> None:
    """Write the page."""
    file.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
