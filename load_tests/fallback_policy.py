"""What the fallback publishes by itself with a policy, and how much of it is of the right type.

    DOCMILL_DATA=FOLDER python -m load_tests.fallback_policy cfpb mtsamples [--bundle B] [--policy P.json]

One half of the training documents of all sources together is the index, the validation documents that the bundle defers
are the test; the policy (default: the one that ships) is given, nothing is chosen here; how the shipped one was chosen,
docs/decisions/0023 says. The bundle was trained on both halves, so the index tells it nothing new; it saw no
validation. Whether a document is published is `docmill.fallback.judge`'s to say, required fields included; no code
lists, no generator. Each document is embedded once into the user's cache. Needs the extra [train].
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import default_bundle, load_bundle
from docmill.evaluation.wilson import wilson
from docmill.fallback.judge import Judgement, Question, judge
from docmill.fallback.policy import DEFAULT_POLICY, Policy, policy_from_json
from docmill.fallback.types import Candidate, DeferredDocument, Neighbour
from docmill.pipeline.types import Deferral, GroupSpec
from docmill.processing import Decided, Mill
from docmill.runtime.session import OnnxInference
from load_tests.fallback_parts.bundles import full_label, received
from load_tests.fallback_parts.corpora import Halves, read_halves
from load_tests.fallback_parts.embeddings import cached
from load_tests.fallback_parts.report import table

HEADINGS = (
    "source",
    "deferred",
    "published",
    "type right",
    "at least (95 %)",
    "type right before",
    "by the model alone",
)


@dataclass(frozen=True, slots=True)
class Exemplars:
    """The index: vectors [N, D] of length 1, and labels."""

    vectors: NDArray[np.float32]
    labels: tuple[str, ...]

    def near(self, vector: NDArray[np.float32], most: int) -> list[Neighbour]:
        """The nearest, nearest first."""
        cosines = self.vectors @ vector
        best = np.argsort(-cosines, kind="stable")[:most]
        return [Neighbour(f"e{i}", self.labels[i], float(cosines[i])) for i in best]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a source's deferred validation documents."""

    source: str
    deferred: int
    published: int
    right: int  # of the published
    before: int  # of all deferred: the fast model's own type was right
    before_published: int  # of the published, likewise

    def cells(self) -> tuple[str, ...]:
        """As a table has it."""
        bound = wilson(self.right, self.published)
        return (
            self.source,
            str(self.deferred),
            str(self.published),
            "-" if not self.published else f"{self.right} ({100 * self.right / self.published:.1f} %)",
            "-" if bound is None else f"{100 * bound[0]:.1f} %",
            str(self.before_published),
            f"{self.before} of {self.deferred}",
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, embed, judge, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", help="folders of the data")
    parser.add_argument("--data", type=Path, default=os.environ.get("DOCMILL_DATA"), help="default: DOCMILL_DATA")
    parser.add_argument("--bundle", type=Path, help="default: the one shipped")
    parser.add_argument("--policy", type=Path, help="JSON; default: the one shipped")
    args = parser.parse_args(arguments)
    if args.data is None:
        parser.error("say where the labelled documents are: --data or DOCMILL_DATA")
    bundle = load_bundle(args.bundle or default_bundle())
    policy = DEFAULT_POLICY if args.policy is None else policy_from_json(args.policy.read_text("utf-8"))
    halves = {source: read_halves(Path(args.data), source) for source in args.sources}
    vectors = {name: cached(name, [d.text for d in of.everything]) for name, of in halves.items()}
    index = exemplars(bundle, halves, vectors)
    rows = [judged(bundle, halves[name], vectors[name], index, policy) for name in args.sources]
    print(f"{bundle.name} {bundle.version}; {len(index.labels)} exemplars; {policy}\n")
    print("\n".join(table(HEADINGS, [row.cells() for row in rows])))


def exemplars(bundle: Bundle, halves: dict[str, Halves], vectors: dict[str, NDArray[np.float32]]) -> Exemplars:
    """Half B of every source, in one index."""
    parts, labels = [], []
    for name, of in halves.items():
        first = len(of.half_a)
        parts.append(vectors[name][first : first + len(of.half_b)])
        labels += [full_label(bundle, name, document.label or "") for document in of.half_b]
    return Exemplars(np.concatenate(parts), tuple(labels))


def judged(bundle: Bundle, halves: Halves, vectors: NDArray[np.float32], index: Exemplars, policy: Policy) -> Row:
    """What becomes of a source's deferred validation documents."""
    first = len(halves.half_a) + len(halves.half_b)
    counts = {"deferred": 0, "published": 0, "right": 0, "before": 0, "before_published": 0}
    inference = OnnxInference(bundle.model_path, 1)
    mill = Mill(bundle, inference)
    try:
        for document, vector in zip(halves.test, vectors[first:], strict=True):
            [outcome] = mill.process([received(document)])
            if not isinstance(outcome, Decided) or not isinstance(outcome.route, Deferral):
                continue
            gold = full_label(bundle, halves.source, document.label or "")
            said = _judgement(bundle, outcome, outcome.route, index.near(vector, policy.neighbours), policy)
            before = outcome.prediction.label == gold
            counts["deferred"] += 1
            counts["before"] += before
            if said.decided:
                counts["published"] += 1
                counts["right"] += said.label == gold
                counts["before_published"] += before
    finally:
        inference.close()
    return Row(halves.source, **counts)


def _judgement(
    bundle: Bundle, outcome: Decided, route: Deferral, neighbours: Sequence[Neighbour], policy: Policy
) -> Judgement:
    further = outcome.n_best
    assert further is not None
    spans = [
        Candidate(span.field, span.start, span.end, outcome.text[span.start : span.end], None, span.confidence)
        for span in (*further.spans, *outcome.prediction.spans)
    ]
    deferred = DeferredDocument(outcome.text, dict(further.labels), tuple(spans[: len(further.spans)]))
    question = Question(deferred, route.reasons, tuple(spans[len(further.spans) :]), True, neighbours)

    def group_of(label: str) -> GroupSpec | None:
        return bundle.spec.group_of(label) if label in bundle.spec.labels else None

    return judge(question, group_of, policy)


if __name__ == "__main__":
    main()
