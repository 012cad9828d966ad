"""Decided documents among all that is known."""

from dataclasses import replace

import pytest

from docmill.kafka import read_exemplars as module
from docmill.kafka.read_exemplars import read_exemplars
from docmill.kafka.send_knowledge import deleted_record
from docmill.settings import load_settings
from docmill_schemas.examples import KNOWLEDGE
from docmill_schemas.reasons import KnowledgeKind
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.reviews import exemplar, exemplar_record


async def test_of_each_decision_the_newest_that_was_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    broker.serve(monkeypatch, module)
    corrected = exemplar(1, "contract.supply")
    gone = exemplar(3)
    broker.put("p.", *map(exemplar_record, (exemplar(2), exemplar(1), corrected, gone)))
    broker.put("p.", deleted_record(gone.passage_id, "docmill/index", "9"))
    broker.put("p.", exemplar_record(exemplar(4)), partition=1)
    assert await read_exemplars(load_settings(topic_prefix="p.")) == [corrected, exemplar(2), exemplar(4)]
    assert broker.required == ["knowledge.updated"]


async def test_what_is_no_decision_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    broker.serve(monkeypatch, module)
    policy = exemplar(5, kind=KnowledgeKind.POLICY)
    others = [exemplar_record(one) for one in (KNOWLEDGE, policy, exemplar(6, passage_id="letters/1"))]
    under_another_key = replace(exemplar_record(exemplar(7)), key=b"decided/8")
    broken = replace(exemplar_record(exemplar(9)), value=b"{")
    broker.put("p.", *others, under_another_key, broken, replace(broken, key=None))
    assert await read_exemplars(load_settings(topic_prefix="p.")) == []
