"""Temperatures, outlier statistics and thresholds, all from documents that no weight has seen.

The held-out part of the training documents is split by a hash: temperatures are fitted on 30 % of it, thresholds
certified on the rest. Validation documents choose nothing.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.manifest import Certificate
from docmill.pipeline.calibrate import softmax
from docmill.pipeline.decode import decode, mean_over, merge_tags, outlier_distance
from docmill.pipeline.normalise import FieldKind, normalise
from docmill.pipeline.types import ModelSpec, OutlierSpec, Prediction, WindowOutput
from docmill.pipeline.window import TextTokenizer, Tokens, Window, Windowing, cut, tokenise
from docmill.processing import Inference
from docmill.training.certify import Certified, certify
from docmill.training.corpus import LabelledDocument

TEMPERATURES = np.geomspace(0.25, 4.0, 33)
SHRINKAGE = 0.1  # of the within-class covariance towards its mean variance
IN_DISTRIBUTION_SHARE = 0.98  # of the held-out documents that count as familiar
TARGETS = (0.90, 0.95, 0.99)
TEMPERATURE_SHARE = 0.3
BIASES = np.arange(-2.0, 6.01, 0.25)  # of "outside"
TURNS = 2  # of fitting biases and temperature


@dataclass(frozen=True, slots=True)
class Seen:
    """A labelled document with what the graph says of its windows."""

    document: LabelledDocument
    tokens: Tokens
    windows: list[Window]
    outputs: list[WindowOutput]


def see(
    documents: Sequence[LabelledDocument],
    tokenizer: TextTokenizer,
    windowing: Windowing,
    inference: Inference,
    first_windows: int | None = None,
) -> list[Seen]:
    """Run documents, or their first windows only, through the graph; those without a token are left out."""
    seen = []
    for document in documents:
        tokens = tokenise(tokenizer, windowing, document.text)
        windows = cut(tokens, windowing)[:first_windows]
        outputs = []
        for output in inference.run(windows):
            if isinstance(output, Exception):
                raise output
            outputs.append(output)
        if windows:
            seen.append(Seen(document, tokens, windows, outputs))
    return seen


def halves(seen: Sequence[Seen], seed: int) -> tuple[list[Seen], list[Seen]]:
    """(for temperatures, for thresholds), by a hash of the id."""
    parts: tuple[list[Seen], list[Seen]] = ([], [])
    for item in seen:
        digest = hashlib.sha256(f"temperature:{seed}:{item.document.id}".encode()).digest()
        parts[int.from_bytes(digest[:4], "big") >= TEMPERATURE_SHARE * 2**32].append(item)
    return parts


def fit_type_temperature(seen: Sequence[Seen], spec: ModelSpec) -> float:
    """The temperature of the type head with the lowest negative log-likelihood."""
    labelled = [s for s in seen if s.document.label is not None]
    type_logits = np.stack([_type_logits(s, spec) for s in labelled])
    labels = np.array([spec.labels.index(str(s.document.label)) for s in labelled])
    return _best_temperature(type_logits, labels)


def fit_tags(seen: Sequence[Seen], spec: ModelSpec) -> tuple[float, dict[str, float]]:
    """(temperature, bias of "outside" by field) of the tag head with the lowest negative log-likelihood.

    Fitted in turns, the biases field by field; a field that no document bears keeps a bias of zero.
    """
    logits: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    targets: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
    for item in seen:
        own, tags = _tags(item, spec)
        for position, field in enumerate(f for f in spec.fields if f.name in spec.groups[item.document.group].fields):
            logits[field.name].append(own[:, position])
            targets[field.name].append(tags[:, position])
    joined = {name: (np.concatenate(logits[name]), np.concatenate(targets[name])) for name in logits}
    borne = {name: pair for name, pair in joined.items() if (pair[1] != 0).any()}
    biases = dict.fromkeys(borne, 0.0)
    temperature = 1.0
    for _ in range(TURNS):
        biases = {name: _best_bias(*pair, temperature) for name, pair in borne.items()}
        temperature = _best_temperature(
            np.concatenate([_shifted(pair[0], biases[name]) for name, pair in borne.items()]),
            np.concatenate([pair[1] for pair in borne.values()]),
        )
    return temperature, biases


def fit_outliers(trained: Sequence[Seen], held_out: Sequence[Seen], spec: ModelSpec) -> OutlierSpec:
    """Class centroids and whitening from documents trained on, the threshold from documents held out.

    Every group weighs the same in the threshold, however many documents it has.
    """
    pooled = np.stack([_pooled(s, spec) for s in trained if s.document.label is not None]).astype(np.float64)
    labels = np.array([s.document.label for s in trained if s.document.label is not None])
    names = sorted(set(labels))
    centroids = np.stack([pooled[labels == name].mean(axis=0) for name in names])
    mean = pooled.mean(axis=0)
    centred = pooled - centroids[np.searchsorted(names, labels)]
    covariance = centred.T @ centred / len(centred)
    spread = np.trace(covariance) / len(covariance)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * spread * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    projection = (vectors / np.sqrt(values)).astype(np.float32)
    outlier = OutlierSpec(
        mean=mean.astype(np.float32),
        projection=projection,
        centroids=((centroids - mean) @ projection).astype(np.float32),
        threshold=np.inf,
    )
    distances = np.array([outlier_distance(_pooled(s, spec), outlier) for s in held_out])
    groups = np.array([s.document.group for s in held_out])
    weights = np.array([1 / (groups == group).sum() for group in groups])
    order = np.argsort(distances)
    cumulative = np.cumsum(weights[order]) / weights.sum()
    return replace(outlier, threshold=float(distances[order][np.searchsorted(cumulative, IN_DISTRIBUTION_SHARE)]))


def certificates(seen: Sequence[Seen], spec: ModelSpec, confidence_level: float) -> list[Certificate]:
    """For every group and target: thresholds of the type, and of the group's required fields pooled.

    A group's decisions are the documents that the model puts into it, whatever they are.
    """
    predictions = [(s, decode(s.document.text, s.tokens, s.windows, s.outputs, spec)) for s in seen]
    rows = []
    for group in spec.groups.values():
        own = [
            (s, p)
            for s, p in predictions
            if spec.group_of(p.label) is group
            and p.outlier_distance <= spec.outlier.threshold
            and s.document.label is not None
        ]
        type_scores = np.array([p.probability for _, p in own])
        type_right = np.array([p.label == s.document.label for s, p in own], dtype=bool)
        field_scores, field_right = _field_decisions(own, group.required, spec)
        for target in TARGETS:
            checks = [("type", type_scores, type_right)]
            if group.required:
                checks.append(("field", field_scores, field_right))
            for what, scores, right in checks:
                found = certify(scores, right, target, confidence_level)
                rows.append(_certificate(group.name, what, target, found))
    return rows


def threshold(rows: Sequence[Certificate], group: str, what: str, target: float) -> float | None:
    """The certified threshold of a group, None where there is none."""
    return next((r.threshold for r in rows if (r.group, r.what, r.target) == (group, what, target)), None)


def _certificate(group: str, what: str, target: float, found: Certified) -> Certificate:
    rate = found.accepted / found.decisions if found.decisions else 0.0
    return Certificate.model_validate(
        {
            "group": group,
            "target": target,
            "what": what,
            "threshold": found.threshold,
            "decisions": found.decisions,
            "accepted": found.accepted,
            "correct": found.correct,
            "accepted_share": rate,
        }
    )


def _field_decisions(
    own: Sequence[tuple[Seen, Prediction]], required: tuple[str, ...], spec: ModelSpec
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores and correctness of the best span of every required field that was found."""
    fields = {field.name: field for field in spec.fields}
    scores, right = [], []
    for seen, prediction in own:
        text = seen.document.text
        for name in required:
            field = fields[name]
            spans = [span for span in prediction.spans if span.field == name]
            if not spans:
                continue
            best = max(spans, key=lambda span: span.confidence)
            gold = {
                _folded(field.kind, text[e.start : e.end], day_first=field.day_first)
                for e in seen.document.entities
                if e.field == name
            }
            scores.append(best.confidence)
            right.append(_folded(field.kind, text[best.start : best.end], day_first=field.day_first) in gold)
    return np.array(scores), np.array(right, dtype=bool)


def _folded(kind: FieldKind, text: str, *, day_first: bool) -> str:
    value = normalise(kind, text, day_first=day_first) or text
    return "".join(c for c in value.casefold() if c.isalnum())


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


def _type_logits(seen: Seen, spec: ModelSpec) -> NDArray[np.float32]:
    return mean_over([o.type_logits for o in seen.outputs[: spec.type_windows]])


def _pooled(seen: Seen, spec: ModelSpec) -> NDArray[np.float32]:
    return mean_over([o.pooled for o in seen.outputs[: spec.type_windows]])


def _tags(seen: Seen, spec: ModelSpec) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Merged logits [T, F', 3] and targets [T, F'] of the fields of the document's own group."""
    names = spec.groups[seen.document.group].fields
    columns = [i for i, field in enumerate(spec.fields) if field.name in names]
    logits = merge_tags(len(seen.tokens), seen.windows, seen.outputs, columns)
    targets = np.zeros((len(seen.tokens), len(columns)), dtype=np.int64)
    positions = {spec.fields[column].name: position for position, column in enumerate(columns)}
    for entity in seen.document.entities:
        covered = np.flatnonzero((seen.tokens.starts < entity.end) & (seen.tokens.ends > entity.start))
        if len(covered):
            targets[covered, positions[entity.field]] = 2
            targets[covered[0], positions[entity.field]] = 1
    return logits, targets
