"""The report survives its file, and its paragraph says what was found and what was not."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from docmill.load.judge import Latency, StepResult, Target, Timeline, WhyNot
from docmill.load.machine import Machine
from docmill.load.report import LoadReport, summary
from docmill.load.search import Purpose, Search
from docmill.load.usage import Usage
from tests.unit.load.fakes import result

USAGE = Usage(seconds=20.0, cpu_s=30.0, documents=300.0, tokens=150_000.0, rebalances=0.0)


def report(*steps: StepResult, sustained: int | None, **more: object) -> LoadReport:
    values: dict[str, object] = {
        "docmill": "0.1.0",
        "at": datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
        "machine": Machine("AMD EPYC", 2, (), "Linux"),
        "note": "",
        "processors": 1,
        "processor_docmill": "0.2.0",
        "bundle": "mailroom-en 7 (0123456789ab)",
        "target": Target(0.95, 2.0),
        "mix": "receipts=55,contracts=5",
        "documents": "samples",
        "arrivals": "poisson",
        "seed": 0,
        "search": Search(8.0, 0.1),
        "steps": steps,
        "sustained": sustained,
        "shown": 0,
        "timeline": Timeline((0.5, 1.5), (0.2, None), (0.3, None), (0.4, None)),
        "duplicates": 0,
        "foreign_outcomes": 0,
    }
    return LoadReport.model_validate(values | more)


def search_report() -> LoadReport:
    steps = (
        result(15.0, usage=USAGE),
        result(30.0, WhyNot.TOO_SLOW, ended_early=True, at_target_s=None, latency=Latency(50, 1.0, None, None, None)),
        result(15.0, purpose=Purpose.CONFIRM, usage=USAGE, counted_s=120.0),
    )
    return report(*steps, sustained=2)


def test_it_round_trips_through_json() -> None:
    for original in (search_report(), report(result(usage=None), sustained=None, search=None, processors=None)):
        assert LoadReport.model_validate_json(original.model_dump_json()) == original


def test_a_report_of_another_format_is_not_read() -> None:
    json = search_report().model_dump_json().replace('"format":1', '"format":2')
    with pytest.raises(ValidationError, match="format"):
        LoadReport.model_validate_json(json)


def test_a_later_report_with_more_keys_is_read() -> None:
    json = search_report().model_dump_json().replace('"format":1', '"format":1,"later":true')
    assert LoadReport.model_validate_json(json) == search_report()


def test_the_paragraph_can_be_quoted() -> None:
    assert summary(search_report()) == (
        "Held 15 documents/s (1,296,000 a day) for 120 s: 100 documents, none missing, p95 1.00 s (target 2 s; "
        "p50 0.20 s, p99 1.50 s, max 2.50 s). The processor used 1.50 cores for it, 7,500 tokens/s: 10.0 documents a "
        "CPU second, 864,000 a day for a core. Mix receipts=55,contracts=5, 3,325 characters on average, poisson "
        "arrivals, seed 0; docmill 0.2.0; bundle mailroom-en 7 (0123456789ab); load from AMD EPYC, 2 cores, no VNNI."
    )


def test_without_metrics_nothing_is_said_of_cost() -> None:
    text = summary(report(result(), sustained=0, processor_docmill=None, bundle=None, note="2 threads"))
    assert "CPU second" not in text
    assert "bundle" not in text
    assert "docmill 0.1.0; load from AMD EPYC, 2 cores, no VNNI; 2 threads." in text


def test_when_nothing_held_it_says_so() -> None:
    text = summary(report(result(8.0, WhyNot.TOO_SLOW), result(4.0, WhyNot.TOO_SLOW), sustained=None))
    assert text.startswith("No rate held a p95 of at most 2 s; the lowest tried was 4 documents/s.")


@pytest.mark.parametrize(
    ("steps", "more", "told"),
    [
        ([result(8), result(16, WhyNot.GENERATOR_LATE, WhyNot.TOO_SLOW)], {}, "At 16/s the generator could not keep"),
        ([result(8), result(16, WhyNot.MISSING, missing=7)], {}, "7 documents have no outcome: is a processor running"),
        ([result(8)], {"duplicates": 3}, "3 outcomes came twice."),
        ([result(8)], {"foreign_outcomes": 9}, "9 outcomes of other senders' documents came in between."),
        (
            [result(8, by_outcome={"rejected": Latency(4, 0.1, 0.1, 0.1, 0.1)})],
            {},
            "4 documents were rejected, which is quicker than deciding them.",
        ),
        (
            [result(8, latency=Latency(40, 0.1, 0.2, 0.3, 0.3))],
            {},
            "p95 rests on 40 documents: a longer step would be firmer.",
        ),
    ],
)
def test_doubts_are_told(steps: list[StepResult], more: dict[str, object], told: str) -> None:
    assert told in summary(report(*steps, sustained=0, **more))
    assert told not in summary(search_report())


def test_a_generator_that_was_late_above_what_failed_anyway_is_no_news() -> None:
    steps = (result(8), result(16, WhyNot.TOO_SLOW), result(32, WhyNot.TOO_SLOW, WhyNot.GENERATOR_LATE))
    assert "generator" not in summary(report(*steps, sustained=0))
