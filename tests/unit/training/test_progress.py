import io

import pytest
from rich.console import Console

from docmill.training.cache import Stage
from docmill.training.progress import Counter, Moment, Telling


def stage(name: str) -> Stage:
    return Stage(name, 1, None, {}, lambda folder: None)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("docmill.training.progress.time.monotonic", lambda: now[0])
    return now


def told(terminal: bool = False) -> tuple[Telling, io.StringIO]:
    out = io.StringIO()
    return Telling(Console(file=out, force_terminal=terminal, width=200)), out


def test_plain_lines_say_what_goes_on_now_and_then(clock: list[float]) -> None:
    telling, out = told()
    with telling:
        telling.on_stage(stage("corpus"), True)
        telling.on_stage(stage("teacher"), False)
        for step in range(1, 41):
            clock[0] += 1.0
            telling.on_moment(Moment(step, 40, 1234.4, {"tags": 1 / step}))
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["corpus: from the cache", "teacher ..."]
    assert lines[2].startswith("teacher 15/40, 1,234 tokens/s, tags 0.")
    assert lines[2].endswith(", 0.4 min left")
    assert lines[3].startswith("teacher 30/40")
    assert lines[4].startswith("teacher: 40 s, tags 0.")
    assert len(lines) == 5


def test_what_a_killed_run_had_done_is_not_counted_into_the_time_left(clock: list[float]) -> None:
    telling, out = told()
    with telling:
        telling.on_stage(stage("teacher"), False)
        for step in range(31, 47):
            clock[0] += 1.0
            telling.on_moment(Moment(step, 60, 1000, {}))
    assert "teacher 45/60, 1,000 tokens/s, 0.2 min left" in out.getvalue()


@pytest.mark.parametrize("unit", ["documents", "tokens"])
def test_a_stage_of_several_parts_counts_each_anew(clock: list[float], unit: str) -> None:
    """A probe counts documents, eight at a time, then training counts steps from 1: past the probe's first, too."""
    telling, out = told()
    with telling:
        telling.on_stage(stage("teacher"), False)
        for done in (8, 16):
            clock[0] += 30.0
            telling.on_moment(Moment(done, 16, 1, {}, unit))
        for step in range(1, 21):
            clock[0] += 15.0
            telling.on_moment(Moment(step, 20, 1000, {"tags": 1.0}))
    lines = out.getvalue().splitlines()
    assert "teacher 7/20, 1,000 tokens/s, tags 1.0000, 3.2 min left" in lines  # 13 steps of 15 s, the first not counted
    assert lines[-1] == "teacher: 360 s, tags 1.0000"


def test_losses_are_smoothed_and_begin_anew_with_a_stage(clock: list[float]) -> None:
    telling, out = told()
    with telling:
        telling.begin("first")
        for step, loss in enumerate((4.0, 2.0), start=1):
            telling.on_moment(Moment(step, 2, 1, {"loss": loss}))
        telling.begin("second")
        telling.on_moment(Moment(1, 1, 1, {"loss": 7.0}))
    assert out.getvalue().splitlines() == [
        "first ...",
        "first: 0 s, loss 3.0000",
        "second ...",
        "second: 0 s, loss 7.0000",
    ]


def test_a_terminal_has_a_bar() -> None:
    telling, out = told(terminal=True)
    with telling:
        telling.on_stage(stage("teacher"), False)
        telling.on_moment(Moment(3, 10, 500, {"tags": 0.5}))
        telling._bars.refresh()
    assert "teacher" in out.getvalue()
    assert "3/10, 500 tokens/s, tags 0.5000" in out.getvalue()
    assert "..." not in out.getvalue()


def test_nothing_is_told_before_a_stage_begins() -> None:
    telling, out = told()
    with telling:
        telling.on_moment(Moment(1, 2, 3, {}))
    assert out.getvalue() == ""


def test_a_counter_tells_how_fast_it_goes(clock: list[float]) -> None:
    moments: list[Moment] = []
    count = Counter("documents", moments.append)
    clock[0] = 2.0
    count(10, 40)
    assert moments == [Moment(10, 40, 5.0, {}, "documents")]
