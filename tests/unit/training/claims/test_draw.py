from collections import Counter

import pytest

from docmill.training.claims.claim import Kind
from docmill.training.claims.draft import FIELDS
from docmill.training.claims.draw import PRESENT, draw_claim
from docmill.training.claims.pools import Part
from tests.unit.training.claims.fakes import claims, rng


def test_a_generator_draws_the_same_claim_again() -> None:
    assert draw_claim(rng(), Kind.TRAVEL, Part.TRAIN) == draw_claim(rng(), Kind.TRAVEL, Part.TRAIN)


@pytest.mark.parametrize("kind", list(Kind))
def test_all_countries_and_scenarios_come_up(kind: Kind) -> None:
    drawn = claims(kind)
    assert {claim.country for claim in drawn} == {"GB", "US", "IE", "AU", "IN", "CA"}
    assert len({claim.scenario.name for claim in drawn}) >= 12


def test_fields_are_missing_at_the_stated_shares() -> None:
    drawn = [claim for kind in Kind for claim in claims(kind)]
    present = Counter(field for claim in drawn for field in claim.present)
    for field in FIELDS:
        assert abs(present[field] / len(drawn) - PRESENT[field]) < 0.05


def test_a_layout_may_ask_for_scenarios() -> None:
    generator = rng()
    drawn = {draw_claim(generator, Kind.MOTOR, Part.TRAIN, ("fire", "glass")).scenario.name for _ in range(40)}
    assert drawn == {"fire", "glass"}


def test_a_layout_that_asks_for_what_this_part_has_not_takes_any() -> None:
    generator = rng()
    drawn = {draw_claim(generator, Kind.MOTOR, Part.TRAIN, ("animal",)).scenario.name for _ in range(80)}
    assert len(drawn) > 8
