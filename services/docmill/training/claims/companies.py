"""Invented companies of a trade. Does not know what part they play in a claim."""

import random
from collections.abc import Iterator
from itertools import cycle

from docmill.training.claims.people import Party
from docmill.training.claims.pools import Part, pool, table, words


def coined_names(rng: random.Random, part: Part) -> Iterator[str]:
    """The coined words of a part in some order, so that two companies in one claim have different ones."""
    names = list(pool(table("companies")["coined"], part))
    rng.shuffle(names)
    return cycle(names)


def draw_company(rng: random.Random, part: Part, trade: str, coined: str) -> Party:
    """A company of a trade that `words/companies.toml` names, called by a coined word or by families."""
    pools = table("companies")
    pattern = rng.choice(pool(pools["trades"][trade], part, ";"))
    one, two = (_family(rng, part) for _ in range(2))
    name = pattern.replace("{coined}", coined).replace("{last}", one).replace("{last2}", two)
    short = coined if "{coined}" in pattern else one
    mail = "".join(c for c in short.lower() if c.isascii() and c.isalnum())
    return Party(name, short, short, short, name, "it", mail)


def draw_vehicle(rng: random.Random, part: Part, dialect: str) -> tuple[str, str]:
    """A vehicle as one describes it and as one calls it for short: `silver Corvena Arlo estate`, `Corvena Arlo`."""
    pools = table("companies")["vehicles"]
    name = f"{rng.choice(pool(pools['make'], part))} {rng.choice(pool(pools['model'], part))}"
    colour = rng.choice(words(pools["colour"]))
    body = rng.choice(words(pools["body" if dialect == "uk" else "body_us"]))
    year = f" ({rng.randrange(2006, 2024)})" if rng.random() < 0.15 else ""
    return rng.choice((f"{colour} {name}", f"{colour} {name} {body}", f"{name}{year}", f"{colour} {body}")), name


def _family(rng: random.Random, part: Part) -> str:
    origin = rng.choice(tuple(table("names").values()))
    name: str = rng.choice(pool(origin["last"], part)).split()[-1]
    return name
