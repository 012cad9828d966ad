"""The amounts about one claim, in cents: what is claimed, its parts, and what may be taken for it.

Does not know how they are written.
"""

import random
from collections.abc import Callable, Mapping

from docmill.training.claims.claim import Item, Kind, Scenario
from docmill.training.claims.pools import words

AMOUNTS = words(
    "claimed, excess, sum_insured, premium, reserve, assessed, small_amount, deposit, offer, other_amount, net"
)
SUMS_INSURED = {  # in thousands of pounds
    Kind.MOTOR: (3, 4, 6, 9, 12, 18, 25, 40),
    Kind.PROPERTY: (20, 35, 50, 75, 150, 300, 450, 600),
    Kind.TRAVEL: (2, 3, 5, 10, 50, 1000, 5000),
    Kind.HEALTH: (5, 10, 20, 50, 100, 500),
    Kind.LIABILITY: (100, 250, 500, 1000, 2000, 5000),
}
MAIN_ITEM_SHARE = 0.8  # of the claims that count the first of their scenario's costs, which is the largest


def draw_sums(
    rng: random.Random, kind: Kind, scenario: Scenario, scale: float
) -> tuple[Mapping[str, int], tuple[Item, ...]]:
    """AMOUNTS, none but `claimed` the same as it, and the parts that sum to it.

    `scale` turns pounds into the money of a country.
    """
    low, high = (max(20, round(pounds * scale)) for pounds in scenario.price)
    claimed = _price(rng, low, high)
    items = _items(rng, claimed, scenario.rules["costs"])
    unit = 1000 if scale < 10 else 50_000  # cents
    drawn: Mapping[str, Callable[[], int]] = {
        "excess": lambda: rng.choice((5, 10, 15, 20, 25, 35, 50, 75, 100)) * unit,
        "sum_insured": lambda: _rounded(round(rng.choice(SUMS_INSURED[kind]) * 100_000 * scale)),
        "premium": lambda: (
            rng.randint(round(9000 * scale), round(140_000 * scale)) // 100 * 100
            + rng.choice((0, 0, rng.randrange(100)))
        ),
        "reserve": lambda: _rounded(round(claimed * rng.uniform(0.5, 1.6))),
        "assessed": lambda: round(claimed * rng.uniform(0.45, 0.95)),
        "small_amount": lambda: rng.randint(round(12 * scale), round(160 * scale)) * 100,
        "deposit": lambda: _rounded(round(claimed * rng.uniform(0.1, 0.4))),
        "offer": lambda: _rounded(round(claimed * rng.uniform(0.3, 0.8))),
        "other_amount": lambda: _price(rng, low, high),
    }
    taken = {claimed, *(item.cents for item in items)}
    amounts = {"claimed": claimed}
    for name, draw in drawn.items():
        amount = draw()
        while amount in taken or amount <= 0:
            amount += unit
        amounts[name] = amount
        taken.add(amount)
    amounts["net"] = claimed - amounts["excess"]
    return ({name: amount for name, amount in amounts.items() if amount > 0}), items


def _price(rng: random.Random, low: int, high: int) -> int:
    """Small claims oftener than large ones; some are round.

    Only sums and products of floats: a power would differ in its last bit between machines.
    """
    share = rng.random()
    whole = low + int((high - low) * share * share)
    match rng.randrange(10):
        case 0 | 1:
            return _rounded(whole * 100)
        case 2 | 3 | 4:
            return whole * 100
        case _:
            return whole * 100 + rng.randrange(1, 100)


def _rounded(cents: int) -> int:
    """To two digits and noughts."""
    unit = 100 * int("1" + "0" * max(0, len(str(cents // 100)) - 2))
    return max(unit, round(cents / unit) * unit)


def _items(rng: random.Random, claimed: int, labels: tuple[str, ...]) -> tuple[Item, ...]:
    """Two to six parts, no two the same; none at all for a claim too small to be divided."""
    count = min(len(labels), rng.randint(2, 6))
    chosen = rng.sample(labels, count)
    if labels[0] not in chosen and rng.random() < MAIN_ITEM_SHARE:
        chosen[0] = labels[0]
    weights = [rng.uniform(0.5, 4) * (3 if label == labels[0] else 1) for label in chosen]
    parts = [max(100, round(claimed * weight / sum(weights))) for weight in weights]
    if claimed % 100 == 0:
        parts = [max(100, part // 100 * 100) for part in parts]
    for i in range(1, count):
        while parts[i] in parts[:i]:
            parts[i] += 100
    parts[0] = claimed - sum(parts[1:])
    if parts[0] <= 0 or parts[0] in parts[1:]:
        return ()
    return tuple(Item(label, cents) for label, cents in zip(chosen, parts, strict=True))
