"""What lawyers write: letters of claim, demands, notices, offers, schedules, recoveries."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import wrapped
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

LAWYER = Narrator.LAWYER
SCANNED = Noise.SCANNED


def letter_of_claim(page: Page) -> None:
    """A letter before action, under headings."""
    _letterhead(page)
    page.line(
        "[Our client: {claimant}|Re: {claimant}|Our Client - {claimant}||]",
        "[Your insured: {policyholder}||]" if page.claim.by_stranger else "",
        "[Date of [accident|incident|loss]: {loss}||]",
        "[Your claim: {claim_number}||]",
        "[Policy: {policy_number}||]",
    )
    page.gap()
    page.para(
        "We are instructed by the above named[, of {address2},|] to [pursue|present] a claim in connection with [an "
        "accident|an incident|events] [on {loss}||that will be known to you]. Please [pass this to your insurers|"
        "treat this as a letter of claim]."
    )
    page.line("The circumstances")
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.4)))
    if page.claim.by_stranger:
        page.line("Liability")
        page.para(
            page.pick(
                "The {loss_noun} was caused by the negligence of {your_insured}.",
                "We allege breach of statutory duty and negligence.",
                "{Your_insured} failed to take reasonable care, and liability rests with them.",
            )
        )
    page.line(page.pick("Loss and damage", "Injuries and losses", "Quantum"))
    page.para(
        "[We value the claim at {claimed}.|Our client's losses amount to {claimed}.|The sum claimed is {claimed}, "
        "plus costs.||A schedule of loss will follow.]",
        "{doctor.titled} has been asked to report." if page.chance(0.4) else "",
    )
    page.para("We ask for an acknowledgment by {deadline}, failing which proceedings will be issued.")
    _sign(page)


def demand(page: Page) -> None:
    """An American demand with a line of references, and a figure to settle."""
    _letterhead(page)
    page.line(page.pick("VIA CERTIFIED MAIL", "VIA EMAIL AND FIRST CLASS MAIL", "FOR SETTLEMENT PURPOSES ONLY"))
    page.gap()
    for row in page.rng.sample(
        [
            "[Our Client: {claimant}||]",
            "[Your Insured: {policyholder}||]",
            "[Claim No.: {claim_number}||]",
            "[Policy No.: {policy_number}||]",
            "[Date of Loss: {loss}||]",
        ],
        5,
    ):
        page.line("\t" + row if page.can(row) and page.chance(0.99) else "")
    page.gap()
    page.para("[Dear {handler.formal}:|Dear Claims Adjuster:]")
    page.para(
        "This firm represents [{claimant}||the claimant] in the above matter. [Please direct all further "
        "communication to this office.|]"
    )
    page.para(*page.story(page.rng.randint(1, 2), dated=page.chance(0.5)))
    for cost in page.costs():
        page.draft.add(f"{cost.label}\t{cost.money}\n")
    page.para(
        "[In full settlement our client demands {claimed}.|Demand is hereby made for {claimed}.|Accordingly, we "
        "demand payment of {claimed} within thirty days.||Our demand will follow upon completion of treatment.]",
        "Your offer of {offer} is rejected." if page.chance(0.4) else "",
        "The policy limits are {sum_insured}, as we understand." if page.chance(0.3) else "",
    )
    page.para("This offer expires at 5:00 p.m. on {deadline}.")
    _sign(page)


def particulars(page: Page) -> None:
    """A notice with numbered particulars."""
    page.line(page.pick("NOTICE OF CLAIM", "PARTICULARS OF CLAIM", "STATEMENT OF PARTICULARS", "LEGAL NOTICE"))
    page.line(
        "[BETWEEN|]" if page.chance(0.5) else "",
        "[{claimant}, Claimant||]",
        "and",
        "[{policyholder}, Respondent|{insurer}, Respondent]",
    )
    page.gap()
    page.tell_when(dated=page.chance(0.5))
    points = [
        "[{own_policy}The Claimant holds|At all material times there was in force] [policy {policy_number} "
        "issued by {insurer}||a policy issued by {insurer}].",
        "The claimant was born on {dob} and is a {occupation} by occupation.",
        "{happened}",
        "{damage}",
        "{extra}",
        "Notice was given on {reported}[, and the reference {claim_number} was allotted||].",
        "[The [incident|accident] occurred on {loss}.|The cause of action arose on {loss}.||The date will be "
        "supplied.]",
        "[The claimant claims {claimed}, particulars of which are below.|The loss is quantified at {claimed}.||The "
        "claimant's loss is still accruing.]",
        "Interest is claimed from {letter}.",
    ]
    for number, point in enumerate(points, start=1):
        if page.can(point) and page.chance(0.93):
            page.facts.voice.is_known = False
            page.line(f"{number}.{page.pick(' ', '  ', chr(9))}{point}")
    page.gap()
    for letter, cost in zip("abcdefg", page.costs(), strict=False):
        page.draft.add(f"({letter}) {cost.label}: {cost.money}\n")
    page.filler("legal_standard")
    page.line("Dated {letter}", "{lawyer}", "{law_firm}, for the claimant")


def offer(page: Page) -> None:
    """A letter to settle, without prejudice, with sums offered and refused."""
    with page.changed(wrapped(page.rng.choice((70, 82, 1000)))):
        _letterhead(page)
        page.line(page.pick("WITHOUT PREJUDICE SAVE AS TO COSTS", "Without prejudice", "WITHOUT PREJUDICE"))
        page.line(
            "[{claimant} / {policyholder}|{claimant}: claim {claim_number}||Our client]", "[Claim {claim_number}||]"
        )
        page.gap()
        page.para("{formal_greeting}")
        page.para(
            "We have taken instructions on your letter of {reported}, in which you offer {offer}.",
            "[Our client's claim is, and remains, for {claimed}.|The claim was put at {claimed}, and nothing in your "
            "letter answers that.||The claim cannot be settled until the prognosis is known.]",
            "{assessed} might be acceptable if paid by {deadline}." if page.chance(0.4) else "",
        )
        page.para("To recall the facts:", *page.story(1, dated=page.chance(0.7)))
        page.para(
            "[The policy concerned is {policy_number}.||]",
            "{doctor.titled} expects no [full |]recovery before {appointment}." if page.chance(0.4) else "",
        )
    _sign(page)


def recovery(page: Page) -> None:
    """Lawyers of one insurer claim back from another what it paid its customer."""
    _letterhead(page)
    page.line("{insurer}", "[Your policy {policy_number}||]", "[Your claim {claim_number}||]")
    page.gap()
    page.para("{formal_greeting}")
    page.para(
        "We act for {insurer2} in the recovery of its outlay[, its reference being {file_number}|].",
        "[Its customer, {claimant},||Its customer] suffered loss [on {loss}||recently].",
    )
    page.para(*page.story(0, dated=page.chance(0.4)))
    page.para("[The claim is for {claimed}, made up as below.|{claimed} is claimed.||Payments are still being made.]")
    for cost in page.costs():
        page.draft.add(f"{cost.label} {cost.money}\n")
    page.para(
        page.pick(
            "An excess of {excess} was borne by the customer and is included.",
            "Please confirm the indemnity by {deadline}.",
            "The outlay was paid on {invoiced}.",
        )
    )
    _sign(page)


def schedule_of_loss(page: Page) -> None:
    """A schedule of damages, head by head."""
    page.line(
        page.pick("SCHEDULE OF LOSS", "SCHEDULE OF SPECIAL DAMAGES", "Schedule of past and future loss"),
        "[{claimant}||Claimant]",
        "[Accident|Incident] [{loss}||]" if page.can("{loss}") else "",
    )
    page.line(
        "Prepared {letter} by {law_firm}",
        "[Insurers' ref. {claim_number}||]",
        "[Policy {policy_number}||]",
        "Born {dob}",
    )
    page.gap()
    page.para(*page.story(1, dated=False))
    for number, cost in enumerate(page.costs(), start=1):
        page.draft.add(
            f"{number}. {cost.label[:1].upper()}{cost.label[1:]}\n   "
            f"{page.pick('See invoice', 'Receipts attached', 'Estimated', 'As pleaded')} ... {cost.money}\n"
        )
    page.line(
        "[TOTAL {claimed}|Total special damages {claimed}|Total claimed {claimed}||Total to be advised]",
        "Less received on account {deposit}" if page.chance(0.3) else "",
    )
    page.filler("legal_standard")


def instructed(page: Page) -> None:
    """A few lines to say that a lawyer acts."""
    page.line("{law_firm}", "{letter}", "[Ref {file_number} / {claim_number}||Ref {file_number}]")
    page.gap()
    page.para("{formal_greeting}")
    page.para(
        "We confirm that we now act for [{claimant}||a client] [in connection with {heading}|in this matter].",
        "{happened}",
        "[The claim under {policy_number} [is for|stands at] {claimed}.|The claim is for {claimed}.||]",
        "[The policy is {policy_number}.||]",
        "Authority signed on {received} is enclosed.",
    )
    page.filler("legal_standard")
    page.line("{formal_closing}", "{lawyer}")


def _letterhead(page: Page) -> None:
    page.line("{law_firm}", "{address}" if page.chance(0.7) else "", "Tel. {phone2}" if page.chance(0.5) else "")
    page.gap()
    lines = [
        "{letter}",
        page.pick("Our ref: {file_number}", "Our Ref. {lawyer.familiar}/{file_number}", "File: {file_number}"),
    ]
    if page.chance(0.5):
        lines.append("[Your ref: {claim_number}||Your ref: to be advised]")
    if page.chance(0.3):
        lines.reverse()
    page.line(*lines)
    page.line("{insurer}", "{handler_team}" if page.chance(0.5) else "")
    page.gap()


def _sign(page: Page) -> None:
    page.filler("legal_standard")
    page.line("{formal_closing}")
    page.draft.add(page.pick("", "\n"))
    page.line(
        "{lawyer}",
        "{law_firm}" if page.chance(0.5) else "",
        page.pick("Solicitor", "Partner", "Attorney at Law", "Barrister & Solicitor", "Advocate", ""),
    )
    if page.chance(0.2):
        page.line("cc: [{claimant}||client]")


LAYOUTS = (
    Layout("lawyer-letter-of-claim", letter_of_claim, (LAWYER,), SCANNED),
    Layout("lawyer-demand", demand, (LAWYER,), SCANNED),
    Layout("lawyer-particulars", particulars, (LAWYER, Narrator.ADJUSTER), SCANNED),
    Layout("lawyer-offer", offer, (LAWYER,), SCANNED, held_out=True),
    Layout(
        "lawyer-recovery",
        recovery,
        (Narrator.ADJUSTER,),
        SCANNED,
        (Kind.MOTOR, Kind.PROPERTY, Kind.LIABILITY, Kind.TRAVEL),
    ),
    Layout("lawyer-schedule", schedule_of_loss, (LAWYER,), SCANNED),
    Layout("lawyer-instructed", instructed, (LAWYER,), Noise.TYPED, held_out=True),
)
