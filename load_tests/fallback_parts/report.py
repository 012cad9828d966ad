"""What was measured on one source, as numbers and as Markdown. Knows no model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from docmill.fallback.policy import Policy
from docmill.training.certify import lower_bound
from load_tests.fallback_parts.compare import BLEND, Decided
from load_tests.fallback_parts.fresh import Fresh
from load_tests.fallback_parts.generator_report import GeneratorReport
from load_tests.fallback_parts.measures import (
    PAIR_HEADINGS,
    Paired,
    coverage_curve,
    expected_calibration_error,
    interval,
    macro_f1,
)
from load_tests.fallback_parts.new_kind import SURE, NewKind
from load_tests.fallback_parts.tune import CONFIDENCE_LEVEL

COVERAGES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class WayScore:
    """One way on one slice; shares from 0 to 1."""

    way: str
    documents: int
    right: int
    low: float  # 95 % bootstrap interval of the accuracy
    high: float
    macro_f1: float
    calibration_error: float | None
    at_coverage: tuple[float, ...] | None  # accuracy at COVERAGES


@dataclass(frozen=True, slots=True)
class SliceScore:
    """One slice of one test part."""

    name: str
    documents: int
    of: int
    ways: tuple[WayScore, ...]
    pairs: Mapping[str, Paired]
    accepted: int  # by the blend's certified threshold
    accepted_right: int
    accepted_at_least: float | None  # one-sided lower 95 % bound of their precision
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds a document of tier 1; CPU time is the process's."""

    documents: int
    embed_p50: float
    embed_p95: float
    embed_cpu_mean: float
    decide_p50: float
    decide_p95: float


@dataclass(frozen=True, slots=True)
class SourceReport:
    """All of one source."""

    source: str
    mode: str
    half_a: int
    half_b: int
    test: int
    left_out: int
    threshold: float | None
    slices: tuple[SliceScore, ...]
    fresh: tuple[Fresh, ...]
    new_kinds: tuple[NewKind, ...]
    latency: Latency | None
    policy: Policy  # as chosen on half A, of what its classifier defers
    generator: GeneratorReport | None = None  # the fifth way, if one was asked

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def score(name: str, decided: Decided) -> SliceScore:
    """The numbers of one slice."""
    right = int((decided.right(BLEND) & decided.accepted).sum())
    accepted = int(decided.accepted.sum())
    return SliceScore(
        name=name,
        documents=len(decided.gold),
        of=decided.of,
        ways=tuple(_way(decided, way) for way in decided.ways),
        pairs=decided.pairs(),
        accepted=accepted,
        accepted_right=right,
        accepted_at_least=lower_bound(right, accepted, CONFIDENCE_LEVEL) if accepted else None,
        policies=tuple(
            f"k {c.policy.neighbours}, vote temperature {c.policy.vote_temperature:g}, vote weight "
            f"{c.policy.vote_weight:g}, temperature {c.policy.temperature:g}, threshold {_number(c.policy.threshold)}, "
            f"chosen on {c.documents}"
            for c in decided.policies
        ),
    )


def _way(decided: Decided, way: str) -> WayScore:
    right = decided.right(way)
    low, high = interval(right.astype(float))
    confidence = decided.confidence.get(way)
    at_coverage = error = None
    if confidence is not None:
        _, accuracy = coverage_curve(confidence, right)
        at_coverage = tuple(float(accuracy[max(0, round(share * len(right)) - 1)]) for share in COVERAGES)
        error = expected_calibration_error(confidence, right)
    f1 = macro_f1(decided.gold, decided.said[way])
    return WayScore(way, len(right), int(right.sum()), low, high, f1, error, at_coverage)


def markdown(report: SourceReport) -> str:
    """Tables for a page."""
    lines = [f"### {report.source}: {report.mode}", ""]
    lines.append(
        f"Half A {report.half_a}, half B {report.half_b}, validation {report.test} documents with a label; "
        f"{report.left_out} training documents left out, since they resemble one of validation. The classifier's own "
        f"threshold: {_number(report.threshold)}."
    )
    for of_slice in report.slices:
        lines += ["", f"**{of_slice.name}**: {of_slice.documents} of {of_slice.of} documents", "", *_ways(of_slice), ""]
        lines += [
            *_pairs(of_slice),
            "",
            _accepted(of_slice),
            "",
            f"Policies: {'; '.join(dict.fromkeys(of_slice.policies))}.",
        ]
    if report.fresh:
        lines += ["", "**A label that only the index knows** (validation)", "", *_fresh(report.fresh)]
    if report.new_kinds:
        lines += ["", "**A kind of document unlike all others, added to the index** (validation)", ""]
        lines += _new_kinds(report.new_kinds)
    if report.latency:
        one = report.latency
        lines += [
            "",
            f"Latency of tier 1 over {one.documents} documents: embedding p50 / p95 {one.embed_p50:.0f} / "
            f"{one.embed_p95:.0f} ms wall, {one.embed_cpu_mean:.0f} ms CPU on average; search in half B and decision "
            f"{one.decide_p50:.1f} / {one.decide_p95:.1f} ms.",
        ]
    return "\n".join(lines) + "\n"


def _ways(of_slice: SliceScore) -> list[str]:
    head = ("way", "right", "accuracy [95 %]", "macro-F1", "calibration error", "accuracy at 25 / 50 / 75 % coverage")
    rows = []
    for way in of_slice.ways:
        covered = "-" if way.at_coverage is None else " / ".join(f"{100 * a:.0f}" for a in way.at_coverage[:3])
        share = f"{100 * way.right / way.documents:.1f} [{100 * way.low:.1f}, {100 * way.high:.1f}]"
        error = _number(way.calibration_error)
        rows.append((way.way, f"{way.right}", share, f"{way.macro_f1:.3f}", error, covered))
    return table(head, rows)


def _pairs(of_slice: SliceScore) -> list[str]:
    return table(("pair", *PAIR_HEADINGS), [(name, *pair.cells()) for name, pair in of_slice.pairs.items()])


def _accepted(of_slice: SliceScore) -> str:
    if not of_slice.accepted:
        return "Accepted by the blend's certified threshold: none."
    share = of_slice.accepted_right / of_slice.accepted
    return (
        f"Accepted by the blend's certified threshold: {of_slice.accepted}, {of_slice.accepted_right} of them right "
        f"({100 * share:.1f} %, at least {100 * (of_slice.accepted_at_least or 0):.1f} %)."
    )


def _fresh(rows: Iterable[Fresh]) -> list[str]:
    head = ("label", "test / deferred", "exemplars", "recognised", "accepted", "precision of these", "others right")
    cells = [
        (
            row.label,
            f"{row.of_label} / {row.deferred}",
            str(row.exemplars),
            _percent(row.recognised),
            _percent(row.accepted),
            _percent(row.accepted_precision),
            f"{_percent(row.others_right)} of {row.others}",
        )
        for row in rows
    ]
    return table(head, cells)


def _new_kinds(rows: Iterable[NewKind]) -> list[str]:
    head = (
        "kind",
        "test",
        "exemplars",
        "recognised",
        f"with {SURE} or more",
        "classifier's confidence",
        "others taken",
    )
    cells = [
        (
            row.kind,
            str(row.documents),
            str(row.exemplars),
            _percent(row.recognised),
            _percent(row.sure),
            _number(row.classifier_confidence),
            _percent(row.others_taken),
        )
        for row in rows
    ]
    return table(head, cells)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _percent(share: float | None) -> str:
    return "-" if share is None or np.isnan(share) else f"{100 * share:.0f} %"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
