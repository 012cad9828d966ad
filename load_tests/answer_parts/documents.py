"""Documents as the processor hands them to the fallback, made of the samples; and what is known of some of them.

Every document is another text: all digits are drawn anew, so that none is embedded from memory. What the fast model
would say of them is made up: of a notice, or a stranger, nothing (each type is as likely); of a claim its type for
sure, and its policy number and claimant by 0.6, which is too little to publish and enough with a list that has them.
"""

import json
import random
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from docmill.resources import resource
from docmill_schemas.events import (
    BundleRef,
    DocumentType,
    ExtractedField,
    FallbackRequested,
    KnowledgeUpdated,
    LabelProbability,
)
from docmill_schemas.ids import request_id, sha256_hex
from docmill_schemas.reasons import DeferralReason, KnowledgeKind

SOURCE = "docmill/answers"
NOTICES = "new-kind/parking-notices.jsonl"
STRANGERS = ("claims", "complaints", "contracts", "medical", "receipts")  # folders of the samples; their *.txt
STRANGER_CHARACTERS = 2000
CLAIM, CLAIM_LABEL = "claims/first-notice-motor-phone-note.txt", "claim.motor_claim"
CLAIM_NUMBER, CLAIM_HOLDER = "7741-PA-00392", "Lazlo Petterquist"
REGISTER = "register/policies-in-force"
SURE, UNSURE = 0.95, 0.6
SYLLABLES = (
    "ba",
    "de",
    "fi",
    "go",
    "hu",
    "ka",
    "le",
    "mi",
    "no",
    "pu",
    "ra",
    "se",
    "ti",
    "vo",
    "wu",
    "za",
    "che",
    "dri",
    "flo",
    "gru",
)


class Documents:
    """Makes them, each with an id of its own; the same ones for the same `random`."""

    def __init__(self, bundle: BundleRef, labels: tuple[str, ...], drawn: random.Random) -> None:
        """`labels`: that the bundle knows, a motor claim among them."""
        samples = resource("samples")
        rows = (samples / NOTICES).read_text(encoding="utf-8").splitlines()
        self._notices = [json.loads(row)["text"] for row in rows]
        near = samples / CLAIM
        files = sorted(file for folder in STRANGERS for file in (samples / folder).glob("*.txt") if file != near)
        self._strangers = [file.read_text(encoding="utf-8")[:STRANGER_CHARACTERS] for file in files]
        self._claim = near.read_text(encoding="utf-8")
        self._bundle = bundle
        self._labels = labels
        self._drawn = drawn
        self._made = 0

    @property
    def notices(self) -> int:
        """How many forms of parking notices there are."""
        return len(self._notices)

    def notice(self, form: int, tenant: str) -> FallbackRequested:
        """A parking notice, of a kind that no bundle knows; `form` is counted round."""
        return self._unknown(self._notices[form % len(self._notices)], tenant)

    def stranger(self, tenant: str) -> FallbackRequested:
        """Any other paper, drawn from the samples, of which the fast model knows as little."""
        return self._unknown(self._drawn.choice(self._strangers), tenant)

    def near_kin(self, tenant: str) -> FallbackRequested:
        """The sample that is most like a notice: a note about a parked car; likewise unknown."""
        return self._unknown(self._claim, tenant)

    def claim(self, policy: int) -> FallbackRequested:
        """A motor claim on a policy."""
        said = {"policy_number": policy_number(policy), "claimant": holder(policy)}
        places = {"policy_number": CLAIM_NUMBER, "claimant": CLAIM_HOLDER}
        text = self._claim
        for name, stood in places.items():
            text = text.replace(stood, f"<{name}>")
        text = varied(text, self._drawn)
        for name, value in said.items():
            text = text.replace(f"<{name}>", value)
        spans = tuple(_unsure(text, name, value) for name, value in said.items())
        rest = (1 - SURE) / (len(self._labels) - 1)
        probabilities = {label: SURE if label == CLAIM_LABEL else rest for label in self._labels}
        return self._request(text, None, probabilities, DeferralReason.NOT_CERTIFIED, spans)

    def _unknown(self, text: str, tenant: str) -> FallbackRequested:
        probabilities = dict.fromkeys(self._labels, 1 / len(self._labels))
        return self._request(varied(text, self._drawn), tenant, probabilities, DeferralReason.UNFAMILIAR_DOCUMENT)

    def _request(
        self,
        text: str,
        tenant: str | None,
        probabilities: dict[str, float],
        reason: DeferralReason,
        spans: tuple[ExtractedField, ...] = (),
    ) -> FallbackRequested:
        self._made += 1
        document_id = f"answers-{self._made}"
        ranked = sorted(probabilities.items(), key=lambda one: (-one[1], one[0]))
        sha256 = sha256_hex(text.encode())
        return FallbackRequested(
            request_id=request_id(SOURCE, document_id),
            document_id=document_id,
            content_sha256=sha256,
            text_sha256=sha256,
            tenant=tenant,
            received_at=datetime.now(UTC),
            media_type="text/plain",
            text=text,
            document_type=DocumentType(label=ranked[0][0], probability=ranked[0][1]),
            fields=spans,
            label_probabilities=tuple(LabelProbability(label=label, probability=p) for label, p in ranked),
            candidates=spans,
            reasons=(reason,),
            bundle=self._bundle,
        )


def varied(text: str, drawn: random.Random) -> str:
    """The same text with other digits."""
    return re.sub(r"\d", lambda digit: str(drawn.randrange(10)), text)


def policy_number(policy: int) -> str:
    """No other policy's."""
    return f"{1000 + policy}-PA-{policy:05}"


def holder(policy: int) -> str:
    """Who holds a policy; no other one's below 8,000."""
    count = len(SYLLABLES)
    parts = (SYLLABLES[policy // count**place % count] for place in range(3))
    return f"Ada {''.join(parts).title()}son"


def register(policies: Iterable[int]) -> KnowledgeUpdated:
    """The code list of policies in force: a line each, and both as values."""
    listed = list(policies)
    numbers, holders = [policy_number(one) for one in listed], [holder(one) for one in listed]
    lines = [f"{number}, {name}" for number, name in zip(numbers, holders, strict=True)]
    return KnowledgeUpdated(
        passage_id=REGISTER,
        kind=KnowledgeKind.CODE_LIST,
        title="Policies in force",
        text="\n".join(lines),
        fields={"policy_number": tuple(numbers), "claimant": tuple(holders)},
    )


def exemplar_of(request: FallbackRequested, passage_id: str, label: str) -> KnowledgeUpdated:
    """A document as an exemplar of a type."""
    return KnowledgeUpdated(
        passage_id=passage_id,
        kind=KnowledgeKind.EXEMPLAR,
        text=request.text,
        document_type=label,
        tenant=request.tenant,
    )


def _unsure(text: str, name: str, value: str) -> ExtractedField:
    start = text.index(value)
    return ExtractedField(name=name, value=value, text=value, start=start, end=start + len(value), confidence=UNSURE)
