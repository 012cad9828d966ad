"""Insurers' own letters: what they acknowledge, ask for, offer and refuse. See insurer_notices.py for others."""

from collections.abc import Callable

from docmill.training.claims.bank import address, drawn, kind_of
from docmill.training.claims.claim import Kind
from docmill.training.claims.genres.insurer_notices import (
    authority,
    notice_to_insured,
    payment_advice,
    progress,
    recovery,
    reservation,
    subrogation_receipt,
)
from docmill.training.claims.genres.insurer_paper import dear, events, head, references, sign
from docmill.training.claims.layout import ALL, Layout, Noise
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

BANK = "insurers"
ADJUSTER = Narrator.ADJUSTER
COLLISIONS = ("hit_from_behind", "junction", "hit_while_parked", "lane_change")  # somebody else is to blame
OWN = (Kind.MOTOR, Kind.PROPERTY, Kind.TRAVEL, Kind.HEALTH)


def acknowledgement(page: Page) -> None:
    """What was reported is repeated, to be checked."""
    address(page)
    standing = drawn(page, BANK, "standing", page.rng.randint(2, 5))
    head(page)
    references(page, page.field_rows("claim_number", "policy_number"))
    dear(page)
    page.para(
        page.pick(
            "Thank you for [telling us about your {loss_noun}|your call of {reported}|the form we received on "
            "{received}].",
            "We acknowledge receipt of your intimation dated {reported}.",
            "This confirms that your claim has been registered and allotted to the undersigned.",
        ),
        *standing[:2],
    )
    page.line(
        page.pick(
            "What you told us:", "Details held on our system", "SUMMARY OF NOTIFICATION", "Please check the following:"
        )
    )
    mark, rows = page.pick(": ", " - ", "\t", " .... "), page.field_rows("claimant", "date_of_loss", "claimed_amount")
    for row in [*rows, *page.other_rows(page.rng.randint(1, 4), 2)]:
        page.line(f"{row.label}{mark}{row.value}")
    page.gap()
    page.para(*events(page), "{extra}" if page.chance(0.3) else "")
    page.para(
        page.pick(
            "If any of this is wrong, correct it by hand and return one copy.",
            "Unless we hear otherwise by {deadline} we shall take the above as agreed.",
            "You need do nothing if the above is right.",
        ),
        *standing[2:],
    )
    sign(page)


def document_request(page: Page) -> None:
    """A numbered list of papers that are missing."""
    address(page)
    head(page)
    dear(page)
    page.line(
        "[RE: Claim {claim_number}[ - {loss_noun} of {loss}||]||Re: your claim]",
        "[Under policy {policy_number}||]",
        "[Claimant: {claimant}||]",
    )
    page.gap()
    page.para(
        page.pick(
            "We refer to the {loss_noun} [which occurred on {loss}||notified to us] and to your demand[ of {claimed}|"
            " for {claimed}||, not yet quantified].",
            "On scrutiny of the papers [submitted for {claimed}||submitted][ in respect of {loss}||] the following "
            "are found wanting.",
            "Your claim[, put at {claimed},||] cannot go forward until we have what is listed below.",
        ),
        "To recap: {happened}" if page.chance(0.8) else "{heading}.",
    )
    documents = drawn(page, BANK, f"documents.{kind_of(page.claim)}", page.rng.randint(3, 8))
    bullet = page.pick("{n}. ", "({n}) ", "- ", "[ ] ", "{n}) ")
    for number, wanted in enumerate(documents, start=1):
        page.draft.add(bullet.replace("{n}", str(number)))
        page.finish(wanted)
    page.gap()
    page.para(
        page.pick(
            "Kindly comply within [7|10|15] days, failing which the file will be closed as 'no claim'.",
            "Send them together, please, to {address2}, or upload them with code {customer_number}.",
            "We last asked for these on {received}. This is our [second|final] reminder.",
            "Without them we cannot say whether the excess of {excess} or the limit of {sum_insured} applies.",
        ),
        *drawn(page, BANK, "standing", page.rng.randint(0, 3)),
    )
    sign(page)


def settlement(page: Page) -> None:
    """An offer with its arithmetic, and a slip to accept it."""
    address(page)
    head(page)
    references(page, page.field_rows("claim_number", "policy_number", "date_of_loss"))
    dear(page)
    page.para(
        page.pick(
            "We are pleased to tell you that your claim has been approved[, subject to the deductions below|].",
            "Our enquiries into the {loss_noun} are complete.",
            "WITHOUT PREJUDICE. We have now considered the claim and put forward the following.",
            "We write further to {adjuster.formal}'s visit of {inspected}.",
        ),
        *(events(page) if page.chance(0.75) else ["The matter concerns: {heading}."]),
    )
    gap = page.pick("  ", ": ", "\t", " ........ ")
    left = page.claim.amounts["assessed"] - page.claim.amounts["offer"]
    fits = left > 0
    lines = [
        f"[Amount claimed|Your claim|Claim as presented|Total claimed by you]{gap}{{claimed}}",
        f"[Adjusted loss|Allowed|Assessed at]{gap}{{assessed}}" if fits else "",
        f"[Less excess|Policy excess|Deductible]{gap}{{excess}}" if page.claim.amounts["excess"] < left else "",
        f"[Less paid on account|Interim payment]{gap}{{deposit}}" if page.chance(0.5) else "",
        f"[OUR OFFER|We offer|Settlement figure|Net payable]{gap}{{offer}}",
    ]
    page.line(*lines)
    page.gap()
    page.para(*drawn(page, BANK, "settling", page.rng.randint(2, 5)))
    sign(page)
    if page.chance(0.6):
        page.draft.add("\n" + page.pick("- - - - - - - -", "8< ------------", "FORM OF ACCEPTANCE", "") + "\n")
        page.para(
            "I/We[, {claimant},||] accept the sum of {offer} in full discharge of [claim {claim_number}||the above "
            "claim][ under policy {policy_number}||].",
            "Signed ____________ Date ________",
        )


def partial_declinature(page: Page) -> None:
    """Some of it is paid, some is not, and why; with clauses."""
    address(page)
    head(page)
    references(page, page.field_rows("claimant", "claim_number", "policy_number"))
    dear(page)
    page.para(
        "[We refer to your claim for {claimed}|You have presented a claim of {claimed}|We have before us your claim in "
        "the amount of {claimed}||We refer to your claim][ arising from the {loss_noun} of {loss}| (date of event: "
        "{loss})||].",
        *drawn(page, BANK, "declining", page.rng.randint(1, 3)),
    )
    page.line(page.pick("THE FACTS AS WE UNDERSTAND THEM", "Background", "1. Circumstances", ""))
    page.para(*events(page), "{extra}" if page.chance(0.3) else "")
    page.line(page.pick("THE POLICY", "Policy terms", "2. Relevant provisions", ""))
    for clause in drawn(page, BANK, f"clause.{kind_of(page.claim)}", page.rng.randint(1, 3)):
        page.line(page.pick("* ", "> ", "") + clause + page.pick("", ".", " (see page {n} of your booklet)."))
    page.gap()
    page.line(page.pick("DECISION", "Our decision", "3. Outcome", ""))
    for cost in page.costs():
        verdict = page.pick("allowed", "not covered", "accepted in part", "declined", "agreed", "limit applies")
        page.draft.add(f"{cost.label}, {cost.money}: {verdict}\n")
    page.para(
        "[Of {claimed} we are thus able to pay {offer}|We will pay {offer} and decline the rest|Payment of {offer} "
        "has been authorised].",
        *drawn(page, BANK, "complain", 1),
        *drawn(page, BANK, "standing", page.rng.randint(0, 2)),
    )
    sign(page)


def _layout(
    name: str,
    write: Callable[[Page], None],
    kinds: tuple[Kind, ...] = ALL,
    noise: Noise = Noise.SCANNED,
    *,
    about: tuple[str, ...] = (),
    held_out: bool = False,
) -> Layout:
    return Layout(f"insurer-{name}", write, (ADJUSTER,), noise, kinds, about, held_out)


LAYOUTS = (
    _layout("acknowledgement", acknowledgement),
    _layout("document-request", document_request),
    _layout("settlement", settlement),
    _layout("partial-declinature", partial_declinature),
    _layout("reservation", reservation),
    _layout("recovery", recovery, (Kind.MOTOR,), about=COLLISIONS),
    _layout("subrogation-receipt", subrogation_receipt, OWN),
    _layout("payment-advice", payment_advice, noise=Noise.CLEAN),
    _layout("progress", progress, noise=Noise.CLEAN, held_out=True),
    _layout("authority", authority, noise=Noise.TYPED, held_out=True),
    _layout("notice-to-insured", notice_to_insured, (Kind.LIABILITY,)),
)
