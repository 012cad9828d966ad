"""What stands in the index and in no source text is named; all else is not."""

import pytest

from docmill.errors import BrokerError
from docmill.indexer import left_over as module
from docmill.indexer.left_over import UNKNOWN, LeftOver, StandingKeys, left_over
from docmill.settings import load_settings
from tests.unit.indexer.fakes import record, updated
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.fakes import FakeRecord


def put(broker: FakeBroker, topic: str, *records: tuple[bytes | None, bytes | None], partition: int = 0) -> None:
    for key, value in records:
        broker.append(f"p.{topic}", FakeRecord(value, key=key, partition=partition))


async def test_what_was_deleted_while_nobody_looked_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    broker.serve(monkeypatch, module)
    put(broker, "knowledge.updated", (b"stands", b"1"), (b"refused", b"no JSON"), (b"seen", b"1"), (b"seen", None))
    indexed = [(key, b"1") for key in (b"stands", b"refused", b"missed", b"seen", b"gone", b"\xff")]
    put(broker, "knowledge.indexed", *indexed, (b"gone", None), (None, b"1"))
    put(broker, "knowledge.indexed", (b"also missed", b"1"), partition=1)
    found = await left_over(load_settings(topic_prefix="p."))
    assert list(found.kinds) == ["also missed", "missed", "seen"]
    assert found.held == 6
    assert broker.required == ["knowledge.indexed", "knowledge.updated"]


async def test_what_is_added_while_the_index_is_read_is_not_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    broker.serve(monkeypatch, module)
    put(broker, "knowledge.indexed", (b"old", b"1"))
    put(broker, "knowledge.updated", (b"old", b"1"))

    def added(what: str, done: int, total: int) -> None:
        if what == "the index":
            put(broker, "knowledge.updated", (b"new", b"1"))
            put(broker, "knowledge.indexed", (b"new", b"1"))

    assert (await left_over(load_settings(topic_prefix="p."), added)).kinds == {}


def test_a_key_in_two_partitions_stands_while_it_stands_in_one() -> None:
    keys = StandingKeys()
    for partition, value in ((0, b"1"), (1, b"1"), (0, None)):
        keys.take("knowledge.updated", record(value, b"twice", partition=partition))
    assert set(keys.kinds) == {b"twice"}
    keys.take("knowledge.updated", record(None, b"twice", partition=1))
    assert keys.kinds == {}


async def test_of_which_kind_it_is_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    broker.serve(monkeypatch, module)
    for key, kind in ((b"decided/1", "exemplar"), (b"decided/2", "exemplar"), (b"a.md", "policy"), (b"b", "polices")):
        put(broker, "knowledge.indexed", (key, updated(key.decode(), kind=kind)))
    put(broker, "knowledge.indexed", (b"c", b"no JSON"), (b"d", b'{"kind": 1}'))
    found = await left_over(load_settings(topic_prefix="p."))
    assert found.counts == {"exemplar": 2, UNKNOWN: 3, "policy": 1}


def test_it_is_doubtful_where_the_source_texts_look_lost() -> None:
    two = {"a.md": "policy", "b.md": "code_list"}
    assert LeftOver({}, 0).doubt is None
    assert LeftOver(two, 4).doubt is None
    assert (LeftOver(two, 3).doubt or "").startswith("2 of the 3 passages of the index would go: is knowledge.updated")
    assert (LeftOver({"decided/1": "exemplar"}, 1000).doubt or "").startswith(
        "exemplars (1) would go: was knowledge.updat"
    )


@pytest.mark.parametrize("topic", ["p.knowledge.indexed", "p.knowledge.updated"])
async def test_a_record_that_cannot_be_read_stops_it_and_the_way_out_is_told(
    monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    broker = FakeBroker()
    broker.serve(monkeypatch, module)
    for name in ("knowledge.indexed", "knowledge.updated"):
        put(broker, name, (b"a", b"1"))
    broker.illegible.add(topic)
    with pytest.raises(BrokerError, match=rf"{topic}-0 holds a record .*; docs/knowledge\.md, .* to be rid of it$"):
        await left_over(load_settings(topic_prefix="p."))
