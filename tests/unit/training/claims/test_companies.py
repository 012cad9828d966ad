import pytest

from docmill.training.claims.companies import coined_names, draw_company, draw_vehicle
from docmill.training.claims.pools import Part, portion, table, words
from tests.unit.training.claims.fakes import rng

TRADES = sorted(table("companies")["trades"])


@pytest.mark.parametrize("trade", TRADES)
@pytest.mark.parametrize("part", list(Part))
def test_patterns_are_filled(trade: str, part: Part) -> None:
    generator = rng()
    for _ in range(30):
        company = draw_company(generator, part, trade, "Quillmoor")
        assert "{" not in company.name
        assert company.familiar in company.name
        assert company.mail.isascii()
        assert company.mail.isalnum()


def test_a_claim_has_enough_coined_names() -> None:
    for part in Part:
        names = coined_names(rng(), part)
        drawn = [next(names) for _ in range(16)]
        assert len(set(drawn)) == 16
        assert set(drawn) <= set(portion(words(table("companies")["coined"]), part))


def test_vehicles() -> None:
    generator = rng()
    makes = portion(words(table("companies")["vehicles"]["make"]), Part.VALIDATION)
    for _ in range(50):
        described, short = draw_vehicle(generator, Part.VALIDATION, "us")
        assert short.startswith(makes)
        assert "{" not in described
