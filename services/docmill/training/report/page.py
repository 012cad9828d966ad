"""report.html: an evaluation as one page that needs nothing else. Runs no model and reads no documents."""

from collections.abc import Mapping, Sequence

from docmill.bundle.manifest import Manifest
from docmill.evaluation.score import SourceScore
from docmill.training.report.content import Evaluation
from docmill.training.report.decision_sections import (
    confusion_section,
    coverage_section,
    reliability_section,
    straight_section,
    thresholds_section,
)
from docmill.training.report.markup import Html, bullets, element, section, table
from docmill.training.report.model_sections import (
    agreement_section,
    curve_section,
    differences_section,
    fields_section,
    models_section,
    speed_section,
)
from docmill.training.report.speed import Speed
from docmill.training.report.words import source_name

STYLE = """
body { font: 15px/1.5 Helvetica, Arial, "DejaVu Sans", sans-serif; color: #1b1b1b; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 2px solid #1d3557; } h3 { margin-bottom: .3rem; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; font-size: 13px; }
th, td { padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; }
.figure { text-align: right; white-space: nowrap; } .note { color: #555; font-size: 13px; }
svg { max-width: 100%; height: auto; } code { font-size: 12px; }
"""
CHOSEN_BY = (
    "Weights: the recipe's schedule, fixed beforehand; there is no early stopping and no choice between checkpoints.",
    "Temperatures, biases and thresholds: training documents that the model which read them had not seen.",
    "Validation documents, on which every figure below rests: nothing, in this training; who wrote the recipe may have "
    "seen figures of them before (see its limits).",
)


def report_page(manifest: Manifest, evaluation: Evaluation, limits: Sequence[str], speed: Speed | None = None) -> str:
    """The page, of what a bundle's own files hold; `limits` are the recipe's. Without a speed none is told."""
    names = {name: source_name(name, manifest) for name in evaluation.sources}
    sections = (  # one that has nothing to show is empty
        header(manifest, evaluation),
        data_section(manifest, evaluation.sources),
        models_section(evaluation, names),
        differences_section(evaluation, names),
        straight_section(evaluation.policy, manifest.policy, names),
        thresholds_section(manifest.policy.certified),
        reliability_section(evaluation.calibration, names),
        coverage_section(evaluation.coverage, names),
        confusion_section(evaluation.confusion, names),
        fields_section(evaluation.sources, names),
        curve_section(evaluation.curve, names),
        agreement_section(evaluation.agreement, names),
        speed_section(speed, names),
        section("Limits", bullets(limits)),
    )
    title = f"{manifest.name} {manifest.version}: evaluation"
    head = element("head", Html('<meta charset="utf-8">'), element("title", title), element("style", Html(STYLE)))
    body = "\n".join(shown for shown in sections if shown)
    return f'<!DOCTYPE html>\n<html lang="en">{head}\n<body>\n{body}\n</body></html>\n'


def header(manifest: Manifest, evaluation: Evaluation) -> Html:
    """Which bundle this is of, and what chose what."""
    stages = ", ".join(f"{s.name} {s.tokens:,} tokens on {s.device}" for s in manifest.training.stages)
    facts = [
        ["bundle", f"{manifest.name} {manifest.version}, an int8 ONNX graph"],
        ["languages", ", ".join(manifest.languages)],
        ["starts from", f"{manifest.base_model.name} ({manifest.base_model.licence})"],
        ["trained", stages or "-"],
        ["documents trained on, SHA-256", manifest.training.data_digest],
        ["validation documents", f"{evaluation.documents}, {evaluation.rejected} of them rejected"],
    ]
    return Html(
        element("h1", f"{manifest.name} {manifest.version}")
        + element(
            "p",
            "Evaluation on validation documents, source by source. A score over all sources together "
            "would only show that the sources look different; there is none.",
            kind="note",
        )
        + table(["", ""], facts, texts=2)
        + element("h3", "What chose what")
        + bullets(CHOSEN_BY)
    )


def data_section(manifest: Manifest, sources: Mapping[str, SourceScore]) -> Html:
    """Every source that was trained on, its licence and its validation documents."""
    rows = [
        [source_name(s.name, manifest), s.licence, str(sources[s.name].documents) if s.name in sources else "-"]
        for s in manifest.training.sources
    ]
    note = ""
    if any(source.synthetic for source in manifest.training.sources):
        note = element(
            "p",
            "Synthetic: made up, by a program or by language models, in training and in validation. Figures on it say "
            "how well the model reads such documents, not how well it reads real ones.",
            kind="note",
        )
    return section("Data and licences", table(["source", "licence", "validation documents"], rows, 2), note)
