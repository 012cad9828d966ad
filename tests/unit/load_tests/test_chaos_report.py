"""What the chaos driver says of a run: it holds, it does not, or it proves too little."""

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from load_tests.chaos_parts.fleet import Cause
from load_tests.chaos_parts.oracle import Verdict
from load_tests.chaos_parts.plan import SMOKE, plan, required
from load_tests.chaos_parts.plot import write_plot
from load_tests.chaos_parts.report import ChaosReport, make_report, print_report, write_json
from load_tests.chaos_parts.state import EndSeen, Happened, State, load_state, save_state


def state_of(*, all_struck: bool = True) -> State:
    """A run of the smoke plan, a fault every twenty seconds, each with five seconds of nothing after it."""
    rounds = plan(SMOKE, 1)
    bins = [8] * 40
    happened = []
    for round_ in rounds:
        began_s = len(bins) / 2
        happened += [
            Happened(name=f.name, calm_s=began_s, began_s=began_s, ended_s=began_s + 2, struck=True) for f in round_
        ]
        bins += [0] * 10 + [8] * 30
    happened[0].struck = all_struck
    ends = [EndSeen(at_s=9, slot=0, code=-9, cause=Cause.KILLED), EndSeen(at_s=9, slot=1, code=1, cause=Cause.ITSELF)]
    return State(profile="smoke", seed=1, bins=bins, happened=happened, ends=ends, next_round=len(rounds))


def told(report: ChaosReport) -> str:
    out = StringIO()
    print_report(Console(file=out, width=200), report)
    return out.getvalue()


def test_a_run_that_holds(tmp_path: Path) -> None:
    state = state_of()
    report = make_report(Verdict(accepted=2000, results=1990), state, SMOKE, "a machine")
    assert report.holds
    assert report.short_of == []
    assert {row.name: row.struck for row in report.rows} == required(SMOKE, plan(SMOKE, 1))
    assert {row.p50_s for row in report.rows} == {8.0}
    assert report.strange_ends == ["worker 1 at 9 s: exit code 1"]
    assert "It holds: 2000 documents accepted" in told(report)
    write_json(report, tmp_path / "chaos.json")
    assert ChaosReport.model_validate_json((tmp_path / "chaos.json").read_text()) == report
    write_plot(state, "Chaos", tmp_path / "chaos.png")
    assert (tmp_path / "chaos.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_does_not() -> None:
    report = make_report(Verdict(accepted=2000, lost=[7], duplicated=[8, 9]), state_of(), SMOKE, "a machine")
    assert not report.holds
    assert "It does not hold: 1 lost, 2 duplicated" in told(report)


@pytest.mark.parametrize(
    ("verdict", "all_struck", "convicts"),
    [
        (Verdict(accepted=2000, results=1999, lost=[7]), True, True),
        (Verdict(accepted=2000, results=2001, duplicated=[7]), True, True),
        (Verdict(accepted=2000, results=2000), True, False),  # the oracle saw nothing
        (Verdict(accepted=0, results=0), True, False),
        (Verdict(accepted=2000, results=0, lost=list(range(2000))), True, False),  # no worker ever worked
        (Verdict(accepted=2000, results=1999, lost=[7]), False, False),
    ],
)
def test_what_a_control_must_show(verdict: Verdict, all_struck: bool, convicts: bool) -> None:
    assert make_report(verdict, state_of(all_struck=all_struck), SMOKE, "a machine").convicts is convicts


def test_a_fault_that_never_struck_proves_nothing() -> None:
    report = make_report(Verdict(accepted=2000), state_of(all_struck=False), SMOKE, "a machine")
    assert report.short_of == ["kill -9 at assigned: 0 of 1"]
    assert "proves too little: kill -9 at assigned: 0 of 1" in told(report)


def test_a_service_that_puts_back_must_have_done_so_and_left_nothing() -> None:
    def report(put_back: int | None, reviews: int, *left: str) -> ChaosReport:
        topics = Counter({"documents.processed": 1000, "documents.review": reviews})
        verdict = Verdict(
            accepted=2000, results=2000, put_back=put_back, results_by_topic=topics, left_waiting=list(left)
        )
        return make_report(verdict, state_of(), SMOKE, "a machine")

    assert report(3, 1000).short_of == []
    assert report(3, 1000).holds
    assert "records put back" in told(report(3, 1000))
    assert report(0, 1000).short_of == ["put back: 0 of 1"]
    assert report(3, 0).short_of == ["documents.review: 0 of 1"]
    assert report(None, 0).short_of == []
    assert "records put back" not in told(report(None, 0))
    assert not report(3, 1000, "documents.fallback-1 offset 7 was put back and not read again").holds
    assert "1 left waiting" in told(report(3, 1000, "documents.fallback-1 offset 7 was put back and not read again"))


def test_a_run_goes_on_only_as_itself(tmp_path: Path) -> None:
    state = state_of()
    save_state(tmp_path, state)
    assert load_state(tmp_path, "smoke", 1, None) == state
    for other in (("long", 1, None), ("smoke", 2, None), ("smoke", 1, "one_id")):
        with pytest.raises(SystemExit, match="give the same ones"):
            load_state(tmp_path, *other)
