"""Sections of report.html on the models: what they score, by source, seed, field and size, and how fast they are."""

from collections.abc import Mapping, Sequence

from docmill.evaluation.score import SourceScore
from docmill.training.agreement import WINDOWS_PER_DOCUMENT, WINDOWS_PER_SOURCE
from docmill.training.report import plots
from docmill.training.report.content import MEASURES, Agreement, Comparison, CurvePoint, Evaluation
from docmill.training.report.markup import Html, element, section, table
from docmill.training.report.speed import Speed
from docmill.training.report.words import MEASURE_NAMES, figure, graph_name, model_name, own_seed, signed, verdict


def models_section(evaluation: Evaluation, names: Mapping[str, str]) -> Html:
    """Every model's scores: a table of all sources, or one a source where there are several models."""
    own, rows = own_seed(evaluation), evaluation.rows
    if not rows:
        heads = ["source", "documents", *MEASURE_NAMES.values()]
        shown = [
            [names[name], str(score.documents), *(figure(getattr(score, m)) for m in MEASURES)]
            for name, score in evaluation.sources.items()
        ]
        return section("Models by source", table(heads, shown))
    parts = []
    for name, score in evaluation.sources.items():
        parts.append(element("h3", f"{names[name]}, {score.documents} documents"))
        shown = [
            [
                model_name(row, own),
                f"{row.tokens:,}",
                *(figure(getattr(row.sources[name], m)) for m in MEASURES),
            ]
            for row in sorted(rows, key=lambda row: row.seed != own)
            if name in row.sources
        ]
        parts.append(table(["model", "tokens trained on", *MEASURE_NAMES.values()], shown))
    note = (
        "All rows are read with the shipped student's temperatures and biases, which decide nothing about types, "
        "and about fields only which of several spans are likely. A student with a teacher has also what the "
        "teacher learnt. Value F1 folds case, punctuation and white space after normalising both sides, and passes an "
        "amount with a currency where gold names none; span F1 wants both ends. Of a field that comes several times "
        "each value is named once, so places marked beside that one count as missed there."
    )
    return section("Models by source", element("p", note, kind="note"), *parts)


def differences_section(evaluation: Evaluation, names: Mapping[str, str]) -> Html:
    """A picture and a table for each pair of models; further seeds are columns."""
    own, parts = own_seed(evaluation), []
    for before, after in dict.fromkeys((c.before, c.after) for c in evaluation.comparisons):
        found = [c for c in evaluation.comparisons if (c.before, c.after) == (before, after)]
        of_own = [c for c in found if c.seed == own]
        further = sorted({c.seed for c in found} - {own})
        heads = ["source", "measure", "in words", "difference", "95 % interval", "documents"]
        rows = [
            [
                names[c.source],
                MEASURE_NAMES[c.measure],
                verdict(c),
                f"{c.difference:+.3f}",
                signed(c.interval),
                str(c.documents),
                *(_of_seed(found, c, seed) for seed in further),
            ]
            for c in of_own
        ]
        parts.append(element("h3", f"{graph_name(before)} → {graph_name(after)}"))
        parts.append(plots.differences(of_own, names))
        parts.append(table([*heads, *(f"seed {seed}" for seed in further)], rows, texts=3))
    note = (
        "Paired bootstrap: documents are drawn anew, the same ones for both models; an interval that holds 0 is "
        "noise. It knows the luck of the documents, not that of a training: for that see the other seeds, where a "
        "star is beyond noise."
    )
    return section("Differences", element("p", note, kind="note"), *parts) if parts else Html("")


def fields_section(sources: Mapping[str, SourceScore], names: Mapping[str, str]) -> Html:
    """A picture and a table for each source that has fields."""
    parts = []
    for name, score in sources.items():
        if not score.fields:
            continue
        parts.append(element("h3", names[name]))
        parts.append(plots.fields(score.fields, names[name]))
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
    return section("Fields", *parts) if parts else Html("")


def curve_section(points: Sequence[CurvePoint], names: Mapping[str, str]) -> Html:
    """A picture and a table of the student's scores by the number of training documents."""
    if not points:
        return Html("")
    heads = ["source", "measure", *(f"{p.documents}{' (all)' if p.is_all else ''}" for p in points)]
    rows = [
        [name, MEASURE_NAMES[measure], *(figure(getattr(p.sources[source], measure)) for p in points)]
        for source, name in names.items()
        for measure in plots.CURVE_MEASURES
    ]
    few, last = points[0].tokens, points[-1].tokens
    note = (
        f"The student's shape without a teacher, {few:,} tokens each however few the documents"
        f"{'' if last == few else f', and {last:,} for all of them'}; a smaller set is within every larger one, and "
        f"labels and sources keep their shares, so rare labels are missing from the small ones."
    )
    parts = (element("p", note, kind="note"), plots.curve(points, names), table(heads, rows, texts=2))
    return section("Learning curve", *parts)


def agreement_section(found: Sequence[Agreement], names: Mapping[str, str]) -> Html:
    """How often int8 and fp32 give a token the same tag."""
    rows = [
        [
            "all together" if a.source is None else names.get(a.source, a.source),
            str(a.documents),
            str(a.windows),
            f"{a.tokens:,}",
            _percent(a.share),
            f"{a.entity_tokens:,}",
            _percent(a.entity_share),
        ]
        for a in found
    ]
    note = (
        f"Tokens to which int8 and fp32 give the same tag, for every field that the source annotates; entity "
        f"tokens are those that fp32 puts into a field. At most {WINDOWS_PER_DOCUMENT} windows a document, about "
        f"{WINDOWS_PER_SOURCE} a source."
    )
    heads = ["source", "documents", "windows", "tokens", "agree", "entity tokens", "agree"]
    parts = (element("p", note, kind="note"), table(heads, rows))
    return section("int8 against fp32, token by token", *parts) if rows else Html("")


def speed_section(speed: Speed | None, names: Mapping[str, str]) -> Html:
    """Documents and tokens a second; without a speed nothing."""
    if speed is None:
        return Html("")
    rows = [
        [
            names.get(name, name),
            str(of.documents),
            f"{of.tokens / max(of.documents, 1):,.0f}",
            f"{of.documents / of.seconds:.1f}",
            f"{of.tokens / of.seconds:,.0f}",
        ]
        for name, of in speed.sources.items()
    ]
    note = (
        f"{speed.processor}: one document after another, text to result, beside whatever else the machine "
        f"did. It is a property of the machine, so evaluation.json does not have it."
    )
    heads = ["source", "documents", "tokens a document", "documents a second", "tokens a second"]
    return section("Speed", element("p", note, kind="note"), table(heads, rows))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _of_seed(found: Sequence[Comparison], own: Comparison, seed: int) -> str:
    """The difference that another seed makes of the same; a star where it is beyond noise."""
    for other in found:
        if (other.seed, other.source, other.measure) == (seed, own.source, own.measure):
            low, high = other.interval
            return f"{other.difference:+.3f}{'' if low <= 0 <= high else ' *'}"
    return "-"
