"""What tier 1 of the fallback is worth on documents that the fast model would not decide alone.

The training documents of a source are dealt into two halves, near-duplicates together. Half A trains the classifier and
chooses the policy; half B is indexed and trains nothing. On the test documents that the classifier's threshold defers
(and on the least confident 40 %), four ways are set side by side: classifier alone, neighbour vote, blend, and a
classifier retrained on both halves. Nothing is chosen on a test document.

    DOCMILL_DATA=FOLDER python -m load_tests.fallback_eval mtsamples cfpb --out docs/fallback

is the CHEAP mode: the classifier is a logistic head on the frozen embedder's vectors, not the one that ships. There the
test part is validation, and validation with each fifth of half A, everything chosen on the other four. --out keeps the
policy that half A chose for a source, for DOCMILL_FALLBACK_POLICY; its threshold is null where none was certified, and
its least similarity and what it says of fields and generators are defaults, not fitted. With --new-kinds sroie,
documents of another source are added to the index as a label that nothing was trained on.

    DOCMILL_DATA=FOLDER python -m load_tests.fallback_eval cfpb mtsamples --write-halves DIR
    docmill train run load_tests/fallback_parts/halves.toml --data DIR/a  --out DIR/bundle-a    # some 12 minutes
    docmill train run load_tests/fallback_parts/halves.toml --data DIR/ab --out DIR/bundle-ab   # likewise
    DOCMILL_DATA=FOLDER python -m load_tests.fallback_eval mtsamples cfpb --bundles DIR/bundle-a DIR/bundle-ab

is the full mode: bundles decide, trained in that time on two cores (Intel Xeon with AMX, 2026-12-01). Their
recipe knows the sources cfpb and mtsamples alone; others need a recipe of their own. The test part is validation. With
--folds DIR/bundle-a1 ... DIR/bundle-a4, trained as the first on DIR/a1 to DIR/a4, it is validation with each fifth of
half A as well, as the bundle reads it that does not know it (the policy for it is chosen on the other fifths, read by
bundles that do); the classifier retrained on both halves, which knows four of the fifths, is then compared on
validation alone. That each bundle was trained on its part is checked, in a minute. --new-kinds is the cheap mode's.
Both modes embed every document once (about 0.2 s of CPU), into the user's cache. Needs the extra [train].

    docmill run generator FILE.gguf &        # http://127.0.0.1:8080/v1; a question takes tens of seconds on two cores
    DOCMILL_DATA=FOLDER DOCMILL_GENERATOR_DEADLINE_S=300 python -m load_tests.fallback_eval cfpb --no-latency \\
        --generator http://127.0.0.1:8080/v1 --generator-model FILE --questions 40

adds a fifth way in either mode, "blend and generator": deferred validation documents, drawn by a seed, go through the
fallback's own slices (question, sources, schema, checks, policy) without and with a generator, until 40 were open to
ask about. Its other settings are the service's: DOCMILL_GENERATOR_MAX_TOKENS, _TOKENS_PER_DAY, _API_KEY_FILE.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docmill.fallback.decide import decide_label
from docmill.fallback.policy import DEFAULT_POLICY, Policy
from docmill.fallback.types import DeferredDocument, Neighbour
from docmill.load.machine import this_machine
from docmill.training.corpus import part
from docmill.training.row import read_rows
from load_tests.cost import PRICES
from load_tests.fallback_parts import cheap, compare
from load_tests.fallback_parts.bundles import Bundles, check_parts, mode, own_threshold, read_with_bundles
from load_tests.fallback_parts.corpora import OTHER_FOLDS, Halves, read_halves, write_halves
from load_tests.fallback_parts.embeddings import cached, timed
from load_tests.fallback_parts.fifth_way import FifthWay, fifth_way
from load_tests.fallback_parts.fresh import Fresh, fresh
from load_tests.fallback_parts.generator_report import GeneratorReport
from load_tests.fallback_parts.generator_table import generator_markdown
from load_tests.fallback_parts.judged import Exemplars, nearest
from load_tests.fallback_parts.measures import quantiles_ms
from load_tests.fallback_parts.new_kind import NewKind, new_kind
from load_tests.fallback_parts.plot import write_plot
from load_tests.fallback_parts.report import Latency, SliceScore, SourceReport, markdown, score

TIMED = 60  # documents
MOST_OF_A_KIND = 76  # documents of another source that play a new kind
TYPICAL = Policy(neighbours=25, vote_temperature=0.05, vote_weight=0.5, temperature=1.0, threshold=0.9)  # to time
Embed = Callable[[str, Sequence[str]], NDArray[np.float32]]  # (source, texts) to vectors


def main(arguments: Sequence[str] | None = None, embed: Embed = cached) -> None:
    """Read, embed, decide, compare; print tables and, with --out, write them with a picture and JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", help="folders of the data")
    parser.add_argument("--data", type=Path, default=os.environ.get("DOCMILL_DATA"), help="default: DOCMILL_DATA")
    parser.add_argument("--limit", type=int, help="training documents of a source, the first ones")
    parser.add_argument("--write-halves", type=Path, metavar="DIR", help="write folders to train bundles on, and end")
    parser.add_argument("--bundles", type=Path, nargs=2, metavar=("A", "AB"), help="the full mode")
    parser.add_argument(
        "--folds",
        type=Path,
        nargs=len(OTHER_FOLDS),
        default=(),
        metavar="A_N",
        help="bundles without the other fifths of half A: of a1, a2, a3 and a4",
    )
    parser.add_argument(
        "--new-kinds", nargs="*", default=[], help="sources of which validation documents are a new kind; cheap mode"
    )
    parser.add_argument("--no-latency", action="store_true")
    parser.add_argument("--generator", metavar="URL", help="an OpenAI-compatible endpoint, up to and with /v1")
    parser.add_argument("--generator-model", default="local", help="as that endpoint names it")
    parser.add_argument("--questions", type=int, default=40, metavar="N", help="to it, for each source, at most")
    parser.add_argument(
        "--generator-cores", type=int, metavar="N", help="its own cores: its time costs, not its tokens"
    )
    parser.add_argument("--prices", type=Path, default=PRICES, help="as of load_tests.cost")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for fallback.md, fallback.json, coverage.png and, of each source, policy-SOURCE.json",
    )
    args = parser.parse_args(arguments)
    if args.data is None:
        parser.error("say where the labelled documents are: --data or DOCMILL_DATA")
    data = Path(args.data)
    if args.questions < 1:
        parser.error("--questions: at least one")
    if args.bundles and args.new_kinds:
        parser.error("--new-kinds is of the cheap mode: leave out --bundles")
    if args.limit is not None and (args.bundles or args.write_halves is not None):
        parser.error("--limit is of the cheap mode: halves of fewer documents are dealt otherwise")
    if args.folds and not args.bundles:
        parser.error("--folds is of the full mode: name the first two bundles with --bundles")
    if args.write_halves is not None:
        for source in args.sources:
            write_halves(data, source, args.write_halves)
        return
    if args.bundles:
        check_parts(bundles_of(args), data)
    asked = fifth_way(args.generator, args.generator_model, args.questions, args.prices, args.generator_cores)
    reports: list[SourceReport] = []
    curves: dict[str, list[tuple[str, compare.Decided]]] = {}
    with asked if args.generator is not None else nullcontext() as fifth:
        for source in args.sources:
            report, curve = measured(data, source, args, embed, fifth)
            reports.append(report)
            curves[source] = curve
            print(page(report), flush=True)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        tables = "\n".join(page(report) for report in reports)
        (args.out / "fallback.md").write_text(head(args) + tables, encoding="utf-8")
        told = [report.as_json() for report in reports]
        (args.out / "fallback.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        for report in reports:
            gated = replace(report.policy, least_similarity=DEFAULT_POLICY.least_similarity)
            (args.out / f"policy-{report.source}.json").write_text(gated.to_json(), encoding="utf-8")
        write_plot(curves, f"Tier 1 on deferred documents; classifier: {reports[0].mode}", args.out / "coverage.png")


def measured(
    data: Path, source: str, args: argparse.Namespace, embed: Embed, fifth: FifthWay | None
) -> tuple[SourceReport, list[tuple[str, compare.Decided]]]:
    """One source, in the mode that the arguments name."""
    halves = read_halves(data, source, args.limit)
    print(f"{source}: {len(halves.everything)} documents to embed", file=sys.stderr)
    vectors = embed(source, [document.text for document in halves.everything])
    latency = None if args.no_latency else measured_latency(halves, vectors)
    if args.bundles:
        return full(data, halves, vectors, bundles_of(args), latency, fifth)
    kinds = {name: embed(name, _validation(data, name)) for name in args.new_kinds if name != source}
    return cheaply(halves, vectors, latency, kinds, fifth)


def bundles_of(args: argparse.Namespace) -> Bundles:
    """Those of the full mode."""
    return Bundles(args.bundles[0], args.bundles[1], tuple(args.folds))


def page(report: SourceReport) -> str:
    """All tables of a source."""
    return markdown(report) + ("" if report.generator is None else generator_markdown(report.generator))


def head(args: argparse.Namespace) -> str:
    """What the page begins with: the command, without folders of this machine, when and where it ran."""
    command = ["DOCMILL_DATA=FOLDER python -m load_tests.fallback_eval", *args.sources]
    command += ["--limit", str(args.limit)] if args.limit is not None else []
    command += ["--bundles", *(bundle.name for bundle in args.bundles)] if args.bundles else []
    command += ["--folds", *(bundle.name for bundle in args.folds)] if args.folds else []
    command += ["--new-kinds", *args.new_kinds] if args.new_kinds else []
    command += ["--no-latency"] if args.no_latency else []
    if args.generator is not None:  # not its address, which may hold a secret
        command += ["--generator", "URL", "--generator-model", args.generator_model, "--questions", str(args.questions)]
        command += [] if args.generator_cores is None else ["--generator-cores", str(args.generator_cores)]
    return (
        f"# Tier 1 of the fallback, measured\n\n    {' '.join(command)}\n\n"
        f"{datetime.now(UTC).date()}, {this_machine()}. load_tests/fallback_eval.py says what is compared.\n\n"
    )


def cheaply(
    halves: Halves,
    vectors: NDArray[np.float32],
    latency: Latency | None,
    kinds: Mapping[str, NDArray[np.float32]],
    fifth: FifthWay | None = None,
) -> tuple[SourceReport, list[tuple[str, compare.Decided]]]:
    """The cheap mode on one source. `kinds`: vectors of documents of other sources, by name."""
    material = cheap.material(halves, vectors)
    reads = [cheap.validation(material), *cheap.cross_fitted(material)]
    slices = compare.slices_of(reads)
    scores, curve = scored(slices)
    new = [row for name, of_kind in kinds.items() for row in new_kind(material, name, of_kind)]
    said = None if fifth is None else fifth.cheap(halves, vectors, reads[0], slices["deferred"][0])
    policy = slices["deferred"][0].policies[0].policy
    return _report(halves, cheap.MODE, reads[0].threshold, scores, policy, fresh(material), new, latency, said), curve


def full(
    data: Path,
    halves: Halves,
    vectors: NDArray[np.float32],
    bundles: Bundles,
    latency: Latency | None,
    fifth: FifthWay | None = None,
) -> tuple[SourceReport, list[tuple[str, compare.Decided]]]:
    """The full mode on one source."""
    reads = read_with_bundles(bundles, halves, vectors)
    slices = compare.slices_of(reads)
    scores, curve = scored(slices)
    of_validation = slices["deferred"][0]
    said = None if fifth is None else fifth.full(bundles.a, data, halves, vectors, reads[0], of_validation)
    policy, threshold = of_validation.policies[0].policy, own_threshold(bundles.a, halves.source)
    return _report(halves, mode(bundles), threshold, scores, policy, (), (), latency, said), curve


def scored(
    slices: Mapping[str, Sequence[compare.Decided]],
) -> tuple[list[SliceScore], list[tuple[str, compare.Decided]]]:
    """Scores of validation, and of all test parts together where there are more; and what the picture is of."""
    scores, curve = [], []
    for name, parts in slices.items():
        scores.append(score(f"{name}, validation", parts[0]))
        together = compare.pooled(parts)
        if len(parts) > 1:
            scores.append(score(f"{name}, validation and cross-fitted half A", together))
        curve.append((name, together))
    return scores, curve


def measured_latency(halves: Halves, vectors: NDArray[np.float32]) -> Latency:
    """Tier 1 on the first test documents, one by one: embed, search half B, decide. Raises: EmbedderError."""
    texts = [document.text for document in halves.test[:TIMED]]
    embedded = timed(texts)
    gold = np.array([halves.labels.index(document.label or "") for document in halves.half_b])
    first = len(halves.half_a)
    index = Exemplars(vectors[first : first + len(gold)], gold)
    uniform = {label: 1 / len(halves.labels) for label in halves.labels}
    queries = vectors[first + len(gold) :][:TIMED]
    decided = []
    for query in queries:
        started = time.perf_counter()
        similarities, labels = nearest(query[None], index)
        pairs = zip(similarities[0].tolist(), labels[0].tolist(), strict=True)
        neighbours = [Neighbour(f"{n:04}", halves.labels[label], cosine) for n, (cosine, label) in enumerate(pairs)]
        decide_label(DeferredDocument("", uniform), neighbours, TYPICAL)
        decided.append(1000 * (time.perf_counter() - started))
    p50, p95 = quantiles_ms([wall for wall, _ in embedded])
    decide_p50, decide_p95 = quantiles_ms(decided)
    return Latency(len(texts), p50, p95, float(np.mean([cpu for _, cpu in embedded])), decide_p50, decide_p95)


def _validation(data: Path, source: str) -> list[str]:
    return [row.text for row in read_rows(part(data, source, "validation"))][:MOST_OF_A_KIND]


def _report(
    halves: Halves,
    decided_by: str,
    threshold: float | None,
    scores: Sequence[SliceScore],
    policy: Policy,
    fresh_rows: Sequence[Fresh],
    new_kinds: Sequence[NewKind],
    latency: Latency | None,
    generator: GeneratorReport | None,
) -> SourceReport:
    return SourceReport(
        source=halves.source,
        mode=decided_by,
        half_a=len(halves.half_a),
        half_b=len(halves.half_b),
        test=len(halves.test),
        left_out=halves.left_out,
        threshold=threshold,
        slices=tuple(scores),
        policy=policy,
        fresh=tuple(fresh_rows),
        new_kinds=tuple(new_kinds),
        latency=latency,
        generator=generator,
    )


if __name__ == "__main__":
    main()
