"""Spans that hold none of the values that their row names under `fields`."""

from collections.abc import Iterator

from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality.spans import MANY, excerpt, taught_spans
from docmill.training.quality.subject import Subject
from docmill.training.value_places import settle

LEFT_OUT = "Nothing: the source has values_decide, so they teach nothing; or mark the values and nothing else"
TAUGHT = "Mark the values and nothing else, or name the field in values_decide: they are taught as values now"
VARIED = "Mark the values and nothing else: they are taught as values now (values_decide would want augment left out)"


def check_values(subject: Subject) -> Iterator[Finding]:
    """The finding of each source, over the fields of which a row names values and marks at least one of them.

    Of spans that are taught as values, where there are any; else of those that `values_decide` leaves out.
    """
    for source, parts in subject.sources():
        total = 0
        taught: list[Example] = []
        left_out: list[Example] = []
        for row in (row for part in parts for row in subject.rows(part)):
            for field, spans in taught_spans(row, source, subject).items():
                of_place = {(span.start, span.end): span for span in spans}
                total += len(of_place)
                for start, end in settle(row, field, tuple(of_place), source, subject.recipe).doubtful:
                    found = Example(row.id, f"{field} {start}:{end}", excerpt(row.text, of_place[start, end]))
                    (left_out if source.decides(field) else taught).append(found)
        if doubtful := taught or left_out:
            yield Finding(
                Severity.WARN if len(taught) > MANY * total else Severity.NOTE,
                Code.SPAN_NOT_VALUE,
                source.name,
                "spans that hold none of the values that their row names under `fields`",
                VARIED if source.augment else TAUGHT if taught else LEFT_OUT,
                len(doubtful),
                "spans",
                total,
                tuple(doubtful),
            )
