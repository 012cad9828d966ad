"""Temperature and threshold of the fallback's types, certified on training documents that the bundle never learnt from.

    python -m docmill.training.claims --out CLAIMS --documents 3000
    python -m load_tests.fallback_certify claims claims-written claims-written-2 sroie cfpb mtsamples cuad vetclaims
        --data CLAIMS --data FOLDER --data samples [--bundle B] [--policy P.json] [--on cfpb --out CERTIFIED.json]

A bundle holds a sixth of its training documents out, of each source of its recipe: all of these sources must be in the
folders, and be the documents of the training. They are the questions. The exemplars are those of fallback_policy.py,
half of the training documents, without the questions and what resembles one; a source that the recipe does not name
has exemplars alone. Validation documents choose nothing; what resembles one is left out of both.

Of the questions count those that are deferred in doubt of their type and that nothing but the threshold could hold
back. The policy (default: the one that ships) gives everything but temperature and threshold. Target and confidence
level are the bundle's own. --out keeps it with what the source --on certifies, else all sources together, the threshold
null if nothing is. A source that certifies nothing of the bundle (`certifies` in its recipe) is not among all.

What the certificate leaves open is in docs/fallback/certified.md. Needs the extra [train].
"""

import argparse
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import default_bundle, load_bundle
from docmill.fallback.judge import type_in_doubt
from docmill.fallback.policy import DEFAULT_POLICY, Policy, policy_from_json
from docmill.fallback.types import DeferredDocument
from docmill.pipeline.types import Deferral
from docmill.training.folds import assign_folds
from docmill.training.recipe import load_recipe
from load_tests.fallback_parts.asked import Source, decisions, exemplars, read
from load_tests.fallback_parts.certified import Fitted, Opinion, blended, fit
from load_tests.fallback_parts.corpora import read_halves
from load_tests.fallback_parts.exemplars import Exemplars
from load_tests.fallback_parts.held_out import asked_of, held_out_ids
from load_tests.fallback_parts.published import Share, Target
from load_tests.fallback_parts.report import table

ALL = "all together"


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of the questions of one source, or of all."""

    source: str
    questions: int
    in_doubt: int  # deferred, with the type in doubt
    opinions: tuple[Opinion, ...]  # of those that nothing but the threshold could hold back


def main(arguments: Sequence[str] | None = None) -> None:
    """Deal, read, embed, ask, fit, certify."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", help="folders of the data")
    parser.add_argument("--data", type=Path, action="append", help="folders of sources; default: DOCMILL_DATA")
    parser.add_argument("--bundle", type=Path, help="default: the one shipped")
    parser.add_argument("--policy", type=Path, help="JSON; default: the one shipped")
    parser.add_argument("--on", metavar="SOURCE", help="whose certificate --out takes; default: of all together")
    parser.add_argument("--out", type=Path, help="the policy that comes of it, as JSON")
    args = parser.parse_args(arguments)
    if args.on is not None and args.on not in args.sources:
        parser.error(f"--on {args.on}: not among the sources")
    data = args.data or [Path(folder) for folder in (os.environ.get("DOCMILL_DATA"),) if folder]
    if not data:
        parser.error("say where the labelled documents are: --data or DOCMILL_DATA")
    bundle = load_bundle(args.bundle or default_bundle())
    policy = DEFAULT_POLICY if args.policy is None else policy_from_json(args.policy.read_text("utf-8"))
    halves = asked_of([read_halves(data, name) for name in args.sources], held_out_ids(bundle, data))
    sources = [read(bundle, data, own, "train") for own in halves]
    index = exemplars(sources)
    half = assign_folds([document for source in sources for document in source.test], {}, 2)
    answered = [ask(bundle, source, index, policy, half) for source in sources if source.test]
    certified = bundle.manifest.policy
    target = Target(certified.target_precision, certified.confidence_level)
    print(f"{bundle.name} {bundle.version}; {len(index.labels)} exemplars; {policy}\n")
    uncertifying = load_recipe(bundle.folder / bundle.manifest.training.recipe).uncertifying
    fitted = show(answered, target, policy, uncertifying)
    if args.out is not None:
        args.out.write_text(fitted[args.on or ALL].policy(policy).to_json(), encoding="utf-8")


def ask(bundle: Bundle, source: Source, index: Exemplars, policy: Policy, half: Mapping[str, int]) -> Answered:
    """What is thought of a source's questions; `half`: of the documents, by id, in which each fits."""
    in_doubt, opinions = 0, []
    rows = zip(decisions(bundle, source.test), source.tested.documents, source.test_vectors, strict=True)
    for one, gold, vector in rows:
        if one is None or not isinstance(one.route, Deferral):
            continue
        label = one.prediction.label
        if not type_in_doubt(label, one.route.reasons, bundle.spec.group_of(label)):
            continue
        in_doubt += 1
        assert one.n_best is not None
        document = DeferredDocument(one.text, dict(one.n_best.labels))
        thought = blended(document, index.near(vector, policy.neighbours), policy)
        if thought is not None:
            opinions.append(Opinion(thought, gold.label or "", half[gold.id]))
    return Answered(source.tested.name, len(source.test), in_doubt, tuple(opinions))


def show(
    answered: Sequence[Answered], target: Target, policy: Policy, uncertifying: Collection[str] = ()
) -> dict[str, Fitted]:
    """Print what is certified, and return it by source; ALL are those that are not `uncertifying`."""
    counted = [of for of in answered if of.source not in uncertifying]
    everything = Answered(
        ALL,
        sum(of.questions for of in counted),
        sum(of.in_doubt for of in counted),
        tuple(opinion for of in counted for opinion in of.opinions),
    )
    fitted = {of.source: fit(of.opinions, target) for of in (everything, *answered)}
    rows = [certificate(of, fitted[of.source], target) for of in (everything, *answered)]
    print("\n".join(table(certificate_headings(target), rows)))
    print(f"\nOf each source, by the policy that was given and by what {ALL} certify:\n")
    pooled, owners = fitted[ALL], np.array([of.source for of in counted for _ in of.opinions])
    shares = []
    for of in counted:
        shares.append((of.source, "given", by_given(of.opinions, policy)))
        shares.append((of.source, "certified", pooled.accepted(owners == of.source)))
    headings = ("source", "by", "accepted", "type right", *target.headings)
    print("\n".join(table(headings, [(name, by, str(one.of), *one.cells(target)) for name, by, one in shares])))
    return fitted


def certificate_headings(target: Target) -> tuple[str, ...]:
    """Of the table of certificates."""
    return (
        "certified on",
        "held out",
        "type in doubt",
        "up to the threshold",
        "type right",
        "temperature (of its halves)",
        "threshold",
        "accepted",
        "of these right",
        *target.headings,
    )


def certificate(of: Answered, fitted: Fitted, target: Target) -> tuple[str, ...]:
    """A row of `certificate_headings`."""
    first, second = fitted.of_halves
    found = fitted.certified
    return (
        of.source,
        str(of.questions),
        str(of.in_doubt),
        str(len(of.opinions)),
        Share(int(fitted.right.sum()), len(fitted.right)).told(),
        f"{fitted.temperature:.2f} ({first:.2f}, {second:.2f})",
        "none" if found.threshold is None else f"{found.threshold:.4f}",
        str(found.accepted),
        *Share(found.correct, found.accepted).cells(target),
    )


def by_given(opinions: Sequence[Opinion], policy: Policy) -> Share:
    """What a policy itself accepts."""
    if policy.threshold is None:
        return Share(0, 0)
    taken = [one.is_right for one in opinions if one.confidence(policy.temperature) >= policy.threshold]
    return Share(sum(taken), len(taken))


if __name__ == "__main__":
    main()
