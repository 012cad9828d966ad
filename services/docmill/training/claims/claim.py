"""What is true of one invented claim. Does not know how a document tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from docmill.training.claims.people import Party
from docmill.training.claims.pools import Part, portion, table
from docmill.training.claims.writer import Rules


class Kind(StrEnum):
    """Of claim; the labels of the corpus."""

    MOTOR = "motor_claim"
    PROPERTY = "property_claim"
    TRAVEL = "travel_claim"
    HEALTH = "health_claim"
    LIABILITY = "liability_claim"

    @property
    def words(self) -> Mapping[str, Any]:
        """The TOML table of this kind."""
        return table(self.value.removesuffix("_claim"))


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happened, in templates, and who can be the claimant."""

    name: str
    rules: Rules
    price: tuple[int, int]  # of the whole claim, in pounds
    third_party: bool  # the claimant may be a stranger to the policy
    company: bool  # the claimant may be a company
    only_company: bool
    insured: str  # of a liability claim: shop, business or person
    patient: str  # the claimant's pronoun, where only one can be
    more: tuple[str, ...]  # which further remarks fit, beside those that always do


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the claimed amount: a template and its cents."""

    label: str
    cents: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. What is not in `present` is true, but the document does not know it."""

    kind: Kind
    part: Part
    country: str
    scenario: Scenario
    by_stranger: bool  # the claimant is not the policyholder, but claims against him or her
    present: tuple[str, ...]  # fields that the document may tell
    parties: Mapping[str, Party]
    days: Mapping[str, date]
    amounts: Mapping[str, int]  # in cents
    texts: Mapping[str, str]
    items: tuple[Item, ...]  # sum to the claimed amount


def scenarios(kind: Kind, part: Part) -> tuple[Scenario, ...]:
    """All that may happen in a kind of claim in a part of the corpus."""
    return tuple(_scenario(name, entry) for name, entry in portion(tuple(kind.words["scenario"].items()), part))


def _scenario(name: str, entry: Mapping[str, Any]) -> Scenario:
    rules = {key: tuple(entry[key]) for key in ("heading", "happened", "damage", "costs")}
    low, high = entry["price"]
    return Scenario(
        name=name,
        rules=rules,
        price=(low, high),
        third_party=entry.get("third_party", False),
        company=entry.get("company", False),
        only_company=entry.get("only_company", False),
        insured=entry.get("insured", ""),
        patient=entry.get("patient", ""),
        more=tuple(entry.get("more", ())),
    )
