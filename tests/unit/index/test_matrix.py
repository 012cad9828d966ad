"""The vectors in memory give what a plain loop over all of them gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from docmill.index.matrix import LEAST_CAPACITY, Labels, VectorMatrix
from docmill.index.types import Embedding, Query

DIMENSIONS = 8
LABELS = Labels("policy", None, None, None)
ROWS = np.random.default_rng(0).normal(size=(3000, DIMENSIONS)).astype(np.float32)
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
QUERY = Query("", ROWS[7], Embedding("e", "0" * 64, DIMENSIONS), 5)


def matrix_of(numbers: list[int]) -> VectorMatrix:
    matrix = VectorMatrix(DIMENSIONS)
    matrix.add(numbers, ROWS[numbers], [LABELS] * len(numbers))
    return matrix


def expected(numbers: set[int], count: int) -> set[int]:
    return set(sorted(numbers, key=lambda n: -float(ROWS[n].astype(float) @ ROWS[7].astype(float)))[:count])


@given(removed=st.sets(st.integers(0, 2999)), count=st.integers(1, 20))
def test_the_nearest_of_those_that_are_left(removed: set[int], count: int) -> None:
    matrix = matrix_of(list(range(2000)))
    matrix.remove(sorted(removed)[::2])
    matrix.add(list(range(2000, 3000)), ROWS[2000:], [LABELS] * 1000)
    matrix.remove(sorted(removed))
    left = set(range(3000)) - removed
    assert len(matrix) == len(left)
    assert expected(left, count) <= set(matrix.nearest(QUERY, count))


def test_a_cosine_does_not_depend_on_where_a_row_stands() -> None:
    one = matrix_of(list(range(0, 3000, 3))).nearest(QUERY, 50)
    other = matrix_of([n for n in range(3000) if n % 3 == 0 or n % 7 == 0]).nearest(QUERY, 150)
    assert all(other[number] == cosine for number, cosine in one.items() if number in other)


def test_all_that_are_equally_near_are_there() -> None:
    matrix = VectorMatrix(DIMENSIONS)
    matrix.add(list(range(20)), np.repeat(ROWS[7:8], 20, axis=0), [LABELS] * 20)
    assert set(matrix.nearest(QUERY, 3)) == set(range(20))


def test_an_empty_matrix_and_unknown_numbers() -> None:
    matrix = VectorMatrix(DIMENSIONS)
    assert matrix.nearest(QUERY, 3) == {}
    matrix.remove([1, 2])
    matrix.add([], np.empty((0, DIMENSIONS), np.float32), [])
    assert len(matrix) == 0


def test_it_shrinks_when_much_is_removed() -> None:
    matrix = matrix_of(list(range(3000)))
    matrix.remove(list(range(2990)))
    assert len(matrix) == 10
    assert len(matrix._numbers) == LEAST_CAPACITY
    assert set(matrix.nearest(QUERY, 50)) == set(range(2990, 3000))
