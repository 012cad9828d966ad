"""Who is suspected after a death, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.kafka.crash_marks import CrashMark, read_mark

SLICE = 1000
marks = st.builds(
    CrashMark,
    owner=st.one_of(st.none(), st.text("abc", min_size=1)),
    suspect_tokens=st.integers(0, 10_000),
    deaths=st.integers(0, 5),
)


@given(marks)
def test_marks_survive_the_broker(mark: CrashMark) -> None:
    assert read_mark(mark.as_metadata()) == mark
    assert len(mark.as_metadata()) < 400


@pytest.mark.parametrize(
    "metadata", [None, "", "{}", "by hand", '{"docmill": 2, "deaths": 9}', '{"docmill":1,"deaths":-1}']
)
def test_what_others_commit_suspects_nobody(metadata: str | None) -> None:
    assert read_mark(metadata) == CrashMark()


def test_a_clean_life_leaves_nothing_behind() -> None:
    held = read_mark("").taken_over("a", SLICE)
    assert not held.suspicious
    assert held.passed(10).released().as_metadata() == ""


def test_after_a_death_one_slice_is_suspected() -> None:
    found = CrashMark().taken_over("a", SLICE).taken_over("b", SLICE)
    assert found.deaths == 1
    assert found.passed(SLICE - 1).suspicious
    assert not found.passed(SLICE).suspicious
    assert found.passed(1).deaths == 0


def test_a_smaller_slice_of_the_next_owner_clears_nobody() -> None:
    found = CrashMark().taken_over("a", SLICE).taken_over("b", SLICE)
    assert found.taken_over("c", SLICE // 10).suspect_tokens == SLICE


def test_who_takes_over_from_itself_saw_nobody_die() -> None:
    mark = CrashMark().taken_over("a", SLICE)
    assert mark.taken_over("a", SLICE) == mark


def test_a_rebalance_forgets_no_suspect() -> None:
    """The death of one replica makes the others give up their partitions, the suspected one among them."""
    found = CrashMark().taken_over("a", SLICE).taken_over("b", SLICE)
    later = found.released().taken_over("c", SLICE)
    assert later.suspect_tokens == SLICE
    assert later.deaths == 1
