import numpy as np
import pytest

from docmill.index.vectors import from_bytes, to_bytes


def test_a_direction_comes_back_within_half_a_step() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    back = from_bytes(b"".join(to_bytes(vector) for vector in vectors), 384)
    assert back.dtype == np.float32
    assert np.linalg.norm(back, axis=1) == pytest.approx(np.ones(50), abs=1e-6)
    assert (back * vectors).sum(axis=1).min() > 0.9999


def test_the_length_of_a_vector_does_not_matter() -> None:
    vector = np.array([1, -2, 0.5], dtype=np.float32)
    assert to_bytes(vector) == to_bytes(1000 * vector)


@pytest.mark.parametrize("vector", [[0, 0], [np.nan, 1], [np.inf, 1]])
def test_what_is_no_direction_is_refused(vector: list[float]) -> None:
    with pytest.raises(ValueError, match="no direction"):
        to_bytes(np.array(vector, dtype=np.float32))


def test_bytes_that_are_no_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="5 bytes are not vectors of 2"):
        from_bytes(b"12345", 2)
    with pytest.raises(ValueError, match="zeros"):
        from_bytes(b"\x01\x00\x00\x00", 2)
