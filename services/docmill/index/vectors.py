"""Unit vectors as one signed byte a dimension, and back. Does not know what a vector stands for.

A direction needs no scale: the largest component becomes 127, and a reader divides by the length. On MiniLM's vectors
that turns a direction by at most a cosine of 0.9999; the int8 encoder itself costs a hundred times as much
(docs/decisions/0017-index.md).
"""

import numpy as np
from numpy.typing import NDArray

from docmill.index.types import Vector

LARGEST = 127


def to_bytes(vector: Vector) -> bytes:
    """[D] of any length but 0 -> D bytes.

    Raises:
        ValueError: the vector is no direction: zero, or not finite.
    """
    largest = np.abs(vector).max(initial=0.0)
    if not np.isfinite(largest) or largest == 0:
        raise ValueError(f"a vector whose largest component is {largest} has no direction")
    return bytes(np.rint(vector * (LARGEST / largest)).astype(np.int8).data)


def from_bytes(rows: bytes, dimensions: int) -> NDArray[np.float32]:
    """N * D bytes -> unit vectors [N, D].

    Raises:
        ValueError: the bytes are not whole rows, or a row is zero.
    """
    if len(rows) % dimensions:
        raise ValueError(f"{len(rows)} bytes are not vectors of {dimensions} dimensions")
    vectors = np.frombuffer(rows, dtype=np.int8).reshape(-1, dimensions).astype(np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    if not lengths.all():
        raise ValueError("a vector of zeros has no direction")
    vectors /= lengths[:, None]
    return vectors
