"""What a layout writes on: one claim, one document. Does not know which layouts there are."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from docmill.training.claims.claim import Claim, Kind
from docmill.training.claims.draft import FIELDS, Draft, Piece
from docmill.training.claims.facts import ClaimFacts
from docmill.training.claims.pools import table
from docmill.training.claims.voice import Narrator, draw_voice
from docmill.training.claims.writer import Writer

Change = Callable[[list[Piece]], list[Piece]]

DATED = "[{when_dated}||{when_vague}]"
REGIONAL = ("greeting", "ask", "closing")  # rules to which a country adds its own
REMARKS = ("background", "extra", "aftermath")
EVENT = ("heading", "happened", "damage")  # told alike wherever a document tells them
TOLD_SHARE = 0.5  # of what is enclosed: refers to what was told before
BLANK_SHARE = 0.4  # of the fields that a document lacks: the label stands there without a value
LISTED_SHARE = 0.12  # of the rows of a claimant: family name first
OWN_LABEL_SHARE = 0.5  # of the labels of a claimant or a date: one that the kind of claim suggests


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a form or an export. `value` is a template; `key` is what a program would call it."""

    label: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Cost:
    """A line of an invoice or a list of losses."""

    label: str
    money: str  # with its currency
    bare: str


def rules_for(claim: Claim) -> dict[str, tuple[str, ...]]:
    """All rules that templates about a claim may name: those of its scenario before those of its kind before others."""
    rules: dict[str, tuple[str, ...]] = {}
    for source in (table("phrases"), table("filler"), claim.kind.words["rules"], claim.scenario.rules):
        rules |= {name: tuple(entries) for name, entries in source.items()}
    for name in REGIONAL:
        rules[name] += rules.get(f"{name}_{claim.country}", ())
    for group in claim.scenario.more:
        rules["extra"] += rules[f"extra_{group}"]
    return rules | {"when": (DATED,)}


class Page:
    """Writes one document. Templates that need what the document lacks are passed over."""

    def __init__(self, claim: Claim, narrator: Narrator, rng: random.Random) -> None:
        self.claim = claim
        self.rng = rng
        self.draft = Draft()
        self.facts = ClaimFacts(claim, draw_voice(rng, narrator, claim), rng)
        self._length = rng.choice((0, 0, 1, 1, 2, 2, 3, 4, 6))  # how much this writer writes
        self._rules = rules_for(claim)
        self._writer = Writer(self.facts, self._rules, rng, once={*table("filler"), *REMARKS}, kept=EVENT)

    def turn(self, narrator: Narrator) -> None:
        """Begin another part of the document, by another writer, about the same claim."""
        self.draft.add("\n\n")
        self.line("{enclosure}")
        self.draft.add("\n" if self.chance(0.5) else "")
        self.facts.voice = draw_voice(self.rng, narrator, self.claim)
        if self._writer.has_kept("happened") and self.chance(TOLD_SHARE):
            self._rules["happened"] = self._rules["told_before"]

    def chance(self, share: float) -> bool:
        """True for a share of the calls."""
        return self.rng.random() < share

    def pick(self, *options: str) -> str:
        """One of the options."""
        return self.rng.choice(options)

    def can(self, template: str) -> bool:
        """Can the document say it?"""
        return self._writer.can_say(template)

    def say(self, *templates: str) -> None:
        """Write what can be said, without anything between."""
        for template in templates:
            if self.can(template):
                self._writer.say(self.draft, template)

    def line(self, *templates: str) -> None:
        """Each on a line of its own; what is empty gets none."""
        for template in templates:
            before = len(self.draft.pieces)
            if template and self.can(template):
                self._writer.say(self.draft, template)
            if len(self.draft.pieces) > before:
                self.draft.add("\n")

    def finish(self, template: str) -> None:
        """The rest of a line, which may be nothing."""
        self.say(template)
        self.draft.add("\n")

    def gap(self) -> None:
        """An empty line."""
        self.draft.add("\n")

    def para(self, *templates: str, end: str = "\n\n") -> None:
        """Sentences with a space between, as one paragraph."""
        self.facts.voice.is_known = False
        before = len(self.draft.pieces)
        for template in templates:
            if template and self.can(template):
                self.draft.add(" " if len(self.draft.pieces) > before else "")
                self._writer.say(self.draft, template)
        if len(self.draft.pieces) > before:
            self.draft.add(end)

    def text(self, template: str) -> str:
        """A template as text, for what carries no value; empty where it cannot be said."""
        draft = Draft([Piece("x ")])
        if self.can(template):
            self._writer.say(draft, template)
        if any(piece.field for piece in draft.pieces):
            raise ValueError(f"{template!r} carries a value and cannot be plain text")
        return draft.text[2:]

    def tell_when(self, *, dated: bool) -> None:
        """Whether the story to come gives the date of loss, where the document has it."""
        self._rules["when"] = (DATED if dated else "{when_vague}",)

    def story(self, extras: int, *, dated: bool = True, damage: float = 0.9) -> list[str]:
        """Templates of what happened, in order: the event, the damage, further remarks, as many as the writer likes."""
        self.tell_when(dated=dated)
        before = ["{background}"] * self.chance(0.1 + 0.15 * self._length)
        told = [*before, "{happened}"] + ["{damage}"] * self.chance(damage)
        further = ["{extra}"] * extras + ["{aftermath}"] * self.rng.randint(self._length // 3, self._length)
        self.rng.shuffle(further)
        return told + further

    def filler(self, group: str, *, end: str = "\n\n") -> None:
        """A paragraph of what stands around such a document; nothing, if its writer is short."""
        self.para(*[f"{{{group}}}"] * self.rng.randint(self._length // 3, self._length), end=end)

    def filler_lines(self, group: str, lead: str = "") -> None:
        """As `filler`, each on a line of its own."""
        self.line(*[f"{lead}{{{group}}}"] * self.rng.randint(self._length // 3, self._length))

    @contextmanager
    def changed(self, *changes: Change) -> Iterator[None]:
        """What is written meanwhile is changed as a whole: quoted, say, or put into capitals."""
        outer, self.draft = self.draft, Draft()
        yield
        pieces = self.draft.pieces
        for change in changes:
            pieces = change(pieces)
        self.draft = outer
        self.draft.extend(pieces)

    def costs(self) -> list[Cost]:
        """The parts of the claimed amount; where it is not told only some, so that it cannot be summed."""
        items = self.claim.items
        if "claimed_amount" not in self.claim.present:
            items = items[: max(1, len(items) // 2)] if len(items) > 1 and self.chance(0.6) else ()
        return [Cost(self.text(i.label), self.facts.money(i.cents), self.facts.bare(i.cents)) for i in items]

    def field_row(self, field: str) -> Row | None:
        """The row of a field; without its value, or none at all, where the document lacks it."""
        entry = table("labels")[field]
        labels = list(entry["labels"])
        if (special := self._special_labels(field)) and self.chance(OWN_LABEL_SHARE):
            labels = special
        value: str = entry["value"]
        if not self.can(value):
            if not self.chance(BLANK_SHARE):
                return None
            value = "{blank}"
        elif field == "claimant" and self.chance(LISTED_SHARE):
            value = "{claimant.listed}"
        return Row(self.text(self.rng.choice(labels)), self.rng.choice(entry["keys"]), value)

    def _special_labels(self, field: str) -> list[str]:
        entry = table("labels")[field]
        kind = self.claim.kind
        if field == "claimant":
            if self.claim.by_stranger:
                labels: list[str] = (
                    entry["injured"] if kind is Kind.LIABILITY else ["Third party claimant", "Third party"]
                )
                return labels
            own = self.claim.parties["policyholder"] is self.claim.parties["claimant"]
            return (entry["own"] if own else []) + (entry["patient"] if kind is Kind.HEALTH else [])
        found: list[str] = entry.get(kind.value.removesuffix("_claim"), [])
        return found

    def row(self, name: str) -> Row | None:
        """A row of further particulars: `reported`, or `motor.vin`."""
        labels = table("labels")
        entry = labels[name] if name in labels else labels["kind"][name.partition(".")[0]][name.partition(".")[2]]
        if not self.can(entry["value"]):
            return None
        return Row(self.text(self.rng.choice(entry["labels"])), self.rng.choice(entry["keys"]), entry["value"])

    def field_rows(self, *fields: str) -> list[Row]:
        """Rows of fields, of all by default."""
        return [row for field in fields or FIELDS if (row := self.field_row(field)) is not None]

    def other_rows(self, common: int, special: int) -> list[Row]:
        """Rows of further particulars, so many that any kind of claim has, and so many of this kind."""
        labels = table("labels")
        names = [name for name in labels if name not in FIELDS and name != "kind"]
        if self.claim.by_stranger is False and self.chance(0.7):
            names.remove("policyholder")
        kind = self.claim.kind.value.removesuffix("_claim")
        own = [f"{kind}.{name}" for name in labels["kind"][kind]]
        chosen = self.rng.sample(names, common) + self.rng.sample(own, min(special, len(own)))
        return [row for name in chosen if (row := self.row(name)) is not None]

    def mixed_rows(self, common: int, special: int, *, disorder: float = 0.4) -> list[Row]:
        """Rows of all fields among further ones: numbers first and amounts last, or for a share in any order."""
        fields, others = self.field_rows(), self.other_rows(common, special)
        rows = fields + others
        if self.chance(disorder):
            self.rng.shuffle(rows)
            return rows
        for other in others:  # each somewhere among the fields, which keep their order
            rows.remove(other)
            rows.insert(self.rng.randint(0, len(rows)), other)
        return rows
