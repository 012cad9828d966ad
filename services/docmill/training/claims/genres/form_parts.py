"""Parts that many forms have: who is insured and who claims, ticks, instructions, costs, signatures."""

from docmill.training.claims.page import Page

INSTRUCTIONS = (
    "Please answer every question fully. Use N/A where a question does not apply.",
    "Complete all sections. Incomplete forms will be returned and the claim will be delayed.",
    "TICK AS APPROPRIATE. Attach originals, not copies.",
    "Do not leave blanks. For sums of money state currency.",
    "To be returned within [14|21|30] days of the occurrence. Late notice may prejudice your claim.",
    "The acceptance of this form is not an admission of liability on the part of the Company.",
    "NOTE: This form is issued without prejudice.",
    "Sections marked * are mandatory. Staple receipts of less than {small_amount} to page [3|4].",
    "Instructions: [a) write legibly b) one form per event c) keep a copy|type or print, sign page 4].",
    "If the loss exceeds {other_amount} do not dispose of anything before our surveyor has called.",
    "For help call {phone2} (weekdays) or mail {insurer.mail} and quote your policy.",
    "Claims over twelve months old cannot be considered.",
    "",
    "",
    "",
)
QUESTIONS_FOOT = (
    "Official use: date stamp {received}   checked by {clerk}   provision {reserve}",
    "FOR INSURER ONLY  File opened {received.num}  Estimate {reserve}  Handler {handler}",
    "Received at counter {received}, {clerk.familiar}",
    "Enclosures: {number_word}",
    "Witnessed by {witness2}, {town}",
    "{page_foot}",
    "",
)
FIELD_SLOTS = ("claim_number", "policy_number", "claimant", "policyholder", "loss.", "loss}", "claimed")
KEPT_SHARE = 0.82


def instruction(page: Page) -> str:
    """A template of a line that tells how to fill in the form, or of none."""
    return page.pick(*INSTRUCTIONS)


def lines(page: Page, *templates: str) -> None:
    """Each on a line of its own; of those that carry no field some are left out, as forms differ."""
    kept = [t for t in templates if any(f"{{{slot}" in t for slot in FIELD_SLOTS) or page.chance(KEPT_SHARE)]
    page.line(*kept)


def age(page: Page) -> int:
    """Of the claimant on the day of the loss, more or less."""
    return page.claim.days["loss"].year - page.claim.days["dob"].year


def insured_first(page: Page, insured: str, stranger: str, *, caps: bool = False) -> None:
    """Lines for who is insured and, where it is another one, who claims; `stranger`: what one is called."""
    claimant = stranger if page.claim.by_stranger else page.pick("Claimant", "Claim made by", "Claimed by")
    claimant = claimant.upper() if caps else claimant
    same = page.claim.parties["policyholder"] is page.claim.parties["claimant"]
    name = page.pick("{claimant}", "{claimant}", "{claimant.listed}") if same else "{policyholder}"
    separator = page.pick(": ", "  ") if not caps else page.pick("  ", "  (First, Middle, Last)  ", "\n")
    page.say(f"{insured}{separator}")
    page.finish(name if page.can(name) else "{blank}")
    if not same:
        page.say(f"{claimant}{separator}")
        page.finish("[{claimant}||{blank}]")


def yes_or_no(page: Page, question: str) -> None:
    """A question with two boxes, of which one is ticked, or none."""
    full, empty = page.rng.choice((("[X]", "[ ]"), ("(x)", "( )"), ("☒", "☐"), ("X", "_"), ("■", "□"), ("/", "")))
    yes, no = page.rng.choice(((full, empty), (empty, full), (empty, full), (empty, empty)))
    page.draft.add(
        page.rng.choice(
            (
                f"{question}  {yes} YES  {no} NO\n",
                f"{question} Yes {yes} No {no}\n",
                f"{question}  Y{yes} N{no}\n",
                f"{question} {'Yes' if yes == full else 'No' if no == full else ''}\n",
            )
        )
    )


def told(page: Page, *, short: bool = False) -> None:
    """What happened, in the box for it."""
    if short and page.chance(0.4):
        page.line(page.pick("{heading}", "Nature of claim: {heading}", "{heading}."))
        return
    page.para(*page.story(0 if short else page.rng.randint(0, 2), dated=page.chance(0.25)), end="\n")


def costs_of(page: Page, *, rand: bool) -> None:
    """The parts of the amount, a line each; `rand`: with the currency."""
    tab = page.pick("\t", "   ", " : ", " ..... ")
    for number, cost in enumerate(page.costs(), start=1):
        page.draft.add(f"{page.pick(f'{number}. ', '')}{cost.label}{tab}{cost.money if rand else cost.bare}\n")


def declared(page: Page) -> None:
    """Small print, a declaration and a signature, or only some of it."""
    page.filler("form_notice", end="\n")
    if page.chance(0.6):
        page.para("{declaration}", "{declaration}" if page.chance(0.3) else "", end="\n")
    page.line(
        page.pick(
            "Signature of [claimant|insured] ____________  Date {letter.num}",
            "Signed at {town} this day {letter.long}",
            "SIGNATURE X          DATE {letter.num}",
            "Place: {town}  Date: {letter.num}  (signed)",
            "",
        ),
        page.pick(*QUESTIONS_FOOT),
    )
