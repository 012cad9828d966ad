"""Whether a step held its target, and the figures that say so. Knows no clock and no Kafka."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from docmill.load.ledger import Entry, Ledger
from docmill.load.quantiles import may_exceed, quantile_of
from docmill.load.search import Purpose
from docmill.load.usage import Usage

LATE_SHARE = 0.1  # of the target: how late the sender's p99 may be before its schedule counts as not kept
TIMELINE_BUCKETS = 60
BUCKET_DOCUMENTS = 5  # at least, on average


class WhyNot(StrEnum):
    """Why a step did not hold."""

    TOO_SLOW = "too_slow"  # the quantile is beyond the target
    MISSING = "missing"  # documents have no outcome
    REFUSED = "refused"  # documents did not get onto the topic
    GENERATOR_LATE = "generator_late"  # the sender did not keep its schedule: the rate was never really offered


@dataclass(frozen=True, slots=True)
class Target:
    """What holding means: this quantile of the latencies is at most so many seconds."""

    quantile: float
    seconds: float

    @property
    def name(self) -> str:
        """`p95`, `p99.9`."""
        return f"p{100 * self.quantile:g}"


@dataclass(frozen=True, slots=True)
class Latency:
    """Quantiles of seconds from due to outcome, by nearest rank; None: that document never came out."""

    documents: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    max_s: float | None


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step showed. Figures are of the counted part; missing, duplicates and refused are of the warm-up too."""

    purpose: Purpose
    rate: float  # asked for, documents a second
    warm_up_s: float
    counted_s: float  # asked for
    ended_early: bool  # it could no longer hold: latencies are of what was sent until then
    mean_characters: float | None
    mean_bytes: float
    latency: Latency
    at_target_s: float | None  # the target's quantile
    by_kind: dict[str, Latency]  # kind of document
    by_outcome: dict[str, Latency]  # OutcomeKind
    sent_per_s: float  # what was really offered
    lateness_p99_s: float  # of the sender: handed over minus due
    lateness_max_s: float
    generator_cpu_share: float  # of one core
    missing: int
    duplicates: int
    refused: int
    refusal: str | None  # the first one's reason
    usage: Usage | None  # None: no --metrics, or a processor was started anew
    why_not: tuple[WhyNot, ...]

    @property
    def held(self) -> bool:
        return not self.why_not


@dataclass(frozen=True, slots=True)
class Timeline:
    """Latencies over the counted part, cut into parts of equal length; None where no document of a part came out."""

    at_s: tuple[float, ...]  # middle of the part, after the warm-up, by due time
    p50_s: tuple[float | None, ...]
    p95_s: tuple[float | None, ...]
    max_s: tuple[float | None, ...]


def is_hopeless(ledger: Ledger, target: Target, now_s: float) -> bool:
    """Whether the step cannot hold any more, whatever the documents that are still to come do."""
    return ledger.count_late(target.seconds, now_s) > may_exceed(target.quantile, len(ledger.counted))


def judge(
    ledger: Ledger, target: Target, *, purpose: Purpose, ended_early: bool, cpu_share: float, usage: Usage | None
) -> StepResult:
    """The result of a step whose last document was sent, and for whose outcomes nobody waits any more."""
    offer = ledger.plan.offer
    pairs = list(zip(ledger.entries, ledger.plan.documents, strict=True))[ledger.plan.first_counted :]
    sent = [(entry, document) for entry, document in pairs if entry.sent_s is not None]
    documents = [document for _, document in sent]
    lateness = sorted(entry.sent_s - entry.due_s for entry, _ in sent if entry.sent_s is not None)
    lateness_p99_s = quantile_of(lateness, 0.99) or 0.0
    ascending, never = _latencies(entry for entry, _ in sent)
    at_target_s = quantile_of(ascending, target.quantile, never)
    return StepResult(
        purpose=purpose,
        rate=offer.rate,
        warm_up_s=offer.warm_up_s,
        counted_s=offer.counted_s,
        ended_early=ended_early,
        mean_characters=_mean([d.characters for d in documents if d.characters is not None]),
        mean_bytes=_mean([len(d.content) for d in documents]) or 0.0,
        latency=_latency(entry for entry, _ in sent),
        at_target_s=at_target_s,
        by_kind=_grouped((document.kind, entry) for entry, document in sent),
        by_outcome=_grouped((entry.outcome.value, entry) for entry, _ in sent if entry.outcome is not None),
        sent_per_s=_sent_per_s(ledger, [entry for entry, _ in sent]),
        lateness_p99_s=lateness_p99_s,
        lateness_max_s=lateness[-1] if lateness else 0.0,
        generator_cpu_share=cpu_share,
        missing=ledger.outstanding,
        duplicates=ledger.duplicates,
        refused=len(ledger.refusals),
        refusal=next(iter(ledger.refusals.values()), None),
        usage=usage,
        why_not=tuple(_why_not(ledger, target, at_target_s, lateness_p99_s)),
    )


def timeline(ledger: Ledger) -> Timeline:
    """How latencies went over the step: level while it keeps up, rising when it does not."""
    offer = ledger.plan.offer
    count = max(1, min(TIMELINE_BUCKETS, len(ledger.counted) // BUCKET_DOCUMENTS))
    width_s = offer.counted_s / count
    buckets: list[list[float]] = [[] for _ in range(count)]
    for entry in ledger.counted:
        if entry.latency_s is not None:
            at_s = entry.due_s - ledger.start_s - offer.warm_up_s
            buckets[min(int(at_s / width_s), count - 1)].append(entry.latency_s)
    for bucket in buckets:
        bucket.sort()
    return Timeline(
        tuple(round((n + 0.5) * width_s, 3) for n in range(count)),
        *(tuple(quantile_of(bucket, quantile) for bucket in buckets) for quantile in (0.5, 0.95, 1.0)),
    )


def _why_not(ledger: Ledger, target: Target, at_target_s: float | None, lateness_p99_s: float) -> Iterable[WhyNot]:
    if at_target_s is None or at_target_s > target.seconds:
        yield WhyNot.TOO_SLOW
    if ledger.outstanding:
        yield WhyNot.MISSING
    if ledger.refusals:
        yield WhyNot.REFUSED
    if lateness_p99_s > LATE_SHARE * target.seconds:
        yield WhyNot.GENERATOR_LATE


def _sent_per_s(ledger: Ledger, sent: Sequence[Entry]) -> float:
    """Documents a second that were handed over in the counted part; of one that ended early, until then."""
    if not sent:
        return 0.0
    began_s = ledger.start_s + ledger.plan.offer.warm_up_s
    ended_s = max(entry.sent_s or 0.0 for entry in sent)
    if len(sent) == len(ledger.counted):
        ended_s = max(ended_s, began_s + ledger.plan.offer.counted_s)
    return len(sent) / max(ended_s - began_s, 1e-3)


def _grouped(entries: Iterable[tuple[str, Entry]]) -> dict[str, Latency]:
    groups: dict[str, list[Entry]] = {}
    for name, entry in entries:
        groups.setdefault(name, []).append(entry)
    return {name: _latency(group) for name, group in sorted(groups.items())}


def _latency(entries: Iterable[Entry]) -> Latency:
    ascending, never = _latencies(entries)
    quantiles = (quantile_of(ascending, quantile, never) for quantile in (0.5, 0.95, 0.99, 1.0))
    return Latency(len(ascending) + never, *quantiles)


def _latencies(entries: Iterable[Entry]) -> tuple[list[float], int]:
    """Latencies in ascending order, and how many documents never came out."""
    latencies = [entry.latency_s for entry in entries]
    came = sorted(latency for latency in latencies if latency is not None)
    return came, len(latencies) - len(came)


def _mean(values: Sequence[int]) -> float | None:
    return sum(values) / len(values) if values else None
