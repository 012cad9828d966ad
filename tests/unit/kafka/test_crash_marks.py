"""Which record is condemned, and which never: the marks over whole lives of processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.kafka.crash_marks import CrashMark, read_mark

SLICE = 1000
marks = st.builds(
    CrashMark,
    owner=st.one_of(st.none(), st.text("abc", min_size=1)),
    suspect_tokens=st.integers(0, 10_000),
    attempting=st.booleans(),
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
    assert not held.singly
    assert held.passed(10).released().as_metadata() == ""


def test_after_a_death_one_slice_runs_singly() -> None:
    found = CrashMark().taken_over("a", SLICE).taken_over("b", SLICE)
    assert found.singly
    assert not found.condemned
    assert found.passed(SLICE - 1).singly
    assert not found.passed(SLICE).singly


def test_the_killer_is_condemned_after_three_deaths_alone() -> None:
    mark = CrashMark().taken_over("in a slice", SLICE)
    for owner in ("alone once", "alone twice", "alone three times"):
        mark = mark.taken_over(owner, SLICE).attempted()
        assert not mark.condemned
    assert mark.taken_over("the one who knows", SLICE).condemned


def test_deaths_between_attempts_condemn_nobody() -> None:
    mark = CrashMark().taken_over("a", SLICE)
    for owner in "bcdefg":
        mark = mark.taken_over(owner, SLICE)
    assert mark.singly
    assert not mark.condemned


def test_an_attempt_that_its_own_process_survived_is_no_death() -> None:
    mark = CrashMark().taken_over("a", SLICE).taken_over("b", SLICE)
    for _ in range(5):
        mark = mark.attempted().taken_over("b", SLICE)
    assert mark.deaths == 0
    assert mark.attempted().released().taken_over("c", SLICE).deaths == 0


def test_a_rebalance_forgets_no_death() -> None:
    """The death of one replica makes the others give up their partitions, the suspected one among them."""
    once = CrashMark().taken_over("a", SLICE).taken_over("b", SLICE).attempted().taken_over("c", SLICE)
    assert once.deaths == 1
    later = once.released().taken_over("d", SLICE)
    assert later.singly
    assert later.attempted().taken_over("e", SLICE).deaths == 2


def test_a_record_that_passes_clears_its_deaths_only() -> None:
    once = CrashMark().taken_over("a", SLICE).taken_over("b", SLICE).attempted().taken_over("c", SLICE)
    after = once.attempted().passed(10)
    assert (after.deaths, after.attempting, after.suspect_tokens) == (0, False, SLICE - 10)
