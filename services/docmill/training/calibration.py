"""Temperatures, biases, thresholds and vetoes, all from documents that the reading model has not seen.

Documents are split by a hash into two halves. Decisions of each are made with what the other half fitted, so that every
document certifies and none is judged by a temperature that it chose. Validation documents choose nothing.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.manifest import Certificate, Veto, What
from docmill.evaluation.counts import comparable, gold_comparable, in_terms_of
from docmill.pipeline.calibrate import softmax
from docmill.pipeline.decode import read_off
from docmill.pipeline.types import FieldSpec, ModelSpec, Prediction, Span
from docmill.training.certify import Certified, certify
from docmill.training.reading import Read
from docmill.training.recipe_stages import Policy
from docmill.training.targets import IGNORED, OUTSIDE, tags_of
from docmill.training.veto import LabelCount, is_vetoed, upper_bound

TEMPERATURES = np.geomspace(0.25, 4.0, 33)
TARGETS = (0.90, 0.95, 0.99)
BIASES = np.arange(-2.0, 6.01, 0.25)  # of "outside"
TURNS = 2  # of fitting biases and temperature

Scored = tuple[str, float, bool]  # label of the document, score of a decision, whether it is right
Decisions = dict[tuple[str, What], list[Scored]]  # by group


def halves(reads: Sequence[Read], seed: int) -> tuple[list[Read], list[Read]]:
    """By a hash of the id."""
    parts: tuple[list[Read], list[Read]] = ([], [])
    for read in reads:
        digest = hashlib.sha256(f"temperature:{seed}:{read.document.id}".encode()).digest()
        parts[int.from_bytes(digest[:4], "big") >= 2**31].append(read)
    return parts


def fit_type_temperature(reads: Sequence[Read], spec: ModelSpec) -> float:
    """The temperature of the type head with the lowest negative log-likelihood; 1 without a labelled document."""
    labelled = [read for read in reads if read.document.label is not None]
    if not labelled:
        return 1.0
    type_logits = np.stack([read.merged.type_logits for read in labelled])
    labels = np.array([spec.labels.index(str(read.document.label)) for read in labelled])
    return _best_temperature(type_logits, labels)


def fit_tags(reads: Sequence[Read], spec: ModelSpec) -> tuple[float, dict[str, float]]:
    """(temperature, bias of "outside" by field) of the tag head with the lowest negative log-likelihood.

    Fitted in turns, the biases field by field; a field that no document bears keeps a bias of zero. Tokens of which
    training says nothing say nothing here.
    """
    logits: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    targets: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
    for read in reads:
        columns = [spec.fields[column].name for column in read.merged.columns]
        for name, tags in zip(read.taught, tags_of(read.document, read.tokens, read.taught).T, strict=True):
            known = tags != IGNORED
            logits[name].append(read.merged.tag_logits[known, columns.index(name)])
            targets[name].append(tags[known].astype(np.int64))
    joined = {name: (np.concatenate(logits[name]), np.concatenate(targets[name])) for name in logits}
    borne = {name: pair for name, pair in joined.items() if (pair[1] != OUTSIDE).any()}
    if not borne:
        return 1.0, {}
    biases = dict.fromkeys(borne, 0.0)
    temperature = 1.0
    for _ in range(TURNS):
        biases = {name: _best_bias(*pair, temperature) for name, pair in borne.items()}
        temperature = _best_temperature(
            np.concatenate([_shifted(pair[0], biases[name]) for name, pair in borne.items()]),
            np.concatenate([pair[1] for pair in borne.values()]),
        )
    return temperature, biases


def decisions(reads: Sequence[Read], spec: ModelSpec, other_types: Collection[str] = ()) -> Decisions:
    """What the model with this spec decides by itself: types, and required fields of a group together.

    A group's decisions are the documents that the model puts into it, whatever they are: those with these ids are of
    types that it does not know, so its word for them is wrong. Documents of no type that anybody named judge nothing.
    """
    predictions = [(read, read_off(read.document.text, read.tokens, read.merged, spec)) for read in reads]
    found: Decisions = {}
    for group in spec.groups.values():
        own = [
            (read, prediction)
            for read, prediction in predictions
            if spec.group_of(prediction.label) is group
            and prediction.outlier_distance <= spec.outlier.threshold
            and (read.document.label is not None or read.document.id in other_types)
        ]
        found[group.name, "type"] = [(p.label, p.probability, p.label == read.document.label) for read, p in own]
        if group.required:
            found[group.name, "field"] = field_decisions(own, group.required, group.name, spec)
    return found


def certificates(of_parts: Sequence[Decisions], policy: Policy) -> tuple[tuple[Certificate, ...], tuple[Veto, ...]]:
    """For every group and target: thresholds of the type, and of the group's required fields pooled; and the labels
    that are vetoed at the policy's own target.

    `of_parts`: decisions of other documents each, about the same groups.
    """
    rows: list[Certificate] = []
    vetoes: list[Veto] = []
    for group, what in of_parts[0]:
        scored = [decision for of_part in of_parts for decision in of_part[group, what]]
        for target in sorted({*TARGETS, policy.target_precision}):
            row = _certificate(group, what, target, scored, policy.confidence_level)
            rows.append(row)
            if target == policy.target_precision and row.threshold is not None:
                vetoes += _vetoes(what, row.threshold, scored, policy)
    return tuple(rows), tuple(vetoes)


def threshold(rows: Sequence[Certificate], group: str, what: str, target: float) -> float | None:
    """The certified threshold of a group, None where there is none."""
    return next((r.threshold for r in rows if (r.group, r.what, r.target) == (group, what, target)), None)


def _certificate(
    group: str, what: What, target: float, scored: Sequence[Scored], confidence_level: float
) -> Certificate:
    scores = np.array([score for _, score, _ in scored], dtype=np.float64)
    right = np.array([is_right for _, _, is_right in scored], dtype=bool)
    found: Certified = certify(scores, right, target, confidence_level)
    return Certificate(
        group=group,
        target=target,
        what=what,
        threshold=found.threshold,
        decisions=found.decisions,
        accepted=found.accepted,
        correct=found.correct,
        accepted_share=found.accepted / found.decisions if found.decisions else 0.0,
    )


def _vetoes(what: What, threshold: float, scored: Sequence[Scored], policy: Policy) -> list[Veto]:
    accepted: Counter[str] = Counter(label for label, score, _ in scored if score >= threshold)
    correct: Counter[str] = Counter(label for label, score, right in scored if score >= threshold and right)
    counts = (LabelCount(label, accepted[label], correct[label]) for label in sorted(accepted))
    level, target = policy.confidence_level, policy.target_precision
    return [
        Veto(
            label=count.label,
            what=what,
            accepted=count.accepted,
            correct=count.correct,
            upper_bound=upper_bound(count.correct, count.accepted, level),
        )
        for count in counts
        if is_vetoed(count, target, level, policy.veto_decisions)
    ]


def field_decisions(
    own: Sequence[tuple[Read, Prediction]], names: Sequence[str], group: str, spec: ModelSpec
) -> list[Scored]:
    """One decision a document that bears all fields of `names`: as sure as the least sure, right if all are right.

    Fields of one document go wrong together, so they are not counted one by one: a certificate's intervals are of
    independent decisions. Right is what the evaluation calls so: exactly the document's values. Fields that its source
    does not annotate are passed over; a document of another group is judged by what it bears, which as a rule makes it
    wrong.
    """
    fields = {field.name: field for field in spec.fields}
    scored = []
    for read, prediction in own:
        judged = [name for name in names if read.document.group != group or name in read.taught]
        found = {name: [span for span in prediction.spans if span.field == name] for name in names}
        sure = [[span.confidence for span in spans if span.readable] for spans in found.values()]
        if not judged or not all(sure):  # not judged, or a field is missing as `route` sees it: to the fallback
            continue
        score = min(max(of_field) for of_field in sure)
        scored.append((prediction.label, score, all(_is_right(read, found[name], fields[name]) for name in judged)))
    return scored


def _is_right(read: Read, spans: Sequence[Span], field: FieldSpec) -> bool:
    """Whether the spans of a field hold its values; where it has but one, one of those that are right is enough.

    What is right is a text, so a period is right that counts from where the found one does.
    """
    text, starts = read.document.text, {span.start_date for span in spans} or {None}
    right = read.document.right_texts(field.name)
    gold = {gold_comparable(field, words, start) for words in right for start in starts} - {""}
    values = {comparable(field, text[span.start : span.end], span.start_date) for span in spans}
    found = in_terms_of(gold, values, field)
    return found == gold or (not field.many and found <= gold)


def _best_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    return float(min(TEMPERATURES, key=lambda temperature: _loss(logits, targets, temperature)))


def _best_bias(logits: NDArray[np.float32], targets: NDArray[np.int64], temperature: float) -> float:
    return float(min(BIASES, key=lambda bias: _loss(_shifted(logits, bias), targets, temperature)))


def _shifted(logits: NDArray[np.float32], bias: float) -> NDArray[np.float32]:
    """Logits [N, 3] with `bias` added to "outside"."""
    return logits + np.array([bias, 0, 0], dtype=np.float32)


def _loss(logits: NDArray[np.float32], targets: NDArray[np.int64], temperature: float) -> float:
    likelihood = softmax(logits, temperature)[np.arange(len(targets)), targets]
    return float(-np.log(likelihood + 1e-12).mean())
