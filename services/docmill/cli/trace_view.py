"""The way of a document as text and as JSON. Does not know where its steps were read."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, assert_never

from rich.console import Console
from rich.table import Table
from rich.text import Text

from docmill.cli.printable import one_line, print_trimmed, shortened
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
from docmill.kafka.way import Verdict, Way

SHOWN_REQUESTS = 20
SHOWN_OF_A_LIST = 20
PIPED_WIDTH = 100_000  # columns as wide as they are: nothing is folded for a file
STEP_STYLES = {
    "received": "",
    "processed": "green",
    "fallback": "yellow",
    "rejected": "red",
    "review": "yellow",
    "feedback": "",
    "review_ended": "green",
    "no_event": "magenta",
}
STATE_STYLES = {
    "published": "green",
    "in_fallback": "yellow",
    "in_review": "yellow",
    "rejected": "red",
    "waiting": "cyan",
    "no_outcome": "magenta",
    "unreadable": "magenta",
}


def as_json(way: Way, verdict: Verdict) -> dict[str, Any]:
    """A way as its line of `--json` holds it."""
    return {
        "request_id": way.request_id,
        "document_id": way.document_id,
        "state": verdict.state.value,
        "verdict": verdict.text,
        "notes": verdict.notes,
        "traceparent": way.traceparent,
        "correlation_id": way.correlation_id,
        "steps": [
            {
                "at": step.at.isoformat(),
                "ms": _ms(way, step),
                "topic": step.topic,
                "partition": step.partition,
                "offset": step.offset,
                "what": step.what.kind,
                **{name: value for name, value in asdict(step.what).items() if value is not None},
            }
            for step in way.steps
        ],
    }


def happened(what: What) -> str:
    """What happened, in a line."""
    match what:
        case Received(media_type=media_type, bytes=size, ce_source=source, attempt=attempt, problem=problem):
            line = f"{media_type or 'no media type'}, {size:,} bytes, from {source or 'an unnamed source'}"
            line += f", attempt {attempt}" + (f"; no document in it: {problem}" if problem else "")
        case Processed(label=label, probability=p, revision=revision, fields=fields):
            who = what.decided_by + (f" ({shortened(what.reviewer)})" if what.reviewer else "")
            line = f"{label} {p:.3f}, decided by {who}, revision {revision}, {_fields(fields)}"
        case Deferred(label=label, probability=p, reasons=reasons, missing_fields=missing):
            line = f"{label} {p:.3f}: {', '.join(reasons)}" + (f"; missing {', '.join(missing)}" if missing else "")
        case DeadLetter(reason=reason, detail=detail, attempt=attempt):
            line = f"{reason or 'no reason'}: {detail}, attempt {attempt}"
        case Asked(reasons=reasons, revision=revision, label=label, probability=p, undecided=undecided):
            line = f"{shortened(label)} {p:.3f}, a person is asked: {_some(reasons)}, revision {revision}"
            line += f"; not decided: {_some(undecided)}" if undecided else ""
            line += "; opened too late: a decision only ends it" if what.opened_late else ""
        case Decision(label=label, revision=revision, fields=fields, reviewer=reviewer):
            who = shortened(reviewer or "") or "an unnamed person"
            line = f"{shortened(label)}, decision of {who} on revision {revision}, {_fields(fields)}"
        case ReviewEnded(revision=revision):
            line = "the review is decided" + (f", revision {revision}" if revision is not None else "")
        case NoEvent(problem=problem):
            line = problem
        case _:
            assert_never(what)
    return one_line(line)


def _some(of_a_list: Sequence[str]) -> str:
    """The first ones, where there are very many."""
    more = len(of_a_list) - SHOWN_OF_A_LIST
    return ", ".join([*map(shortened, of_a_list[:SHOWN_OF_A_LIST]), *([f"{more} more"] if more > 0 else [])])


def _fields(count: int) -> str:
    return f"{count} field" + ("s" if count != 1 else "")


def _ms(way: Way, step: Step) -> int | None:
    seconds = way.after_received_s(step)
    return None if seconds is None else round(seconds * 1000)


def print_ways(judged: Sequence[tuple[Way, Verdict]]) -> None:
    """A table for each request, and below it what it has come to; the latest ones where there are very many."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=PIPED_WIDTH)
    if len(judged) > SHOWN_REQUESTS:
        line = f"{len(judged)} requests; the latest {SHOWN_REQUESTS} are shown, --json gives all"
        console.print(line, style="yellow")
        console.print()
    shown = judged[-SHOWN_REQUESTS:]
    for number, (way, verdict) in enumerate(shown):
        if number:
            console.print()
        _print_way(console, way, verdict)


def _print_way(console: Console, way: Way, verdict: Verdict) -> None:
    facts = {"document": way.document_id, "request": way.request_id, "traceparent": way.traceparent}
    facts["correlation"] = way.correlation_id
    for name, fact in facts.items():
        if fact:
            console.print(Text.assemble((f"{name:<13}", "dim"), one_line(fact)), soft_wrap=True)
    print_trimmed(console, _table(way))
    style = STATE_STYLES[verdict.state]
    console.print(Text(one_line(verdict.text), style=f"bold {style}"))
    for note in verdict.notes:
        console.print(Text(f"note: {one_line(note)}", style="yellow"))


def _table(way: Way) -> Table:
    days = {step.at.astimezone().date() for step in way.steps}
    on_one_day = len(days) == 1
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(way.steps[0].at.astimezone().strftime("%Y-%m-%d" if on_one_day else "time"), no_wrap=True)
    table.add_column("+ms", justify="right", no_wrap=True)
    table.add_column("topic", overflow="fold")
    table.add_column("record", no_wrap=True)
    table.add_column("what happened", overflow="fold")
    for step in way.steps:
        clock = step.at.astimezone().strftime("%H:%M:%S.%f" if on_one_day else "%Y-%m-%d %H:%M:%S.%f")[:-3]
        ms = _ms(way, step)
        style = STEP_STYLES[step.what.kind]
        table.add_row(
            clock,
            "" if ms is None else f"{ms:,}",
            Text(step.topic, style=style),
            f"{step.partition}@{step.offset}",
            Text(happened(step.what)),
        )
    return table
