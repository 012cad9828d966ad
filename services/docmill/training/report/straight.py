"""What would go straight through at each target, and how much of it is right, on documents that chose nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from docmill.bundle.manifest import Certificate, Policy
from docmill.evaluation.gold import GoldSource
from docmill.evaluation.score import straight_counts
from docmill.evaluation.wilson import wilson
from docmill.pipeline.types import Deferral, ModelSpec
from docmill.training.calibration import TARGETS, threshold
from docmill.training.certify import fewest, first_step
from docmill.training.opinions import Opinion
from docmill.training.report.content import Straight

DECISIONS = {"type": "types", "field": "required fields"}


def straight_rows(
    source: GoldSource, opinions: Sequence[Opinion | None], group: str, spec: ModelSpec, policy: Policy
) -> Iterator[Straight]:
    """A row a target, under the thresholds certified at it; vetoes are those of the policy's own target throughout."""
    for target in sorted({*TARGETS, policy.target_precision}):
        at_target = spec_at(spec, policy.certified, target)
        answers = [None if opinion is None else opinion.answer(at_target) for opinion in opinions]
        counts, total = straight_counts(source, answers), len(source.documents)
        routes = (opinion.route(at_target) for opinion in opinions if opinion is not None)
        deferrals = Counter(r.value for found in routes if isinstance(found, Deferral) for r in found.reasons)
        yield Straight(
            source=source.name,
            group=group,
            target=target,
            documents=total,
            straight=counts.documents,
            rate=counts.documents / total,
            rate_interval=wilson(counts.documents, total),
            known=counts.known,
            right=counts.all_right,
            precision=counts.all_right / counts.known if counts.known else None,
            precision_interval=wilson(counts.all_right, counts.known),
            reason=reason(policy, group, target),
            deferrals=dict(sorted(deferrals.items())),
        )


def spec_at(spec: ModelSpec, certified: Sequence[Certificate], target: float) -> ModelSpec:
    """The spec with the thresholds that were certified at a target."""
    groups = {
        name: replace(
            group,
            type_threshold=threshold(certified, name, "type", target),
            field_threshold=threshold(certified, name, "field", target) if group.required else None,
        )
        for name, group in spec.groups.items()
    }
    return replace(spec, groups=groups)


def reason(policy: Policy, group: str, target: float) -> str | None:
    """Why a group has no threshold at a target; None: it has all that it needs."""
    rows = [row for row in policy.certified if (row.group, row.target) == (group, target)]
    if not rows:
        return "nothing was certified at this target"
    reasons = [_row_reason(row, policy.confidence_level) for row in rows if row.threshold is None]
    return "; ".join(reasons) or None


def _row_reason(row: Certificate, level: float) -> str:
    """From the sequence of tests: either it could not begin, or its first step failed."""
    what = DECISIONS[row.what]
    first = first_step(row.decisions, row.target, level)
    if first is None:
        return (
            f"{what}: {row.decisions} held-out decisions are too few, "
            f"{fewest(0, row.target, level)} without an error would be needed to certify {row.target:g}"
        )
    accepted, tolerated = first
    return (
        f"{what}: no threshold reaches {row.target:g} with {level:.0%} confidence, since of the {accepted} surest of "
        f"{row.decisions} held-out decisions at least {tolerated + 1} {'is' if tolerated == 0 else 'are'} wrong"
    )
