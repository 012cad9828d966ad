"""What is measured is the slower copy, from the acknowledgement on; texts are found by a word of their own."""

import asyncio
import random
from pathlib import Path

import pytest
from rich.console import Console

from docmill.index.sqlite_index import SqliteIndex
from docmill.index.types import Change
from docmill_schemas.events import KnowledgeUpdated
from load_tests import freshness
from load_tests.freshness import Freshness, FreshnessReport, measure_kinds, print_report, source_text
from tests.unit.index.fakes import EMBEDDING, SOURCE, passage

DELAY_S = 0.2


class FakeIndexer:
    """Applies what is sent to all copies, to the last one later."""

    def __init__(self, copies: list[SqliteIndex]) -> None:
        self._copies = copies
        self._offset = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.sent: list[str] = []

    async def send(self, change: KnowledgeUpdated | str) -> None:
        passage_id = change if isinstance(change, str) else change.passage_id
        self.sent.append(passage_id)
        made = None if isinstance(change, str) else passage(passage_id, change.text, kind=change.kind)
        for copy in self._copies:
            delay_s = DELAY_S if copy is self._copies[-1] else 0
            self._tasks.append(
                asyncio.create_task(self._apply(copy, Change(0, self._offset, passage_id, made), delay_s))
            )
        self._offset += 1

    async def _apply(self, copy: SqliteIndex, change: Change, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        copy.apply([change])


async def test_each_change_is_timed_until_the_slower_copy_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "LONGEST_GAP_S", 0)
    copies = [SqliteIndex(tmp_path / name) for name in ("quick", "slow")]
    for copy in copies:
        copy.rebuild(SOURCE, 0)
    indexer = FakeIndexer(copies)
    found = await measure_kinds(indexer.send, copies, EMBEDDING, changes=2, words=30, moments=random.Random(0))
    assert [one.what.split()[0] for one in found] == ["a", "a", "its", "a"]
    assert all(seconds >= DELAY_S for one in found for seconds in one.seconds)
    assert indexer.sent == ["policy-0", "policy-1"] * 3 + ["exemplar-0", "exemplar-1"]
    assert [copy.stats().by_kind for copy in copies] == [{"exemplar": 2}] * 2  # all policies are gone again
    for copy in copies:
        copy.close()


def test_a_text_is_as_long_as_asked_and_holds_its_word() -> None:
    one, other = (source_text("policy", number, f"first{number}", 200) for number in (1, 2))
    assert len(one.text.split()) == 200
    assert "first1" in one.text.split()
    assert one.text.split()[:50] != other.text.split()[:50]
    assert "first2" in other.text.split()


def test_the_table_shows_quantiles_that_were_really_seen() -> None:
    seconds = tuple(number / 10 for number in range(1, 31))
    assert [Freshness(what="x", seconds=seconds).quantile_s(q) for q in (0.5, 0.95, 1)] == [1.5, 2.9, 3.0]
    report = FreshnessReport.model_validate(
        {
            "docmill": "0",
            "embedding": "letters",
            "at": "2026-11-28T12:00:00Z",
            "command": "c",
            "machine": {"cpu": "x", "cores": 2, "vnni": [], "system": "Linux"},
            "load_average": (1.26, 0, 0),
            "load_average_after": (2, 0, 0),
            "replicas": 2,
            "words": 200,
            "freshness": [{"what": "its deletion", "seconds": seconds}],
        }
    )
    out = Console(width=120, record=True)
    print_report(out, report)
    shown = out.export_text()
    assert "its deletion │      30 │  1.50 │  2.90 │      3.00" in shown
    assert "load average 1.3 before, 2.0 after" in shown
