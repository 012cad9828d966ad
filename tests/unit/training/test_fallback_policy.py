"""What the fallback publishes, counted."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra [train] is not installed")

from load_tests.fallback_policy import Exemplars, Row


def test_the_nearest_come_first() -> None:
    index = Exemplars(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32), ("a", "b", "c"))
    near = index.near(np.array([0, 1], dtype=np.float32), 2)
    assert [(one.label, round(one.similarity, 3)) for one in near] == [("b", 1.0), ("c", 0.8)]


def test_a_row_tells_shares_and_what_they_are_at_least() -> None:
    cells = Row("cfpb", deferred=400, published=100, right=95, before=280, before_published=90).cells()
    assert cells[:4] == ("cfpb", "400", "100", "95 (95.0 %)")
    assert float(cells[4].split()[0]) == pytest.approx(88.8, abs=0.1)
    assert cells[5:] == ("90", "280 of 400")


def test_a_row_of_nothing_published_says_nothing_of_it() -> None:
    assert Row("sroie", 76, 0, 0, 70, 0).cells()[2:5] == ("0", "-", "-")
