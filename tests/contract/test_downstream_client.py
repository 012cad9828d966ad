"""docs/clients/downstream.py, with records from a list in place of a broker."""

import json
import runpy
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import pytest

DOWNSTREAM = Path(__file__).parents[2] / "docs" / "clients" / "downstream.py"


class ListedRecords:
    """In place of AIOKafkaConsumer."""

    records: tuple[dict[str, Any], ...] = ()

    def __init__(self, *topics: str, **options: Any) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[SimpleNamespace]:
        for record in self.records:
            yield SimpleNamespace(value=json.dumps(record).encode())

    async def commit(self) -> None:
        pass


def result(decided_by: str, revision: int) -> dict[str, Any]:
    return {
        "request_id": "r1",
        "document_id": "d1",
        "decided_by": decided_by,
        "revision": revision,
        "document_type": {"label": "receipt"},
    }


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the client over results; what it prints."""
    aiokafka = ModuleType("aiokafka")
    aiokafka.AIOKafkaConsumer = ListedRecords  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "aiokafka", aiokafka)
    monkeypatch.setattr(sys, "argv", [str(DOWNSTREAM), "broker", "documents.processed", "group"])
    monkeypatch.chdir(tmp_path)

    def run(*results: dict[str, Any]) -> list[str]:
        monkeypatch.setattr(ListedRecords, "records", results)
        runpy.run_path(str(DOWNSTREAM), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def test_each_correction_of_a_person_is_kept(read: Any) -> None:
    printed = read(result("model", 1), result("human", 2), result("human", 3))
    assert printed == ["d1 receipt r1 model 1", "d1 receipt r1 human 2", "d1 receipt r1 human 3"]


def test_what_comes_twice_is_kept_once(read: Any) -> None:
    again = (result("model", 1), result("human", 2))
    assert read(*again, *again) == ["d1 receipt r1 model 1", "d1 receipt r1 human 2"]
    assert read(*again) == []


def test_a_database_with_the_key_of_before_is_not_gone_on_with(read: Any) -> None:
    before = "CREATE TABLE results (request_id, decided_by, event, PRIMARY KEY (request_id, decided_by))"
    sqlite3.connect("results.db").execute(before)
    with pytest.raises(sqlite3.OperationalError, match="has 3 columns but 4 values were supplied"):
        read(result("model", 1))
