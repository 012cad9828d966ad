"""MODEL_CARD.md: what a bundle is, what it was trained on, how good it is and where it errs, from its own files."""

from collections.abc import Sequence
from typing import Any

from docmill.bundle.manifest import Manifest


def model_card(manifest: Manifest, evaluation: dict[str, Any], limits: Sequence[str]) -> str:
    """The card as Markdown; every figure comes from the manifest or the evaluation."""
    sources = "\n".join(f"- {source.name}: {source.licence}" for source in manifest.training.sources)
    bullets = "\n".join(f"- {limit}" for limit in limits)
    groups = sorted(manifest.groups)
    labels = "\n".join(
        f"- **{group}**: "
        + ", ".join(label for label in manifest.labels if label.partition(".")[0] == group)
        + f" (fields: {', '.join(manifest.groups[group].fields)})"
        for group in groups
    )
    return f"""# {manifest.name} {manifest.version}

Names the type of an {"/".join(manifest.languages)} document and pulls out its fields. A fine-tuned encoder from
{manifest.base_model.name} ({manifest.base_model.licence}), as an int8 ONNX graph.

## What it knows
{labels}

It knows nothing else, and reads text alone, no layout.

## Trained on
{sources}

Near-duplicates were kept on one side of the split; a part of the training documents was held out to fit temperatures
and to certify thresholds; validation documents chose none of them. Digest of the documents trained on:
`{manifest.training.data_digest}`.

## On validation, by source
{_evaluation_table(evaluation)}

{_field_table(evaluation)}

Value F1 folds case, punctuation and white space after normalising both sides. Intervals and every field:
evaluation.json. A score over all sources together would only show that the sources look different; there is none.

## Certified thresholds
A decision is a document's type, or one required field that was found, among familiar documents that the model puts
into the group. How many documents go straight through, with all of it right, is in the table above.
Certified on held-out training documents at {manifest.policy.confidence_level:.0%} confidence (fixed-sequence testing,
Clopper-Pearson); the shipped policy uses {manifest.policy.target_precision}. "none" means that no threshold could be
certified: with the documents at hand, everything of the group goes to the fallback.

{_policy_table(manifest)}

## Limits
{bullets}
"""


def _evaluation_table(evaluation: dict[str, Any]) -> str:
    rows = [
        "| source | documents | type accuracy | type macro-F1 | field value F1 | straight through |",
        "|" + "---|" * 6,
    ]
    for name, source in evaluation["sources"].items():
        rows.append(
            f"| {name} | {source['documents']} | {_figure(source['type_accuracy'])} | "
            f"{_figure(source['type_macro_f1'])} | {_figure(source['field_f1_value'])} | "
            f"{_figure(source['straight_through'])} |"
        )
    return "\n".join(rows)


def _field_table(evaluation: dict[str, Any]) -> str:
    rows = ["| source | field | value F1 | precision | recall | documents with it |", "|" + "---|" * 6]
    for name, source in evaluation["sources"].items():
        rows += [
            f"| {name} | {field} | {_figure(score['f1_value'])} | {_figure(score['precision'])} | "
            f"{_figure(score['recall'])} | {score['support']} |"
            for field, score in source["fields"].items()
        ]
    return "\n".join(rows)


def _policy_table(manifest: Manifest) -> str:
    rows = ["| group | decision | target | threshold | accepted of held out | of these right |", "|" + "---|" * 6]
    for row in manifest.policy.certified:
        threshold = "none" if row.threshold is None else f"{row.threshold:.3f}"
        rows.append(
            f"| {row.group} | {row.what} | {row.target:.2f} | {threshold} | {row.accepted} of {row.decisions} | "
            f"{row.correct} |"
        )
    return "\n".join(rows)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
