"""What is asked of a generator: what tier 1 left open, and only the stretches of the document that matter. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from docmill.fallback.judge import DOCUMENT, LABEL, Judgement
from docmill.fallback.types import Candidate
from docmill.generator.types import ABSTAIN, Ask, Source

HEAD_CHARACTERS = 1500  # what a document is, its beginning tells
AROUND_CHARACTERS = 200  # at most, on both sides of a span that may carry a field
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

    Of each field that has spans at least the beginning of its likeliest one is shown: that has a fair share of the
    room, with fewer characters around it where there are many fields. What is left goes to the second ones, and so on.
    A span that is none of this text's is none.
    """
    spans = _best_of_each_first(fields, [one for one in candidates if 0 <= one.start <= one.end <= len(text)])
    with_span = {one.field for one in spans}
    share = (SHOWN_CHARACTERS - HEAD_CHARACTERS) // max(1, len(with_span))
    chosen = _merged([(0, min(len(text), HEAD_CHARACTERS))])
    for number, one in enumerate(spans):
        best_of_its_field = number < len(with_span)
        around = _around(text, one, share if best_of_its_field else SHOWN_CHARACTERS)
        more = _merged((*chosen, around))
        if _characters(more) <= SHOWN_CHARACTERS:
            chosen = more
    left = SHOWN_CHARACTERS - _characters(chosen)
    if left > 0 and (not fields or set(fields) - with_span):
        chosen = _merged((*chosen, (max(0, len(text) - left), len(text))))  # nothing to go by: the end, too
    return chosen


def _around(text: str, one: Candidate, most: int) -> tuple[int, int]:
    """A span with what stands on both sides of it, `most` characters in all: so much of it if it is longer."""
    end = min(one.end, one.start + most)
    side = min(AROUND_CHARACTERS, (most - (end - one.start)) // 2)
    return max(0, one.start - side), min(len(text), end + side)


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
