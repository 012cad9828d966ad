"""An invented claim drawn at random. Does not know how a document tells it."""

import random
from collections.abc import Sequence

from docmill.training.claims.cast import draw_cast
from docmill.training.claims.claim import Claim, Kind, scenarios
from docmill.training.claims.particulars import draw_days, draw_texts
from docmill.training.claims.pools import Part, table
from docmill.training.claims.sums import draw_sums

COUNTRIES = ("GB", "GB", "US", "US", "IE", "AU", "IN", "CA")
PRESENT = {"claim_number": 0.72, "policy_number": 0.82, "claimant": 0.92, "date_of_loss": 0.9, "claimed_amount": 0.85}
STRANGER_SHARE = 0.3  # of the claims that somebody else than the insured may make


def draw_claim(rng: random.Random, kind: Kind, part: Part, about: Sequence[str] = ()) -> Claim:
    """A claim of a kind with what belongs to one part of the corpus; `about`: names of scenarios, if any will do."""
    country = rng.choice(COUNTRIES)
    possible = scenarios(kind, part)
    scenario = rng.choice([scenario for scenario in possible if scenario.name in about] or possible)
    by_stranger = kind is Kind.LIABILITY or (scenario.third_party and rng.random() < STRANGER_SHARE)
    present = tuple(field for field, share in PRESENT.items() if rng.random() < share)
    days = draw_days(rng)
    parties = draw_cast(rng, kind, part, country, scenario, by_stranger=by_stranger)
    amounts, items = draw_sums(rng, kind, scenario, table("countries")[country]["scale"])
    texts = draw_texts(rng, kind, part, country, days["loss"])
    return Claim(kind, part, country, scenario, by_stranger, present, parties, days, amounts, texts, items)
