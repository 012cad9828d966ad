"""Shelves, plans, ledgers and results written by hand."""

from collections.abc import Mapping, Sequence
from random import Random

from docmill.kafka.outcomes import OutcomeKind
from docmill.load.documents import LoadDocument, Shelf
from docmill.load.judge import Latency, StepResult, WhyNot
from docmill.load.ledger import Ledger
from docmill.load.mix import Mix
from docmill.load.plan import Offer, Plan, plan_step
from docmill.load.schedule import Arrivals
from docmill.load.search import Purpose

START_S = 1000.0


def shelf(lengths: Mapping[str, Sequence[int]] | None = None) -> Shelf:
    """Documents of given lengths by kind."""
    given = lengths or {"letter": (10, 20, 30, 40), "book": (1000, 2000)}
    return {
        kind: tuple(LoadDocument(kind, b"x" * length, "text/plain", length) for length in of_kind)
        for kind, of_kind in given.items()
    }


def offer(rate: float = 10.0, warm_up_s: float = 0.0, counted_s: float = 10.0) -> Offer:
    return Offer(rate, warm_up_s, counted_s, Arrivals.CONSTANT, Mix({"letter": 4, "book": 1}))


def plan(of: Offer | None = None) -> Plan:
    return plan_step(of or offer(), shelf(), "t/", Random(1))


def ledger(of: Offer | None = None) -> Ledger:
    """A ledger of a step that starts at START_S and has not sent anything."""
    return Ledger(plan(of), START_S)


def send_all(to: Ledger, late_s: float = 0.0) -> None:
    for index, entry in enumerate(to.entries):
        to.on_sent(index, entry.due_s + late_s)


def answer(to: Ledger, index: int, after_s: float, kind: OutcomeKind = OutcomeKind.PROCESSED) -> None:
    """The outcome of document `index`, so long after it was due."""
    assert to.on_outcome(f"t/{index}".encode(), kind, to.entries[index].due_s + after_s)


def result(rate: float = 10.0, *why_not: WhyNot, purpose: Purpose = Purpose.SEARCH, **more: object) -> StepResult:
    """A step of 100 documents with a p95 of 1 s."""
    latency = Latency(100, 0.2, 1.0, 1.5, 2.5)
    values: dict[str, object] = {
        "purpose": purpose,
        "rate": rate,
        "warm_up_s": 5.0,
        "counted_s": 20.0,
        "ended_early": False,
        "mean_characters": 3325.0,
        "mean_bytes": 3400.0,
        "latency": latency,
        "at_target_s": 1.0,
        "by_kind": {"book": Latency(20, 1.0, 2.0, 2.4, 2.5), "letter": Latency(80, 0.1, 0.5, 0.9, 0.9)},
        "by_outcome": {"processed": latency},
        "sent_per_s": rate,
        "lateness_p99_s": 0.01,
        "lateness_max_s": 0.02,
        "generator_cpu_share": 0.03,
        "missing": 0,
        "duplicates": 0,
        "refused": 0,
        "refusal": None,
        "usage": None,
        "why_not": why_not,
    }
    return StepResult(**(values | more))  # type: ignore[arg-type]
