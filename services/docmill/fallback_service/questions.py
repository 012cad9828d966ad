"""What is asked of a generator: what tier 1 left open, and only the stretches of the document that matter. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from docmill.fallback.judge import DOCUMENT, LABEL, Judgement
from docmill.fallback.types import Candidate
from docmill.generator.types import ABSTAIN, Ask, Source

HEAD_CHARACTERS = 1500  # what a document is, its beginning tells
AROUND_CHARACTERS = 200  # on both sides of a span that may carry a field
SHOWN_CHARACTERS = 4000  # in all: some 1,000 tokens


def question_for_generator(
    text: str, judgement: Judgement, candidates: Sequence[Candidate], labels: Iterable[str], sources: Sequence[Source]
) -> Ask | None:
    """What to ask; None: nothing that a generator could answer.

    Args:
        labels: that it may choose from, beside those which the judgement ranks.
    """
    parts = {held.part for held in judgement.held_back}
    if DOCUMENT in parts or not parts or not text.strip():
        return None
    ranked = (judgement.label, *(one.label for one in judgement.alternatives))
    known = tuple(dict.fromkeys(label for label in (*ranked, *labels) if label and label != ABSTAIN))
    fields = tuple(sorted(parts - {LABEL}))
    wanted = known if LABEL in parts else ()
    if not wanted and not fields:
        return None
    return Ask(text, stretches(text, fields, candidates), wanted, fields, tuple(sources))


def stretches(text: str, fields: Sequence[str], candidates: Sequence[Candidate]) -> tuple[tuple[int, int], ...]:
    """The beginning, what stands around the likeliest spans of the fields, and where there are none the end; merged.

    The best span of each field comes before the second best of any, so that none is asked for without its place.
    """
    chosen = _merged([(0, min(len(text), HEAD_CHARACTERS))])
    for one in _best_of_each_first(fields, candidates):
        around = (max(0, one.start - AROUND_CHARACTERS), min(len(text), one.end + AROUND_CHARACTERS))
        more = _merged((*chosen, around))
        if _characters(more) <= SHOWN_CHARACTERS:
            chosen = more
    left = SHOWN_CHARACTERS - _characters(chosen)
    if left > 0 and (not fields or set(fields) - {one.field for one in candidates}):
        chosen = _merged((*chosen, (max(0, len(text) - left), len(text))))  # nothing to go by: the end, too
    return chosen


def _best_of_each_first(fields: Sequence[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    """The spans of the fields: the likeliest of each, then the second of each, and so on; of equals the likelier."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, Candidate]] = []
    for one in sorted(candidates, key=lambda one: (-one.confidence, one.start)):
        if one.field in fields:
            ranked.append((seen[one.field], one))
            seen[one.field] += 1
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _characters(of: Iterable[tuple[int, int]]) -> int:
    return sum(end - start for start, end in of)


def _merged(of: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(of):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
