"""The plan of load_tests/chaos.py: the same for the same seed, with as many faults as the issue asks for."""

from collections import Counter
from typing import get_args

import pytest

from docmill.kafka.failpoints import Step
from load_tests.chaos import main
from load_tests.chaos_parts.documents import make_document
from load_tests.chaos_parts.ledger import Expected
from load_tests.chaos_parts.plan import (
    CONTROL_BRIEF,
    FALLBACK_BRIEF,
    FALLBACK_SMOKE,
    LONG,
    OF_THE_PROCESSOR,
    PROFILES,
    SMOKE,
    STEPS,
    Kind,
    Profile,
    kinds,
    plan,
    required,
)
from load_tests.chaos_parts.recovery import quantile, recovery_s

OF_AT_LEAST_ONCE = {"published"}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_seed_makes_a_plan(profile: Profile) -> None:
    assert plan(profile, 1) == plan(profile, 1)
    assert plan(profile, 1) != plan(profile, 2)
    for round_ in plan(profile, 1):
        assert all(fault.slot < profile.workers + profile.guests for fault in round_)


def test_the_long_plan_is_long_enough() -> None:
    rounds = plan(LONG, 1)
    struck = Counter(fault.name for round_ in rounds for fault in round_)
    kills = struck[Kind.KILL.value] + sum(struck[f"{Kind.FAILPOINT.value} {step}"] for step in STEPS)
    assert kills >= LONG.worker_kills == 100
    assert all(struck[name] >= least for name, least in required(LONG, rounds).items())
    assert struck[Kind.ZOMBIE.value] >= 10
    assert struck[Kind.BROKER_KILL.value] >= 10


def test_the_smoke_plan_has_every_kind_and_step() -> None:
    smoke, long = ({fault for round_ in plan(profile, 1) for fault in round_} for profile in (SMOKE, LONG))
    assert {fault.kind for fault in smoke} == {fault.kind for fault in long}
    every_step = {f"{Kind.FAILPOINT.value} {step}" for step in get_args(Step) if step not in OF_AT_LEAST_ONCE}
    for name, faults in (("smoke", smoke), ("long", long)):
        assert {fault.name for fault in faults if fault.kind is Kind.FAILPOINT} == every_step, name
    assert all(LONG.least[step] >= 5 for step in every_step)


def test_the_fallback_meets_all_that_is_not_the_processors_own() -> None:
    smoke, fallback, brief = (plan(profile, 1) for profile in (SMOKE, FALLBACK_SMOKE, FALLBACK_BRIEF))
    assert fallback == [round_ for round_ in smoke if not OF_THE_PROCESSOR & kinds(round_)]
    assert {kind for round_ in fallback for kind in kinds(round_)} == set(Kind) - OF_THE_PROCESSOR
    assert {kind for round_ in brief for kind in kinds(round_)} == {
        Kind.FAILPOINT,
        Kind.KILL,
        Kind.ZOMBIE,
        Kind.BROKER_KILL,
    }


def test_a_brief_control_ends_both_workers_at_once() -> None:
    [round_] = plan(CONTROL_BRIEF, 1)
    assert {(fault.kind, fault.slot) for fault in round_} == {(Kind.KILL, 0), (Kind.KILL, 1)}
    assert CONTROL_BRIEF.workers == 2
    assert required(CONTROL_BRIEF, [round_]) == {Kind.KILL.value: 2}


@pytest.mark.parametrize(
    "arguments",
    [["--brief"], ["--control", "one_id", "--brief"], ["--profile", "control"], ["--profile", "control-brief"]],
    ids=" ".join,
)
def test_a_control_is_asked_for_as_one(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert "control" in capsys.readouterr().err


def test_documents_are_made_of_seed_and_number() -> None:
    documents = [make_document(1, number, 40, 4) for number in range(1000)]
    assert documents == [make_document(1, number, 40, 4) for number in range(1000)]
    readable = [d.entry for d in documents if d.entry.expected is Expected.RESULT]
    assert 980 <= len(readable) < 1000
    assert len({entry.sha256 for entry in readable}) == len(readable)
    assert len({(entry.path, entry.partition) for entry in readable}) == len({entry.path for entry in readable})
    assert make_document(1, 7, 40, 4, deadly=True).entry.expected is Expected.DEAD_LETTER


def test_recovery_is_from_the_fault_to_full_speed() -> None:
    def after(*bins: int) -> float | None:
        return recovery_s([*[10] * 20, *bins], 0.5, 10.0, 10.0, 10.0, 10 + len(bins) / 2)

    assert after(*[10] * 40) == 0.0
    assert after(*[0] * 10, *[10] * 20) == 8.0  # five seconds of nothing, then a window of three at full speed
    assert after(*[0] * 10, *[20] * 20) == 6.5  # a backlog is worked off faster
    assert after(*[0] * 20) is None
    assert recovery_s([0] * 60, 0.5, 10.0, 10.0, 10.0, 30.0) is None


def test_quantiles() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([float(n) for n in range(1, 21)], 0.95) == 19.0
    assert quantile([1.0], 0.95) == 1.0
