"""The people and companies of one claim. Does not know what happened to them."""

import random
from collections.abc import Mapping

from docmill.training.claims.claim import Kind, Scenario
from docmill.training.claims.companies import coined_names, draw_company
from docmill.training.claims.people import Party, draw_couple, draw_person
from docmill.training.claims.pools import Part, words

PEOPLE = words(
    "witness, witness2, neighbour, doctor, doctor2, officer, handler, handler2, adjuster, broker_person, lawyer, "
    "manager, tradesman, driver, clerk"
)
TRADES = words(
    "insurer, broker, law_firm, adjusting_firm, garage, hospital, hotel, airline, builder, shop, business, "
    "retailer, tour"
)
COMPANIES = {trade: trade for trade in TRADES} | {"insurer2": "insurer"}  # role to trade
ROLES = ("claimant", "policyholder", "spouse", *PEOPLE, *COMPANIES)
COMPANY_SHARE = 0.3  # of the claims that a company may make
COUPLE_SHARE = 0.07
OTHER_POLICY_SHARE = 0.2  # of claims under a policy that is a relative's or an employer's


def draw_cast(
    rng: random.Random, kind: Kind, part: Part, country: str, scenario: Scenario, *, by_stranger: bool
) -> Mapping[str, Party]:
    """Who plays which of ROLES. One who happens to be called as the claimant is left out."""
    coined = coined_names(rng, part)
    claimant = _claimant(rng, kind, part, country, scenario, next(coined))
    cast = {"claimant": claimant, "policyholder": claimant}
    if by_stranger:
        trade = scenario.insured or rng.choice(("person", "person", "business"))
        is_person = trade == "person"
        insured = draw_person(rng, part, country) if is_person else draw_company(rng, part, trade, next(coined))
        cast["policyholder"] = insured
    elif claimant.pronoun in ("he", "she") and rng.random() < OTHER_POLICY_SHARE:
        relative = draw_person(rng, part, country, last=claimant.last if rng.random() < 0.7 else "")
        employer = draw_company(rng, part, "business", next(coined))
        cast["policyholder"] = employer if kind is Kind.HEALTH or rng.random() < 0.2 else relative
    for role in PEOPLE:
        cast[role] = draw_person(rng, part, country, title="Dr" if role in ("doctor", "doctor2") else "")
    cast["spouse"] = draw_person(rng, part, country, last=claimant.last)
    for role, trade in COMPANIES.items():
        cast[role] = draw_company(rng, part, trade, next(coined))
    return _apart(cast)


def _apart(cast: dict[str, Party]) -> dict[str, Party]:
    """In nobody else's name stands the claimant's: such a policyholder is the claimant, another role is left out."""
    claimant = cast["claimant"]
    if claimant.name in cast["policyholder"].name:
        cast["policyholder"] = claimant
    return {role: party for role, party in cast.items() if party is claimant or claimant.name not in party.name}


def _claimant(rng: random.Random, kind: Kind, part: Part, country: str, scenario: Scenario, coined: str) -> Party:
    if scenario.only_company or (scenario.company and rng.random() < COMPANY_SHARE):
        return draw_company(rng, part, rng.choice(("business", "business", "shop")), coined)
    if kind in (Kind.PROPERTY, Kind.TRAVEL) and rng.random() < COUPLE_SHARE:
        return draw_couple(rng, part, country)
    while True:
        person = draw_person(rng, part, country)
        if scenario.patient in ("", person.pronoun):
            return person
