import pytest

from docmill.training.claims.cast import ROLES
from docmill.training.claims.claim import Kind
from docmill.training.claims.pools import Part
from tests.unit.training.claims.fakes import claims


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("part", list(Part))
def test_nobody_else_has_the_claimants_name(kind: Kind, part: Part) -> None:
    for claim in claims(kind, part):
        claimant = claim.parties["claimant"]
        assert set(claim.parties) <= set(ROLES)
        assert "policyholder" in claim.parties
        same = {role for role, party in claim.parties.items() if claimant.name in party.name}
        assert same <= {"claimant", "policyholder"}


def test_strangers_to_the_policy() -> None:
    assert all(claim.by_stranger for claim in claims(Kind.LIABILITY))
    assert not any(claim.by_stranger for claim in claims(Kind.HEALTH) + claims(Kind.PROPERTY))
    share = sum(claim.by_stranger for claim in claims(Kind.MOTOR)) / 200
    assert 0.03 < share < 0.3


def test_the_policyholder_is_not_always_the_claimant() -> None:
    others = [claim for claim in claims(Kind.HEALTH) if claim.parties["policyholder"] is not claim.parties["claimant"]]
    assert 0.1 < len(others) / 200 < 0.35


def test_companies_and_couples_claim_too() -> None:
    pronouns = {claim.parties["claimant"].pronoun for claim in claims(Kind.PROPERTY)}
    assert pronouns == {"he", "she", "it", "they"}
    assert {claim.parties["claimant"].pronoun for claim in claims(Kind.HEALTH)} == {"he", "she"}


def test_mothers_are_women() -> None:
    mothers = [claim for claim in claims(Kind.HEALTH, Part.VALIDATION) if claim.scenario.name == "maternity"]
    assert mothers
    assert {claim.parties["claimant"].pronoun for claim in mothers} == {"she"}
