"""What is found of a document in a real copy of the index."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from docmill.fallback_service.retrieve import Retrieved, Retriever
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.types import Passage
from tests.unit.fallback.builders import candidate
from tests.unit.index.fakes import SOURCE, changes, passage
from tests.unit.indexer.fakes import LetterEmbedder

TODAY = date(2026, 11, 28)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    made = SqliteIndex(tmp_path / "copy.sqlite")
    made.rebuild(SOURCE, 0)
    yield made
    made.close()


def exemplar(id: str, text: str, label: str | None = "fine", **more: Any) -> Passage:
    return passage(id, text, kind="exemplar", document_type=label, **more)


def retrieved(index: SqliteIndex, text: str, *values: str, tenant: str | None = None) -> Retrieved:
    candidates = [candidate(value, 0.5, 10 * i) for i, value in enumerate(values)]
    return Retriever(LetterEmbedder(), index).retrieve(text, candidates, tenant, TODAY)


def test_exemplars_come_by_likeness_with_label_and_fields(index: SqliteIndex) -> None:
    own = (("plate", ("KL 1",)),)
    index.apply(
        changes([exemplar("a", "parking fine", fields=own), exemplar("b", "zebra zoo"), exemplar("c", "x", None)])
    )
    found = retrieved(index, "parking fine")
    assert [(one.passage_id, one.label, dict(one.fields)) for one in found.neighbours] == [
        ("a", "fine", {"plate": ("KL 1",)}),
        ("b", "fine", {}),
    ]
    assert found.neighbours[0].similarity == pytest.approx(1, abs=0.01)
    assert found.neighbours[1].similarity < 0.5
    assert {one.passage_id for one in found.sources} == {"a", "b", "c"}


def test_lists_are_found_by_the_values_that_stand_in_them(index: SqliteIndex) -> None:
    vendors = passage("vendors", "Kopitiam Melur", "Ah Seng", kind="code_list", fields=(("company", ("Ah Seng",)),))
    index.apply(changes([vendors]))
    found = retrieved(index, "xylophone", "Ah Seng")
    assert [(one.passage_id, dict(one.fields)) for one in found.code_lists] == [("vendors", {"company": ("Ah Seng",)})]
    assert [one.passage_id for one in found.sources] == ["vendors"]
    assert retrieved(index, "xylophone").code_lists == ()


def test_a_long_list_leaves_room_for_others(index: SqliteIndex) -> None:
    """It has many chunks that match as well, and would fill all places."""
    long = passage("long", *["Ah Seng and others"] * 15, kind="code_list", fields=(("payer", ("Ah Seng",)),))
    vendors = passage("vendors", "a list of vendors: Ah Seng", kind="code_list", fields=(("company", ("Ah Seng",)),))
    index.apply(changes([long, vendors]))
    assert {one.passage_id for one in retrieved(index, "xylophone", "Ah Seng").code_lists} == {"long", "vendors"}


def test_many_or_long_values_of_one_field_hide_none_of_another(index: SqliteIndex) -> None:
    """Only so many characters are looked up."""
    sure = [candidate(f"{n} sure {'x' * 400}", 0.99, n) for n in range(20)]
    unsure = replace(candidate("Ah Seng", 0.2, 900), field="vendor")
    listed = passage("vendors", "Ah Seng", kind="code_list", fields=(("vendor", ("Ah Seng",)),))
    index.apply(changes([listed]))
    found = Retriever(LetterEmbedder(), index).retrieve("xylophone", [*sure, unsure], None, TODAY)
    assert [one.passage_id for one in found.sources] == ["vendors"]  # by its words


def test_only_what_holds_today_and_is_the_tenants_is_seen(index: SqliteIndex) -> None:
    index.apply(
        changes(
            [
                exemplar("old", "parking", valid_until=date(2026, 11, 27)),
                exemplar("others", "parking", tenant="globex"),
                exemplar("own", "parking", tenant="acme"),
                exemplar("all", "parking"),
            ]
        )
    )
    assert {one.passage_id for one in retrieved(index, "parking", tenant="acme").neighbours} == {"own", "all"}
    assert {one.passage_id for one in retrieved(index, "parking").neighbours} == {"all"}


def test_policies_are_shown_and_vote_for_nothing(index: SqliteIndex) -> None:
    index.apply(
        changes([passage("rule", "parking rules", document_type="fine"), passage("book", "parking", kind="playbook")])
    )
    found = retrieved(index, "parking")
    assert found.neighbours == ()
    assert {one.passage_id for one in found.sources} == {"rule", "book"}


def test_an_empty_index_finds_nothing(index: SqliteIndex) -> None:
    assert retrieved(index, "parking", "Ah Seng") == Retrieved()
