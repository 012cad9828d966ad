"""What the slots of a template stand for in one document about one claim: how this document writes its dates, its money
and its names. Does not know the document's layout.

The first mention of a value settles its form: a later mention may look different only where it compares as equal.
"""

import random

from docmill.training.claims.cast import ROLES
from docmill.training.claims.claim import Claim
from docmill.training.claims.dates import MONTHS, ordinal, weekday, written
from docmill.training.claims.draft import Piece, comparable
from docmill.training.claims.money import grouped, in_words
from docmill.training.claims.particulars import DAYS, TEXTS
from docmill.training.claims.people import Party
from docmill.training.claims.pools import table
from docmill.training.claims.sums import AMOUNTS
from docmill.training.claims.voice import SLOTS as VOICE_SLOTS
from docmill.training.claims.voice import Narrator, Voice

FIELD_OF = {
    "claim_number": "claim_number",
    "policy_number": "policy_number",
    "claimant": "claimant",
    "loss": "date_of_loss",
    "claimed": "claimed_amount",
}
MAIL_DOMAINS = ("postbox.example", "mailhaven.example", "inbox.example", "quickmail.example", "webpost.example")
VARYING = ("small_amount", "other_amount")  # drawn anew for each mention
OWN_POLICY = "own_policy"  # says nothing; what it stands before is not said of a stranger to the policy
TERMS = ("excess", "net", "premium", "inception", "expiry")  # of a policy; a stranger does not know them
STRANGER_TELLS = (Narrator.CLAIMANT, Narrator.RELATIVE, Narrator.LAWYER)
RESPACED_SHARE = 0.15  # of later mentions of a number: without its hyphens, say


class ClaimFacts:
    """Implements `writer.Facts` for one document.

    Slots are roles, days, amounts and texts of a claim, the words of a voice and those of the country's dialect. A dot
    and a form may follow: `{loss.words}`, `{claimed.bare}`, `{witness.formal}`. `{own_policy}` says nothing, and can be
    said where the claimant is insured under the policy; `{your_insured}` where he or she is not.
    """

    def __init__(self, claim: Claim, voice: Voice, rng: random.Random) -> None:
        country = table("countries")[claim.country]
        self.claim = claim
        self.voice = voice
        self._rng = rng
        self._first: dict[str, str] = {}
        self._currency: str = country["currency"]
        self._money: str = rng.choice(country["money"])
        self._decimals = rng.choice((True, True, None))
        self._separators = rng.random() < 0.93
        self._numeric: str = rng.choice(country["numeric"])
        self._long: str = rng.choice(country["long"])
        self._numeric_share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        self._dialect: dict[str, str] = table("dialect")[country["dialect"]]
        self._domain = rng.choice(MAIL_DOMAINS)

    def knows(self, name: str) -> bool:
        """Is there such a slot at all?"""
        base = name.partition(".")[0]
        return base == OWN_POLICY or any(
            base in names for names in (ROLES, DAYS, AMOUNTS, TEXTS, VOICE_SLOTS, self._dialect)
        )

    def has(self, name: str) -> bool:
        """Can this document say it?"""
        base = self._base(name)
        if base in FIELD_OF:
            return FIELD_OF[base] in self.claim.present
        if base in ("your_insured", "your_insured_s"):
            return self.claim.by_stranger
        if base in (OWN_POLICY, *TERMS) and self.claim.by_stranger:
            return base in TERMS and self.voice.narrator not in STRANGER_TELLS
        if base == "dob":
            return self.claim.parties["claimant"].pronoun != "it"
        for names, known in (
            (ROLES, self.claim.parties),
            (DAYS, self.claim.days),
            (AMOUNTS, self.claim.amounts),
        ):
            if base in names:
                return base in known
        return True

    def pieces(self, name: str) -> tuple[Piece, ...]:
        """What is written for a slot; a value is a piece of its own."""
        base, form = self._base(name), name.partition(".")[2]
        if base in ROLES:
            return self._party(base, form)
        if base in DAYS:
            return self._day(base, form)
        if base in AMOUNTS:
            return self._amount(base, form)
        if base in ("claim_number", "policy_number"):
            return (self._value(base, self._respaced(base)),)
        if base in TEXTS or base in self._dialect:
            return (Piece(self.claim.texts[base] if base in TEXTS else self._dialect[base]),)
        return () if base == OWN_POLICY else (Piece(self.voice.word(base)),)

    def _base(self, name: str) -> str:
        base = name.partition(".")[0]
        same = self.claim.parties["policyholder"] is self.claim.parties["claimant"]
        return "claimant" if base == "policyholder" and same else base

    def _value(self, field: str, text: str) -> Piece:
        first = self._first.setdefault(field, text)
        return Piece(text if comparable(field, text) == comparable(field, first) else first, field)

    def _respaced(self, field: str) -> str:
        number = self.claim.texts[field]
        if field not in self._first or self._rng.random() > RESPACED_SHARE:
            return number
        return number.translate(str.maketrans("-/.", self._rng.choice(("   ", "---")))).strip()

    def _party(self, role: str, form: str) -> tuple[Piece, ...]:
        party = self.claim.parties[role]
        match form:
            case "":
                return (self._name(role, party.name),)
            case "listed":
                return (self._name(role, party.listed),)
            case "titled" if party.formal.split()[-1] == party.formal or party.pronoun in ("it", "they"):
                return (self._name(role, party.name),)
            case "titled":
                return (Piece(party.formal.split()[0] + " "), self._name(role, party.name))
            case "mail":
                return (Piece(self._mail(party)),)
            case _:
                return (Piece({"formal": party.formal, "familiar": party.familiar}[form]),)

    def _name(self, role: str, text: str) -> Piece:
        return self._value("claimant", text) if role == "claimant" else Piece(text)

    def _mail(self, party: Party) -> str:
        if party.pronoun == "it":
            return f"{self._rng.choice(('claims', 'info', 'office', 'mail'))}@{party.mail}.example"
        return f"{party.mail}@{self._domain}"

    def _day(self, name: str, form: str) -> tuple[Piece, ...]:
        day = self.claim.days[name]
        numeric = self._rng.random() < self._numeric_share
        match form:
            case "weekday":
                return (Piece(weekday(day)),)
            case "nth":
                return (Piece(ordinal(day.day)),)
            case "short":
                return (Piece(f"{day.day} {MONTHS[day.month - 1]}"),)
            case _:
                styles = {"": self._numeric if numeric else self._long, "num": self._numeric, "long": self._long}
                styles |= {"iso": "YYYY-MM-DD", "compact": "YYYYMMDD", "joined": "DDMonYYYY"}
                styles |= {"words": "the Words of Month YYYY"}
        style = styles[form]
        lead = "the " if style.startswith("the ") else ""
        text = written(day, style.removeprefix("the "))
        text = text.upper() if form == "joined" else text
        value = Piece(text) if name != "loss" else self._value("date_of_loss", text)
        return (Piece(lead), value) if lead else (value,)

    def _amount(self, name: str, form: str) -> tuple[Piece, ...]:
        cents = self._varied(name) if name in VARYING else self.claim.amounts[name]
        if form == "words":
            return (Piece(in_words(cents, self._currency)),)
        text = self.bare(cents) if form == "bare" else self.money(cents)
        return (self._value("claimed_amount", text) if name == "claimed" else Piece(text),)

    def _varied(self, name: str) -> int:
        """Near the amount that was drawn, and none that the document claims."""
        cents = self.claim.amounts[name]
        while True:
            varied = max(100, round(cents * self._rng.uniform(0.3, 2.5) / 50) * 50)
            if varied != self.claim.amounts["claimed"]:
                return varied

    def bare(self, cents: int) -> str:
        """An amount without its currency, as in a column."""
        return grouped(cents, self._currency, decimals=True, separators=self._separators)

    def money(self, cents: int) -> str:
        """An amount as this document writes it."""
        number = grouped(cents, self._currency, decimals=self._decimals, separators=self._separators)
        pattern = self._money.removesuffix("/-") if "." in number else self._money
        return pattern.replace("#", number)
