"""MODEL_CARD.md: what a bundle was trained on, what it is, how good it is and where it errs, from its own files."""

from collections.abc import Iterable, Iterator, Sequence

from docmill.bundle.manifest import Manifest
from docmill.evaluation.score import SourceScore
from docmill.training.report.content import MEASURES, Evaluation, Measures
from docmill.training.report.words import (
    MEASURE_NAMES,
    figure,
    graph_name,
    model_name,
    own_seed,
    signed,
    source_name,
    span,
    verdict,
    why_not,
)

SYNTHETIC = """
Synthetic documents are made up, by a program or by language models, in training and in validation: a figure on them
says how well the model reads such documents, not how well it reads real ones.
"""


def model_card(manifest: Manifest, evaluation: Evaluation, limits: Sequence[str]) -> str:
    """The card as Markdown; every figure comes from the manifest or the evaluation."""
    sources = manifest.training.sources
    return f"""# {manifest.name} {manifest.version}

## Data and licences
{_lines(f"- {source_name(source.name, manifest)}: {source.licence}" for source in sources)}

Base model: {manifest.base_model.name} ({manifest.base_model.licence}).{_trained(manifest)}
{SYNTHETIC if any(source.synthetic for source in sources) else ""}
Copies of validation documents were left out of training; the same form with other content may be on both sides.
Temperatures and thresholds rest on readings of training documents by a model that had not been trained on them;
validation documents fitted none of them. Digest of the documents trained on: `{manifest.training.data_digest}`.

## What it knows
Names the type of an {"/".join(manifest.languages)} document and pulls out its fields: a fine-tuned encoder as an int8
ONNX graph.

{_lines(_groups(manifest))}

It knows nothing else, and reads text alone, no layout.

## On validation, by source
{_lines(_rows(manifest, evaluation))}

{_lines(_fields(manifest, evaluation))}

Value F1 folds case, punctuation and white space after normalising both sides; an amount with a currency is right where
the labelled one names none. Intervals, every field and how it was measured: evaluation.json, and report.html of the
training{_further_seeds(evaluation)}. A score over all sources together would only show that the sources look different;
there is none.
{_differences(manifest, evaluation)}
## Straight through
{_lines(_straight(manifest, evaluation))}

All right: the type and every required field, of documents whose type is known. A target is of one decision, the type
or all required fields, and the shipped policy uses {manifest.policy.target_precision}. Measured on validation
documents, which fitted no threshold.
{_vetoed(manifest)}
## Certified thresholds
A decision is a document's type, or its required fields where all were found, among familiar documents that the model
puts into the group. Documents of types that the recipe does not teach (`unlabel`) are among them, and whatever type
they are given is wrong; documents of no single type are not. Certified on held-out training documents, each half of
them by what the other half fitted, at {manifest.policy.confidence_level:.0%} confidence (fixed-sequence testing,
Clopper-Pearson), as if documents were independent of each other, which those of one family are not quite. "none" means
that no threshold could be certified: with the documents at hand, everything of the group goes to the fallback.

{_lines(_thresholds(manifest))}

## Limits
{_lines(f"- {limit}" for limit in limits)}
"""


def _trained(manifest: Manifest) -> str:
    """Seed and tokens of the run, which are not the recipe's after --seed or --budget."""
    training = manifest.training
    if training.seed is None or not training.stages:  # bundles that do not record them
        return ""
    stages = ", ".join(f"{stage.name} on {stage.tokens:,} tokens" for stage in training.stages)
    return (
        f"\nTrained with seed {training.seed}: {stages}, every pass counted. "
        f"{training.recipe} is the recipe before --budget and --seed."
    )


def _further_seeds(evaluation: Evaluation) -> str:
    """The report has rows of every seed, the card of the bundle's own alone."""
    return ", which has further seeds" if len({row.seed for row in evaluation.rows}) > 1 else ""


def _groups(manifest: Manifest) -> Iterator[str]:
    for name, group in sorted(manifest.groups.items()):
        labels = ", ".join(label for label in manifest.labels if label.partition(".")[0] == name)
        yield f"- **{name}**: {labels} (fields: {', '.join(group.fields)})"


def _rows(manifest: Manifest, evaluation: Evaluation) -> Iterator[str]:
    """A line a source and model; the bundle's own alone where there are no others."""
    yield _heads("source", "documents", "model", *MEASURE_NAMES.values())
    own = own_seed(evaluation)
    of_seed = [row for row in evaluation.rows if row.seed == own]
    for name, score in evaluation.sources.items():
        rows = [(model_name(row, own), row.sources[name]) for row in of_seed if name in row.sources]
        shown: Sequence[tuple[str, Measures | SourceScore]] = rows or [("int8", score)]
        for model, measures in shown:
            cells = (source_name(name, manifest), str(score.documents), model)
            yield _row(*cells, *(figure(getattr(measures, measure)) for measure in MEASURES))


def _fields(manifest: Manifest, evaluation: Evaluation) -> Iterator[str]:
    yield _heads("source", "field", "value F1", "precision", "recall", "values", "span F1")
    for name, source in evaluation.sources.items():
        for field, score in source.fields.items():
            figures = (figure(score.f1_value), figure(score.precision), figure(score.recall), str(score.support))
            yield _row(source_name(name, manifest), field, *figures, figure(score.f1_span))


def _differences(manifest: Manifest, evaluation: Evaluation) -> str:
    """What is lost or gained for certain from one model to the next."""
    compared = [c for c in evaluation.comparisons if c.seed == own_seed(evaluation)]
    if not compared:
        return ""
    lines = [
        f"- {graph_name(c.before)} to {graph_name(c.after)}: {source_name(c.source, manifest)} "
        f"{verdict(c)} in {MEASURE_NAMES[c.measure]} (95 % interval {signed(c.interval)})"
        for c in compared
        if not c.interval[0] <= 0 <= c.interval[1]
    ]
    told = "Beyond noise, by paired bootstrap over documents:" if lines else "No difference of theirs is beyond noise."
    return "\n" + _lines([told, "", *lines]).rstrip() + "\n"


def _straight(manifest: Manifest, evaluation: Evaluation) -> Iterator[str]:
    """A line a source and target; the bundle's own alone where no others were measured."""
    if not evaluation.policy:
        yield _heads("source", "documents", "straight through", "all right")
        for name, score in evaluation.sources.items():
            cells = (str(score.documents), figure(score.straight_through), figure(score.straight_through_correct))
            yield _row(source_name(name, manifest), *cells)
        return
    yield _heads("source", "target", "straight through", "rate", "all right", "95 % interval", "why not")
    for row in evaluation.policy:
        yield _row(
            source_name(row.source, manifest),
            f"{row.target:.2f}",
            f"{row.straight} of {row.documents}",
            figure(row.rate),
            figure(row.precision),
            span(row.precision_interval),
            why_not(row),
        )


def _vetoed(manifest: Manifest) -> str:
    labels = sorted({veto.label for veto in manifest.policy.vetoed})
    return (
        f"Never straight through, since they fall short of it by themselves: {', '.join(labels)}.\n" if labels else ""
    )


def _thresholds(manifest: Manifest) -> Iterator[str]:
    yield _heads("group", "decision", "target", "threshold", "accepted of held out", "of these right")
    for row in manifest.policy.certified:
        threshold = "none" if row.threshold is None else f"{row.threshold:.3f}"
        accepted = f"{row.accepted} of {row.decisions}"
        yield _row(row.group, row.what, f"{row.target:.2f}", threshold, accepted, str(row.correct))


def _heads(*names: str) -> str:
    return f"{_row(*names)}\n|{'---|' * len(names)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)
