from docmill.training.claims.claim import Kind
from docmill.training.claims.pools import Part
from docmill.training.claims.sums import AMOUNTS
from tests.unit.training.claims.fakes import claims

ALL = [claim for kind in Kind for part in Part for claim in claims(kind, part)]


def test_parts_sum_to_the_claim() -> None:
    divided = [claim for claim in ALL if claim.items]
    assert len(divided) > 0.95 * len(ALL)
    for claim in divided:
        cents = [item.cents for item in claim.items]
        assert sum(cents) == claim.amounts["claimed"]
        assert len(set(cents)) == len(cents) >= 2
        assert min(cents) > 0


def test_no_other_amount_is_the_claimed_one() -> None:
    for claim in ALL:
        assert set(claim.amounts) <= set(AMOUNTS)
        assert list(claim.amounts.values()).count(claim.amounts["claimed"]) == 1
        assert min(claim.amounts.values()) > 0


def test_prices_are_of_the_scenario_and_the_country() -> None:
    for claim in ALL:
        if claim.country == "GB":
            low, high = claim.scenario.price
            assert 0.9 * low <= claim.amounts["claimed"] / 100 <= 1.1 * high


def test_some_are_round_and_some_are_not() -> None:
    whole = sum(claim.amounts["claimed"] % 100 == 0 for claim in ALL) / len(ALL)
    assert 0.4 < whole < 0.6
