"""The clock by hand on which the cost of waiting for a generator is told."""

import pytest

from docmill.fallback_service.holds import EARLY_PER_S, HOLD_S, LONGEST_PAUSE_S, LOOK_S, PAUSE_S
from load_tests.going_round import SELDOM_S, STEADY_S, main, spell


def test_few_cost_a_commit_a_pause_and_a_new_one_waits_for_one_pause() -> None:
    alone = spell(3, 0.0, 60.0, None)
    assert alone.commits == pytest.approx(1 / PAUSE_S, rel=0.2)
    assert alone.rewritten == pytest.approx(3 / PAUSE_S, rel=0.2)
    assert alone.waited_s == ()
    waited_s = spell(3, 0.0, 60.0, SELDOM_S).waited_s
    assert len(waited_s) >= 3
    assert max(waited_s) < PAUSE_S + 2 * LOOK_S + 0.25


def test_many_are_written_again_at_a_rate_of_their_own() -> None:
    alone = spell(100, 20.0, 60.0, None)
    assert alone.commits < 0.2
    assert alone.rewritten < EARLY_PER_S + 100 / HOLD_S
    assert max(spell(100, 20.0, 60.0, SELDOM_S).waited_s) < LONGEST_PAUSE_S + 0.5


@pytest.mark.parametrize("count", [1, 16])
def test_steady_mail_does_not_wait_for_one_pause_after_the_other(count: int) -> None:
    waited_s = sorted(spell(count, 0.0, 90.0, STEADY_S).waited_s)
    assert waited_s[len(waited_s) // 2] < PAUSE_S
    assert waited_s[-1] < 2 * PAUSE_S


def test_it_is_told_as_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["going_round", "--held", "1"])
    monkeypatch.setattr("load_tests.going_round.LATE_AFTER_S", 30.0)
    monkeypatch.setattr("load_tests.going_round.LATE_S", 30.0)
    assert main() == 0
    rows = [[cell.strip() for cell in line.split("│")] for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert [row[2] for row in rows] == ["first 90 s", "after 10 min", "first 90 s, 3 new ones a second"]
    assert [row[3] for row in rows[:2]] == [f"{1 / (PAUSE_S + 0.02):.2f}"] * 2
