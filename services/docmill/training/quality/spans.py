"""Spans that do not stand where they say, or not cleanly."""

from collections import defaultdict
from collections.abc import Iterator

from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality.subject import Subject
from docmill.training.recipe import Source
from docmill.training.row import LabelledRow, RowEntity

CONTEXT_CHARACTERS = 30  # either side of a span, in an excerpt
MANY = 0.01  # of the spans of a source

WHAT = {
    Code.SPAN_OUTSIDE: "spans that are empty or reach past their text",
    Code.SPAN_TEXT: "spans at whose place another text stands than they say",
    Code.SPAN_OVERLAP: "spans that overlap an earlier one of the same field",
    Code.SPAN_EDGE: "spans that begin or end with white space",
    Code.SPAN_IN_WORD: "spans that begin or end within a word",
}
REIMPORT = "count Unicode code points of `text` as it stands, from 0, end exclusive; bytes, UTF-16 units and line ends "
REIMPORT += "converted after marking are the usual mistakes, `docmill train import` mends the last two of Label Studio"
DO = {
    Code.SPAN_OUTSIDE: f"Mark them again: offsets {REIMPORT}",
    Code.SPAN_TEXT: f"Mark them again: offsets {REIMPORT}",
    Code.SPAN_OVERLAP: "Keep one: a field is marked word by word and cannot hold two values at one place",
    Code.SPAN_EDGE: "Nothing, or cut it off (`docmill train import jsonl` does): a prediction never has it",
    Code.SPAN_IN_WORD: "Mark whole words: a prediction always grows to them, so such spans teach a wrong edge",
}
SEVERITY = {Code.SPAN_OUTSIDE: Severity.REFUSE, Code.SPAN_TEXT: Severity.REFUSE}  # others by their share


def check_spans(subject: Subject) -> Iterator[Finding]:
    """The findings of each source, over the entities that teach a field."""
    for source, parts in subject.sources():
        found: dict[Code, list[Example]] = defaultdict(list)
        total = 0
        for row in (row for part in parts for row in subject.rows(part)):
            entities = taught_spans(row, source, subject)
            total += sum(map(len, entities.values()))
            for field, spans in entities.items():
                for code, span in _problems(row.text, spans):
                    detail = f"{field} {span.start}:{span.end}"
                    found[code].append(Example(row.id, detail, excerpt(row.text, span)))
        for code in WHAT:
            if found[code]:
                yield _finding(code, source.name, found[code], total)


def _finding(code: Code, where: str, examples: list[Example], total: int) -> Finding:
    by_share = Severity.WARN if len(examples) > MANY * total else Severity.NOTE
    severity = SEVERITY.get(code, by_share)
    return Finding(severity, code, where, WHAT[code], DO[code], len(examples), "spans", total, tuple(examples))


def taught_spans(row: LabelledRow, source: Source, subject: Subject) -> dict[str, list[RowEntity]]:
    """Entities of a row by the field that they teach."""
    by_field: dict[str, list[RowEntity]] = defaultdict(list)
    for entity in row.entities:
        field = subject.recipe.source_field(entity.label, source)
        if field is not None:
            by_field[field].append(entity)
    return by_field


def _problems(text: str, spans: list[RowEntity]) -> Iterator[tuple[Code, RowEntity]]:
    """What is wrong with spans of one field of one document; the first thing that is wrong with each."""
    reached = 0
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if not 0 <= span.start < span.end <= len(text):
            yield Code.SPAN_OUTSIDE, span
            continue
        words = text[span.start : span.end]
        if span.text is not None and span.text != words:
            yield Code.SPAN_TEXT, span
        elif span.start < reached:
            yield Code.SPAN_OVERLAP, span
        elif words != words.strip():
            yield Code.SPAN_EDGE, span
        elif _within_word(text, span.start) or _within_word(text, span.end):
            yield Code.SPAN_IN_WORD, span
        reached = max(reached, span.end)


def _within_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def excerpt(text: str, span: RowEntity) -> str:
    """The span in double brackets with its neighbourhood; empty where it stands outside the text."""
    start, end = max(0, span.start), min(max(0, span.end), len(text))
    if start >= end:
        return ""
    before, after = text[max(0, start - CONTEXT_CHARACTERS) : start], text[end : end + CONTEXT_CHARACTERS]
    return f"{before}[[{text[start:end]}]]{after}"
