import pytest

from docmill.index.fusion import fuse


def test_ranks_add_up_and_ties_go_by_the_tie_break() -> None:
    names = {1: "b", 2: "a", 3: "c", 4: "d"}
    fused = fuse([[1, 2, 3], [2, 1]], tie_break=names.__getitem__)
    assert [id for id, _ in fused] == [2, 1, 3]
    assert fused[0][1] == fused[1][1] == pytest.approx(1 / 61 + 1 / 62)
    assert fused[2][1] == pytest.approx(1 / 63)


def test_what_both_find_goes_before_what_one_has_first() -> None:
    assert [id for id, _ in fuse([[1, 2], [3, 2]], tie_break=lambda id: id)] == [2, 1, 3]


def test_nothing_fuses_to_nothing() -> None:
    assert fuse([[], []], tie_break=lambda id: id) == []
