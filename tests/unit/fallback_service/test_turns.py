"""Whose turn it is to ask, and what a new document waits behind others: on a clock by hand, in one partition."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from docmill.fallback_service.generators import FOR_ALL
from docmill.fallback_service.holds import EARLY_PER_S, EARLY_PER_S_BEFORE_OTHERS, HOLD_S, LOOK_S, PAUSE_S
from docmill.fallback_service.resolved import Held
from docmill.fallback_service.turns import BEHIND_S, MOST_S, OWED, Turns
from docmill.generator.client import Unavailable
from docmill.kafka.put_back import HELD_SINCE
from docmill.kafka.records_queue import MOST_PASSING
from docmill_schemas.review_events import ReviewRequested
from tests.unit.fallback_service import partition as costs
from tests.unit.fallback_service.fakes import NOW_S, record
from tests.unit.fallback_service.partition import (
    COMMIT_S,
    DEADLINE_S,
    SLICE,
    SlowGenerator,
    familiar,
    partition,
    unsure,
)

TIER_1_S = SLICE * costs.LOOK_S


def passed_s(count: int) -> float:
    """To put back so many documents unseen, and for the new document itself and its neighbours in its slice."""
    return (count / SLICE + 3) * COMMIT_S + TIER_1_S


PLACE = 0, 7  # partition, first offset


def test_a_partition_that_has_fallen_behind_owes_half_of_what_a_slice_took() -> None:
    now_s = 1000.0
    turns = Turns(lambda: now_s, lambda: now_s)
    fresh_s, old_s = now_s - BEHIND_S, now_s - BEHIND_S - 0.1
    assert turns.may_ask(*PLACE, old_s)
    turns.asked(*PLACE, 20.0, 3.0)
    turns.final(*PLACE)
    assert (turns.may_ask(0, 8, fresh_s), turns.may_ask(0, 8, old_s), turns.may_ask(1, 8, old_s)) == (True, False, True)
    now_s += OWED * 20.0 - 3.0 - 0.1
    assert not turns.may_ask(0, 8, old_s)
    now_s += 0.1
    assert turns.may_ask(0, 8, old_s)


def test_who_takes_longer_for_who_is_new_than_it_owes_owes_nothing() -> None:
    turns = Turns(lambda: 1000.0, lambda: 1000.0)
    turns.asked(*PLACE, 4.0, 3.2)
    turns.final(*PLACE)
    assert turns.may_ask(0, 8, 0.0)


@pytest.mark.parametrize("set_by_s", [-500.0, 500.0])
def test_a_time_of_day_that_is_set_changes_nothing_of_what_is_owed(set_by_s: float) -> None:
    now_s, passed_s = 1000.0, 0.0
    turns = Turns(lambda: now_s, lambda: passed_s)
    turns.asked(*PLACE, 30.0, 0.0)
    turns.final(*PLACE)
    now_s += set_by_s
    passed_s += OWED * 30.0 - 0.1
    assert not turns.may_ask(0, 8, 0.0)
    passed_s += 0.1
    assert turns.may_ask(0, 8, 0.0)


def test_a_slice_that_was_stopped_while_it_asked_owes_no_more_than_the_longest_one() -> None:
    now_s = 1_000_000.0
    turns = Turns(lambda: now_s, lambda: now_s)
    turns.asked(*PLACE, 8 * 3600.0, 0.1)
    turns.final(*PLACE)
    now_s += OWED * MOST_S - 0.2
    assert not turns.may_ask(0, 8, 0.0)
    now_s += 0.1
    assert turns.may_ask(0, 8, 0.0)


def test_a_time_of_day_that_jumps_ahead_while_a_slice_asks_takes_nobodys_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = SlowGenerator(answers=SLICE)
    with partition(tmp_path, monkeypatch, generator) as of:
        passes = generator.passes

        def jumps(seconds: float) -> None:
            passes(seconds)
            of.of.set_by_s = 8 * 3600.0

        generator.passes = jumps
        of.of.slices.final(of.of.slices.process([old("a")], False, lambda: False))
        generator.passes = passes
        of.of.now_s += OWED * DEADLINE_S
        of.of.slices.process([old("b")], False, lambda: False)
        assert len(generator.asked) == 2


@pytest.mark.parametrize("count", [SLICE, 200, 1000])
@pytest.mark.parametrize(("answers", "takes_s"), [(0, DEADLINE_S), (4, DEADLINE_S), (SLICE, 8.0), (SLICE, 1.0)])
def test_behind_many_that_wait_a_new_document_waits_for_one_slice_of_questions_or_for_what_takes_as_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, answers: int, takes_s: float
) -> None:
    with partition(tmp_path, monkeypatch, SlowGenerator(answers=answers, takes_s=takes_s)) as of:
        of.hold(count)
        of.add(familiar("new"))
        assert of.until("new") <= max(BEHIND_S, takes_s) + takes_s + 2 * TIER_1_S + passed_s(count)


def test_whenever_it_comes_it_waits_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 200
    with partition(tmp_path, monkeypatch, SlowGenerator()) as of:
        of.hold(count)
        for number in range(12):
            for _ in range(1 + number * 7 % 5):
                of.work()
            of.add(familiar(f"new-{number}"))
            assert of.until(f"new-{number}") <= BEHIND_S + DEADLINE_S + 2 * TIER_1_S + passed_s(count)


def test_a_backlog_of_open_questions_does_not_hold_up_what_the_index_can_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 200
    with partition(tmp_path, monkeypatch, SlowGenerator()) as of:
        for number in range(count):
            of.add(unsure(f"open-{number}"))
        of.add(familiar("new"))
        looked_s = count * costs.LOOK_S + passed_s(count)
        slices_asked = looked_s // BEHIND_S + 1
        assert of.until("new") <= looked_s + slices_asked * DEADLINE_S


def test_everybody_comes_to_his_turn_though_new_ones_come_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, answers = 100, 4
    with partition(tmp_path, monkeypatch, SlowGenerator(answers=answers)) as of:
        of.hold(count)
        ids = {f"held-{number}" for number in range(count)}
        slices = 0
        while not ids <= of.known.keys():
            of.add(familiar(f"new-{slices}"))
            of.work()
            slices += 1
            assert of.of.now_s - NOW_S < 2 * count / answers * (DEADLINE_S + BEHIND_S)


@pytest.mark.parametrize(
    ("rate", "takes_s"),
    [(3.0, 0.3), (1.3, 2.0)],  # 83 and 91 % of what a partition can do, 4 questions at once
)
def test_a_partition_that_has_fallen_behind_once_catches_up_while_open_documents_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, takes_s: float
) -> None:
    generator = SlowGenerator(answers=SLICE, takes_s=takes_s, at_once=4)
    with partition(tmp_path, monkeypatch, generator) as of:
        came = 0
        of.of.now_s += 60  # the service stood still
        while of.of.now_s - NOW_S < 1300 and (of.records or not came):
            while came < (of.of.now_s - NOW_S) * rate:
                of.add(unsure(f"open-{came}"), timestamp=int((NOW_S + came / rate) * 1000))
                came += 1
            of.work()
        assert (len(of.records), len(of.known), len(generator.asked)) == (0, came, came)


@pytest.mark.parametrize(
    ("count", "slice_", "commit_s", "takes_s"),
    [(400, SLICE, 0.05, 1.0), (1000, SLICE, 0.3, 1.0), (600, 2, 0.05, 0.25)],
)
def test_turns_cost_a_quick_generator_no_more_than_a_third_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, slice_: int, commit_s: float, takes_s: float
) -> None:
    """One round of the second and third takes longer than a partition may be behind; six at work have slices of 2."""
    monkeypatch.setattr(costs, "SLICE", slice_)
    monkeypatch.setattr(costs, "COMMIT_S", commit_s)
    with partition(tmp_path, monkeypatch, SlowGenerator(answers=slice_, takes_s=takes_s)) as of:
        of.hold(count)
        without_s = count / slice_ * (takes_s + slice_ * costs.LOOK_S + commit_s)
        lap_s = count / slice_ * commit_s
        while of.records and of.of.now_s - NOW_S <= 1.5 * without_s + lap_s:
            of.work()
        assert len(of.known) == count


@pytest.mark.parametrize("count", [1, SLICE, 200, 1000])
def test_while_the_generator_is_left_alone_a_new_document_waits_for_pauses_and_never_longer_than_one_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    with partition(tmp_path, monkeypatch, SlowGenerator(away=True)) as of:
        of.hold(count, HOLD_S)
        of.add(familiar("new"))
        pauses_s = max(PAUSE_S, count / EARLY_PER_S) + LOOK_S
        assert of.until("new") <= min(pauses_s, HOLD_S + LOOK_S) + passed_s(count)
        began_s, before, commits, for_s = of.of.now_s, of.rewritten, of.commits, 4 * HOLD_S
        of.work_for(for_s)
        took_s, most = of.of.now_s - began_s, min(count, MOST_PASSING)
        assert of.rewritten - before <= took_s * (count / HOLD_S + EARLY_PER_S) + 2 * most
        assert of.commits - commits <= took_s * EARLY_PER_S / max(EARLY_PER_S, most) + (
            (took_s / HOLD_S + 1) * math.ceil(count / MOST_PASSING)
        )


def test_while_left_alone_new_documents_that_come_all_the_time_make_nobody_go_round_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, new = 200, 30
    with partition(tmp_path, monkeypatch, SlowGenerator(away=True)) as of:
        of.hold(count, HOLD_S)
        for number in range(new):
            of.add(familiar(f"new-{number}"))
            assert of.until(f"new-{number}") <= count / EARLY_PER_S_BEFORE_OTHERS + 1
        in_s = of.of.now_s - NOW_S
        assert of.rewritten <= in_s * (count / HOLD_S + EARLY_PER_S_BEFORE_OTHERS)


def test_who_is_new_is_asked_about_before_who_came_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with partition(tmp_path, monkeypatch, SlowGenerator(answers=1)) as of:
        of.hold(2)
        of.add(unsure("new"))
        of.work()
        assert of.known.keys() == {"new"}


def old(id: str, **more: Any) -> Any:
    """A record that has lain for longer than a partition may be behind."""
    return record(unsure(id), timestamp=int((NOW_S - BEHIND_S - 1) * 1000), **more)


def test_who_has_no_turn_is_put_back_and_due_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = SlowGenerator()
    with partition(tmp_path, monkeypatch, generator) as of:
        of.of.slices.final(of.of.slices.process([old("a")], False, lambda: False))
        [resolved] = of.of.slices.process([old("b")], False, lambda: False)
        headers = dict(resolved.publishes[0].headers)
        assert resolved.publishes[0].topic == "documents.fallback"
        assert headers["docmill_not_before"] == headers["docmill_held_since"] == f"{of.of.now_s * 1000:.0f}".encode()
        assert len(generator.asked) == 1


@pytest.mark.parametrize("why", sorted(FOR_ALL))
def test_questions_that_were_never_put_take_nobodys_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: Unavailable
) -> None:
    """Another partition's question tries whether the generator is back; meanwhile they are answered at once."""
    generator = SlowGenerator(never_put=why)
    with partition(tmp_path, monkeypatch, generator) as of:
        due = ((HELD_SINCE, str(int((NOW_S - 60) * 1000)).encode()),)
        of.of.slices.final(of.of.slices.process([old("a", headers=due)], False, lambda: False))
        generator.never_put = None
        of.of.slices.process([old("b")], False, lambda: False)
        assert len(generator.asked) == 2


def test_who_has_no_turn_while_the_generator_is_left_alone_comes_round_as_seldom_as_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = SlowGenerator()
    with partition(tmp_path, monkeypatch, generator) as of:
        of.of.slices.final(of.of.slices.process([old("a")], False, lambda: False))
        generator.away = True
        [resolved] = of.of.slices.process([old("b")], False, lambda: False)
        assert len(generator.asked) == 1
        assert isinstance(resolved.came, Held)
        assert resolved.came.not_before_ms - resolved.came.put_back_ms == HOLD_S * 1000


def test_where_nothing_can_be_put_back_everybody_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivery at_least_once."""
    generator = SlowGenerator(answers=SLICE)
    with partition(tmp_path, monkeypatch, generator, max_hold_s=0.0) as of:
        for id in ("a", "b", "c"):
            [resolved] = of.of.slices.process([old(id)], False, lambda: False)
            assert isinstance(resolved.came, ReviewRequested)
            assert resolved.came.review_reasons[0].value == "undecided"
        assert len(generator.asked) == 3


def test_who_has_waited_long_enough_goes_to_a_person_though_he_has_no_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with partition(tmp_path, monkeypatch, SlowGenerator(), max_hold_s=60.0) as of:
        of.of.slices.final(of.of.slices.process([old("a")], False, lambda: False))
        since = (("docmill_held_since", str(int((of.of.now_s - 61) * 1000)).encode()),)
        [resolved] = of.of.slices.process([old("b", headers=since)], False, lambda: False)
        said = json.loads(resolved.publishes[0].value or b"")
        assert (said["review_reasons"], said["undecided"][-1]) == (["generator_away"], "generator: no_turn")


def test_a_slice_without_questions_takes_nobodys_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = SlowGenerator()
    with partition(tmp_path, monkeypatch, generator) as of:
        old_ms = int((NOW_S - BEHIND_S - 1) * 1000)
        quiet = [record(b"no request", timestamp=old_ms), record(familiar("known"), timestamp=old_ms)]
        of.of.slices.process(quiet, False, lambda: False)
        of.of.slices.process([old("a")], False, lambda: False)
        assert len(generator.asked) == 1


def test_a_slice_that_is_read_again_since_its_commit_failed_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is behind by now, and its answers are paid for: they are kept by the places of its records."""
    generator = SlowGenerator(takes_s=40.0)
    with partition(tmp_path, monkeypatch, generator) as of:
        of.of.slices.final(of.of.slices.process([old("before")], False, lambda: False))
        generator.takes_s = 1.0
        fresh_ms = int(of.of.now_s * 1000)
        records = [record(unsure(f"open-{number}"), timestamp=fresh_ms) for number in range(4)]
        for _ in range(2):
            done = of.of.slices.process(records, False, lambda: False)
            assert [type(one.came) for one in done] == [ReviewRequested] * 4
            of.of.now_s += BEHIND_S
        of.of.slices.final(done)
        assert len(generator.asked) == 1 + 2 * 4


def test_who_is_read_again_takes_its_turn_once_it_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However quickly the answers came that were kept."""
    generator = SlowGenerator(takes_s=20.0)
    with partition(tmp_path, monkeypatch, generator) as of:
        again = [old("again")]
        of.of.slices.process(again, False, lambda: False)
        generator.takes_s = 0.0
        of.of.slices.final(of.of.slices.process(again, False, lambda: False))
        [resolved] = of.of.slices.process([old("next")], False, lambda: False)
        assert resolved.publishes[0].topic == "documents.fallback"
