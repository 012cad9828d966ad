import re

import pytest

from docmill.training.claims.places import draw_address, draw_destination, draw_road
from docmill.training.claims.pools import Part, portion, table, words
from tests.unit.training.claims.fakes import rng

CODES = {  # none of them is in use: areas and ranges that were never given out
    "GB": r"(?:QX|XQ|ZQ)\d{1,2} \d[A-Z]{2}",
    "US": r"000[348]\d(?:-00\d\d)?",
    "IE": r"[QZ]\d\d [A-Z0-9]{4}",
    "AU": r"0[01]\d\d",
    "IN": r"0\d{2} ?\d{3}",
    "CA": r"[WZ]\d[A-Z] \d[A-Z]\d",
}


@pytest.mark.parametrize("country", sorted(CODES))
@pytest.mark.parametrize("part", list(Part))
def test_addresses_are_of_no_real_place(country: str, part: Part) -> None:
    generator = rng()
    streets = portion(words(table("streets")["names"]), part)
    towns = portion(words(table("countries")[country]["towns"]), part)
    for _ in range(100):
        address = draw_address(generator, part, country)
        assert re.search(rf"\b{CODES[country]}\Z", address), address
        assert any(f"{street} " in address for street in streets)
        assert any(town in address for town in towns)


def test_roads_and_destinations() -> None:
    generator = rng()
    assert len({draw_road(generator, Part.TRAIN, "AU") for _ in range(200)}) > 100
    place, amount = draw_destination(generator, Part.TRAIN)
    assert place.isprintable()
    assert re.search(r"[A-Z]{3}", amount)
