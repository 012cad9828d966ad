"""Papers of courts and tribunals: pleadings, complaints, forms, notices.

The number that a court gives is none of the claim's.
"""

from docmill.training.claims.genres.pleading import EARLIER, court_heading, name_parties, numbered_points
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

CLAIMANT, LAWYER, ADJUSTER = Narrator.CLAIMANT, Narrator.LAWYER, Narrator.ADJUSTER
SCANNED, TYPED, CLEAN = Noise.SCANNED, Noise.TYPED, Noise.CLEAN


def particulars(page: Page) -> None:
    """A pleading in numbered paragraphs, as courts in the English tradition want it."""
    title = "Plaintiff" if page.claim.country in ("IE", "IN", "CA") else page.pick("Claimant", "Plaintiff", "Pursuer")
    sued = name_parties(page, title, "Defendant")
    court_heading(page)
    page.line(
        "[BETWEEN:|Between|]", f"[{{claimant}}||(the above named)]     {title}", "- and -", f"{sued}    Defendant"
    )
    page.line(page.pick("PARTICULARS OF CLAIM", "STATEMENT OF CLAIM", "PLAINT", "CIVIL BILL", "Points of Claim"))
    page.gap()
    page.tell_when(dated=page.chance(0.7))
    numbered_points(
        page,
        "{I} {am} and {was} at all material times [resident|ordinarily resident] at {address}."
        if page.claim.parties["claimant"].pronoun in ("he", "she", "they")
        else "{I} trade{s} from {address}.",
        "[{Your_insured} [was|is] insured by {insurer} under policy {policy_number}.||By a policy of insurance "
        "numbered {policy_number} the Defendant agreed to indemnify {me} against the risks named in it.||Cover was in "
        "force from {inception}.]",
        "{happened}",
        "{damage}",
        "[[The said|The aforesaid] {loss_noun} occurred on [or about |]{loss}.]",
        "[The [matters complained of were|same was] caused by the negligence, breach of duty and breach of statutory "
        "duty of {your_insured}, by servants or agents.||The Defendant has in breach of contract failed and refused "
        "to pay the sum due or any part of it.]",
        "{extra}" if page.chance(0.6) else "",
        page.pick(*EARLIER),
        "By reason of the foregoing {I} {have} suffered loss, damage[, inconvenience|] and expense.",
    )
    page.line("PARTICULARS OF [SPECIAL DAMAGE|LOSS|LOSS AND EXPENSE]")
    for letter, cost in zip("abcdefgh", page.costs(), strict=False):
        page.draft.add(f"({letter})  {cost.label}   {cost.money}\n")
    page.gap()
    page.line(f"AND the {title} claims:")
    numbered_points(
        page,
        "[The sum of {claimed}|Damages in the sum of {claimed}|Payment of {claimed} or such other sum as the Court "
        "thinks fit||Damages to be assessed];",
        "Interest [pursuant to statute|at the court rate] from {letter};",
        "Costs.",
    )
    page.filler("legal_standard")
    page.line(
        "STATEMENT OF TRUTH: the facts stated above are believed to be true." if page.chance(0.5) else "",
        "Dated {received}",
        "{law_firm}",
        f"Solicitors for the {title}",
    )


def complaint(page: Page) -> None:
    """An American complaint: caption, allegations, counts, a prayer."""
    sued = name_parties(page, "Plaintiff", "Defendant")
    court_heading(page, numbered=False)
    page.line(
        "[{claimant},||PLAINTIFF,]",
        "          Plaintiff,",
        "     v.                              Case No. {file_number}",
        f"{sued},",
        "          Defendant[.|, et al.|; DOES 1-10, inclusive.]",
        "___________________________/" if page.chance(0.5) else "",
        page.pick("COMPLAINT FOR DAMAGES", "COMPLAINT AND JURY DEMAND", "PETITION", "VERIFIED COMPLAINT"),
    )
    page.gap()
    page.para(
        f"[COMES NOW the Plaintiff[, {{claimant}}|], by and through undersigned counsel|Plaintiff[ {{claimant}}|], by "
        f"counsel], and for a cause of action against {sued} alleges as follows:"
    )
    page.line("[FACTS COMMON TO ALL COUNTS|FACTUAL ALLEGATIONS|GENERAL ALLEGATIONS]")
    page.tell_when(dated=page.chance(0.7))
    numbered_points(
        page,
        "This is an action for damages [in excess of {deposit}, exclusive of interest and costs|within the "
        "jurisdiction of this Court].",
        "{happened}",
        "{damage}",
        "[The events giving rise to this action took place on [or about |]{loss}.]",
        "{extra}" if page.chance(0.6) else "",
        "[{Your_insured} was covered by {insurer} under Policy No. {policy_number}, with limits of {sum_insured}.||"
        "Defendant issued Policy No. {policy_number} to {me} for a premium of {premium}.]",
        "[A claim was presented and given the number {claim_number}.]",
        page.pick(*EARLIER),
    )
    count = (
        "[COUNT I - NEGLIGENCE|COUNT ONE (Negligence)]" if page.claim.by_stranger else "COUNT I - BREACH OF CONTRACT"
    )
    page.line(count)
    page.para(
        "Plaintiff realleges the foregoing paragraphs. "
        + (
            "{Your_insured} owed {me} a duty of reasonable care and breached it."
            if page.claim.by_stranger
            else "All conditions precedent have been performed. Defendant has wrongfully [denied|underpaid|sat on] it."
        )
    )
    for cost in page.costs():
        page.draft.add(f"     {cost.label}: {cost.money}\n")
    page.para(
        "WHEREFORE, Plaintiff [prays for|demands] judgment [in the amount of {claimed}|for {claimed}|in the sum of "
        "{claimed}||in an amount to be proven at trial], [together with|plus] costs[, pre-judgment interest|] and "
        "such other relief as is [just|just and proper].",
        "PLAINTIFF DEMANDS TRIAL BY JURY." if page.chance(0.5) else "",
    )
    page.filler("legal_standard")
    page.line("Respectfully submitted,", "/s/ {lawyer}", "{law_firm}", "Attorneys for Plaintiff", "Dated: {received}")


def small_claims(page: Page) -> None:
    """A form that people fill in without a lawyer."""
    sued = "{policyholder}" if page.claim.by_stranger else "{insurer}"
    court_heading(page, numbered=False)
    page.line(
        page.pick(
            "SMALL CLAIM - ORDER TO GO TO COURT", "Plaintiff's Claim", "Small Claims Form 1", "CLAIM FORM (money)"
        )
    )
    page.line("Court use only: [fee paid|fee due] {small_amount}   No. {file_number}   hearing {appointment}")
    page.tell_when(dated=page.chance(0.4))
    asked = [
        "The plaintiff (the person, business or public body that is suing) is: [{claimant}||________]",
        "Street address: {address}   Phone: {phone}",
        f"The defendant (who is being sued) is: {sued}",
        "[The plaintiff claims the defendant owes: {claimed}|How much do you want? {claimed}|Amount owed, without "
        "court fees: {claimed}||How much do you want? to be decided by the judge]",
        "Why does the defendant owe this money? {happened} {damage}",
        "When did this happen? [{loss}||{when_vague}]",
        "[How did you calculate the money owed? see list|How was it worked out? receipts and quotes]",
        "Have you asked the defendant to pay before you sue? [Yes, on {reported}|Yes, in writing ({letter})]",
        "Is there insurance? [{insurer}, policy {policy_number}|policy {policy_number}||not known]",
        "[Reference given by them: {claim_number}||Reference given by them: none]",
        "Have you filed more than 12 small claims in the last 12 months? No",
        "Is your claim about an attorney-client fee dispute? No",
    ]
    mark = page.pick("", "{} ", "({}) ", "Q{}. ")
    for number, question in enumerate((q for q in asked if page.chance(0.93)), start=1):
        page.facts.voice.is_known = False
        page.say(mark.format(number))
        page.finish(question)
    for cost in page.costs():
        page.draft.add(f"   - {cost.label} {cost.money}\n")
    page.line("{page_foot}" if page.chance(0.4) else "")
    page.line(
        "I declare under penalty of perjury that this is true. Date {letter.num}", "[Signed {claimant}||(signature)]"
    )


def arbitration(page: Page) -> None:
    """A notice that refers a dispute to arbitration, an ombudsman or a mediator."""
    name_parties(page, page.pick("Claimant", "Applicant", "Complainant"), "insured")
    page.line(
        page.pick(
            "NOTICE OF ARBITRATION",
            "DEMAND FOR ARBITRATION",
            "Request for Mediation",
            "COMPLAINT TO THE INSURANCE OMBUDSMAN",
            "Referral to Dispute Resolution",
            "NOTICE OF APPRAISAL DEMAND",
        ),
        "Reference {file_number} / {letter}",
    )
    page.gap()
    page.line(
        "Party A: [{claimant}||withheld]",
        "Party B: {insurer}, {address2}",
        "[Policyholder: {policyholder}|]" if page.claim.by_stranger else "",
        "[Contract: {policy_number} ({inception} - {expiry})|Contract in dispute: {policy_number}||]",
        "[Respondent's file: {claim_number}||]",
        "[Date of the event: {loss}||]",
    )
    for title, sentences in (
        ("Background", page.story(page.rng.randint(0, 2), dated=page.chance(0.6))),
        (
            "The dispute",
            [
                page.pick(*EARLIER),
                page.pick(
                    "Liability under the contract is accepted; the amount is not.",
                    "The parties are in deadlock, and the internal complaints procedure has been exhausted.",
                    "The Respondent relies on an exclusion that was never explained.",
                    "Thirty days have passed since the final response.",
                ),
            ],
        ),
        (
            "Relief sought",
            [
                "[An award of {claimed}.|Payment of the claim in the full amount of {claimed}.|In dispute is "
                "the whole claim, {claimed}.||An award of such amount as the arbitrator may fix.]",
                "Interest from {invoiced}, and the fee of {small_amount}." if page.chance(0.5) else "",
            ],
        ),
        (
            "Procedure",
            ["We nominate {witness2} as [arbitrator|appraiser|umpire]. Seat: {home_town}. Reply by {deadline}."],
        ),
    ):
        page.line(page.pick("", "## ", "* ") + title)
        page.para(*sentences)
    page.filler("legal_standard")
    page.line("{lawyer}", "for [{claimant}||the referring party]")


def consumer_complaint(page: Page) -> None:
    """A complaint to the commission that hears consumers in India, or to the office that watches over insurers."""
    if page.claim.country == "IN":
        _to_commission(page)
    else:
        _to_regulator(page)


def _to_regulator(page: Page) -> None:
    office = page.pick("Insurance Regulator", "Department of Insurance", "Financial Services Complaints Office")
    page.line(f"{office}, {{region}}", "CONSUMER COMPLAINT AGAINST [AN INSURER|A COMPANY]", "Complaint {file_number}")
    rows = [
        "Complainant: [{claimant}||anonymous at own wish]",
        "Complaint against: {insurer}" + (" (insurer of {policyholder})" if page.claim.by_stranger else ""),
        "[Policy or certificate: {policy_number}||Policy or certificate: unknown to complainant]",
        "[Company's claim number: {claim_number}||]",
        "Reason: [delay|denial|unsatisfactory offer|no answer]",
        "[Date of the loss: {loss}||]",
        "[Amount in dispute (whole claim): {claimed}|Claimed from company: {claimed}||Amount in dispute: not stated]",
        "Have you hired an attorney or {solicitor}? [No|Yes, {lawyer}]",
    ]
    page.line(*(row for row in rows if page.chance(0.95)))
    page.line("Tell us what happened, in order.")
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.6)))
    page.para(page.pick(*EARLIER), page.pick(*EARLIER) if page.chance(0.4) else "")
    page.line("What would you consider a fair resolution?")
    page.para(
        "[Payment of {claimed}.|All of it, {claimed}.|The {claimed}, and a letter of apology.||A proper decision.]"
    )
    page.line("{declaration}", "{letter}")


def _to_commission(page: Page) -> None:
    name_parties(page, "Complainant", "insured")
    page.line(
        "BEFORE THE HON'BLE DISTRICT CONSUMER COMMISSION, " + page.text("{town}").upper(),
        "Consumer Complaint No. ____ of " + page.text("{past_year}"),
        "[IN THE MATTER OF:|]",
        "[{claimant}, R/o {address}|{claimant}||The Complainant, R/o {address}]                     ... Complainant",
        "Versus",
        "{insurer}, through its [Branch Manager|Managing Director], {address2}          ... Opposite Party",
    )
    page.line("MOST RESPECTFULLY SHOWETH:")
    page.tell_when(dated=page.chance(0.7))
    numbered_points(
        page,
        "That the Complainant is a law abiding citizen[ (occupation: {occupation})|] and a consumer within the "
        "meaning of the Act.",
        "[That {your_insured} had obtained policy bearing no. {policy_number} from the OP.||That the Complainant had "
        "obtained {a type_product} bearing no. {policy_number} from the OP on payment of premium of {premium}.]",
        "That the facts are as under. {happened}",
        "That thereafter: {damage}",
        "[That the date of {loss_noun} is {loss}.]",
        "[That due intimation was given to the OP and claim no. {claim_number} was allotted on {reported}.||That due "
        "intimation was given to the OP on {reported}.]",
        "That the OP [repudiated the claim on flimsy grounds|kept sitting over the claim|offered a meagre sum of "
        "{offer}] vide letter dated {letter}.",
        "That the surveyor {adjuster} assessed {assessed} without application of mind.",
        "That there is gross deficiency in service and unfair trade practice on the part of the OP.",
        "That the cause of action first arose on {reported} and is continuing.",
    )
    for cost in page.costs():
        page.draft.add(f"\t{cost.label}\t{cost.money}\n")
    page.para(
        "PRAYER: It is therefore prayed that the OP be directed to pay [the claim amount of {claimed}|a sum of "
        "{claimed} ({claimed.words} only) towards the claim|{claimed}||the claim amount with interest].",
        "Any other order as deemed fit may also be passed." if page.chance(0.6) else "",
    )
    page.filler("legal_standard")
    page.line("{home_town}, dated {received.num}", "Complainant, through {lawyer}, Advocate")


LAYOUTS = (
    Layout("court-particulars", particulars, (LAWYER,), SCANNED),
    Layout("court-complaint", complaint, (LAWYER,), CLEAN),
    Layout("court-small-claims", small_claims, (CLAIMANT,), SCANNED),
    Layout("court-arbitration", arbitration, (LAWYER, ADJUSTER), TYPED),
    Layout("court-consumer", consumer_complaint, (CLAIMANT,), SCANNED, held_out=True),
)
