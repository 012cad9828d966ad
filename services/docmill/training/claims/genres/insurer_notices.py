"""Insurers' letters beyond the usual course: they reserve, recover, pay, refer and pass on."""

from docmill.training.claims.bank import address, drawn, kind_of, name_claimant
from docmill.training.claims.genres.insurer_paper import dear, events, head, references, sign
from docmill.training.claims.noise import shouted, wrapped
from docmill.training.claims.page import Page

BANK = "insurers"
INSURED_AS = {  # how the insured who is written to about somebody's claim is called
    "firm": (("your firm", "your"), ("the insured", "the insured's")),
    "person": (("our insured", "our insured's"), ("the policyholder", "the policyholder's")),
}


def reservation(page: Page) -> None:
    """A long and careful letter that promises nothing."""
    page.line(
        page.pick("VIA CERTIFIED MAIL, RETURN RECEIPT", "By registered post", "BY EMAIL AND POST", "CONFIDENTIAL")
    )
    head(page)
    with page.changed(shouted) if page.chance(0.3) else page.changed():
        references(page, page.field_rows())
    page.line(page.pick("RESERVATION OF RIGHTS", "Notice of reservation", "Re: coverage position"))
    if page.claim.by_stranger:
        page.line(page.pick("To the Insured, {policyholder}:", "Dear {policyholder.formal}:", "Dear Insured:"))
    else:
        address(page)
        dear(page)
    page.para(
        "{Insurer} [acknowledges receipt of|has reviewed] the [above matter|notice of {reported}] and will [continue "
        "to investigate|investigate it] under a full and complete reservation of rights.",
        "[The demand is for {claimed}.|The claim as presented is for {claimed}, which has not been agreed.||No sum has "
        "been claimed to date.]",
    )
    page.para(
        page.pick("It is [alleged|stated|reported] as follows.", "Facts:", "The allegations, which may be untrue:"),
        *events(page),
    )
    page.para(page.pick("We draw attention to these provisions:", "The policy states, in part:"), end="\n")
    for clause in drawn(page, BANK, f"clause.{kind_of(page.claim)}", page.rng.randint(2, 4)):
        page.line("    " + clause)
    page.gap()
    cautious = drawn(page, BANK, "cautious", page.rng.randint(2, 9))
    for start in range(0, len(cautious), 3):
        page.para(*cautious[start : start + 3])
    sign(page)


def recovery(page: Page) -> None:
    """To the other side's insurer: what our insured lost is asked back."""
    name_claimant(page, "our insured", "our policyholder", "our member")
    page.facts.voice.insured = page.rng.choice((("your insured", "your insured's"), ("your driver", "your driver's")))
    head(page)
    page.line("To: {insurer2}, [Recoveries|Subrogation Unit|Motor Claims], {address2}")
    theirs = page.claim.by_stranger  # the policy is that of the one who is to pay
    page.line("[Our insured|Claimant]: {claimant}", "Your insured: {policyholder}" if theirs else "")
    page.line(
        ("Your claim" if theirs else "[Our claim|Our file]") + ": {claim_number}",
        ("Your policy" if theirs else "[Policy|Insured under]") + " {policy_number}",
        "[Our|Your] ref: {file_number}",
        "[D.O.L. {loss}|Date of loss: {loss}]",
    )
    page.gap()
    page.line(page.pick("Dear Sirs,", "Dear Colleague,", "Dear Recoveries Team,", "Sir/Madam:"))
    page.gap()
    page.para(
        page.pick(
            "We act as insurer of the above and hold you responsible.",
            "Please treat this as our subrogated demand.",
            "Our outlay is set out below; kindly put us in funds.",
        ),
        *page.story(page.rng.randint(0, 1), dated=page.chance(0.4), damage=1),
    )
    page.line(*[f"{cost.label}{page.pick('  ', ': ')}{cost.money}" for cost in page.costs()])
    page.para(
        "[We look to you for {claimed}.|The claim against you is for {claimed}, our insured's excess of {excess} "
        "included.|Total demand: {claimed}.||Outlay to be confirmed.]",
        page.pick(
            "Please accept liability by {deadline}, failing which the matter goes to arbitration.",
            "Your driver's account, if any, is awaited since {reported}.",
            "An offer of {offer} made by telephone on {received} is rejected.",
        ),
    )
    sign(page)


def subrogation_receipt(page: Page) -> None:
    """The insured signs over what may be had from somebody else."""
    address(page)
    head(page)
    page.line(page.pick("LETTER OF SUBROGATION", "SUBROGATION RECEIPT AND AUTHORITY", "Recovery of our outlay"))
    page.gap()
    dear(page)
    page.para(
        "Having [agreed|dealt with] your claim[ of {claimed}| for {claimed}||][ for the {loss_noun} of {loss}||], we "
        "have the right to recover what we pay from whoever caused it.",
        *events(page),
        "We [need|would be glad of] your signature, and the name of any witness such as {witness}.",
    )
    page.para(
        "[Policy {policy_number}|The insurance is {policy_number}||The policy number is on your schedule]. [Quote "
        "{claim_number} in reply.|Our number is {claim_number}.||]",
        *drawn(page, BANK, "standing", page.rng.randint(1, 3)),
    )
    page.para(
        "RECEIVED from {insurer}, by [me|the undersigned][, {claimant}||], the sum of {assessed}, in consideration of "
        "which [I|the undersigned] assign all rights against [{business}|{insurer2}|any person liable]. Uninsured "
        "losses, put at {small_amount}, [are|are not] included.",
        "Dated ________ Signature ________",
    )
    sign(page)


def payment_advice(page: Page) -> None:
    """A remittance slip or an explanation of benefits: hardly a sentence."""
    page.line("{insurer}", page.pick("PAYMENT ADVICE", "Explanation of benefits", "REMITTANCE", "Settlement statement"))
    page.line(page.pick("THIS IS NOT A BILL", "Payment run {letter.num}", "Advice no. {invoice_number}", ""))
    page.gap()
    mark = page.pick(": ", " : ", "\t", "  ")
    for row in page.mixed_rows(page.rng.randint(1, 3), page.rng.randint(1, 3)):
        page.line(f"{row.label}{mark}{row.value}")
    page.line(f"[Reason|For|In respect of]{mark}{{heading}}")
    page.gap()
    for cost in page.costs():
        page.draft.add(f"{cost.label}\t{cost.bare}\n")
    page.line(
        f"[Presented|Billed|Total submitted|Claimed]{mark}{{claimed}}" if page.chance(0.6) else "",
        f"[Not payable|Disallowed|Reductions]{mark}{{small_amount}}",
        f"[Excess|Deductible|Co-pay]{mark}{{excess}}",
        f"[AMOUNT PAID|Paid this time|Net settlement|Credited to {{account}}]{mark}{{offer}}",
        f"Payee{mark}[{page.pick('{business}', '{broker}', 'the policyholder', 'the account on file')}|as above]",
    )
    page.gap()
    page.tell_when(dated=False)
    page.para("[Remarks|Note]: {damage}" if page.chance(0.5) else "", *drawn(page, BANK, "settling", 2))


def progress(page: Page) -> None:
    """A modern insurer keeps the customer posted, on first-name terms."""
    address(page)
    friendly = drawn(page, BANK, "friendly", page.rng.randint(2, 6))
    page.line(page.pick("Hi [{claimant.familiar}||there],", "Hello [{claimant.familiar}||again]!", "Hey,"))
    page.gap()
    page.para(
        page.pick("Here's where things are at.", "A quick update on your claim.", "We promised news, so here it is."),
        *friendly[:2],
    )
    page.line(page.pick("THE STORY SO FAR", "Where we are", "So far", "Recap"))
    days = page.claim.days
    steps = [
        ("reported", "{reported.short} - you told us about it. {happened}"),
        (
            "inspected",
            "{inspected.short} - {adjuster.familiar} of {adjusting_firm} had a look[ and thinks {assessed}|]",
        ),
        ("letter", "{letter.short} - we [got|logged] your figures[: {claimed} in total|, {claimed} all in||]"),
        *([("received", "{received.short} - an early payment of {deposit} went out")] * page.chance(0.5)),
    ]
    ordered = [step for _, step in sorted(steps, key=lambda step: days[step[0]])]
    ordered.append("Next - [a decision by {deadline.short}|we need one more photo|someone calls you on {phone}]")
    page.tell_when(dated=True)
    dot = page.pick("* ", "> ", "", "- ")
    for step in ordered:
        if page.can(step):
            page.say(dot, step, "\n")
    page.gap()
    page.para("In short: {damage}" if page.chance(0.4) else "", *friendly[2:])
    page.line(page.pick("The boring bits", "For your records", "Small print"))
    for row in page.field_rows("claim_number", "policy_number", "claimant", "date_of_loss"):
        page.line(f"{row.label}: {row.value}")
    page.gap()
    page.line(page.pick("Cheers,", "Speak soon,", "Take care,"), "{handler.familiar}[ and the team at {insurer}|]")


def authority(page: Page) -> None:
    """An administrator asks the insurer for leave to settle."""
    with page.changed(wrapped(page.rng.choice((70, 84, 1000)))):
        page.line("{adjusting_firm} - [Third Party Administrator|Delegated Claims|Claims Services]", "{letter}")
        page.line("To {insurer}, {handler}", page.pick("REQUEST FOR AUTHORITY", "Large loss advice", "Referral"))
        page.gap()
        page.para(
            "We seek authority in [claim {claim_number}||a matter to be numbered][ ({claimant})||], [policy "
            "{policy_number}||policy to be traced].",
            *page.story(page.rng.randint(0, 2), dated=True, damage=0.8),
        )
        page.para(
            "[Presented: {claimed}.|Claimed: {claimed}; we think {assessed} nearer the mark.||Not yet presented.]",
            "Our delegated limit is {other_amount}.",
            "Reserve [currently|now] {reserve}, [excess {excess}|fees {small_amount} to date|premium {premium} paid].",
            "We recommend [an offer of {offer}|that you pay|a nuisance payment of {offer}|that rights be reserved].",
        )
        page.filler("adjuster_remark")
        page.line("{formal_closing}", "{adjuster}, [Technical Claims|Team Leader|for {adjusting_firm}]")


def notice_to_insured(page: Page) -> None:
    """The insured is told that somebody claims."""
    name_claimant(page, "the claimant", "the third party", "the person claiming")
    page.facts.voice.insured = page.rng.choice(
        INSURED_AS["person" if page.claim.scenario.insured == "person" else "firm"]
    )
    head(page)
    page.line("{policyholder}", "{address}")
    page.gap()
    page.line(page.pick("Dear Policyholder,", "Dear {policyholder.formal},", "Dear Sir or Madam:", "Dear Sirs,"))
    page.line("[Your policy {policy_number}||Your policy with us]", "[Our file {claim_number}||]")
    page.gap()
    page.para(
        "We have received [notice of a claim|a letter of claim|correspondence] from [{law_firm}, for {claimant}|"
        "{claimant}||somebody who says he or she was injured or suffered loss][ about {loss}|||].",
        page.pick("It reads, in short:", "What is alleged is this.", "We set out the allegations."),
        *events(page),
    )
    page.para(
        "[They want {claimed}.|The sum demanded is {claimed}, against a limit of {sum_insured}.||No figure is given.]",
        *drawn(page, BANK, "cautious", page.rng.randint(1, 3)),
        page.pick(
            "Please let us have by {deadline} your own version, the accident book and the names of staff on duty.",
            "Do not reply to them. Pass on any paper, unanswered, to {handler}.",
            "Tell us who was on duty; {manager} was named to us.",
        ),
    )
    sign(page)
