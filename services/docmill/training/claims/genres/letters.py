"""Letters on paper: from claimants, their relatives, brokers and companies."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import wrapped
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

CLAIMANT, RELATIVE, BROKER = Narrator.CLAIMANT, Narrator.RELATIVE, Narrator.BROKER


def plain(page: Page) -> None:
    """A private letter: address, date, greeting, what happened, what is asked, signature."""
    with page.changed(wrapped(page.rng.choice((64, 72, 80, 1000)))):
        _address_block(page, "{address}")
        _to_insurer(page)
        page.line("{letter}")
        page.gap()
        page.line("{greeting}")
        page.gap()
        _subject(page)
        page.para(*page.story(page.rng.randint(0, 2)))
        body = ["{policy_is}", "{claim_is}"]
        page.rng.shuffle(body)
        page.para(*body, *(["{inception_remark}"] if page.chance(0.3) else []))
        page.para(
            "[{claim_total}||{no_total}]",
            *(["{excess_remark}"] if page.chance(0.35) else []),
            *(["{enclosed}"] if page.chance(0.5) else []),
        )
        page.para("{ask}")
    _sign(page)


def rambling(page: Page) -> None:
    """One long paragraph from somebody who is upset."""
    page.line("{letter.long}", "{greeting}")
    page.gap()
    openings = (
        "I am writing to you because I do not know whom else to write to[, and my {driver.familiar} said that I "
        "should|].",
        "I never thought that I would have to write this letter.",
        "I have tried to ring you [four|six] times and always get music, so here it is in writing.",
        "It has been a dreadful [week|month] and I will try to put everything in order.",
    )
    page.para(
        page.pick(*openings),
        *page.story(3),
        "[{claim_total}||{no_total}]",
        page.pick("{policy_is}", "{policy_is} {inception_remark}", "{inception_remark} {policy_is}"),
        "{claim_is}",
        "{excess_remark}" if page.chance(0.4) else "",
        "{ask}",
        "{ask}",
    )
    _sign(page)


def follow_up(page: Page) -> None:
    """A second letter, about papers and money that are still missing."""
    with page.changed(wrapped(page.rng.choice((68, 76, 1000)))):
        page.line("[{claimant}|From: {claimant}||]", "{address}")
        page.gap()
        page.line("{letter}")
        page.line("[Your ref: {claim_number}||Your ref: not known to me]", "[Policy: {policy_number}||]")
        page.gap()
        page.line("{formal_greeting}")
        page.gap()
        page.para(
            "{chaser}",
            "{chaser}",
            "[Let me remind you that this concerns|It is about] the {loss_noun} [of {loss}||last month]: {heading}.",
        )
        page.para(*page.story(1, dated=False))
        page.para(
            "[You have had my figures since {reported}: {claimed} in all, not the {offer} that you offer.|I ask once "
            "more for {claimed}.|{claim_total}||{no_total}]",
            "{ask}",
        )
    _sign(page)


def broker_letter(page: Page) -> None:
    """A broker passes a claim on, with references at the head."""
    page.line("{broker}", "{address2}", "Tel {phone2}")
    page.gap()
    page.line("[To: |]{insurer}, {handler_team}", "Date: {letter}")
    rows = [
        "Our ref: {file_number}",
        "[Your ref: {claim_number}|Your claim: {claim_number}||]",
        "[Insured|Our client|Client]: {policyholder}",
        "Policy: {policy_number}",
        "[D/L|Date of loss|DOL]: {loss}",
        *(["[Claimant|Third party]: {claimant}"] if page.claim.by_stranger else []),
    ]
    if page.chance(0.4):
        page.rng.shuffle(rows)
    page.line(*rows)
    page.gap()
    page.line("{formal_greeting}")
    page.gap()
    page.para(
        page.pick(
            "Please accept this as notice of a claim.",
            "We have been asked to report the following.",
            "We write on behalf of the above and would ask you to open a file.",
            "Further to our call of {reported}, here are the particulars.",
        ),
        *page.story(page.rng.randint(0, 2), dated=page.chance(0.4)),
    )
    page.para(
        "[The claim is [presented|put] at {claimed}.|The amount claimed is {claimed}[, before the excess of {excess}|"
        "].|Quotations come to {claimed}.||Costs are to be advised.]",
        *(["The sum insured is {sum_insured}."] if page.chance(0.4) else []),
        *(["{enclosed}"] if page.chance(0.5) else []),
    )
    page.para(
        page.pick(
            "Kindly appoint an adjuster.",
            "Please deal with our client direct on {phone}.",
            "We look forward to your instructions.",
            "Would you let us have a claim form if you need one.",
        )
    )
    page.filler("mail_remark")
    page.line("{formal_closing}", "{broker_person}", "[Claims Executive|Account Handler|Director|for {broker}]")


def on_behalf(page: Page) -> None:
    """A relative writes for somebody who cannot."""
    with page.changed(wrapped(page.rng.choice((66, 78, 1000)))):
        _to_insurer(page)
        page.line("{letter}")
        page.gap()
        page.line("{greeting}")
        page.gap()
        page.para(
            "I write for [{claimant}||someone in my family], [who is not able to do so|who has asked me to|as {my} "
            "English is not so good|with a signed authority].",
            "[The policy is {policy_number}.||I could not find the policy.]",
        )
        page.para(*page.story(page.rng.randint(1, 2)))
        page.para(
            "[The costs so far are {claimed}[, which {I} had to pay|].|Altogether it has cost {claimed}.|"
            "{claim_total}||{no_total}]",
            "[You sent us the number {claim_number}.|{claim_is}||]",
            "{ask}",
        )
    page.filler("letter_aside")
    page.line("{closing}", "{spouse}", page.pick("(for the claimant)", "Tel. {phone}", ""))


def company_letter(page: Page) -> None:
    """A company claims, with headings and a table of costs."""
    page.line("{claimant}", "{address}", "Tel {phone}  {claimant.mail}" if page.can("{claimant}") else "Tel {phone}")
    page.gap()
    page.line("{insurer}", "{address2}")
    page.gap()
    page.line("{letter}")
    page.line(page.pick("RE: {heading}", "Subject: our claim", "Re. {type_product}", "NOTICE OF CLAIM"))
    page.line("[Policy number {policy_number}||]", "[Claim {claim_number}||]", "[Date of loss {loss}||]")
    page.gap()
    page.line("{formal_greeting}")
    page.gap()
    for title, sentences in (
        (page.pick("What happened", "1. Circumstances", "Background"), page.story(1, dated=page.chance(0.4))),
        (
            page.pick("Cover", "2. Policy", "Insurance"),
            ["[The premises and contents are insured for {sum_insured}.|{inception_remark}]", "{excess_remark}"],
        ),
    ):
        page.line(title)
        page.para(*sentences)
    page.line(page.pick("Amount", "3. Quantum", "What we claim"))
    for cost in page.costs():
        page.draft.add(f"- {cost.label}: {cost.money}\n")
    page.para(
        "[Total: {claimed}|In total we claim {claimed}.|Sum claimed {claimed}, exclusive of tax||Figures will follow.]"
    )
    page.filler("mail_remark")
    page.line(
        "{formal_closing}",
        "{manager}",
        page.pick("Managing Director", "Office Manager", "Company Secretary", "Partner", "Facilities"),
    )


def covering(page: Page) -> None:
    """A few lines that go with papers."""
    page.line("{letter}", "{insurer}")
    page.gap()
    page.line("[Claim {claim_number}|Re: {claim_number}||Re: new claim]")
    page.line("[{claimant}||]")
    page.gap()
    page.para(
        page.pick("Please find enclosed", "I enclose, as you asked,", "Herewith", "Enclosed are"),
        page.pick(
            "the filled-in form, two estimates and the photographs.",
            "all receipts, which come to [{claimed}||more than I thought].",
            "the papers for my claim of [{claimed}||an amount to be agreed].",
        ),
        "[They concern|This is about] the {loss_noun} [of {loss}||we spoke of].",
    )
    page.para("{policy_is}", "{heading}.")
    page.line("{closing}", "[{claimant}||{spouse.familiar}]")


def answers(page: Page) -> None:
    """Numbered answers to an insurer's questions, which are repeated in short."""
    page.line("{address}", "{letter}")
    page.gap()
    page.line(
        "{handler_team}, {insurer}", "[Your letter of {reported}, ref. {claim_number}||Your letter of {reported}]"
    )
    page.gap()
    page.line("{formal_greeting}")
    page.para("You ask [seven|six|a number of] questions; I answer them in turn.")
    questions = [
        ("When", "[{loss}, at about {time}.||I noticed only later.]"),
        ("Where", "{place}."),
        ("Who was there", "{witness} and {my} [neighbour|colleague], {witness2}."),
        ("How", "{happened}"),
        ("What was damaged", "{damage}"),
        ("How much", "[{claimed}.|{claimed}, as per the bills.||Not known yet.]"),
        ("Policy", "[{policy_number}, since {inception}.||You must have it.]"),
        ("Other insurance", "None."),
        ("Earlier claims", "One, on {prior_loss}, for {small_amount}."),
    ]
    page.tell_when(dated=False)
    for number, (question, answer) in enumerate(questions, start=1):
        if page.can(answer) and page.chance(0.9):
            page.facts.voice.is_known = False
            page.line(f"{number}. {question}{page.pick('?', ':', ' -')} {answer}")
    page.gap()
    page.para("{ask}")
    _sign(page)


def subject_block(page: Page) -> None:
    """A letter whose references are set as a block under the greeting."""
    with page.changed(wrapped(page.rng.choice((70, 1000)))):
        _address_block(page, "{address}")
        page.line("{letter}")
        page.gap()
        _to_insurer(page)
        page.line("{formal_greeting}")
        page.gap()
        mark = page.pick(":\t", ": ", " - ", "    ")
        for row in page.field_rows("claimant", "policy_number", "claim_number", "date_of_loss", "claimed_amount"):
            page.line(f"{row.label}{mark}{row.value}")
        page.gap()
        page.para(
            page.pick(
                "I refer to the above.",
                "The above refers.",
                "With reference to the above I would like to make a claim.",
                "I write about the matter named above.",
            ),
            *page.story(page.rng.randint(1, 3), dated=False),
        )
        page.para("{excess_remark}" if page.chance(0.4) else "", "{enclosed}", "{ask}")
    _sign(page)


def _address_block(page: Page, address: str) -> None:
    name = "[{claimant}\n||]" if page.chance(0.5) else ""
    page.say(name)
    separator = page.pick("\n", "\n", ", ")
    page.draft.add(separator.join(page.text(address).split(", ")) + "\n")
    if page.chance(0.5):
        page.line(page.pick("{phone}", "Tel: {phone}", "[{claimant.mail}||{phone}]"))
    page.gap()


def _to_insurer(page: Page) -> None:
    page.line("{insurer}", "{handler_team}" if page.chance(0.6) else "")
    if page.chance(0.5):
        page.line("{address2}")
    page.gap()


def _subject(page: Page) -> None:
    if page.chance(0.6):
        page.line(
            page.pick(
                "[Re: claim {claim_number}||Re: {heading}]",
                "[Policy {policy_number}||Claim] - {heading}",
                "Re: {heading_or_plain}[, {loss}||]",
                "[Ref: {claim_number} / {policy_number}||{type_title} claim]",
                "{type_title} claim",
            )
        )
        page.gap()


def _sign(page: Page) -> None:
    page.filler("letter_aside")
    page.line("{closing}")
    page.draft.add(page.pick("", "\n", "\n\n"))
    page.line("[{claimant}|{claimant.titled}|{claimant}||]")
    if page.chance(0.2):
        page.line(page.pick("{page_foot}", "P.S. {extra}", "cc {broker}"))


LAYOUTS = (
    Layout("letter-plain", plain, (CLAIMANT,), Noise.SCANNED),
    Layout("letter-rambling", rambling, (CLAIMANT,), Noise.TYPED),
    Layout("letter-follow-up", follow_up, (CLAIMANT,), Noise.TYPED),
    Layout("letter-broker", broker_letter, (BROKER,), Noise.SCANNED),
    Layout("letter-on-behalf", on_behalf, (RELATIVE,), Noise.TYPED, held_out=True),
    Layout("letter-company", company_letter, (CLAIMANT,), Noise.SCANNED, (Kind.MOTOR, Kind.PROPERTY, Kind.LIABILITY)),
    Layout("letter-covering", covering, (CLAIMANT,), Noise.SCANNED),
    Layout("letter-answers", answers, (CLAIMANT,), Noise.TYPED),
    Layout("letter-subject-block", subject_block, (CLAIMANT,), Noise.SCANNED, held_out=True),
)
