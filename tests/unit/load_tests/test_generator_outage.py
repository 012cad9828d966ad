"""What the bench of a generator's outage reads and concludes."""

import math
from argparse import Namespace
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from docmill.errors import ConfigurationError
from docmill.load.documents import PLAIN, SHELF_DOCUMENTS, LoadDocument
from docmill.load.plan import Plan
from docmill.settings import Settings
from load_tests import generator_outage
from load_tests.generator_outage import (
    ABSTAINS,
    BREAKER,
    LOOK_EVERY_S,
    SETTLE_S,
    counts,
    cpu_s,
    drained,
    latencies,
    outcomes_per_s,
    run,
    totals,
)
from load_tests.outage_parts.phase import (
    ANSWERS,
    DOWN,
    NONSENSE,
    PROCESSES,
    STATES,
    WATCHED,
    Phase,
    Ratio,
    burst_per_s,
    in_turn,
    latency_s,
    ratio,
)
from load_tests.outage_parts.receipts import default_bundle_defers, with_deferred
from load_tests.outage_parts.tell import tell
from load_tests.roll_call import Compared, RollCall
from tests.unit.generator.endpoint import Reply
from tests.unit.load.fakes import START_S, answer, ledger, offer, result, send_all

PAGE = """# HELP docmill_review_total x
docmill_review_total{reason="undecided"} 3.0
docmill_review_total{reason="audit"} 1.0
docmill_results_published_total{doc_type="receipt",decided_by="model"} 7.0
docmill_results_published_total{doc_type="receipt",decided_by="retrieval"} 2.0
docmill_fallback_held_total 5.0
docmill_generator_questions_total{outcome="answered"} 6.0
docmill_generator_questions_total{outcome="breaker_open"} 2.0
docmill_generator_questions_total{outcome="timeout"} 1.0
docmill_generator_unavailable 1.0
python_info 1.0
"""


async def test_what_the_fallback_did_is_read_off_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scrape(urls: list[str]) -> list[str]:
        return [PAGE]

    monkeypatch.setattr(generator_outage, "scrape", scrape)
    assert await counts("http://x") == {
        "held": 5.0,
        "reviews": 4.0,
        "results": 2.0,
        "rejected": 0.0,
        "answered": 6.0,
        "questions": 9.0,
    }
    found = await totals("http://x")
    assert found["docmill_results_published_total"] == 9.0
    assert found[BREAKER] == 1.0


def test_outcomes_a_second_are_those_that_came() -> None:
    one = ledger(offer(rate=10.0, warm_up_s=5.0, counted_s=10.0))
    send_all(one)
    for index in range(len(one.entries)):
        answer(one, index, 0.01)
    assert outcomes_per_s(one) == pytest.approx(10.0)
    one.entries[-1].arrived_s = START_S + 5.0 + 20.0  # the last one made the phase twice as long
    assert outcomes_per_s(one) == pytest.approx(5.0)
    one.entries[-1].arrived_s = None
    assert outcomes_per_s(one) == pytest.approx(9.9)
    assert outcomes_per_s(None) == 0.0


@pytest.mark.parametrize(
    ("deferred", "looks"), [(4.0, 1), (9.0, 3), (0.0, 0)], ids=["all came", "some never come", "none was deferred"]
)
async def test_all_that_were_deferred_are_waited_for_and_a_little_longer(
    monkeypatch: pytest.MonkeyPatch, deferred: float, looks: int
) -> None:
    now_s, slept = 0.0, list[float]()

    async def came_out(url: str) -> float:
        return 3.0 + len(slept)

    async def sleep(seconds: float) -> None:
        nonlocal now_s
        slept.append(seconds)
        now_s += seconds

    monkeypatch.setattr(generator_outage, "came_out", came_out)
    monkeypatch.setattr(generator_outage, "DRAIN_S", 2 * LOOK_EVERY_S)
    monkeypatch.setattr(generator_outage, "time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(generator_outage, "asyncio", SimpleNamespace(sleep=sleep))
    assert await drained("http://x", deferred) is (deferred <= 4.0)
    assert slept == [LOOK_EVERY_S] * looks + [SETTLE_S]


def test_how_long_each_document_took_and_which_never_came() -> None:
    one = ledger(offer(rate=1.0, warm_up_s=1.0, counted_s=3.0))
    send_all(one)
    for index in range(len(one.entries) - 1):
        answer(one, index, 0.5)
    assert latencies(one) == pytest.approx((0.5, 0.5, math.inf))
    assert latencies(None) == ()


def test_cores_are_told_by_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_outage, "cpu_seconds", {1: 10.0, 2: 20.0, 3: 30.0}.__getitem__)
    used = cpu_s(SimpleNamespace(pid=1, broker_pid=2), SimpleNamespace(pid=3))  # type: ignore[arg-type]
    assert used == {"processor": 10.0, "broker": 20.0, "fallback": 30.0}


DID = dict.fromkeys(WATCHED, 7.0) | {"questions": 9.0}
CORES = dict.fromkeys(PROCESSES, 0.25)


def phase_of(
    state: str, rate: float = 2.0, latencies_s: tuple[float, ...] = (0.1, 0.1, 0.2), missing: int = 0
) -> Phase:
    one = result(missing=missing)
    return Phase(state, one, latencies_s, (result(),), (rate,), DID, CORES, breaker_open=state != ANSWERS)


def phases(state: str = DOWN, rate: float = 2.0, p99_s: float = 0.2, missing: int = 0) -> list[Phase]:
    """A phase of each state, all alike but one."""
    found = {each: phase_of(each) for each in STATES}
    found[state] = replace(phase_of(state, rate, (0.1, 0.1, p99_s), missing), breaker_open=True)
    return list(found.values())


def test_documents_and_bursts_of_all_phases_of_a_state_count_together() -> None:
    seen = [phase_of(DOWN, 1.0, (0.1,) * 99), phase_of(DOWN, 3.0, (0.7,)), phase_of(DOWN, 9.0, ())]
    assert (burst_per_s(seen), latency_s(0.99)(seen), latency_s(1.0)(seen)) == (3.0, 0.1, 0.7)
    assert latency_s(0.5)([phase_of(DOWN, 1.0, (math.inf, 0.1, math.inf))]) == math.inf
    assert math.isnan(burst_per_s([]))


def test_what_chance_does_to_a_ratio_is_told_from_three_rounds_on() -> None:
    two = [phase_of(state, rate) for state in (ANSWERS, DOWN) for rate in (2.0, 3.0)]
    assert ratio(two, DOWN, burst_per_s) == Ratio(1.0, None, None)
    level = [phase_of(state, 2.0) for state in (ANSWERS, DOWN) for _ in range(3)]
    assert str(ratio(level, DOWN, burst_per_s)) == "1.000 (1.00 to 1.00)"
    uneven = [phase_of(ANSWERS, 2.0)] * 3 + [phase_of(DOWN, rate) for rate in (1.0, 2.0, 4.0)]
    assert ratio(uneven, DOWN, burst_per_s) == Ratio(1.0, 0.5, 2.0)
    slow_minutes = [phase_of(state, rate) for rate in (1.0, 2.0, 4.0) for state in (ANSWERS, DOWN)]
    assert ratio(slow_minutes, DOWN, burst_per_s) == Ratio(1.0, 1.0, 1.0)  # both states of a round share them
    never = [*[phase_of(ANSWERS)] * 3, *[phase_of(NONSENSE, latencies_s=(math.inf,))] * 3]
    assert ratio(never, NONSENSE, latency_s(0.99)) == Ratio(math.inf, math.inf, math.inf)
    base = [*[phase_of(ANSWERS, latencies_s=(math.inf,))] * 3, *[phase_of(DOWN)] * 3]
    assert math.isnan(ratio(base, DOWN, latency_s(0.99)).value)
    assert math.isnan(ratio([phase_of(DOWN)], DOWN, burst_per_s).value)


def test_every_round_begins_with_another_state() -> None:
    order = in_turn(5)
    assert order[:8] == (*STATES, *STATES[1:], STATES[0])
    assert [order[start] for start in range(0, 20, 4)] == [*STATES, STATES[0]]
    assert all(sorted(order[start : start + 4]) == sorted(STATES) for start in range(0, 20, 4))


def shelf_of(*texts: str) -> list[LoadDocument]:
    return [LoadDocument("receipts", text.encode(), PLAIN, len(text)) for text in texts]


def test_a_share_of_the_receipts_is_deferred() -> None:
    receipts = shelf_of("sure", "unsure", "sure too", "also unsure")
    drawn = with_deferred(receipts, 0.1, lambda documents: [b"unsure" in one.content for one in documents])
    counts = Counter(one.content for one in drawn)
    assert counts == {b"sure": 450, b"sure too": 450, b"unsure": 50, b"also unsure": 50}


@pytest.mark.parametrize(("deferred", "share"), [(True, 0.1), (False, 0.1), (False, 1.0)])
def test_a_share_that_cannot_be_had_is_an_error(deferred: bool, share: float) -> None:
    with pytest.raises(ConfigurationError, match=f"of 2 receipts are deferred: no share of {share} can"):
        with_deferred(shelf_of("a", "b"), share, lambda documents: [deferred] * len(documents))


def test_the_shipped_bundle_is_sure_of_some_receipts_and_of_others_not() -> None:
    """Else `--deferred` could not be had; the samples are stretched as a load test sends them."""
    shelf = generator_outage.receipts(0.25)["receipts"]
    flags = default_bundle_defers(list(dict.fromkeys(shelf)))
    by_document = dict(zip(dict.fromkeys(shelf), flags, strict=True))
    assert sum(by_document[one] for one in shelf) == len(shelf) // 4
    assert len(generator_outage.receipts(None)["receipts"]) == SHELF_DOCUMENTS


ALL = Compared(1008, (), (), ())


def test_the_verdict_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(phases(), ALL, ALL, 0) == 0
    printed = capsys.readouterr().out
    assert "down: outcomes a second of a burst 1.000, p50 1.000, p99 1.000 times" in printed
    assert "Sent 1008, out of it in the end: all once." in printed
    assert "Deferred 1008, out of the fallback in the end: all once." in printed
    assert "No more than 5% worse: yes. Nothing lost or doubled: yes." in printed
    assert "answers: 2.00 outcomes a second of a burst, p50 0.100 s, p99 0.200 s; cores: processor 0.25" in printed
    assert printed.count("open") == 3
    assert printed.count("closed") == 1


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (phases(missing=1), "Missing on the fast path 1."),
        (phases(ANSWERS, missing=1), "Missing on the fast path 1."),
        ([replace(one, bursts=(result(missing=2),)) if one.state == DOWN else one for one in phases()], "path 2."),
        (phases(rate=1.8), "down: outcomes a second of a burst 0.900"),
        (phases(p99_s=0.22), "p99 1.100 times"),
        (phases(p99_s=math.inf), "p99 inf times"),
        (phases(ANSWERS, rate=0.0), "outcomes a second of a burst nan"),
    ],
    ids=["missing", "missing while it answers", "missing of a burst", "fewer", "later", "never", "no base"],
)
def test_the_verdict_does_not_hold(seen: list[Phase], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(seen, ALL, ALL, 0) == 1
    assert said in capsys.readouterr().out


def test_without_bursts_the_tail_decides(capsys: pytest.CaptureFixture[str]) -> None:
    without = [replace(one, bursts=(), bursts_per_s=()) for one in phases()]
    assert tell(without, ALL, ALL, 0) == 0
    printed = capsys.readouterr().out
    assert "down: p50 1.000, p99 1.000 times" in printed
    assert "No bursts were sent: whether the fast path takes as many at once is not told." in printed
    slower = [replace(one, bursts=(), bursts_per_s=()) for one in phases(p99_s=0.22)]
    assert tell(slower, ALL, ALL, 0) == 1


@pytest.mark.parametrize(
    ("fast_path", "fallback", "unreadable", "said"),
    [
        (ALL, Compared(8, ("a",), (), ()), 0, "Deferred 8, out of the fallback in the end: 1 lost (a)."),
        (ALL, Compared(8, (), ("a",), ()), 0, "1 more than once (a)."),
        (ALL, Compared(8, ("a",), ("b",), ()), 0, "1 lost (a), 1 more than once (b)."),
        (ALL, Compared(8, (), (), ("a",)), 0, "1 never went in (a)."),
        (Compared(8, tuple("abcd"), (), ()), ALL, 0, "Sent 8, out of it in the end: 4 lost (a, b, c)."),
        (ALL, ALL, 2, "2 records on the topics name no document."),
    ],
    ids=["lost", "doubled", "one lost and one doubled", "a stranger", "lost on the fast path", "unreadable"],
)
def test_one_that_is_lost_or_doubled_fails_it(
    fast_path: Compared, fallback: Compared, unreadable: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(phases(), fast_path, fallback, unreadable) == 1
    printed = capsys.readouterr().out
    assert said in printed
    assert "Nothing lost or doubled: NO." in printed


def test_a_run_that_deferred_nothing_says_so_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(phases(), ALL, Compared(0, (), (), ()), 0) == 1
    printed = capsys.readouterr().out
    assert "NOTHING WAS DEFERRED" in printed
    assert "Nothing lost or doubled: not shown." in printed


@pytest.mark.parametrize("state", STATES)
def test_a_run_whose_endpoint_took_no_part_says_so_and_fails(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A phase without a question, as of a wrong address or an index that decides all; the breaker has seen nothing."""
    idle = dict.fromkeys(WATCHED, 0.0)
    seen = [replace(phase, fallback=idle, breaker_open=False) if phase.state == state else phase for phase in phases()]
    assert tell(seen, ALL, ALL, 0) == 1
    printed = capsys.readouterr().out
    assert f"THE ENDPOINT TOOK NO PART as it was told in phase {1 + STATES.index(state)} ({state}):" in printed


def test_a_run_that_did_not_catch_up_says_so_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    seen = [replace(phase, caught_up=phase.state != DOWN) for phase in phases()]
    assert tell(seen, ALL, ALL, 0) == 1
    assert "THE FALLBACK HAD NOT CAUGHT UP before phase 2 (down):" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "answered", "breaker_open", "code"),
    [(ANSWERS, 0.0, True, 1), (DOWN, 9.0, False, 1), (DOWN, 9.0, True, 0), (DOWN, 8.0, False, 0)],
    ids=["asked and not answered", "all answered while it is down", "left alone", "one that failed"],
)
def test_it_is_told_by_what_became_of_the_questions(state: str, answered: float, breaker_open: bool, code: int) -> None:
    did = dict.fromkeys(WATCHED, 9.0) | {"answered": answered}
    seen = [
        replace(phase, fallback=did, breaker_open=breaker_open) if phase.state == state else phase for phase in phases()
    ]
    assert tell(seen, ALL, ALL, 0) == code


async def test_a_processor_that_deferred_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A series with labels has no sample before there was one."""
    waited_for: list[float] = []

    async def scrape(urls: list[str]) -> list[str]:
        return ["# HELP docmill_fallback_total x\n"]

    async def drained(url: str, deferred: float) -> bool:
        waited_for.append(deferred)
        return True

    async def call_roll(settings: Settings) -> RollCall:
        return RollCall()

    @asynccontextmanager
    async def open_drive(settings: Settings, on_outcome: object) -> AsyncIterator[None]:
        yield

    for name, fake in [("scrape", scrape), ("drained", drained), ("call_roll", call_roll), ("open_drive", open_drive)]:
        monkeypatch.setattr(generator_outage, name, fake)
    at = SimpleNamespace(url="http://x", await_url=lambda: "http://x", environment={"KAFKA_BOOTSTRAP_SERVERS": "x:1"})
    found, roll = await run(at, at, at, Namespace(slow=1.0, rounds=0, deferred=None))  # type: ignore[arg-type]
    assert (found, roll.fallback.went_in, waited_for) == ([], 0, [0.0])


async def test_bursts_follow_a_phase_at_once_and_every_phase_begins_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    plans: list[Plan] = []
    replies: list[Reply] = []
    answering: list[bool] = []

    async def scrape(urls: list[str]) -> list[str]:
        return [PAGE]

    async def drained(url: str, deferred: float) -> bool:
        told.append("caught up")
        answering.append(at.replies == (Reply(ABSTAINS),))
        return len(answering) != 2

    async def call_roll(settings: Settings) -> RollCall:
        return RollCall()

    async def run_phase(processor: object, drive: object, books: object, plan: Plan, *, flooded: bool) -> object:
        told.append("burst" if plan.offer.warm_up_s == 0 else "phase")
        replies.append(at.replies[0])
        plans.append(plan)
        return SimpleNamespace(result=result())

    @asynccontextmanager
    async def open_drive(settings: Settings, on_outcome: object) -> AsyncIterator[None]:
        yield

    fakes = {"scrape": scrape, "drained": drained, "call_roll": call_roll, "open_drive": open_drive}
    for name, fake in (fakes | {"run_phase": run_phase, "cpu_seconds": lambda pid: 1.0}).items():
        monkeypatch.setattr(generator_outage, name, fake)
    at = SimpleNamespace(url="http://x", await_url=lambda: "http://x", environment={"KAFKA_BOOTSTRAP_SERVERS": "x:1"})
    at.pid = at.broker_pid = 1
    args = Namespace(slow=1.0, rounds=2, rate=2.0, phase=3.0, burst=4, bursts=2, deferred=None)
    found, _ = await run(at, at, at, args)  # type: ignore[arg-type]
    assert told == ["phase", "burst", "burst", "caught up"] * 2 * len(STATES)
    assert answering == [True] * 2 * len(STATES)
    own = [(reply.hangs_up, reply.delay_s, reply.content == ABSTAINS) for reply in replies[::3]]
    first = [(False, 0.0, True), (True, 0.0, False), (False, 1.0, True), (False, 0.0, False)]
    assert own == [*first, *first[1:], first[0]]
    assert [phase.state for phase in found] == [*STATES, *STATES[1:], STATES[0]]
    assert replies[::3] == replies[2::3]
    assert [phase.caught_up for phase in found] == [True, True, False, *[True] * 5]
    assert [len(phase.bursts) for phase in found] == [2] * 2 * len(STATES)
    ids = [shipment.document_id for plan in plans for shipment in plan.shipments]
    assert len(ids) == len(set(ids))
    at_once = [plan for plan in plans if plan.offer.warm_up_s == 0]
    assert {(len(plan.shipments), plan.first_counted) for plan in at_once} == {(4, 0)}
    assert all(shipment.due_s < generator_outage.BURST_S for plan in at_once for shipment in plan.shipments)
