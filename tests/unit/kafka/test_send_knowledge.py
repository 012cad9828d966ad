"""How a source text and its deletion are addressed; the indexer reads what is sent."""

from docmill.indexer.read import Deletion, read_record
from docmill.kafka.send_knowledge import deleted_record, updated_record
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.events import KnowledgeUpdated
from tests.unit.indexer.fakes import record
from tests.unit.kafka.fakes import SENT_AT

UPDATED = KnowledgeUpdated(passage_id="handbook/ä.md", kind="policy", text="Claims below 500 are paid.")


def test_the_indexer_reads_a_source_text_as_it_was_sent() -> None:
    outgoing = updated_record(UPDATED, "docmill/index", "7", SENT_AT)
    assert outgoing.topic == "knowledge.updated"
    assert read_record(record(outgoing.value, outgoing.key, headers=tuple(outgoing.headers))) == UPDATED
    headers = read_headers(outgoing.headers)
    assert (headers["ce_id"], headers["ce_subject"]) == ("7", "handbook/ä.md")
    assert headers["ce_type"] == "docmill.knowledge.updated.v1"


def test_and_a_deletion() -> None:
    outgoing = deleted_record("handbook/ä.md", "docmill/index", "8")
    assert read_record(record(outgoing.value, outgoing.key)) == Deletion("handbook/ä.md")
    assert read_headers(outgoing.headers) == {"ce_id": "8", "ce_source": "docmill/index"}
