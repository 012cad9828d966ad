"""What is asked of a generator: what tier 1 left open, and only the stretches of the document that matter. Pure."""

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
    """The beginning, what stands around the likeliest spans of the fields, and where there are none the end; merged."""
    chosen = [(0, min(len(text), HEAD_CHARACTERS))]
    left = SHOWN_CHARACTERS - chosen[0][1]
    likeliest = sorted(candidates, key=lambda one: (-one.confidence, one.start))
    for one in likeliest:
        around = (max(0, one.start - AROUND_CHARACTERS), min(len(text), one.end + AROUND_CHARACTERS))
        if one.field in fields and around[1] - around[0] <= left:
            chosen.append(around)
            left -= around[1] - around[0]
    if left > 0 and (not fields or set(fields) - {one.field for one in candidates}):
        chosen.append((max(0, len(text) - left), len(text)))  # nothing to go by: the end, too
    return _merged(chosen)


def _merged(of: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(of):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
