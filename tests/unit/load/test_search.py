"""The search finds the capacity of systems whose capacity is known."""

from collections.abc import Callable
from random import Random

import pytest

from docmill.load.search import MAX_STEPS, Probe, Purpose, Search, Trial, bracket, next_probe, sustained

Holds = Callable[[Probe], bool]


def run(search: Search, holds: Holds) -> list[Trial]:
    """Make every step the search asks for."""
    trials: list[Trial] = []
    while (probe := next_probe(search, trials)) is not None:
        trials.append(Trial(probe.rate, probe.purpose, holds(probe)))
        assert len(trials) <= MAX_STEPS
    return trials


@pytest.mark.parametrize("precision", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("capacity", [0.3, 1.0, 8.0, 9.0, 37.3, 1000.0])
def test_it_finds_the_capacity_within_its_precision(capacity: float, precision: float) -> None:
    search = Search(8.0, precision)
    trials = run(search, lambda probe: probe.rate <= capacity)
    found = sustained(search, trials)
    assert found is not None
    assert trials[found].rate <= capacity < trials[found].rate * (1 + precision)
    assert trials[found].purpose is Purpose.CONFIRM
    assert len(trials) < 20


def test_it_takes_few_steps() -> None:
    trials = run(Search(8.0, 0.1), lambda probe: probe.rate <= 30)
    assert [round(trial.rate, 1) for trial in trials] == [8, 16, 32, 22.6, 26.9, 29.3, 32, 29.3]  # once more; confirmed


def test_a_system_that_holds_nothing() -> None:
    search = Search(8.0, 0.1)
    trials = run(search, lambda probe: False)
    assert sustained(search, trials) is None
    assert [trial.rate for trial in trials] == [8, 4, 2, 1, 0.5, 0.25, 0.125]


def test_a_system_that_holds_everything_stops_at_the_highest_rate() -> None:
    search = Search(8.0, 0.1, max_rate=50)
    trials = run(search, lambda probe: True)
    assert [trial.rate for trial in trials] == [8, 16, 32, 50, 50]
    found = sustained(search, trials)
    assert found == 4


def test_a_system_that_holds_everything_ends_without_a_limit() -> None:
    search = Search(8.0, 0.1)
    trials = run(search, lambda probe: True)
    assert len(trials) == MAX_STEPS
    assert sustained(search, trials) is None  # nothing was confirmed


def test_a_rate_that_only_holds_briefly_gives_way_to_one_that_lasts() -> None:
    """Short steps flatter by a tenth: their queue has no time to grow."""
    search = Search(8.0, 0.05)
    trials = run(search, lambda probe: probe.rate <= (30 if probe.purpose is Purpose.CONFIRM else 33))
    found = sustained(search, trials)
    assert found is not None
    assert trials[found].purpose is Purpose.CONFIRM
    assert 30 / 1.05 < trials[found].rate <= 30
    assert any(trial.purpose is Purpose.CONFIRM and not trial.held for trial in trials)


def test_without_confirmation_the_search_itself_is_the_answer() -> None:
    search = Search(8.0, 0.1, confirm=False)
    trials = run(search, lambda probe: probe.rate <= 30)
    found = sustained(search, trials)
    assert found is not None
    assert {trial.purpose for trial in trials} == {Purpose.SEARCH}
    assert 30 / 1.1 < trials[found].rate <= 30


def test_a_failure_that_was_bad_luck_does_not_cap_the_search() -> None:
    """The first step meets a cold processor."""
    search, made = Search(8.0, 0.1), list[float]()

    def holds(probe: Probe) -> bool:
        made.append(probe.rate)
        return probe.rate <= 30 and len(made) > 1

    trials = run(search, holds)
    found = sustained(search, trials)
    assert found is not None
    assert 30 / 1.1 < trials[found].rate <= 30
    assert made.count(8.0) == 2


@pytest.mark.parametrize("seed", range(20))
def test_a_moody_system_never_gets_a_rate_that_failed_last(seed: int) -> None:
    random, search = Random(seed), Search(8.0, 0.1)
    trials = run(search, lambda probe: random.random() < 30 / (probe.rate + 20))
    found = sustained(search, trials)
    if found is not None:
        last = {trial.rate: trial.held for trial in trials}
        assert all(rate > trials[found].rate for rate, held in last.items() if not held)


def test_what_held_above_a_failure_was_luck() -> None:
    trials = [Trial(8, Purpose.SEARCH, False), Trial(4, Purpose.SEARCH, True), Trial(6, Purpose.SEARCH, True)]
    assert bracket([*trials, Trial(16, Purpose.SEARCH, True)]) == (6, 8)
    assert bracket([*trials, Trial(8, Purpose.SEARCH, True)]) == (8, None)  # the last trial of a rate counts
    assert bracket([]) == (None, None)
