"""What the bench of a generator's outage reads and concludes."""

import pytest

from docmill.load.judge import Latency
from load_tests import generator_outage
from load_tests.generator_outage import (
    ANSWERS,
    BREAKER,
    DOWN,
    STATES,
    WATCHED,
    Phase,
    counts,
    drained,
    outcomes_per_s,
    tell,
    totals,
)
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


async def test_one_that_comes_twice_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([3.0, 4.0, 5.0])

    async def came_out(url: str) -> float:
        return next(seen)

    monkeypatch.setattr(generator_outage, "came_out", came_out)
    monkeypatch.setattr(generator_outage, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(generator_outage, "SETTLE_S", 0.0)
    assert await drained("http://x", 4.0) == 5.0


def phases(state: str = DOWN, rate: float = 2.0, p99_s: float | None = 0.2, missing: int = 0) -> list[Phase]:
    """A phase of each state, all alike but one."""
    did = dict.fromkeys(WATCHED, 7.0)
    level = result(latency=Latency(120, 0.1, 0.15, 0.2, 0.3))
    found = {each: Phase(each, level, 2.0, did, breaker_open=each != ANSWERS) for each in STATES}
    other = result(latency=Latency(120, 0.1, 0.15, p99_s, 0.3), missing=missing)
    found[state] = Phase(state, other, rate, did, breaker_open=True)
    return list(found.values())


def test_the_verdict_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(phases(), 1008, 1008) == 0
    printed = capsys.readouterr().out
    assert "down: outcomes a second 1.000, p50 1.000, p99 1.000 times" in printed
    assert "Within 5%: yes. Nothing lost or doubled: yes." in printed
    assert printed.count("open") == 3
    assert printed.count("closed") == 1


@pytest.mark.parametrize(
    ("seen", "deferred", "came", "said"),
    [
        (phases(missing=1), 100, 100, "Missing on the fast path 1."),
        (phases(ANSWERS, missing=1), 100, 100, "Missing on the fast path 1."),
        (phases(), 100, 99, "Deferred 100, out of the fallback in the end 99."),
        (phases(), 100, 101, "Nothing lost or doubled: NO."),
        (phases(rate=1.8), 100, 100, "down: outcomes a second 0.900"),
        (phases(p99_s=0.22), 100, 100, "p99 1.100 times"),
        (phases(p99_s=None), 100, 100, "p99 inf times"),
        (phases(ANSWERS, rate=0.0, p99_s=None), 100, 100, "outcomes a second nan"),
    ],
    ids=["missing", "missing while it answers", "lost", "doubled", "fewer", "later", "never", "no base"],
)
def test_the_verdict_does_not_hold(
    seen: list[Phase], deferred: float, came: float, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(seen, deferred, came) == 1
    assert said in capsys.readouterr().out
