"""What a lot of synthetic documents holds, counted. Does not know how they were made."""

import statistics
from collections import Counter
from collections.abc import Sequence

from docmill.training.claims.claim import Kind
from docmill.training.claims.draft import FIELDS
from docmill.training.claims.generate import Document
from docmill.training.likeness import alike

TYPE_WORDS = {
    Kind.MOTOR: ("motor", "car insurance", "auto ", "vehicle insurance", "automobile"),
    Kind.PROPERTY: ("property", "household", "home insurance", "homeowners", "buildings and contents"),
    Kind.TRAVEL: ("travel", "trip", "holiday insurance"),
    Kind.HEALTH: ("health", "medical", "mediclaim"),
    Kind.LIABILITY: ("liability", "third party injury", "bodily injury", "casualty"),
}


def report(name: str, documents: Sequence[Document]) -> str:
    """Counts of one part as lines of text."""
    total = len(documents)
    lengths = [len(document.text.split()) for document in documents]
    marks = Counter(mark.field for document in documents for mark in document.marks)
    holders = Counter(field for document in documents for field in document.values)
    lines = [
        f"{name}: {total} SYNTHETIC documents, {len({d.text for d in documents})} distinct texts",
        f"  words min / median / mean / p90 / max: {_five(lengths)}",
        f"  documents like another one (word shingles): {_share(near_duplicates(documents), total)}",
        f"  documents that name their type by a word: {_share(sum(map(names_its_type, documents)), total)}",
        "  types: " + _counts(Counter(document.kind.value for document in documents)),
        "  countries: " + _counts(Counter(document.country for document in documents)),
    ]
    for field in FIELDS:
        lines.append(f"  {field}: in {_share(holders[field], total)} of the documents, {marks[field]} mentions")
    layouts = Counter(document.layout for document in documents)
    lines.append(f"  {len(layouts)} layouts: {_counts(layouts)}")
    return "\n".join(lines)


def near_duplicates(documents: Sequence[Document]) -> int:
    """How many documents are like another one."""
    pairs = alike(document.text for document in documents)
    return len({position for pair in pairs for position in pair})


def names_its_type(document: Document) -> bool:
    """Does a word for its own type of claim stand in a document?"""
    text = document.text.casefold()
    return any(word in text for word in TYPE_WORDS[document.kind])


def _five(lengths: list[int]) -> str:
    ordered = sorted(lengths)
    tenth = ordered[min(len(ordered) - 1, 9 * len(ordered) // 10)]
    middle = f"{statistics.median(ordered):.0f} / {statistics.mean(ordered):.0f}"
    return f"{ordered[0]} / {middle} / {tenth} / {ordered[-1]}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))
