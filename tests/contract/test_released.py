"""What docmill says today breaks nobody who works with the last release."""

import json

import pytest
import yaml
from pydantic import BaseModel

from docmill_schemas.catalogue import EVENTS
from docmill_schemas.events import (
    DocumentProcessed,
    DocumentReceived,
    DocumentRejected,
    FallbackRequested,
    KnowledgeIndexed,
    KnowledgeUpdated,
)
from docmill_schemas.generate import ASYNCAPI_FILE, RELEASED, json_schema, rendered_asyncapi, schema_file
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from tests.contract.compatibility import Side, breaks
from tests.contract.topic_compatibility import topic_breaks

SIDES: dict[type[BaseModel], tuple[Side, ...]] = {
    DocumentReceived: (Side.PRODUCER,),
    DocumentProcessed: (Side.CONSUMER,),
    FallbackRequested: (Side.CONSUMER, Side.PRODUCER),  # docmill's next version reads what this one has left there
    KnowledgeUpdated: (Side.PRODUCER,),
    KnowledgeIndexed: (Side.CONSUMER, Side.PRODUCER),  # likewise: compaction keeps records of every version
    ReviewRequested: (Side.CONSUMER, Side.PRODUCER),  # likewise: a review is open until somebody decides it
    FeedbackGiven: (Side.PRODUCER,),
    DocumentRejected: (Side.CONSUMER, Side.PRODUCER),  # likewise, where dead letters are put back
}
CHECKED = [(event, side) for event, sides in SIDES.items() for side in sides]
NEWEST = max(RELEASED.iterdir(), key=lambda folder: tuple(map(int, folder.name.split("."))))


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
    released = yaml.safe_load((NEWEST / ASYNCAPI_FILE.name).read_text(encoding="utf-8"))
    assert topic_breaks(released, yaml.safe_load(rendered_asyncapi())) == []
