"""What is published by itself, by the fast model and by the fallback with a policy, and how much of it is right.

    DOCMILL_DATA=FOLDER python -m load_tests.fallback_policy cfpb mtsamples [--bundle B] [--policy P.json]

or of all sources, of which all claims are synthetic: `claims` as training made them, those written one by one, and
those by hand, which have no training part:

    python -m docmill.training.claims --out CLAIMS --documents 3000
    python -m load_tests.fallback_policy claims claims-written claims-written-2 sroie cfpb mtsamples cuad vetclaims
        --judged-only claims-by-hand --data CLAIMS --data FOLDER --data samples

One half of the training documents of all sources together is the index, each with the values that people found; the
validation documents are the test. The policy (default: the one that ships) is given, nothing is chosen here; how the
shipped one was chosen, docs/decisions/0023 says, and load_tests/fallback_certify.py fits another. The bundle was
trained on both halves, of the sources of its recipe (but for the sixth that it is certified on), so the index tells it
nothing new; it saw no validation. Whether a deferred document is published is `docmill.fallback.judge`'s to say,
required fields included; no code lists, no generator. Documents without a type are left out. One of a type that the
bundle does not know counts: what the fast model publishes of it is wrong. How far the confidence of the fallback's
types is their precision is told of all opinions that it had of deferred documents, and of those that it published.

Whether the fallback's types are better than the fast model's own is told of each source's deferred documents, pair by
pair: a win is one whose type the fallback's opinion has and the fast model's likeliest has not, a loss the other way
round. Published or not, all deferred ones count, so that nothing is selected by what either thought of it; one of which
the fallback has no opinion is not right by it. The points are per cent of these documents, fallback less fast model,
with the 95 % bootstrap interval over documents; p is of McNemar's exact test, two-sided, of each source by itself: of
several sources one may come below 0.05 by chance. That documents of one source may resemble each other neither knows.

Each document is embedded once into the user's cache. Needs the extra [train].
"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import default_bundle, load_bundle
from docmill.evaluation.counts import Answer, Found
from docmill.evaluation.gold import GoldSource
from docmill.fallback.judge import Judgement, Question, judge
from docmill.fallback.policy import DEFAULT_POLICY, Policy, policy_from_json
from docmill.fallback.types import Candidate, DeferredDocument, Neighbour, Ranked
from docmill.kafka.publish import extracted_fields
from docmill.pipeline.types import Deferral, GroupSpec, ModelSpec, Span
from docmill.processing import Decided
from load_tests.fallback_parts.asked import Source, decisions, exemplars, read
from load_tests.fallback_parts.confidence import CALIBRATION_HEADINGS, calibration
from load_tests.fallback_parts.corpora import read_halves, read_validation
from load_tests.fallback_parts.exemplars import Exemplars
from load_tests.fallback_parts.measures import PAIR_HEADINGS, paired
from load_tests.fallback_parts.published import (
    NOTHING,
    Published,
    Share,
    Target,
    document_headings,
    field_headings,
    published,
)
from load_tests.fallback_parts.report import table

FAST_MODEL, FALLBACK, BOTH = "fast model", "fallback", "both"
TYPE_HEADINGS = ("source", "deferred", "type right by the fast model", "by the fallback", *PAIR_HEADINGS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one validation document. None: it was not published so."""

    by_model: Answer | None = None
    by_fallback: Answer | None = None
    deferred: bool = False
    model_label: str | None = None  # the fast model's own opinion
    opinion: Ranked | None = None  # the fallback's, published or not
    held_back: tuple[str, ...] = ()  # the parts that the fallback did not decide
    agreed: int = 0  # fields of what it published whose value exemplars have


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, embed, judge, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", help="folders of the data")
    parser.add_argument("--judged-only", action="append", default=[], metavar="SOURCE", help="without a training part")
    parser.add_argument("--data", type=Path, action="append", help="folders of sources; default: DOCMILL_DATA")
    parser.add_argument("--bundle", type=Path, help="default: the one shipped")
    parser.add_argument("--policy", type=Path, help="JSON; default: the one shipped")
    args = parser.parse_args(arguments)
    data = args.data or [Path(folder) for folder in (os.environ.get("DOCMILL_DATA"),) if folder]
    if not data:
        parser.error("say where the labelled documents are: --data or DOCMILL_DATA")
    bundle = load_bundle(args.bundle or default_bundle())
    policy = DEFAULT_POLICY if args.policy is None else policy_from_json(args.policy.read_text("utf-8"))
    sources = [read(bundle, data, read_halves(data, name)) for name in args.sources]
    sources += [read(bundle, data, read_validation(data, name)) for name in args.judged_only]
    index = exemplars(sources)
    outcomes = [outcomes_of(bundle, source, index, policy) for source in sources]
    certified = bundle.manifest.policy
    target = Target(certified.target_precision, certified.confidence_level)
    rows = [row for source, own in zip(sources, outcomes, strict=True) for row in ways(source.tested, own)]
    print(f"{bundle.name} {bundle.version}; {len(index.labels)} exemplars; {policy}\n")
    print("\n".join(table(document_headings(target), [row.document_cells(target) for row in rows])))
    print("\nThe values of what was published:\n")
    print("\n".join(table(field_headings(target), [cells for row in rows for cells in row.field_cells(target)])))
    print("\nThe confidence of the fallback's types:\n")
    calibrated = [row for source, own in zip(sources, outcomes, strict=True) for row in claimed(source.tested, own)]
    print("\n".join(table(CALIBRATION_HEADINGS, calibrated)))
    print("\nThe types of what was deferred, the fallback's opinion against the fast model's:\n")
    of_types = [types(source.tested, own) for source, own in zip(sources, outcomes, strict=True)]
    print("\n".join(table(TYPE_HEADINGS, of_types)))
    print()
    for source, own in zip(sources, outcomes, strict=True):
        print(told(source.tested, own))


def outcomes_of(bundle: Bundle, source: Source, index: Exemplars, policy: Policy) -> list[Outcome]:
    """What becomes of a source's validation documents, in their order."""
    outcomes = []
    for one, vector in zip(decisions(bundle, source.test), source.test_vectors, strict=True):
        near = index.near(vector, policy.neighbours)
        outcomes.append(Outcome() if one is None else outcome_of(bundle.spec, one, near, policy))
    return outcomes


def ways(source: GoldSource, outcomes: Sequence[Outcome]) -> list[Published]:
    """What the fast model published alone, what the fallback did, and both together."""
    return [
        published(source, FAST_MODEL, [one.by_model for one in outcomes]),
        published(source, FALLBACK, [one.by_fallback for one in outcomes]),
        published(source, BOTH, [one.by_model or one.by_fallback for one in outcomes]),
    ]


def claimed(source: GoldSource, outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """What the fallback claims of its types and how much of it is so: of all its opinions, and of what it published."""
    opinions = [
        (one.opinion.probability, one.opinion.label == gold.label, one.by_fallback is not None)
        for gold, one in zip(source.documents, outcomes, strict=True)
        if one.opinion is not None
    ]
    of_all = [(confidence, right) for confidence, right, _ in opinions]
    of_published = [(confidence, right) for confidence, right, is_published in opinions if is_published]
    return [
        calibration(of_all).cells(source.name, "all"),
        calibration(of_published).cells(source.name, "those published"),
    ]


def types(source: GoldSource, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """A row of `TYPE_HEADINGS`: of all deferred documents, published or not; without an opinion none is right."""
    deferred = [(gold.label, one) for gold, one in zip(source.documents, outcomes, strict=True) if one.deferred]
    if not deferred:
        return source.name, "0", *[NOTHING] * (len(TYPE_HEADINGS) - 2)
    by_model = np.array([one.model_label == label for label, one in deferred])
    by_fallback = np.array([one.opinion is not None and one.opinion.label == label for label, one in deferred])
    pair = paired(by_fallback, by_model)
    right = (Share(int(flags.sum()), len(flags)).told() for flags in (by_model, by_fallback))
    return source.name, str(pair.documents), *right, *pair.cells()


def told(source: GoldSource, outcomes: Sequence[Outcome]) -> str:
    """What the fast model thought of what it deferred, and for want of what the fallback published it not."""
    deferred = [(gold.label, one) for gold, one in zip(source.documents, outcomes, strict=True) if one.deferred]
    of_type = [one for label, one in deferred if one.model_label == label]
    out = sum(one.by_fallback is not None for _, one in deferred)
    out_of_type = sum(one.by_fallback is not None for one in of_type)
    agreed = sum(one.agreed for _, one in deferred)
    parts = Counter(part for _, one in deferred for part in one.held_back)
    held = ", ".join(f"{part} {count}" for part, count in parts.most_common()) or "nothing"
    return (
        f"{source.name}: {len(deferred)} deferred, the fast model's own type right in {len(of_type)} of them, "
        f"in {out_of_type} of the {out} that the fallback published, with {agreed} values that exemplars have; "
        f"held back by: {held}"
    )


def outcome_of(spec: ModelSpec, decided: Decided, neighbours: Sequence[Neighbour], policy: Policy) -> Outcome:
    """What becomes of one document beside its nearest exemplars."""
    prediction, text = decided.prediction, decided.text
    if not isinstance(decided.route, Deferral):
        found = tuple(
            Found(one.field, one.start, one.end, text[one.start : one.end], one.start_date) for one in prediction.spans
        )
        answer = Answer(prediction.label, prediction.probability, True, spec.group_of(prediction.label).required, found)
        return Outcome(by_model=answer)
    judgement = _judgement(spec, decided, decided.route, neighbours, policy)
    return Outcome(
        by_fallback=_answer(spec, decided, judgement) if judgement.decided else None,
        deferred=True,
        model_label=prediction.label,
        opinion=Ranked(judgement.label, judgement.confidence) if judgement.label else None,
        held_back=tuple(dict.fromkeys(held.part for held in judgement.held_back)),
        agreed=len(judgement.accepted) if judgement.decided else 0,
    )


def _judgement(
    spec: ModelSpec, decided: Decided, route: Deferral, neighbours: Sequence[Neighbour], policy: Policy
) -> Judgement:
    further = decided.n_best
    assert further is not None
    candidates = _candidates(spec, decided, further.spans)
    document = DeferredDocument(decided.text, dict(further.labels), candidates)
    own = _candidates(spec, decided, decided.prediction.spans)
    question = Question(document, route.reasons, own, True, neighbours)
    return judge(question, lambda label: _group_of(spec, label), policy)


def _candidates(spec: ModelSpec, decided: Decided, spans: tuple[Span, ...]) -> tuple[Candidate, ...]:
    """These spans of a document, by the code that writes them into the processor's request."""
    told = extracted_fields(replace(decided, prediction=replace(decided.prediction, spans=spans)), spec)
    return tuple(Candidate(one.name, one.start, one.end, one.text, one.value, one.confidence) for one in told)


def _answer(spec: ModelSpec, decided: Decided, judgement: Judgement) -> Answer:
    """What is published. A period in a value counts from where the span that it was found in has it."""
    assert decided.n_best is not None
    group = _group_of(spec, judgement.label)
    spans = (*decided.n_best.spans, *decided.prediction.spans)
    starts = {(span.field, span.start, span.end): span.start_date for span in spans}
    found = tuple(
        Found(one.field, one.start, one.end, one.text, starts.get((one.field, one.start, one.end)))
        for one in judgement.fields
    )
    return Answer(judgement.label, judgement.confidence, True, group.required if group else (), found)


def _group_of(spec: ModelSpec, label: str) -> GroupSpec | None:
    return spec.group_of(label) if label in spec.labels else None


if __name__ == "__main__":
    main()
