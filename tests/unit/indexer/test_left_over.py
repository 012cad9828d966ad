"""What stands in the index and in no source text is named; all else is not."""

import pytest

from docmill.indexer import left_over as module
from docmill.indexer.left_over import StandingKeys, left_over
from docmill.settings import load_settings
from tests.unit.indexer.fakes import record
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
    assert await left_over(load_settings(topic_prefix="p.")) == ["also missed", "missed", "seen"]
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

    assert await left_over(load_settings(topic_prefix="p."), added) == []


def test_a_key_in_two_partitions_stands_while_it_stands_in_one() -> None:
    keys = StandingKeys()
    for partition, value in ((0, b"1"), (1, b"1"), (0, None)):
        keys.take("knowledge.updated", record(value, b"twice", partition=partition))
    assert keys.keys == {b"twice"}
    keys.take("knowledge.updated", record(None, b"twice", partition=1))
    assert keys.keys == frozenset()
