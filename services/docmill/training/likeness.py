"""Which texts are alike. Knows texts alone, and compares words, not characters: case and punctuation do not count.

Two thresholds: texts are alike where about a third of their word shingles agree, which is a form letter or the
receipts of one till; they are copies where most do, and nothing but a number or a few words differs.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

SKETCH_SIZE = 16  # smallest shingle hashes kept of a text
SKETCH_SHARED = 8  # texts that share this many of them are alike
SHINGLE_WORDS = 6
COPY_RESEMBLANCE = 0.7  # read off pairs of receipts: docs/decisions/0012-quality-gate.md


def alike(texts: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Pairs (later, earlier) of positions of texts that share most of their rarest-hash shingles (bottom-k sketch).

    Source: Broder, "On the resemblance and containment of documents", 1997.
    """
    sketches: list[frozenset[int]] = []
    holders: dict[int, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        sketch = _sketch(text)
        sketches.append(sketch)
        shared: dict[int, int] = defaultdict(int)
        for value in sketch:
            for other in holders[value]:
                shared[other] += 1
            holders[value].append(index)
        for other, count in shared.items():
            if count >= min(SKETCH_SHARED, len(sketch), len(sketches[other])):
                yield index, other


def resemblance(first: str, second: str) -> float:
    """The share of shingles of either text that both have, exactly."""
    a, b = _shingles(first), _shingles(second)
    return len(a & b) / len(a | b)


def _sketch(text: str) -> frozenset[int]:
    hashes = (int.from_bytes(hashlib.blake2b(s.encode(), digest_size=8).digest(), "big") for s in _shingles(text))
    return frozenset(sorted(hashes)[:SKETCH_SIZE])


def _shingles(text: str) -> set[str]:
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[i : i + SHINGLE_WORDS]) for i in range(max(1, len(words) - SHINGLE_WORDS + 1))}
