"""report.html: an evaluation as one page that needs nothing else. Runs no model and reads no documents."""

from collections.abc import Iterator, Sequence

from docmill.bundle.manifest import Manifest
from docmill.evaluation.metrics import LEAST_DECISIONS
from docmill.training.agreement import WINDOWS_PER_DOCUMENT, WINDOWS_PER_SOURCE
from docmill.training.report import plots
from docmill.training.report.content import MEASURES, Comparison, Evaluation
from docmill.training.report.markup import Html, bullets, element, table
from docmill.training.report.speed import Speed
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
    "Validation documents, on which every figure below rests: nothing.",
)


def report_page(manifest: Manifest, evaluation: Evaluation, limits: Sequence[str], speed: Speed | None = None) -> str:
    """The page, of what a bundle's own files hold; `limits` are the recipe's. Without a speed none is told."""
    page = _Page(manifest, evaluation, limits, speed)
    title = f"{manifest.name} {manifest.version}: evaluation"
    head = element("head", Html('<meta charset="utf-8">'), element("title", title), element("style", Html(STYLE)))
    sections = "\n".join(section for section in page.sections() if section)
    return f'<!DOCTYPE html>\n<html lang="en">{head}\n<body>\n{sections}\n</body></html>\n'


class _Page:
    """The sections; one that has nothing to show is empty."""

    def __init__(self, manifest: Manifest, evaluation: Evaluation, limits: Sequence[str], speed: Speed | None) -> None:
        self._manifest = manifest
        self._evaluation = evaluation
        self._limits = limits
        self._speed = speed
        self._names = {name: source_name(name, manifest) for name in evaluation.sources}
        self._own_seed = own_seed(evaluation)

    def sections(self) -> Iterator[Html]:
        yield self._header()
        yield self._data()
        yield self._rows()
        yield self._differences()
        yield self._straight()
        yield self._thresholds()
        yield self._calibration()
        yield self._coverage()
        yield self._confusion()
        yield self._fields()
        yield self._curve()
        yield self._agreement()
        yield self._pace()
        yield _section("Limits", bullets(self._limits))

    def _header(self) -> Html:
        manifest = self._manifest
        stages = ", ".join(f"{s.name} {s.tokens:,} tokens on {s.device}" for s in manifest.training.stages)
        facts = [
            ["bundle", f"{manifest.name} {manifest.version}, an int8 ONNX graph"],
            ["languages", ", ".join(manifest.languages)],
            ["starts from", f"{manifest.base_model.name} ({manifest.base_model.licence})"],
            ["trained", stages or "-"],
            ["documents trained on, SHA-256", manifest.training.data_digest],
            ["validation documents", f"{self._evaluation.documents}, {self._evaluation.rejected} of them rejected"],
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

    def _data(self) -> Html:
        scores = self._evaluation.sources
        rows = [
            [source_name(s.name, self._manifest), s.licence, str(scores[s.name].documents) if s.name in scores else "-"]
            for s in self._manifest.training.sources
        ]
        note = ""
        if any(source.synthetic for source in self._manifest.training.sources):
            note = element(
                "p",
                "Synthetic: written by a program, in training and in validation. Figures on it say "
                "how well the model reads such documents, not how well it reads real ones.",
                kind="note",
            )
        return _section("Data and licences", table(["source", "licence", "validation documents"], rows, 2), note)

    def _rows(self) -> Html:
        rows = self._evaluation.rows
        if not rows:
            heads = ["source", "documents", *MEASURE_NAMES.values()]
            shown = [
                [self._names[name], str(score.documents), *(figure(getattr(score, m)) for m in MEASURES)]
                for name, score in self._evaluation.sources.items()
            ]
            return _section("Models by source", table(heads, shown))
        parts = []
        for name, score in self._evaluation.sources.items():
            parts.append(element("h3", f"{self._names[name]}, {score.documents} documents"))
            shown = [
                [
                    model_name(row, self._own_seed),
                    f"{row.tokens:,}",
                    *(figure(getattr(row.sources[name], m)) for m in MEASURES),
                ]
                for row in sorted(rows, key=lambda row: row.seed != self._own_seed)
                if name in row.sources
            ]
            parts.append(table(["model", "tokens trained on", *MEASURE_NAMES.values()], shown))
        note = (
            "All rows are read with the shipped student's temperatures and biases, which decide nothing about types, "
            "and about fields only which of several spans are likely. A student with a teacher has also what the "
            "teacher learnt. Value F1 folds case, punctuation and white space after normalising both sides; span F1 "
            "wants both ends."
        )
        return _section("Models by source", element("p", note, kind="note"), *parts)

    def _differences(self) -> Html:
        """A picture and a table for each pair of models; further seeds are columns."""
        parts = []
        for before, after in dict.fromkeys((c.before, c.after) for c in self._evaluation.comparisons):
            found = [c for c in self._evaluation.comparisons if (c.before, c.after) == (before, after)]
            own = [c for c in found if c.seed == self._own_seed]
            further = sorted({c.seed for c in found} - {self._own_seed})
            heads = ["source", "measure", "in words", "difference", "95 % interval", "documents"]
            rows = [
                [
                    self._names[c.source],
                    MEASURE_NAMES[c.measure],
                    verdict(c),
                    f"{c.difference:+.3f}",
                    signed(c.interval),
                    str(c.documents),
                    *(_of_seed(found, c, seed) for seed in further),
                ]
                for c in own
            ]
            parts.append(element("h3", f"{graph_name(before)} → {graph_name(after)}"))
            parts.append(plots.differences(own, self._names))
            parts.append(table([*heads, *(f"seed {seed}" for seed in further)], rows, texts=3))
        note = (
            "Paired bootstrap: documents are drawn anew, the same ones for both models; an interval that holds 0 is "
            "noise. It knows the luck of the documents, not that of a training: for that see the other seeds, where a "
            "star is beyond noise."
        )
        return _section("Differences", element("p", note, kind="note"), *parts) if parts else Html("")

    def _straight(self) -> Html:
        rows = [
            [
                self._names.get(row.source, row.source),
                f"{row.target:.2f}",
                f"{row.straight} of {row.documents}",
                figure(row.rate),
                figure(row.precision),
                span(row.precision_interval),
                why_not(row),
            ]
            for row in self._evaluation.policy
        ]
        if not rows:
            return Html("")
        heads = [
            "source",
            "target",
            "straight through",
            "rate",
            "all right",
            "95 % interval",
            "what held back the rest",
        ]
        policy = self._manifest.policy
        note = (
            f"Straight through: type and every required field pass the thresholds that were certified at the target "
            f"with {policy.confidence_level:.0%} confidence, on training documents held out for that. All right: the "
            f"type and every required field, of documents with a label; Wilson intervals. A target is of one decision, "
            f"the type or one field, so a document with several required fields may fall below it. The shipped policy "
            f"is {policy.target_precision:g}; vetoed labels are those of that target: "
            f"{', '.join(veto.label for veto in policy.vetoed) or 'none'}."
        )
        return _section("Straight through", element("p", note, kind="note"), table(heads, rows, ends_in_text=True))

    def _thresholds(self) -> Html:
        rows = [
            [
                row.group,
                row.what,
                f"{row.target:.2f}",
                "none" if row.threshold is None else f"{row.threshold:.3f}",
                f"{row.accepted} of {row.decisions}",
                str(row.correct),
            ]
            for row in self._manifest.policy.certified
        ]
        heads = ["group", "decision", "target", "threshold", "accepted of held out", "right"]
        return _section("Certified thresholds", table(heads, rows, texts=2)) if rows else Html("")

    def _calibration(self) -> Html:
        found = self._evaluation.calibration
        if not found:
            return Html("")
        rows = [[self._names[r.source], r.what, str(r.decisions), figure(r.ece), span(r.interval)] for r in found]
        note = (
            f"Of the shipped graph. A point lies on the dashed line where confidence is precision; its size is the "
            f"share of decisions. The expected calibration error is told from {LEAST_DECISIONS} decisions on."
        )
        heads = ["source", "decision", "decisions", "calibration error", "95 % interval"]
        parts = (plots.reliability(found, self._names), table(heads, rows, texts=2))
        return _section("Reliability", element("p", note, kind="note"), *parts)

    def _coverage(self) -> Html:
        found = self._evaluation.coverage
        if not found:
            return Html("")
        note = "Type decisions of the shipped graph, surest first: how many could be kept at which accuracy."
        parts = (element("p", note, kind="note"), plots.coverage(found, self._names))
        return _section("Coverage and accuracy", *parts)

    def _confusion(self) -> Html:
        found = self._evaluation.confusion
        drawn = [
            plots.confusion(matrix, self._names[name]) for name, matrix in found.items() if len(matrix.predicted) > 1
        ]
        plain = [self._names[name] for name, matrix in found.items() if len(matrix.predicted) == 1]
        note = f"One type, never taken for another: {', '.join(plain)}." if plain else ""
        return _section("Confusion of types", *drawn, element("p", note, kind="note")) if found else Html("")

    def _fields(self) -> Html:
        parts = []
        for name, score in self._evaluation.sources.items():
            if not score.fields:
                continue
            parts.append(element("h3", self._names[name]))
            parts.append(plots.fields(score.fields, self._names[name]))
            rows = [
                [
                    field,
                    *map(figure, (s.f1_value, s.precision, s.recall)),
                    str(s.support),
                    *map(figure, (s.f1_span, s.span_precision, s.span_recall)),
                    str(s.span_support),
                ]
                for field, s in score.fields.items()
            ]
            heads = ["field", "value F1", "precision", "recall", "gold values"]
            heads += ["span F1", "precision", "recall", "gold spans"]
            parts.append(table(heads, rows))
        return _section("Fields", *parts) if parts else Html("")

    def _curve(self) -> Html:
        points = self._evaluation.curve
        if not points:
            return Html("")
        heads = ["source", "measure", *(f"{p.documents}{' (all)' if p.is_all else ''}" for p in points)]
        rows = [
            [name, MEASURE_NAMES[measure], *(figure(getattr(p.sources[source], measure)) for p in points)]
            for source, name in self._names.items()
            for measure in plots.CURVE_MEASURES
        ]
        note = (
            f"The student's shape without a teacher, {points[0].tokens:,} tokens each however few the documents; a "
            f"smaller set is within every larger one, and labels and sources keep their shares, so rare labels are "
            f"missing from the small ones."
        )
        parts = (element("p", note, kind="note"), plots.curve(points, self._names), table(heads, rows, texts=2))
        return _section("Learning curve", *parts)

    def _agreement(self) -> Html:
        rows = [
            [
                "all together" if a.source is None else self._names.get(a.source, a.source),
                str(a.documents),
                str(a.windows),
                f"{a.tokens:,}",
                _percent(a.share),
                f"{a.entity_tokens:,}",
                _percent(a.entity_share),
            ]
            for a in self._evaluation.agreement
        ]
        note = (
            f"Tokens to which int8 and fp32 give the same tag, for every field that the source annotates; entity "
            f"tokens are those that fp32 puts into a field. At most {WINDOWS_PER_DOCUMENT} windows a document, about "
            f"{WINDOWS_PER_SOURCE} a source."
        )
        heads = ["source", "documents", "windows", "tokens", "agree", "entity tokens", "agree"]
        parts = (element("p", note, kind="note"), table(heads, rows))
        return _section("int8 against fp32, token by token", *parts) if rows else Html("")

    def _pace(self) -> Html:
        if self._speed is None:
            return Html("")
        rows = [
            [
                self._names.get(name, name),
                str(of.documents),
                f"{of.tokens / max(of.documents, 1):,.0f}",
                f"{of.documents / of.seconds:.1f}",
                f"{of.tokens / of.seconds:,.0f}",
            ]
            for name, of in self._speed.sources.items()
        ]
        note = (
            f"{self._speed.processor}: one document after another, text to result, beside whatever else the machine "
            f"did. It is a property of the machine, so evaluation.json does not have it."
        )
        heads = ["source", "documents", "tokens a document", "documents a second", "tokens a second"]
        return _section("Speed", element("p", note, kind="note"), table(heads, rows))


def _section(title: str, *parts: str) -> Html:
    return Html(element("section", element("h2", title), *parts))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _of_seed(found: Sequence[Comparison], own: Comparison, seed: int) -> str:
    """The difference that another seed makes of the same; a star where it is beyond noise."""
    for other in found:
        if (other.seed, other.source, other.measure) == (seed, own.source, own.measure):
            low, high = other.interval
            return f"{other.difference:+.3f}{'' if low <= 0 <= high else ' *'}"
    return "-"
