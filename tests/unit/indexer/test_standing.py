"""What stands under an id is what its last sound record says."""

import json
from datetime import date

import pytest

from docmill.errors import BrokerError
from docmill.indexer import standing as module
from docmill.indexer.standing import Standing, StandingSources, standing_sources
from docmill.settings import load_settings
from docmill_schemas.cloudevents import STRUCTURED
from tests.unit.indexer.fakes import record, updated
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.fakes import FakeRecord


def ids_after(*records: tuple[str, bytes | None]) -> set[str]:
    return {passage_id for passage_id, one in standing_after(*records).items() if one.is_file}


def standing_after(*records: tuple[str, bytes | None]) -> dict[str, Standing]:
    sources = StandingSources()
    for passage_id, value in records:
        sources.take("knowledge.updated", record(value, passage_id.encode()))
    return sources.found


def file(passage_id: str) -> tuple[str, bytes]:
    return passage_id, updated(passage_id, metadata={"file": passage_id})


def test_files_are_known_until_they_are_deleted_or_somebody_elses() -> None:
    assert ids_after(file("a.md"), file("b.md"), ("a.md", None)) == {"b.md"}
    assert ids_after(("a.md", None), file("a.md")) == {"a.md"}
    assert ids_after(file("a.md"), ("a.md", updated("a.md"))) == set()


def test_ids_of_others_are_no_files_however_they_begin() -> None:
    exemplar = updated("decided/1", kind="exemplar", metadata={"file": "decided/2"})
    assert ids_after(("decided/1", exemplar), ("handbook/rows-1", updated("handbook/rows-1"))) == set()


def test_a_record_that_is_refused_changes_nothing() -> None:
    assert ids_after(file("a.md"), ("a.md", b"no JSON")) == {"a.md"}


def test_in_structured_mode_too() -> None:
    passage_id, value = file("a.md")
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": json.loads(value)}
    sources = StandingSources()
    headers = (("content-type", STRUCTURED.encode()),)
    sources.take("knowledge.updated", record(json.dumps(event).encode(), passage_id.encode(), headers=headers))
    assert sources.found["a.md"].is_file


def test_for_whom_it_stands_and_of_when_is_known() -> None:
    said = updated("q", kind="exemplar", document_type="claim", tenant="acme", valid_from=date(2027, 1, 1))
    assert standing_after(("q", updated("q")), ("q", said)) == {
        "q": Standing("exemplar", document_type="claim", tenant="acme", valid_from=date(2027, 1, 1))
    }


async def test_a_record_that_cannot_be_read_stops_it_and_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    broker.serve(monkeypatch, module)
    broker.append("p.knowledge.updated", FakeRecord(b"1", key=b"a"))
    assert await standing_sources(load_settings(topic_prefix="p.")) == {}
    broker.illegible.add("p.knowledge.updated")
    with pytest.raises(BrokerError, match=r"p\.knowledge\.updated-0 holds a record .*; add --anew .* to be rid of it$"):
        await standing_sources(load_settings(topic_prefix="p."))
