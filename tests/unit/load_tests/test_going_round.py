"""The clock by hand on which the cost of waiting for a generator is told."""

import pytest

from docmill.fallback_service.holds import EARLY_PER_S, PAUSE_S
from load_tests.going_round import RUNS, main, spell


def test_few_cost_a_commit_a_pause_and_a_new_one_waits_for_one_pause() -> None:
    seen = spell(3, 0.0, 30.0)
    assert seen.commits_per_s == pytest.approx(1 / PAUSE_S, rel=0.2)
    assert seen.rewritten_per_s == pytest.approx(3 / PAUSE_S, rel=0.2)
    assert len(seen.waited_s) > RUNS
    assert PAUSE_S / 2 < max(seen.waited_s) < PAUSE_S + 0.5


def test_many_are_written_again_at_a_rate_of_their_own() -> None:
    seen = spell(100, 20.0, 60.0)
    assert seen.commits_per_s < 0.2
    assert seen.rewritten_per_s < EARLY_PER_S + 100 / 15


def test_it_is_told_as_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["going_round", "--held", "1"])
    monkeypatch.setattr("load_tests.going_round.LATE_AFTER_S", 30.0)
    monkeypatch.setattr("load_tests.going_round.LATE_S", 30.0)
    assert main() == 0
    printed = capsys.readouterr().out
    assert "left alone" in printed
    assert "0.3" in printed
