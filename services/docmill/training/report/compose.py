"""Opinions of all graphs on validation documents to one evaluation. Chooses nothing, runs nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docmill.bundle.manifest import Manifest
from docmill.evaluation.counts import Answer
from docmill.evaluation.gold import GoldSource
from docmill.evaluation.score import DocumentCounts, document_counts, score_source
from docmill.pipeline.types import ModelSpec
from docmill.training.opinions import Opinion, Opinions
from docmill.training.report.compare import compare, measures_of
from docmill.training.report.confusion import confusion
from docmill.training.report.content import (
    Agreement,
    Comparison,
    CurvePoint,
    Evaluation,
    Graph,
    Measures,
    Reliability,
    Row,
    Straight,
)
from docmill.training.report.reliability import coverage_points, field_reliability, type_reliability
from docmill.training.report.straight import straight_rows

TEACHER, BASELINE, STUDENT = "teacher", "baseline", "student"
SHIPPED: tuple[str, Graph] = (STUDENT, "int8")
PAIRS: tuple[tuple[tuple[str, Graph], tuple[str, Graph]], ...] = (
    ((TEACHER, "fp32"), (STUDENT, "fp32")),
    ((BASELINE, "fp32"), (STUDENT, "fp32")),
    ((STUDENT, "fp32"), SHIPPED),
)
OnStep = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Read:
    """A model's graph and what it says of the validation documents."""

    model: str
    graph: Graph
    seed: int
    tokens: int
    opinions: Opinions


@dataclass(frozen=True, slots=True)
class CurveRead:
    """A student without a teacher that was trained on so many documents."""

    documents: int
    tokens: int
    is_all: bool
    opinions: Opinions


@dataclass(frozen=True, slots=True)
class Readings:
    """All that an evaluation is made of; `reads` hold the shipped graph (see SHIPPED), `seed` is the recipe's own."""

    sources: Sequence[GoldSource]
    groups: Mapping[str, str]  # of sources
    seed: int
    reads: Sequence[Read]
    curve: Sequence[CurveRead]
    agreement: Sequence[Agreement]


def compose(readings: Readings, manifest: Manifest, spec: ModelSpec, on_step: OnStep) -> Evaluation:
    """Score everything; the same each time."""
    shipped = next(r for r in readings.reads if (r.model, r.graph, r.seed) == (*SHIPPED, readings.seed))
    scores, coverage, confusions = {}, {}, {}
    calibration, policy = list[Reliability](), list[Straight]()
    for number, source in enumerate(readings.sources, start=1):
        opinions = shipped.opinions[source.name]
        answers = answers_of(opinions, spec)
        counts = document_counts(source, answers)
        scores[source.name] = score_source(source, answers)
        found = (type_reliability(source.name, counts), field_reliability(source, opinions))
        calibration += [reliability for reliability in found if reliability is not None]
        policy += straight_rows(source, opinions, readings.groups[source.name], spec, manifest.policy)
        if points := coverage_points(counts):
            coverage[source.name] = points
        if (matrix := confusion(source, answers)) is not None:
            confusions[source.name] = matrix
        on_step(number, len(readings.sources))
    counted = [(read, _counts(read.opinions, readings.sources, spec)) for read in readings.reads]
    return Evaluation(
        documents=sum(score.documents for score in scores.values()),
        rejected=sum(score.rejected for score in scores.values()),
        sources=scores,
        rows=tuple(
            Row(model=r.model, graph=r.graph, seed=r.seed, tokens=r.tokens, sources=_measures(by_source))
            for r, by_source in counted
        ),
        comparisons=tuple(_comparisons({(r.model, r.graph, r.seed): by_source for r, by_source in counted})),
        agreement=tuple(readings.agreement),
        calibration=tuple(calibration),
        policy=tuple(policy),
        coverage=coverage,
        confusion=confusions,
        curve=tuple(
            CurvePoint(
                documents=point.documents,
                tokens=point.tokens,
                is_all=point.is_all,
                sources=_measures(_counts(point.opinions, readings.sources, spec)),
            )
            for point in readings.curve
        ),
    )


def answers_of(opinions: Sequence[Opinion | None], spec: ModelSpec) -> list[Answer | None]:
    """What is scored, under the thresholds of a spec."""
    return [None if opinion is None else opinion.answer(spec) for opinion in opinions]


def _counts(opinions: Opinions, sources: Sequence[GoldSource], spec: ModelSpec) -> dict[str, DocumentCounts]:
    return {s.name: document_counts(s, answers_of(opinions[s.name], spec)) for s in sources}


def _measures(by_source: Mapping[str, DocumentCounts]) -> dict[str, Measures]:
    return {name: measures_of(counts) for name, counts in by_source.items()}


def _comparisons(counted: Mapping[tuple[str, Graph, int], Mapping[str, DocumentCounts]]) -> Iterator[Comparison]:
    """Of every pair of PAIRS that was made with one seed; all students of further seeds have the one teacher."""
    teacher_seed = next((seed for model, _, seed in counted if model == TEACHER), None)
    for before, after in PAIRS:
        for seed in sorted({seed for *_, seed in counted}):
            first = counted.get((*before, seed if before[0] != TEACHER or teacher_seed is None else teacher_seed))
            second = counted.get((*after, seed))
            if first is not None and second is not None:
                names = (" ".join(before), " ".join(after))
                for source in second:
                    yield from compare(first[source], second[source], names=names, seed=seed, source=source)
