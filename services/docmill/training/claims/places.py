"""Invented addresses as six countries write them, and where people travel to. Does not know who lives there."""

import random

from docmill.training.claims.numbers import filled
from docmill.training.claims.pools import Part, pool, portion, table, words

DESTINATIONS = (
    ("Lisbon", "EUR"), ("Tenerife", "EUR"), ("Phuket", "THB"), ("Bali", "IDR"), ("Crete", "EUR"),
    ("Kraków", "PLN"), ("New York", "USD"), ("Marrakesh", "MAD"), ("Cape Town", "ZAR"), ("Dubai", "AED"),
    ("Malta", "EUR"), ("Cancún", "MXN"), ("Kyoto", "JPY"), ("Queenstown", "NZD"), ("Colombo", "LKR"),
    ("Zermatt", "CHF"), ("Antalya", "TRY"), ("Fiji", "FJD"), ("Rome", "EUR"), ("Hanoi", "VND"),
    ("Vancouver", "CAD"), ("Reykjavík", "ISK"), ("Nairobi", "KES"), ("Goa", "INR"), ("Singapore", "SGD"),
    ("Barbados", "BBD"), ("Prague", "CZK"), ("Corfu", "EUR"), ("Lima", "PEN"), ("Madeira", "EUR"),
)  # fmt: skip


def draw_road(rng: random.Random, part: Part, country: str) -> str:
    """The name of a street."""
    name = rng.choice(pool(table("streets")["names"], part))
    return f"{name} {rng.choice(words(table('countries')[country]['street_kinds']))}"


def draw_address(rng: random.Random, part: Part, country: str) -> str:
    """An address in one line, its lines separated by commas; the street is in the part's pool alone."""
    place = table("countries")[country]
    road = draw_road(rng, part, country)
    town = rng.choice(pool(place["towns"], part))
    region = rng.choice(words(place["regions"]))
    code = filled(rng, rng.choice(place["postcode"]))
    number = rng.randint(1, 240)
    match country:
        case "US":
            unit = rng.choice(("", "", "", f", Apt {rng.randint(1, 40)}", f", Unit {rng.randint(1, 12)}B"))
            return f"{number * rng.choice((1, 1, 10))} {road}{unit}, {town}, {region} {code}"
        case "CA":
            return f"{rng.choice(('', f'{rng.randint(1, 30)}-'))}{number} {road}, {town} {region} {code}"
        case "AU":
            return f"{rng.choice(('', '', f'{rng.randint(1, 9)}/'))}{number} {road}, {town} {region} {code}"
        case "IN":
            house = rng.choice(
                (f"Flat {rng.randint(1, 12)}0{rng.randint(1, 9)}", f"H.No. {number}/{rng.randint(1, 9)}", f"{number}")
            )
            return f"{house}, {road}, {town}, {region} {rng.choice(('- ', ''))}{code}"
        case "IE":
            return f"{number} {road}, {town}, {region}, {code}"
        case _:
            house = rng.choice(("", "", f"Flat {rng.randint(1, 9)}, "))
            return f"{house}{number} {road}, {town}, {rng.choice(('', f'{region}, '))}{code}"


def draw_destination(rng: random.Random, part: Part) -> tuple[str, str]:
    """Where a journey went, and an amount in the money of that place."""
    place, currency = rng.choice(portion(DESTINATIONS, part))
    number = rng.randint(90, 9800)
    amount = rng.choice(
        (f"{currency} {number:,}", f"{number},{rng.randrange(100):02d} {currency}", f"{number} {currency}")
    )
    return place, amount
