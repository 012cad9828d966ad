"""Which texts are alike. Knows texts alone, and compares words, not characters: case and punctuation do not count.

Two thresholds: texts are alike where about a third of their word shingles agree, which is a form letter or the
receipts of one till; they are copies where most do, and nothing but a number or a few words differs.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SKETCH_SIZE = 16  # smallest shingle hashes kept of a text
SKETCH_SHARED = 8  # texts that share this many of them are alike
SHINGLE_WORDS = 6
MOST_HOLDERS = 500  # of one hash that a text is compared with: thousands of letters on one form are one cluster anyway
KEPT_TEXTS = 4096  # whose shingles are remembered, 8 bytes each
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
            if len(holders[value]) < MOST_HOLDERS:
                holders[value].append(index)
        for other, count in shared.items():
            if count >= min(SKETCH_SHARED, len(sketch), len(sketches[other])):
                yield index, other


def resemblance(first: str, second: str) -> float:
    """The share of shingles of either text that both have."""
    a, b = _shingles(first), _shingles(second)
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / (len(a) + len(b) - both)


def _sketch(text: str) -> frozenset[int]:
    return frozenset(_shingles(text)[:SKETCH_SIZE].tolist())


@lru_cache(KEPT_TEXTS)
def _shingles(text: str) -> NDArray[np.uint64]:
    """Hashes of all stretches of so many words, each once, ascending."""
    words = re.findall(r"\w+", text.lower())
    shingles = {" ".join(words[i : i + SHINGLE_WORDS]) for i in range(max(1, len(words) - SHINGLE_WORDS + 1))}
    digests = b"".join(hashlib.blake2b(shingle.encode(), digest_size=8).digest() for shingle in shingles)
    return np.unique(np.frombuffer(digests, dtype=">u8").astype(np.uint64))
