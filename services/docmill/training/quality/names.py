"""Names that mean nothing, entries of the mapping table that map nothing, ids that are not unique."""

from collections import Counter
from collections.abc import Iterator

from docmill.training.mapping import WHAT_TO_DO, idle_entries, unknown_names
from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality.subject import Subject


def check_names(subject: Subject) -> Iterator[Finding]:
    """Unknown names and idle entries."""
    for source, parts in subject.sources():
        unknown = unknown_names([row for part in parts for row in part.rows], source, subject.recipe)
        for what, counts in (("labels", unknown.labels), ("entities", unknown.entities)):
            if counts:
                yield Finding(
                    Severity.REFUSE,
                    Code.UNKNOWN_NAMES,
                    source.name,
                    f"{what} that the recipe neither maps nor knows",
                    WHAT_TO_DO[what],
                    len(counts),
                    "names",
                    examples=tuple(Example(name, f"{count:,}") for name, count in counts.items()),
                )
    idle = idle_entries(((part.source, part.rows) for part in subject.corpus.parts), subject.recipe)
    if idle:
        yield Finding(
            Severity.WARN,
            Code.IDLE_MAPPING,
            "",
            "entries of the mapping table whose name occurs nowhere in the data",
            "Correct the spelling, or take them out of the recipe",
            len(idle),
            "entries",
            examples=tuple(Example(entry) for entry in idle),
        )


def check_ids(subject: Subject) -> Iterator[Finding]:
    """Ids that several documents bear."""
    places: dict[str, Counter[str]] = {}
    for part in subject.corpus.parts:
        for document in part.documents:
            places.setdefault(document.id, Counter())[f"{part.source.name}/{part.name}"] += 1
    twice = {name: counts for name, counts in places.items() if counts.total() > 1}
    if twice:
        yield Finding(
            Severity.REFUSE,
            Code.DUPLICATE_ID,
            "",
            "ids that several documents bear",
            "Give every document an id of its own, over all sources and parts",
            len(twice),
            "ids",
            total=len(places),
            examples=tuple(Example(name, ", ".join(f"{p} ({n})" for p, n in c.items())) for name, c in twice.items()),
        )
