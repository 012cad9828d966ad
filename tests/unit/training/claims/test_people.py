import random

import pytest

from docmill.training.claims.people import draw_couple, draw_person
from docmill.training.claims.pools import Part, portion, table, words
from tests.unit.training.claims.fakes import rng


@pytest.mark.parametrize("country", ["GB", "US", "IE", "AU", "IN", "CA"])
@pytest.mark.parametrize("part", list(Part))
def test_people_are_called_by_parts_of_their_names(country: str, part: Part) -> None:
    generator = rng()
    for _ in range(200):
        person = draw_person(generator, part, country)
        assert person.name.split()[0].startswith(person.familiar)
        assert person.last in person.name
        assert person.formal.endswith(f" {person.last}")
        assert person.listed.casefold().startswith(f"{person.last}, ".casefold())
        assert person.mail.isascii()
        assert " " not in person.mail


def test_names_are_of_the_parts_own_pools() -> None:
    given = {
        n
        for origin in table("names").values()
        for key in ("she", "he")
        for n in portion(words(origin[key]), Part.TRAIN)
    }
    generator = rng()
    for _ in range(300):
        name = draw_person(generator, Part.TRAIN, "GB").name
        assert any(name.startswith(known) for known in given)


def test_a_country_has_names_of_many_origins() -> None:
    generator = random.Random(3)
    lasts = {draw_person(generator, Part.TRAIN, "GB").last for _ in range(400)}
    assert len(lasts) > 120


def test_a_relative_and_a_doctor() -> None:
    assert draw_person(rng(), Part.TRAIN, "IE", last="Brennan").name.endswith("Brennan")
    assert draw_person(rng(), Part.TRAIN, "IE", title="Dr").formal.startswith("Dr ")


def test_couples_have_two_given_names() -> None:
    generator = rng()
    for _ in range(50):
        couple = draw_couple(generator, Part.TRAIN, "CA")
        assert " and " in couple.name or " & " in couple.name
        assert couple.pronoun == "they"
