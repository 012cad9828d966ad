"""A copy in a file: what was applied is found, once, whole or not at all, by whoever has the file open."""

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docmill.errors import (
    ConfigurationError,
    IndexCorruptError,
    IndexEmbeddingError,
    IndexUnavailableError,
)
from docmill.index import schema
from docmill.index.schema import set_aside
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.types import Applied, Change, Hit, LocalIndex, Source
from tests.unit.index.fakes import OTHER_EMBEDDING, SOURCE, changes, passage, query


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "index.sqlite"


@pytest.fixture
def index(path: Path) -> Iterator[SqliteIndex]:
    made = SqliteIndex(path)
    made.rebuild(SOURCE, at_ms=1000)
    yield made
    made.close()


def ids(hits: list[Hit]) -> list[str]:
    return [hit.passage_id for hit in hits]


def test_it_is_a_local_index(index: SqliteIndex) -> None:
    local: LocalIndex = index
    state = local.state()
    assert state is not None
    assert (state.source, state.offsets, state.complete_at_ms) == (SOURCE, {}, 1000)


def test_a_hit_says_where_it_is_and_why(index: SqliteIndex) -> None:
    fields = (("total", ("12.00", "13.00")),)
    water = passage(
        "a", "pipes burst", "water damage in the kitchen", document_type="claim", fields=fields, title="Leaks"
    )
    assert index.apply(changes([water, passage("b", "fire in the shed")])) == Applied(written=2)
    first = index.search(query("water damage in the kitchen", k=2))[0]
    assert (first.passage_id, first.text, first.title) == ("a", "water damage in the kitchen", "Leaks")
    assert (first.start, first.end) == (12, 39)
    assert (first.document_type, first.fields, first.kind) == ("claim", fields, "policy")
    assert first.score.vector_rank == first.score.text_rank == 1
    assert first.score.cosine == pytest.approx(1, abs=1e-3)
    assert first.score.bm25 is not None
    assert first.score.bm25 > 0
    assert first.score.fused == pytest.approx(2 / 61)


def test_what_only_one_way_finds_is_there_and_says_so(index: SqliteIndex) -> None:
    index.apply(changes([passage("word", "zebra crossing 4711"), passage("near", "quiet quarters")]))
    found = {hit.passage_id: hit.score for hit in index.search(replace(query("quick quiz"), text="about 4711"))}
    assert found["word"].text_rank == 1
    assert found["near"].text_rank is None
    assert found["near"].bm25 is None
    assert found["near"].vector_rank == 1


def test_words_are_folded_as_the_index_folds_them(index: SqliteIndex) -> None:
    index.apply(changes([passage("a", "Über-Gebühr für Ärger"), passage("b", "other things")]))
    assert index.search(replace(query("x"), text='"UBER" OR gebuhr:*'))[0].score.text_rank == 1
    assert index.search(replace(query("x"), text="")) != []


def test_replayed_and_overtaken_records_change_nothing(index: SqliteIndex) -> None:
    batch = changes([passage("a", "old text"), passage("b", "beta"), passage("a", "new text"), "b"])
    assert index.apply(batch) == Applied(written=1, deleted=0, skipped=2)
    before = index.search(query("new text"))
    assert index.apply(batch) == Applied(skipped=4)
    assert index.apply(batch[:2]) == Applied(skipped=2)
    assert index.search(query("new text")) == before
    assert ids(before) == ["a"]
    assert before[0].text == "new text"
    state = index.state()
    assert state is not None
    assert state.offsets == {0: 4}


def test_an_id_is_never_cut_short(index: SqliteIndex) -> None:
    index.apply(changes([passage("a", "alpha"), passage("a\0b", "beta")]))
    index.apply([Change(0, 9, "a\0b", None)])
    assert ids(index.search(query("alpha"))) == ["a"]
    index.apply([Change(0, 10, "a\0b", passage("a\0b", "gamma"))])
    assert index.stats().passages == 2


def test_the_order_within_a_batch_does_not_matter(index: SqliteIndex) -> None:
    index.apply(changes([passage("a", "old"), passage("a", "new")])[::-1])
    assert [hit.text for hit in index.search(query("new"))] == ["new"]


def test_a_tombstone_deletes_all_chunks_and_words(index: SqliteIndex) -> None:
    index.apply(changes([passage("a", "water one", "water two"), passage("b", "fire")]))
    assert index.apply(changes(["a", "never-there"], first=2)) == Applied(deleted=1, skipped=0)
    hits = index.search(query("water"))
    assert ids(hits) == ["b"]
    assert hits[0].score.text_rank is None
    assert (index.stats().passages, index.stats().chunks) == (1, 1)


def test_positions_pass_over_markers_and_never_go_back(index: SqliteIndex) -> None:
    index.apply(changes([passage("a", "x")]), positions={0: 5, 3: 7}, complete_at_ms=2000)
    index.apply([], positions={0: 2})
    state = index.state()
    assert state is not None
    assert state.offsets == {0: 5, 3: 7}
    assert state.complete_at_ms == 2000
    assert index.apply(changes([passage("b", "y")], first=4)) == Applied(skipped=1)


def test_a_passage_of_another_embedding_is_refused_and_nothing_is_written(index: SqliteIndex) -> None:
    batch = changes([passage("a", "x"), passage("b", "y", embedding=OTHER_EMBEDDING)])
    with pytest.raises(IndexEmbeddingError, match="passage b is of embedding letters 111111111111"):
        index.apply(batch)
    state = index.state()
    assert state is not None
    assert state.offsets == {}
    assert index.search(query("x")) == []


def test_a_query_of_another_embedding_is_refused(index: SqliteIndex) -> None:
    with pytest.raises(IndexEmbeddingError, match="rebuild"):
        index.search(query("x", embedding=OTHER_EMBEDDING))


def test_a_query_sees_its_own_tenant_kinds_and_day(index: SqliteIndex) -> None:
    index.apply(
        changes(
            [
                passage("all", "water rule"),
                passage("acme", "water rule", tenant="acme", kind="exemplar"),
                passage("globex", "water rule", tenant="globex", kind="exemplar"),
                passage("old", "water rule", valid_until=date(2025, 12, 31)),
                passage("new", "water rule", valid_from=date(2026, 1, 1), kind="code_list"),
            ]
        )
    )

    def seen(**conditions: Any) -> set[str]:
        found = index.search(query("water rule", k=9, **conditions))
        assert {hit.score.vector_rank is None for hit in found} <= {False}
        assert {hit.score.text_rank is None for hit in found} <= {False}
        return set(ids(found))

    assert seen() == {"all", "old", "new"}
    assert seen(tenant="acme") == {"all", "old", "new", "acme"}
    assert seen(tenant="nobody's") == {"all", "old", "new"}
    assert seen(kinds=frozenset({"exemplar"}), tenant="globex") == {"globex"}
    assert seen(kinds=frozenset({"exemplar"})) == set()
    assert seen(kinds=frozenset({"unheard of"})) == set()
    assert seen(valid_on=date(2025, 12, 31)) == {"all", "old"}
    assert seen(valid_on=date(2026, 1, 1)) == {"all", "new"}


def test_equal_hits_come_in_the_order_of_their_ids_whatever_order_they_were_written_in(tmp_path: Path) -> None:
    found = []
    for number, order in enumerate(([3, 1, 2, 0], [0, 1, 2, 3], [2, 0, 3, 1])):
        index = SqliteIndex(tmp_path / f"{number}.sqlite")
        index.rebuild(SOURCE, 0)
        index.apply(changes(passage(f"p{i}", "the same text") for i in order))
        index.apply(changes([passage("p1", "the same text")], first=9))
        found.append(index.search(query("the same text", k=3)))
        index.close()
    assert ids(found[0]) == ["p0", "p1", "p2"]
    assert found[0] == found[1] == found[2]


def test_another_process_of_the_file_sees_what_is_written(index: SqliteIndex, path: Path) -> None:
    reader = SqliteIndex(path, read_only=True)
    assert reader.search(query("water")) == []
    index.apply(changes([passage("a", "water"), passage("b", "fire")]))
    assert ids(reader.search(query("water", k=1))) == ["a"]
    index.apply(changes(["a", passage("c", "water wall")], first=2))
    assert ids(reader.search(query("water", k=1))) == ["c"]
    index.rebuild(SOURCE, 0)
    assert reader.search(query("water")) == []
    index.apply(changes([passage("d", "water")]))
    assert ids(reader.search(query("water"))) == ["d"]
    with pytest.raises(IndexUnavailableError, match="searched only"):
        reader.apply([])
    reader.close()


def test_a_reader_that_missed_what_was_removed_reads_all_again(
    index: SqliteIndex, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docmill.index.writer.REMOVED_KEPT", 1)
    reader = SqliteIndex(path, read_only=True)
    index.apply(changes(passage(f"p{i}", f"water {i}") for i in range(5)))
    assert len(reader.search(query("water"))) == 5
    for i in range(4):
        index.apply(changes([f"p{i}"], first=5 + i))
    assert ids(reader.search(query("water"))) == ["p4"]
    reader.close()


def test_a_reader_follows_to_a_new_file(index: SqliteIndex, path: Path) -> None:
    index.apply(changes([passage("a", "water")]))
    reader = SqliteIndex(path, read_only=True)
    assert ids(reader.search(query("water"))) == ["a"]
    index.close()
    set_aside(path)
    with pytest.raises(IndexUnavailableError, match="gone"):
        reader.search(query("water"))
    again = SqliteIndex(path)
    again.rebuild(SOURCE, 0)
    again.apply(changes([passage("b", "water")]))
    assert ids(reader.search(query("water"))) == ["b"]
    again.close()
    reader.close()


def test_a_file_opened_again_goes_on_where_it_was(index: SqliteIndex, path: Path) -> None:
    index.apply(changes([passage("a", "water")]))
    state, found = index.state(), index.search(query("water"))
    index.close()
    again = SqliteIndex(path)
    assert again.state() == state
    assert again.search(query("water")) == found
    again.close()


def test_a_copy_of_nothing_finds_nothing_and_takes_nothing(path: Path) -> None:
    index = SqliteIndex(path)
    assert index.state() is None
    assert index.search(query("x")) == []
    with pytest.raises(IndexUnavailableError, match="rebuild"):
        index.apply(changes([passage("a", "x")]))
    index.close()


def test_a_rebuilt_copy_is_one_of_its_new_source(index: SqliteIndex) -> None:
    index.apply(changes([passage("a", "water")], first=7))
    index.rebuild(Source("topic-2", OTHER_EMBEDDING), at_ms=5)
    assert index.search(query("water", embedding=OTHER_EMBEDDING)) == []
    index.apply(changes([passage("b", "water", embedding=OTHER_EMBEDDING)]))
    hits = index.search(query("water", embedding=OTHER_EMBEDDING))
    assert [(hit.passage_id, hit.score.text_rank) for hit in hits] == [("b", 1)]


def test_an_interrupted_batch_leaves_nothing(index: SqliteIndex, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.apply(changes([passage("a", "water")]))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("docmill.index.writer._insert", killed)
        with pytest.raises(KeyboardInterrupt):
            index.apply(changes(["a", passage("b", "fire")], first=1))
    state = index.state()
    assert state is not None
    assert state.offsets == {0: 1}
    assert ids(index.search(query("water"))) == ["a"]
    assert index.apply(changes(["a", passage("b", "fire")], first=1)) == Applied(written=1, deleted=1)


def test_a_locked_file_is_unavailable_and_nothing_is_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "BUSY_TIMEOUT_S", 0.01)
    index = SqliteIndex(path)
    index.rebuild(SOURCE, 0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(IndexUnavailableError, match="locked"):
        index.apply(changes([passage("a", "x")]))
    assert index.search(query("x")) == []  # readers do not wait for a writer
    other.execute("ROLLBACK")
    other.close()
    assert index.apply(changes([passage("a", "x")])) == Applied(written=1)
    index.close()


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 40, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_damaged_file_is_said_to_be_and_set_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(IndexCorruptError, match="damaged"):
        SqliteIndex(path)
    assert set_aside(path).read_bytes() == content
    index = SqliteIndex(path)
    assert index.state() is None
    index.close()


def test_damage_within_the_file_is_found_when_it_is_opened(index: SqliteIndex, path: Path) -> None:
    index.apply(changes(passage(f"p{i}", "water " * 50) for i in range(200)))
    index.close()
    content = bytearray(path.read_bytes())
    content[4096 * 5 : 4096 * 12] = b"\xa5" * (4096 * 7)
    path.write_bytes(content)
    with pytest.raises(IndexCorruptError):
        SqliteIndex(path)


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE letters (text)")
    theirs.commit()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="no index of docmill"):
        SqliteIndex(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert theirs.execute("SELECT count(*) FROM letters").fetchone() == (0,)
    theirs.close()


def test_a_file_of_another_version_is_emptied(index: SqliteIndex, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.apply(changes([passage("a", "water")]))
    index.close()
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(IndexUnavailableError, match="version"):
        SqliteIndex(path, read_only=True)
    newer = SqliteIndex(path)
    assert newer.state() is None
    newer.rebuild(SOURCE, 0)
    newer.apply(changes([passage("b", "water")]))
    assert ids(newer.search(query("water"))) == ["b"]
    newer.close()


def test_a_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailableError):
        SqliteIndex(tmp_path / "none.sqlite", read_only=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(IndexUnavailableError, match="folder"):
        SqliteIndex(tmp_path / "file" / "index.sqlite")


def test_searching_while_writing_never_sees_half_a_batch(index: SqliteIndex) -> None:
    """Each batch replaces both passages; a search sees two of one batch."""
    done = threading.Event()
    failures: list[list[Hit]] = []

    def search() -> None:
        while not done.is_set():
            hits = index.search(query("water"))
            if len({hit.text for hit in hits}) > 1 or len(hits) not in (0, 2):
                failures.append(hits)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for batch in range(60):
        index.apply(changes([passage("a", f"water {batch}"), passage("b", f"water {batch}")], first=2 * batch))
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []


OPERATIONS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from([None, "water wall", "fire", "wind\nwater"])), max_size=12
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS, cuts=st.lists(st.integers(0, 12), max_size=3), replays=st.integers(0, 3))
def test_any_batches_and_replays_come_to_the_last_state_of_each_key(
    tmp_path: Path, operations: list[tuple[str, str | None]], cuts: list[int], replays: int
) -> None:
    log = changes(key if text is None else passage(key, *text.split("\n")) for key, text in operations)
    index = SqliteIndex(tmp_path / "index.sqlite")
    reader = SqliteIndex(tmp_path / "index.sqlite", read_only=True)
    index.rebuild(SOURCE, 0)
    edges = [0, *sorted(cuts), len(log)]
    for start, end in itertools.pairwise(edges):
        index.apply(log[max(0, start - replays) : end])
        reader.search(query("water"))
    expected = {(key, line) for key, text in dict(operations).items() if text is not None for line in text.split("\n")}
    for one in (index, reader):
        hits = one.search(query("water wall fire wind", k=50))
        assert {(hit.passage_id, hit.text) for hit in hits} == expected
        assert {hit.text for hit in hits if hit.score.text_rank is not None} == {line for _, line in expected}
    index.close()
    reader.close()


def found_by_words(index: SqliteIndex, text: str, **conditions: Any) -> set[str]:
    hits = index.search(query(text, k=50, **conditions))
    return {hit.passage_id for hit in hits if hit.score.text_rank is not None}


RULE = "Claims of glass breakage are settled by the branch office."
NAMES = "Abernathy Bartholomew Cadwallader Dunfermline Fotheringay Gwendolyn Humperdinck Ignatius"


@pytest.mark.parametrize(
    "hidden",
    [{"kind": "exemplar"}, {"tenant": "globex"}, {"valid_until": date(2025, 12, 31)}],
    ids=["kind", "tenant", "day"],
)
def test_what_a_query_may_not_see_does_not_choose_its_words(index: SqliteIndex, hidden: dict[str, Any]) -> None:
    """A document names people: the eight rarest of its words are theirs, and none of them is in a rule."""
    asked = {"kinds": frozenset({"policy"}), "tenant": "acme", "valid_on": date(2026, 6, 1)}
    others = [passage(f"{n}", f"glass breakage claims branch office settled by the {RULE}") for n in range(2)]
    index.apply(changes([passage("rule", RULE), *others, passage("hidden", NAMES, **hidden)]))
    assert found_by_words(index, f"glass breakage claims settled branch office {NAMES}", **asked) == {"rule", "0", "1"}


def test_however_many_documents_there_are_a_word_of_few_rules_is_not_common(
    index: SqliteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docmill.index.rare_terms.MOST_OCCURRENCES", 5)
    index.apply(changes([passage("rule", RULE), *(passage(f"e{n}", RULE, kind="exemplar") for n in range(6))]))
    assert found_by_words(index, "glass breakage", kinds=frozenset({"policy"})) == {"rule"}
    assert found_by_words(index, "glass breakage", kinds=frozenset({"exemplar"})) == set()  # there it is
    assert found_by_words(index, "glass breakage") == {"rule"}


def test_a_passage_that_changes_its_kind_is_found_among_the_new_one_alone(index: SqliteIndex) -> None:
    index.apply(changes([passage("a", RULE, kind="exemplar"), passage("b", RULE)]))
    assert found_by_words(index, "glass breakage", kinds=frozenset({"exemplar"})) == {"a"}
    assert found_by_words(index, "glass breakage") == {"a", "b"}
    index.apply(changes([passage("a", RULE), "b"], first=2))
    assert found_by_words(index, "glass breakage", kinds=frozenset({"exemplar"})) == set()
    assert found_by_words(index, "glass breakage", kinds=frozenset({"policy"})) == {"a"}
    index.rebuild(SOURCE, 0)
    index.apply(changes([passage("c", "Other words.", kind="exemplar")]))
    assert found_by_words(index, "glass breakage") == set()


def test_a_word_without_an_end_finds_nothing_and_hurts_nothing(index: SqliteIndex) -> None:
    """FTS5 cuts it, in the middle of a character, and then cannot give it back."""
    index.apply(changes([passage("a", f"glass {'漢' * 12_000}"), passage("b", "other words")]))
    assert found_by_words(index, f"glass {'漢' * 12_000} {'x' * 40_000}") == {"a"}
    assert found_by_words(index, "漢" * 12_000) == set()
    index.apply(changes(["a"], first=2))
    assert found_by_words(index, "glass") == set()


@pytest.mark.parametrize("rebuilt", [False, True], ids=["deleted", "rebuilt"])
def test_a_deleted_text_is_not_left_in_the_file(path: Path, monkeypatch: pytest.MonkeyPatch, rebuilt: bool) -> None:
    """The text as such. Its words by themselves may stay in the full-text index until that is merged.

    Some SQLites are built to overwrite what is deleted, and some not: here none does so by itself.
    """
    connect = sqlite3.connect

    def plain(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", plain)
    index = SqliteIndex(path)
    index.rebuild(SOURCE, at_ms=1000)
    secret = "Ms Tan was treated for a rare disease"
    index.apply(changes([passage("a", secret), passage("b", "other words")]))
    if rebuilt:
        index.rebuild(SOURCE, 0)
    else:
        index.apply(changes(["a"], first=2))
    index.close()  # the log goes into the file
    assert secret.encode() not in path.read_bytes()
    assert [one.name for one in path.parent.iterdir()] == [path.name]
