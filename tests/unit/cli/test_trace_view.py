"""The way of a document as people and machines read it."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from docmill.cli.trace_view import (
    SHOWN_OF_A_LIST,
    SHOWN_REQUESTS,
    STATE_STYLES,
    STEP_STYLES,
    as_json,
    happened,
    print_ways,
)
from docmill.kafka.steps import (
    Asked,
    DeadLetter,
    Decision,
    Deferred,
    NoEvent,
    Processed,
    Received,
    ReviewEnded,
    Step,
    What,
)
from docmill.kafka.way import State, Verdict, Way

CAME = datetime(2024, 5, 6, 7, 8, 9, 123_000, tzinfo=UTC)
RECEIVED = Received("text/plain", 12_345, "scanner", 1)
RESULT = Processed("receipt", 0.98765, "model", 1, 1)
STRAIGHT = Verdict(State.PUBLISHED, "straight through in 0.21 s")


def step(what: What, after: timedelta = timedelta(0), document_id: str = "mail/a.txt", **names: str) -> Step:
    topic = "documents.received" if isinstance(what, Received) else "documents.processed"
    return Step(CAME + after, topic, 3, 1041, "f" * 32, document_id, what, CAME, **names)


def way(*steps: Step) -> Way:
    return Way("f" * 32, steps[0].document_id, steps)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (RECEIVED, "text/plain, 12,345 bytes, from scanner, attempt 1"),
        (
            Received(None, 0, None, 2, "empty_value: the record has no value"),
            "no media type, 0 bytes, from an unnamed source, attempt 2; no document in it: empty_value: the record "
            "has no value",
        ),
        (RESULT, "receipt 0.988, decided by model, revision 1, 1 field"),
        (Processed("receipt", 1, "human", 2, 0), "receipt 1.000, decided by human, revision 2, 0 fields"),
        (
            Deferred("receipt", 0.5, ("missing_field", "not_certified"), ("total", "date")),
            "receipt 0.500: missing_field, not_certified; missing total, date",
        ),
        (Deferred("receipt", 0.5, ("not_certified",), ()), "receipt 0.500: not_certified"),
        (DeadLetter("no_text", "nothing", 2), "no_text: nothing, attempt 2"),
        (DeadLetter(None, "not a dead letter", 1), "no reason: not a dead letter, attempt 1"),
        (
            Asked(("undecided",), 1, "receipt", 0.6, ("document_type: no_neighbours", "total: low_confidence")),
            "receipt 0.600, a person is asked: undecided, revision 1; not decided: document_type: no_neighbours, "
            "total: low_confidence",
        ),
        (Asked(("audit",), 2, "receipt", 0.99, ()), "receipt 0.990, a person is asked: audit, revision 2"),
        (Decision("receipt", 1, 3, "an\x1bna"), "receipt, decision of an na on revision 1, 3 fields"),
        (Decision("receipt", 1, 1, None), "receipt, decision of an unnamed person on revision 1, 1 field"),
        (Decision("r" * 9999, 1, 1, "m" * 9999), f"{'r' * 119}…, decision of {'m' * 119}… on revision 1, 1 field"),
        (
            Asked(("x" * 9999,), 1, "r" * 9999, 0.6, tuple(map(str, range(SHOWN_OF_A_LIST + 5)))),
            f"{'r' * 119}… 0.600, a person is asked: {'x' * 119}…, revision 1; not decided: "
            f"{', '.join(map(str, range(SHOWN_OF_A_LIST)))}, 5 more",
        ),
        (
            Processed("receipt", 1, "human", 2, 0, "m.\x1bo"),
            "receipt 1.000, decided by human (m. o), revision 2, 0 fields",
        ),
        (
            Asked(("correction",), 2, "receipt", 0.99, (), opened_late=True),
            "receipt 0.990, a person is asked: correction, revision 2; opened too late: a decision only ends it",
        ),
        (ReviewEnded(), "the review is decided"),
        (ReviewEnded(2), "the review is decided, revision 2"),
        (NoEvent("not an event"), "not an event"),
        (Received("a\x1b[2J/b", 1, "x\ny", 1), "a [2J/b, 1 bytes, from x y, attempt 1"),
    ],
)
def test_what_happened_in_a_line(what: What, line: str) -> None:
    assert happened(what) == line


def test_a_way_is_printed_with_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    steps = (step(RECEIVED, traceparent="00-1", correlation_id="c-1"), step(RESULT, timedelta(milliseconds=1210)))
    print_ways([(way(*steps), Verdict(State.PUBLISHED, "straight through in 1.21 s", ("twice",)))])
    clocks = [s.at.astimezone().strftime("%H:%M:%S.%f")[:-3] for s in steps]
    assert capsys.readouterr().out.splitlines() == [
        "document     mail/a.txt",
        f"request      {'f' * 32}",
        "traceparent  00-1",
        "correlation  c-1",
        f"{CAME.astimezone():%Y-%m-%d}      +ms  topic                record  what happened",
        f"{clocks[0]}      0  documents.received   3@1041  text/plain, 12,345 bytes, from scanner, attempt 1",
        f"{clocks[1]}  1,210  documents.processed  3@1041  receipt 0.988, decided by model, revision 1, 1 field",
        "straight through in 1.21 s",
        "note: twice",
    ]


def test_over_midnight_every_step_has_its_date(capsys: pytest.CaptureFixture[str]) -> None:
    print_ways([(way(step(RECEIVED), step(RESULT, timedelta(days=1))), STRAIGHT)])
    out = capsys.readouterr().out
    for day in (CAME, CAME + timedelta(days=1)):
        assert f"{day.astimezone():%Y-%m-%d %H:%M:%S}.123" in out


def test_of_very_many_requests_the_latest_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_ways([(way(step(RECEIVED, document_id=f"d-{n}")), STRAIGHT) for n in range(SHOWN_REQUESTS + 2)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{SHOWN_REQUESTS + 2} requests; the latest {SHOWN_REQUESTS} are shown, --json gives all"
    shown = [line.split()[-1] for line in lines if line.startswith("document ")]
    assert shown == [f"d-{n}" for n in range(2, SHOWN_REQUESTS + 2)]


def test_strangers_words_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    odd = step(Received("x", 1, "[bold]s[/]", 1), document_id="a\x1b[2J[red]b", correlation_id="c\nd")
    print_ways([(way(odd), Verdict(State.REJECTED, "dead letter: x\x1b[2J", ("n\x1b[2J",)))])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "a [2J[red]b" in out
    assert "from [bold]s[/]" in out


def test_json_has_every_step() -> None:
    told = as_json(way(step(RECEIVED), step(Deferred("receipt", 0.5, ("not_certified",), ()))), STRAIGHT)
    assert told["state"] == "published"
    assert told["steps"] == [
        {
            "at": "2024-05-06T07:08:09.123000+00:00",
            "ms": 0,
            "topic": "documents.received",
            "partition": 3,
            "offset": 1041,
            "what": "received",
            "media_type": "text/plain",
            "bytes": 12_345,
            "ce_source": "scanner",
            "attempt": 1,
        },
        {
            "at": "2024-05-06T07:08:09.123000+00:00",
            "ms": 0,
            "topic": "documents.processed",
            "partition": 3,
            "offset": 1041,
            "what": "fallback",
            "label": "receipt",
            "probability": 0.5,
            "reasons": ("not_certified",),
            "missing_fields": (),
        },
    ]


def test_every_state_and_every_step_has_its_colour() -> None:
    assert STATE_STYLES.keys() == {state.value for state in State}
    assert STEP_STYLES.keys() == {kind.kind for kind in get_args(What)}
