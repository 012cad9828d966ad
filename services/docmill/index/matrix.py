"""All vectors of a copy in memory, searched one by one: exact. Knows numbers of chunks, no texts and no store.

100,000 vectors of 384 dimensions are 150 MB and are read once a query. Rows of removed chunks stay, passed over, until
they are a quarter of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.index.types import Query

LEAST_CAPACITY = 1024
DEAD_SHARE = 0.25
CLOSE = 1e-5  # float32 products of one pair of vectors differ by less, wherever they stand in the matrix
NOBODY, UNKNOWN = 0, -1  # codes of a tenant: everybody's; one that no passage has
ALWAYS_FROM, ALWAYS_UNTIL = 0, np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Labels:
    """What of a passage decides whether a query may see it; days as ordinals."""

    kind: str
    tenant: str | None
    valid_from: int | None
    valid_until: int | None


class VectorMatrix:
    """Vectors by the numbers of their chunks, which are added in ascending order. Not for several threads."""

    def __init__(self, dimensions: int, expected: int = 0) -> None:
        capacity = max(expected, LEAST_CAPACITY)
        self._vectors = np.empty((capacity, dimensions), dtype=np.float32)
        self._numbers = np.empty(capacity, dtype=np.int64)
        # kind, tenant, first and last day of each row
        self._labels = np.empty((4, capacity), dtype=np.int32)
        self._alive = np.zeros(capacity, dtype=np.bool_)
        self._rows = 0
        self._dead = 0
        self._kinds: dict[str, int] = {}
        self._tenants: dict[str | None, int] = {None: NOBODY}

    def __len__(self) -> int:
        return self._rows - self._dead

    def add(self, numbers: Sequence[int], vectors: NDArray[np.float32], labels: Sequence[Labels]) -> None:
        """vectors: [N, D], of length 1."""
        past = self._rows + len(numbers)
        self._grow(past)
        new = slice(self._rows, past)
        self._vectors[new] = vectors
        self._numbers[new] = numbers
        self._labels[:, new] = np.array([self._codes(of) for of in labels], dtype=np.int32).reshape(-1, 4).T
        self._alive[new] = True
        self._rows = past

    def remove(self, numbers: Sequence[int]) -> None:
        """Numbers that are not there are passed over."""
        wanted = np.asarray(numbers, dtype=np.int64)
        rows = np.searchsorted(self._numbers[: self._rows], wanted)
        rows = np.unique(rows[(rows < self._rows)])
        rows = rows[np.isin(self._numbers[rows], wanted) & self._alive[rows]]
        self._alive[rows] = False
        self._dead += len(rows)
        if self._dead > DEAD_SHARE * self._rows:
            self._compact()

    def nearest(self, query: Query, count: int) -> dict[int, float]:
        """Cosines by number: of the `count` nearest that the query may see, and of others as near as the last of them.

        A cosine depends on its two vectors alone, to the last bit, not on where a row stands.
        """
        rows = np.flatnonzero(self._visible(query))
        if not len(rows):
            return {}
        if len(rows) > self._rows // 2:
            scores = (self._vectors[: self._rows] @ query.vector)[rows]
        else:
            scores = self._vectors[rows] @ query.vector
        place = max(len(rows) - count, 0)
        near = rows[scores >= np.partition(scores, place)[place] - CLOSE]
        exact = np.sum(self._vectors[near].astype(np.float64) * query.vector.astype(np.float64), axis=1)
        return dict(zip(self._numbers[near].tolist(), exact.tolist(), strict=True))

    def _visible(self, query: Query) -> NDArray[np.bool_]:
        kind, tenant, first, last = self._labels[:, : self._rows]
        visible = self._alive[: self._rows].copy()
        if query.kinds is not None:
            visible &= np.isin(kind, [self._kinds.get(name, UNKNOWN) for name in query.kinds])
        own = UNKNOWN if query.tenant is None else self._tenants.get(query.tenant, UNKNOWN)
        visible &= (tenant == NOBODY) | (tenant == own)
        if query.valid_on is not None:
            day = query.valid_on.toordinal()
            visible &= (first <= day) & (day <= last)
        return visible

    def _codes(self, labels: Labels) -> tuple[int, int, int, int]:
        return (
            self._kinds.setdefault(labels.kind, len(self._kinds)),
            self._tenants.setdefault(labels.tenant, len(self._tenants)),
            ALWAYS_FROM if labels.valid_from is None else labels.valid_from,
            ALWAYS_UNTIL if labels.valid_until is None else labels.valid_until,
        )

    def _grow(self, rows: int) -> None:
        if rows > len(self._numbers):
            self._move(np.arange(self._rows), max(rows, self._rows + self._rows // 2))

    def _compact(self) -> None:
        self._move(np.flatnonzero(self._alive[: self._rows]), max(len(self), LEAST_CAPACITY))

    def _move(self, kept: NDArray[np.int64], capacity: int) -> None:
        """Into arrays of another size, with the rows `kept` alone."""
        vectors = np.empty((capacity, self._vectors.shape[1]), dtype=np.float32)
        numbers = np.empty(capacity, dtype=np.int64)
        labels = np.empty((4, capacity), dtype=np.int32)
        alive = np.zeros(capacity, dtype=np.bool_)
        count = len(kept)
        vectors[:count], numbers[:count], labels[:, :count] = (
            self._vectors[kept],
            self._numbers[kept],
            self._labels[:, kept],
        )
        alive[:count] = self._alive[kept]
        self._vectors, self._numbers, self._labels, self._alive = vectors, numbers, labels, alive
        self._rows = count
        self._dead = count - int(alive.sum())
