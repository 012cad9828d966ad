"""What docmill says today breaks nobody who works with the last release."""

import json
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from docmill_schemas.events import EVENTS, DocumentProcessed, DocumentReceived, DocumentRejected, FallbackRequested
from docmill_schemas.generate import ASYNCAPI_FILE, RELEASED, json_schema, rendered_asyncapi, schema_file
from tests.contract.compatibility import Schema, Side, breaks

SIDES: dict[type[BaseModel], tuple[Side, ...]] = {
    DocumentReceived: (Side.PRODUCER,),
    DocumentProcessed: (Side.CONSUMER,),
    FallbackRequested: (Side.CONSUMER, Side.PRODUCER),  # docmill's next version reads what this one has left there
    DocumentRejected: (Side.CONSUMER, Side.PRODUCER),  # likewise, where dead letters are put back
}
CHECKED = [(event, side) for event, sides in SIDES.items() for side in sides]
NEWEST = max(RELEASED.iterdir(), key=lambda folder: tuple(map(int, folder.name.split("."))))


def messages(document: Any) -> dict[tuple[str, str], tuple[Side, Schema]]:
    """Headers and key of every message, by address and name, with the side that docmill is not."""
    found: dict[tuple[str, str], tuple[Side, Schema]] = {}
    for operation in document["operations"].values():
        channel = document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]
        side = Side.PRODUCER if operation["action"] == "receive" else Side.CONSUMER
        for name in channel["messages"]:
            message = document["components"]["messages"][name]
            parts = {"headers": message["headers"], "key": message["bindings"]["kafka"]["key"]}
            schema = {"type": "object", "properties": parts, "required": ["headers", "key"]}
            found[channel["address"], name] = (side, schema)
    return found


def test_every_event_has_its_sides() -> None:
    assert set(SIDES) == set(EVENTS)


def test_no_released_event_is_gone() -> None:
    current = {schema_file(event, NEWEST) for event in EVENTS}
    assert {file for file in NEWEST.iterdir() if file.suffix == ".json"} <= current


@pytest.mark.parametrize(("event", "side"), CHECKED)
def test_an_event_breaks_nobody(event: type[BaseModel], side: Side) -> None:
    file = schema_file(event, NEWEST)
    if not file.exists():
        pytest.skip(f"{event.__name__} is newer than {NEWEST.name}")
    released = json.loads(file.read_text(encoding="utf-8"))
    assert [str(one) for one in breaks(released, json_schema(event), side)] == []


def test_no_topic_form_or_header_breaks_anybody() -> None:
    released = messages(yaml.safe_load((NEWEST / ASYNCAPI_FILE.name).read_text(encoding="utf-8")))
    current = messages(yaml.safe_load(rendered_asyncapi()))
    assert released
    assert released.keys() <= current.keys()
    broken = {
        f"{address} {name} {one}"
        for (address, name), (side, schema) in released.items()
        for one in breaks(schema, current[address, name][1], side)
    }
    assert broken == set()
