"""Sections of report.html on the shipped graph's decisions: how sure they are, and which stand without a person."""

from collections.abc import Mapping, Sequence

from docmill.bundle.manifest import Certificate, Policy
from docmill.evaluation.metrics import LEAST_DECISIONS
from docmill.training.report import plots
from docmill.training.report.content import Confusion, CoveragePoint, Reliability, Straight
from docmill.training.report.markup import Html, element, section, table
from docmill.training.report.words import figure, span, why_not


def straight_section(found: Sequence[Straight], policy: Policy, names: Mapping[str, str]) -> Html:
    """What goes straight through at each target, and how much of it is right."""
    rows = [
        [
            names.get(row.source, row.source),
            f"{row.target:.2f}",
            f"{row.straight} of {row.documents}",
            figure(row.rate),
            figure(row.precision),
            span(row.precision_interval),
            why_not(row),
        ]
        for row in found
    ]
    if not rows:
        return Html("")
    heads = ["source", "target", "straight through", "rate", "all right", "95 % interval", "what held back the rest"]
    note = (
        f"Straight through: type and every required field pass the thresholds that were certified at the target "
        f"with {policy.confidence_level:.0%} confidence, on training documents held out for that. All right: the "
        f"type and every required field, of documents whose type is known; Wilson intervals. A target is of one "
        f"decision, the type or all required fields, so a document that needs both may fall below it. The shipped "
        f"policy is {policy.target_precision:g}; vetoed labels are those of that target: "
        f"{', '.join(veto.label for veto in policy.vetoed) or 'none'}."
    )
    return section("Straight through", element("p", note, kind="note"), table(heads, rows, ends_in_text=True))


def thresholds_section(certified: Sequence[Certificate]) -> Html:
    """Every threshold, and what it was certified on."""
    rows = [
        [
            row.group,
            row.what,
            f"{row.target:.2f}",
            "none" if row.threshold is None else f"{row.threshold:.3f}",
            f"{row.accepted} of {row.decisions}",
            str(row.correct),
        ]
        for row in certified
    ]
    heads = ["group", "decision", "target", "threshold", "accepted of held out", "right"]
    return section("Certified thresholds", table(heads, rows, texts=2)) if rows else Html("")


def reliability_section(found: Sequence[Reliability], names: Mapping[str, str]) -> Html:
    """How far confidence is precision, as diagrams and as a table."""
    if not found:
        return Html("")
    rows = [[names[r.source], r.what, str(r.decisions), figure(r.ece), span(r.interval)] for r in found]
    note = (
        f"Of the shipped graph. A point lies on the dashed line where confidence is precision; its size is the "
        f"share of decisions. The expected calibration error is told from {LEAST_DECISIONS} decisions on."
    )
    heads = ["source", "decision", "decisions", "calibration error", "95 % interval"]
    parts = (plots.reliability(found, names), table(heads, rows, texts=2))
    return section("Reliability", element("p", note, kind="note"), *parts)


def coverage_section(found: Mapping[str, Sequence[CoveragePoint]], names: Mapping[str, str]) -> Html:
    """Accuracy of the surest documents over their share."""
    if not found:
        return Html("")
    note = "Type decisions of the shipped graph, surest first: how many could be kept at which accuracy."
    parts = (element("p", note, kind="note"), plots.coverage(found, names))
    return section("Coverage and accuracy", *parts)


def confusion_section(found: Mapping[str, Confusion], names: Mapping[str, str]) -> Html:
    """Which type was taken for which; a source of one type has no picture."""
    drawn = [plots.confusion(matrix, names[name]) for name, matrix in found.items() if len(matrix.predicted) > 1]
    plain = [names[name] for name, matrix in found.items() if len(matrix.predicted) == 1]
    note = f"One type, never taken for another: {', '.join(plain)}." if plain else ""
    return section("Confusion of types", *drawn, element("p", note, kind="note")) if found else Html("")
