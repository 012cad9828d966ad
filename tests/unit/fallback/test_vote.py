import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.fallback.types import Neighbour
from docmill.fallback.vote import vote, voters
from tests.unit.fallback.builders import neighbour

NEIGHBOURS = st.lists(
    st.builds(Neighbour, st.text("abcdef", min_size=1, max_size=3), st.sampled_from("xyz"), st.floats(-1, 1)),
    max_size=12,
)


def test_shares_by_hand() -> None:
    """exp(0) + exp(-1) + exp(-2) = 1.5032 at a temperature of a tenth."""
    voting = voters([neighbour("b", 0.7), neighbour("a", 0.9), neighbour("a", 0.8)], 3, 0.1)
    assert [round(voter.share, 4) for voter in voting] == [0.6652, 0.2447, 0.09]
    assert vote(voting) == {"a": pytest.approx(0.91, abs=1e-4), "b": pytest.approx(0.09, abs=1e-4)}


def test_cosine_over_temperature_is_the_papers_squared_distance_over_twice_that() -> None:
    """|u - v|^2 = 2 - 2 cos for vectors of length 1."""
    weights = [math.exp(-(2 - 2 * cosine) / 0.2) for cosine in (0.9, 0.5)]
    voting = voters([neighbour("a", 0.9), neighbour("b", 0.5)], 2, 0.1)
    assert [voter.share for voter in voting] == pytest.approx([weight / sum(weights) for weight in weights])


def test_only_the_nearest_vote() -> None:
    voting = voters([neighbour("far", 0.1), neighbour("near", 0.9), neighbour("middle", 0.5)], 2, 0.1)
    assert [voter.neighbour.label for voter in voting] == ["near", "middle"]


def test_of_equally_near_ones_the_first_id_votes() -> None:
    same = [neighbour("b", 0.5, id="2"), neighbour("a", 0.5, id="1")]
    assert vote(voters(same, 1, 0.1)) == {"a": 1.0}


def test_a_passage_found_by_two_chunks_votes_once_by_the_nearest() -> None:
    twice = [neighbour("a", 0.2, id="1"), neighbour("a", 0.9, id="1"), neighbour("b", 0.9, id="2")]
    voting = voters(twice, 3, 0.1)
    assert [(voter.neighbour.passage_id, voter.share) for voter in voting] == [("1", 0.5), ("2", 0.5)]


def test_nobody_votes_for_nothing() -> None:
    assert voters([], 3, 0.1) == ()
    assert vote(()) == {}


def test_a_small_temperature_does_not_overflow() -> None:
    assert vote(voters([neighbour("a", 1.0), neighbour("b", -1.0)], 2, 1e-6)) == {"a": 1.0, "b": 0.0}


@given(NEIGHBOURS, st.randoms(use_true_random=False), st.integers(1, 12))
def test_order_does_not_matter_and_shares_add_up(given_: list[Neighbour], random: object, most: int) -> None:
    shuffled = list(given_)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    said = vote(voters(given_, most, 0.1))
    assert said == vote(voters(shuffled, most, 0.1))
    assert math.fsum(said.values()) == pytest.approx(1 if given_ else 0)


@given(NEIGHBOURS.filter(bool), st.floats(-5, 5))
def test_shares_depend_on_differences_of_similarities_alone(given_: list[Neighbour], shift: float) -> None:
    moved = [Neighbour(one.passage_id, one.label, one.similarity + shift) for one in given_]
    here, there = voters(given_, 20, 0.5), voters(moved, 20, 0.5)
    assert [v.share for v in there] == pytest.approx([v.share for v in here])
