"""Long papers about a dispute that no court has written: lawyers' letters of a page and more, statements, answers."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import wrapped
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

CLAIMANT, LAWYER, ADJUSTER = Narrator.CLAIMANT, Narrator.LAWYER, Narrator.ADJUSTER
SCANNED, TYPED = Noise.SCANNED, Noise.TYPED
BLAME = (
    "The {loss_noun} was wholly foreseeable. A modicum of care on the part of {your_insured} would have prevented it.",
    "We have seen nothing to suggest that {my} own conduct contributed in any way, and contributory fault is denied.",
    "{Your_insured} can hardly be heard to say that nobody was to blame; things of this sort do not happen if those in "
    "charge take care.",
    "For the avoidance of doubt, an admission made by {your_insured} to {witness} on the day will be relied upon.",
)
COVERED = (
    "The exclusion on which you rely has no application to these facts, and the burden of bringing yourselves within "
    "it rests upon you.",
    "You have had the papers since {reported}. Every document that you called for was supplied by {received}.",
    "It does not lie in the mouth of an insurer who took a premium of {premium} to say that the risk was unclear.",
    "Your letter quotes half a sentence of the wording. The other half is rather more helpful to us.",
    "Ambiguity, if there is any, is to be construed against whoever drew up the document.",
)
PROSE = (
    "We have now had the opportunity of taking full instructions, and write further to our letter of {reported}.",
    "This letter is written in the spirit of the protocol and with a view to avoiding the cost of litigation.",
    "Time is of the essence. Should you be minded to raise further queries, kindly raise all of them at once.",
    "We would remind you of the duty to handle claims promptly, fairly and in good faith.",
    "The correspondence to date does your company little credit, and will be shown to the court on the issue of costs.",
    "In the alternative, and without derogating from the above, our instructions are to refer the matter to mediation.",
)


def long_demand(page: Page) -> None:
    """A demand under headings, argued at length."""
    stranger = page.claim.by_stranger
    with page.changed(wrapped(page.rng.choice((76, 90, 1000, 1000)))):
        page.line("{law_firm}", "{address2} - Tel. {phone2}", "", "{letter}", "BY [COURIER|REGISTERED POST|EMAIL ONLY]")
        page.gap()
        page.line(
            "{insurer}",
            "Attention: {handler}, {handler_team}",
            "[Re: {claimant} v. {policyholder}|Re: {claimant}|OUR CLIENT: {claimant}||Re: our client]"
            if stranger
            else "[Re: {claimant}|OUR CLIENT: {claimant}|Insured: {claimant}||Re: our client]",
            "[[Your file|Claim no.|Claim]: {claim_number}||Our file: {file_number}]",
            "[[Policy|Policy no.|Under policy] {policy_number}||]",
            "[[D/L|Date of loss|Occurrence]: {loss}||]",
        )
        page.gap()
        page.para("{formal_greeting}")
        page.para(page.pick(*PROSE), "We act, as you know, for [{claimant}||the above]." if page.chance(0.6) else "")
        _heading(page, "Background", "The Facts", "What happened", "Factual Summary")
        page.para(*page.story(page.rng.randint(1, 3), dated=page.chance(0.6)))
        _heading(page, *(("Liability", "Fault", "Negligence") if stranger else ("Coverage", "Your position", "Cover")))
        page.para(*page.rng.sample(BLAME if stranger else COVERED, 2))
        _heading(page, "Damages", "Quantum", "The loss", "Heads of claim")
        mark = page.pick("(i)", "-", "*", "")
        for cost in page.costs():
            page.draft.add(f"   {mark} {cost.label} .... {cost.money}\n")
        page.para(
            "[On that footing the claim is for {claimed}.|The aggregate of the foregoing is {claimed}.|Our client "
            "accordingly seeks {claimed}, and not one penny less.|Total: {claimed}.||The figures are being settled by "
            "{business}.]",
            page.pick(
                "Your proposal of {offer} is derisory and is rejected.",
                "The {assessed} put forward by {adjusting_firm} ignores half of the heads.",
                "Interim payment of {deposit} is requested forthwith.",
                "",
            ),
        )
        page.para(
            page.pick(*PROSE),
            "[Unless payment is received by close of business on {deadline}|Failing a proper reply by {deadline}], "
            "[we hold instructions to issue without further notice|suit will be filed|a complaint will go to the "
            "regulator].",
        )
        page.filler("legal_standard")
    page.line("{formal_closing}", "{lawyer}", "for {law_firm}", "Encl. [correspondence|invoices], [photographs|report]")


def statement(page: Page) -> None:
    """A witness statement or affidavit by the one who claims, in the first person."""
    page.line(
        page.pick("WITNESS STATEMENT", "AFFIDAVIT", "STATUTORY DECLARATION", "SWORN STATEMENT IN PROOF OF LOSS"),
        "[In the matter of a claim against {policyholder}|In the matter of {heading}]"
        if page.claim.by_stranger
        else "In the matter of {heading}",
        "[Claim {claim_number}||File {file_number}]",
    )
    page.gap()
    opening = page.pick(
        "will say as follows:",
        "make oath and say:",
        "do solemnly and sincerely declare:",
        "being duly sworn, depose and state:",
    )
    plural = page.claim.parties["claimant"].pronoun in ("it", "they")
    who = "We" if plural else "I"
    page.para(f"{who}, [{{claimant}}||the undersigned], of {{address}}, {opening}")
    page.tell_when(dated=page.chance(0.6))
    number = 1
    for point in (
        "{I} make{s} this statement from {my} own knowledge save where {I} say{s} otherwise.",
        "Attached and marked A is a copy of [the policy|policy] {policy_number}.",
        "{background}",
        "{happened}",
        "{damage}",
        "[That was on {loss}.|[The date was|I am sure that it was] {loss}, because of what else happened that week.]"
        if not plural
        else "That was on {loss}.",
        "{extra}",
        "{I} reported it on {reported}[ and {was} given the number {claim_number}||].",
        "[The loss is {claimed}, and {I} say{s} so on the strength of papers marked B.|The sum that {I} claim{s} is "
        "{claimed}.|{I} therefore ask{s} for {claimed}.||{I} cannot yet put a figure on it.]",
        "{I} {have} read the report by {adjuster} and do{es} not agree with the {assessed} named there.",
        "{aftermath}",
    ):
        if page.can(point) and page.chance(0.92):
            page.facts.voice.is_known = False
            page.line(f"{number}. {point}")
            number += 1
    page.gap()
    page.line("{declaration}", "[Signed: {claimant}|Signed|{claimant}||Signed]", "Before me, {clerk}, on {received}")


def in_person(page: Page) -> None:
    """A letter before action by one who has no lawyer and has read about the law."""
    page.line("[{claimant}||]", "{address}", "{letter}", "To: {insurer}")
    page.line(page.pick("LETTER BEFORE ACTION", "FINAL DEMAND", "NOTICE OF INTENT TO SUE", "Last chance before court"))
    page.line("[Ref {claim_number}||]", "[Pol {policy_number}||]")
    page.gap()
    page.para(
        page.pick(
            "I have looked up the law and I know that you are in breach of it.",
            "I am not a lawyer, but I can read.",
            "PLEASE READ THIS CAREFULLY BECAUSE I WILL NOT WRITE AGAIN.",
            "My nephew, who is studying law, says that I have a very strong case.",
            "You people have strung me along since {reported} and I have had enough.",
        )
        if page.claim.parties["claimant"].pronoun in ("he", "she")
        else "We have been more than patient.",
        *page.story(page.rng.randint(0, 3), dated=page.chance(0.7)),
    )
    page.para(
        "[You owe {me} {claimed}.|What {I} want{s} is {claimed}, the full amount, none of which {I} will give up."
        "|{My} claim is {claimed} plus court fees of {small_amount}.|The judge will be asked for {claimed}.||What it "
        "all comes to will be for the judge.]",
        page.pick("Your {offer} is an insult.", "You offered {offer}, which does not even cover the half of it.", ""),
        "[{Your_insured} admitted it in front of {witness}!||It is all in your own terms and conditions, page {n}.]",
    )
    page.para("You have until {deadline}.", "{ask}" if page.chance(0.3) else "")
    page.filler("letter_aside")
    page.line("{closing}", "[{claimant}||(signed)]", "c.c. {broker}" if page.chance(0.3) else "")


def answer(page: Page) -> None:
    """An answer to a claim, point by point: what is said, what is denied."""
    page.line(
        page.pick("DEFENCE", "ANSWER", "Response to claim", "POSITION PAPER", "WRITTEN STATEMENT OF THE OPPOSITE SIDE"),
        "[{claimant} v {policyholder}|{claimant} / {insurer}||[-v- ]{insurer}]"
        if page.claim.by_stranger
        else "[{claimant} v {insurer}|{insurer} ats {claimant}||{insurer}]",
        "[Insurer's claim {claim_number}||]",
        "{received}",
    )
    page.gap()
    page.para("What the other side says is, in short, this.")
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.5)))
    number = 1
    for point in (
        "[It is admitted that policy {policy_number} was in force from {inception}.|Policy {policy_number} is known, "
        "its terms are not as pleaded.||It is not admitted that there was cover.]",
        "[It is admitted that something occurred on {loss}; what occurred is in dispute.|As to {loss}, strict proof is "
        "required.||No date is given, and that is not good enough.]",
        "Save as aforesaid each and every allegation is denied[ as if set out and traversed seriatim|].",
        "[The sum of {claimed} is denied in its entirety.|The [demand|claim] for {claimed} is excessive; the experts "
        "found {assessed}.|Of the {claimed} claimed no more than {assessed} could ever be recovered.||No sum is "
        "pleaded.]",
        "The excess of {excess} falls to be deducted in any event.",
        "An offer of {offer} was made on {letter} and remains open until {deadline}.",
        "The earlier matter of {prior_loss} was not disclosed.",
        "Failure to mitigate is alleged. {business} would have done the work for {other_amount}."
        if page.claim.kind is not Kind.HEALTH
        else "The treatment was not [medically necessary|pre-authorised].",
    ):
        if page.can(point) and page.chance(0.85):
            page.line(f"{number}. {point}")
            number += 1
    page.filler("adjuster_remark")
    page.line("{lawyer}, for {insurer}")


def _heading(page: Page, *titles: str) -> None:
    title = page.pick(*titles)
    page.line(page.pick(title, title.upper(), f"{title}:", f"- {title} -"))


LAYOUTS = (
    Layout("legal-long-demand", long_demand, (LAWYER,), SCANNED),
    Layout("legal-statement", statement, (CLAIMANT,), SCANNED),
    Layout("legal-in-person", in_person, (CLAIMANT,), TYPED),
    Layout("legal-answer", answer, (ADJUSTER,), TYPED, held_out=True),
)
