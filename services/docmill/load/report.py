"""The report of a load test: one JSON file, and a paragraph to quote from it."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from docmill.load.judge import StepResult, Target, Timeline, WhyNot
from docmill.load.machine import Machine
from docmill.load.search import Search, Trial, bracket
from docmill.load.usage import DAY_S

FEW = 5  # documents beyond the quantile, below which it is mostly chance


class LoadReport(BaseModel):
    """`--json`. Within a format number only new keys are added; seconds everywhere."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal[1] = 1
    docmill: str  # version of the generator
    at: datetime
    machine: Machine  # of the generator
    note: str  # where broker and processor ran, how many threads: what only the operator knows
    processors: int | None  # whose /metrics were read; None: none were named
    processor_docmill: str | None
    bundle: str | None
    target: Target
    mix: str
    documents: str  # where they are from
    arrivals: str
    seed: int
    search: Search | None  # None: one rate was asked for
    steps: tuple[StepResult, ...]
    sustained: int | None  # index of the step that the answer rests on; None: no rate held
    shown: int | None  # index of the step whose timeline this is: that one, else the one that came nearest
    timeline: Timeline | None
    duplicates: int  # of all steps, those that came after their step was judged too
    foreign_outcomes: int  # records on the outcome topics that this test did not cause

    @property
    def answer(self) -> StepResult | None:
        """The step that held, if one did."""
        return None if self.sustained is None else self.steps[self.sustained]


def summary(report: LoadReport) -> str:
    """One paragraph that says what was found, on what, and how far it can be trusted."""
    return " ".join(
        sentence for sentence in (_finding(report), _cost(report), _setting(report), _doubts(report)) if sentence
    )


def _finding(report: LoadReport) -> str:
    target, step = report.target, report.answer
    goal = f"{target.name} of at most {target.seconds:g} s"
    if step is None:
        low = min((s.rate for s in report.steps), default=0.0)
        return f"No rate held a {goal}; the lowest tried was {low:.3g} documents/s."
    latency = step.latency
    return (
        f"Held {step.rate:.3g} documents/s ({step.rate * DAY_S:,.0f} a day) for {step.counted_s:.0f} s: "
        f"{latency.documents} documents, none missing, {target.name} {_s(step.at_target_s)} "
        f"(target {target.seconds:g} s; p50 {_s(latency.p50_s)}, p99 {_s(latency.p99_s)}, max {_s(latency.max_s)})."
    )


def _cost(report: LoadReport) -> str:
    step = report.answer
    if step is None or step.usage is None:
        return ""
    usage = step.usage
    tokens = f", {usage.tokens_per_s:,.0f} tokens/s" if usage.tokens_per_s is not None else ""
    return (
        f"The processor used {usage.cpu_s / usage.seconds:.2f} cores for it{tokens}: "
        f"{usage.documents_per_cpu_s:.1f} documents a CPU second, {usage.documents_per_core_day:,.0f} a day for a core."
    )


def _setting(report: LoadReport) -> str:
    step = report.answer or (report.steps[-1] if report.steps else None)
    length = (
        "" if step is None or step.mean_characters is None else f", {step.mean_characters:,.0f} characters on average"
    )
    parts = [
        f"Mix {report.mix}{length}, {report.arrivals} arrivals, seed {report.seed}",
        f"docmill {report.processor_docmill or report.docmill}",
    ]
    if report.bundle:
        parts.append(f"bundle {report.bundle}")
    parts.append(f"load from {report.machine}")
    if report.note:
        parts.append(report.note)
    return "; ".join(parts) + "."


def _doubts(report: LoadReport) -> str:
    doubts = []
    _, high = bracket([Trial(step.rate, step.purpose, step.held) for step in report.steps])
    above = [step for step in report.steps if step.rate == high]
    if any(WhyNot.GENERATOR_LATE in step.why_not for step in above):
        doubts.append(f"At {high:.3g}/s the generator could not keep its schedule: the processor may hold more.")
    if report.answer and report.answer.latency.documents * (1 - report.target.quantile) < FEW:
        doubts.append(
            f"{report.target.name} rests on {report.answer.latency.documents} documents: a longer step would be firmer."
        )
    if missing := sum(step.missing for step in report.steps):
        doubts.append(f"{missing} documents have no outcome: is a processor running, and has it failed?")
    if report.duplicates:
        doubts.append(f"{report.duplicates} outcomes came twice.")
    rejected = sum(step.by_outcome["rejected"].documents for step in report.steps if "rejected" in step.by_outcome)
    if rejected:
        doubts.append(f"{rejected} documents were rejected, which is quicker than deciding them.")
    if report.foreign_outcomes:
        doubts.append(f"{report.foreign_outcomes} outcomes of other senders' documents came in between.")
    return " ".join(doubts)


def _s(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f} s"


def now_utc() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
