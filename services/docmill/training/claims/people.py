"""Invented people, and how a text may call them. Does not know what part they play in a claim."""

import random
from dataclasses import dataclass

from docmill.training.claims.pools import Part, pool, table, words

MIXED_SHARE = 0.1  # given and family name of two origins
TITLES = {"he": ("Mr", "Mr", "Mr", "Mr", "Dr"), "she": ("Ms", "Mrs", "Mrs", "Miss", "Dr")}
INDIAN_TITLES = {"he": ("Shri", "Mr", "Mr."), "she": ("Smt.", "Mrs", "Ms.")}


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody, or a company, under the names by which texts go."""

    name: str  # in full, the one that is a value
    formal: str  # Ms Oyelaran
    familiar: str  # Adaeze
    last: str
    listed: str  # OYELARAN, Adaeze
    pronoun: str  # he, she, they, it
    mail: str  # what stands before an address's @


def draw_person(rng: random.Random, part: Part, country: str, *, last: str = "", title: str = "") -> Party:
    """A person as one lives in a country; `last` for a relative's family name, `title` for a doctor's."""
    origin, other = (table("names")[rng.choice(words(table("countries")[country]["origins"]))] for _ in range(2))
    pronoun = rng.choice(("he", "she"))
    given = rng.choice(pool(origin[pronoun], part))
    family = rng.choice(pool((other if rng.random() < MIXED_SHARE else origin)["last"], part))
    if rng.random() < 0.06 and "-" not in family and " " not in family:
        family += "-" + rng.choice(pool(other["last"], part)).split()[-1]
    title = title or rng.choice((INDIAN_TITLES if country == "IN" else TITLES)[pronoun])
    return _person(rng, title, given, last or family, pronoun)


def _person(rng: random.Random, title: str, given: str, family: str, pronoun: str) -> Party:
    middle = f" {rng.choice('ABCDEFGHJKLMNPRSTVW')}{rng.choice(('.', '.', ''))}" if rng.random() < 0.14 else ""
    suffix = rng.choice((" Jr.", " Jr", " III")) if pronoun == "he" and rng.random() < 0.015 else ""
    listed = f"{family.upper() if rng.random() < 0.5 else family}, {given}{middle}"
    return Party(
        name=f"{given}{middle} {family}{suffix}",
        formal=f"{title} {family}",
        familiar=given.split(maxsplit=1)[0],
        last=family,
        listed=listed,
        pronoun=pronoun,
        mail=_slug(rng, given, family),
    )


def draw_couple(rng: random.Random, part: Part, country: str) -> Party:
    """Two people of one name, who claim together."""
    one, two = (draw_person(rng, part, country) for _ in range(2))
    joint = rng.choice((" and ", " & "))
    names = f"{one.familiar}{joint}{two.familiar} {one.last}"
    if rng.random() < 0.3:
        names = f"{one.familiar} {one.last}{joint}{two.familiar} {two.last}"
    listed = f"{one.last}, {one.familiar}{joint}{two.familiar}"
    return Party(names, f"the {one.last}s", one.familiar, one.last, listed, "they", one.mail)


def _slug(rng: random.Random, given: str, family: str) -> str:
    """The local part of a mail address, in ASCII."""
    first, last = ("".join(c for c in name.lower() if c.isascii() and c.isalpha()) or "box" for name in (given, family))
    shapes = (f"{first}.{last}", f"{first[0]}{last}", f"{last}{rng.randrange(10, 99)}", f"{first}_{last[0]}", last)
    return rng.choice(shapes)
