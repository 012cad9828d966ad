"""Forms on paper, filled in by hand or typewriter and read by OCR."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

CLAIMANT = Narrator.CLAIMANT
TITLES = (
    "CLAIM FORM",
    "{type_title} Claim Form",
    "{type_title} CLAIM FORM",
    "NOTICE OF LOSS",
    "Notification of Claim",
    "STATEMENT OF CLAIM",
    "Report of {loss_noun}",
    "CLAIM ADVICE",
    "Form of Claim",
    "{type_title} Notice of Loss",
)


def numbered(page: Page) -> None:
    """Numbered questions with the answer on the same line or the next."""
    _head(page)
    below = page.chance(0.4)
    for number, row in enumerate(page.mixed_rows(page.rng.randint(3, 7), 3, disorder=0.2), start=1):
        page.draft.add(f"{number}{page.pick('.', '.', ')')} {row.label}")
        page.draft.add("\n    " if below else page.pick("  ", ": ", " .... "))
        page.finish(row.value)
    page.draft.add(
        page.pick("Please describe what happened\n", "State fully how the loss occurred:\n", "Give full details\n")
    )
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.3)))
    _cost_table(page)
    _declaration(page)


def label_above(page: Page) -> None:
    """Boxes: a label in small print, the answer on the line below it."""
    _head(page)
    shout = page.chance(0.5)
    for row in page.mixed_rows(page.rng.randint(3, 6), 2, disorder=0.3):
        page.draft.add((row.label.upper() if shout else row.label) + "\n")
        page.finish(row.value)
        page.draft.add(page.pick("", "", "\n"))
    page.draft.add("DETAILS OF INCIDENT\n" if shout else "Details\n")
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.3)))
    _cost_table(page)
    _declaration(page)


def cells(page: Page) -> None:
    """Two boxes side by side: both labels on a line, both answers on the next."""
    _head(page)
    rows = page.mixed_rows(page.rng.randint(5, 8), 3, disorder=0.3)
    gap = page.pick("\t", "\t", "      ")
    for left, right in zip(rows[::2], rows[1::2], strict=False):
        page.draft.add(f"{left.label}{gap}{right.label}\n")
        page.say(left.value)
        page.draft.add(gap)
        page.finish(right.value)
    if len(rows) % 2:
        page.draft.add(f"{rows[-1].label}\n")
        page.finish(rows[-1].value)
    page.gap()
    page.para(*page.story(page.rng.randint(0, 1), dated=page.chance(0.3)))
    _cost_table(page)
    page.filler_lines("form_notice")


def sections(page: Page) -> None:
    """Lettered sections with boxes to tick."""
    _head(page)
    mark = page.pick("[X]", "(x)", "☒", "[x]", "X")
    empty = {"[X]": "[ ]", "(x)": "( )", "☒": "☐", "[x]": "[_]", "X": "_"}[mark]
    titles = iter(("A  ABOUT YOU", "B  YOUR COVER", "C  WHAT HAPPENED", "D  WHAT YOU ARE CLAIMING"))
    page.line("SECTION " + next(titles))
    for row in page.field_rows("claimant") + page.other_rows(2, 0):
        page.line(f"{row.label}: {row.value}")
    page.line("SECTION " + next(titles))
    for row in page.field_rows("policy_number", "claim_number") + page.other_rows(1, 1):
        page.line(f"{row.label}: {row.value}")
    page.line("SECTION " + next(titles))
    for row in page.field_rows("date_of_loss") + page.other_rows(1, 2):
        page.line(f"{row.label}: {row.value}")
    for question in page.rng.sample(
        (
            "Police informed?",
            "Were there witnesses?",
            "Anybody injured?",
            "Is the loss covered elsewhere?",
            "Was it your own property?",
            "Have you claimed before?",
        ),
        3,
    ):
        yes = page.chance(0.5)
        page.draft.add(f"{question}  Yes {mark if yes else empty}  No {empty if yes else mark}\n")
    page.para(*page.story(page.rng.randint(1, 2), dated=page.chance(0.25)), end="\n")
    page.line("SECTION " + next(titles))
    _cost_table(page)
    for row in page.field_rows("claimed_amount"):
        page.line(f"{row.label}  {row.value}")
    _declaration(page)


def loss_notice(page: Page) -> None:
    """A dense notice in capitals, abbreviated, as agents send it."""
    page.line(
        page.pick("{type_title} LOSS NOTICE", "LOSS NOTICE", "NOTICE OF OCCURRENCE / CLAIM", "FIRST REPORT OF LOSS")
        .upper()
        .replace("{TYPE_TITLE}", "{type_title}")
    )
    page.line("AGENCY {broker}   PHONE {phone2}   DATE (MM/DD/YYYY) {letter.num}")
    for row in page.mixed_rows(page.rng.randint(4, 8), 3, disorder=0.2):
        page.draft.add(row.label.upper() + page.pick(" ", "  ", ": "))
        page.say(row.value)
        page.draft.add(page.pick("\n", "\n", "     "))
    page.draft.add("\n")
    page.say(page.pick("DESCRIPTION OF LOSS & DAMAGE ", "DESCRIPTION OF OCCURRENCE: ", "FACTS "))
    page.para(*page.story(page.rng.randint(0, 1), dated=page.chance(0.25)), end="\n")
    page.filler_lines("form_notice")
    page.line("REPORTED BY {spouse}  REPORTED TO {clerk}  {reported.num}")
    page.line("REMARKS ({enclosed})")


def expense_sheet(page: Page) -> None:
    """A sheet of expenses with a total, signed at the foot."""
    page.line(
        page.pick(
            "REIMBURSEMENT REQUEST",
            "EXPENSES CLAIMED",
            "Schedule of expenses",
            "Member claim for benefit",
            "{type_title} - itemised claim",
        )
    )
    page.line("{insurer}, {handler_team}, {address2}")
    page.gap()
    for row in page.field_rows("claimant", "policy_number", "claim_number", "date_of_loss") + page.other_rows(1, 2):
        page.line(f"{row.label}:  {row.value}")
    page.gap()
    page.para(page.pick("Reason: ", "For: ", "") + "{heading}.", *page.story(0, dated=False, damage=0.4))
    tab = page.pick("\t", "    ", "  ..... ")
    page.draft.add(f"{page.pick('Item', 'Particulars', 'Description')}{tab}{page.text('{currency}')}\n")
    for number, cost in enumerate(page.costs(), start=1):
        page.draft.add(f"{page.pick(f'{number}  ', '')}{cost.label}{tab}{cost.bare}\n")
    page.line(
        f"{page.pick('TOTAL', 'Total claimed', 'Sum', 'Grand total', 'TOTAL OF THIS CLAIM')}{tab}{{claimed.bare}}"
    )
    page.line(
        page.pick(
            "In words: {claimed.words} only",
            "(Rupees / amount in words: {claimed.words})",
            "",
            "Less [excess|deductible]{tab}{excess.bare}".replace("{tab}", tab),
            "Already paid by me: {deposit}",
        )
    )
    _declaration(page)


def statement_form(page: Page) -> None:
    """A statement with blanks that are filled in within printed sentences."""
    _head(page)
    fill = page.pick("___", "....", "__", "")
    blanks = page.pick("..........", "__________")
    sentences = (
        f"[I, {fill}{{claimant}}{fill}, residing at {{address}},||I, the undersigned, of {{address}},]",
        f"[{{own_policy}}the holder of policy no. {fill}{{policy_number}}{fill}||claiming under policy no. "
        f"{fill}{{policy_number}}{fill}||{{own_policy}}insured with you under policy {blanks}||claiming under policy "
        f"{blanks}]",
        f"[hereby give notice that on {fill}{{loss}}{fill} at {{time}}||hereby give notice that on {blanks}]",
        "[a loss||an event] took place at {place}.",
    )
    page.para(*sentences)
    page.line(f"[Claim no. (if known): {fill}{{claim_number}}{fill}||Claim no. (if known): {blanks}]")
    page.para("It happened in this way:", *page.story(page.rng.randint(0, 2), dated=False))
    page.para(
        f"[I estimate my loss at {fill}{{claimed}}{fill}[ (say {{claimed.words}})|].||I cannot yet say what it will "
        "cost.]",
        "{excess_remark}" if page.chance(0.4) else "",
    )
    page.line("Signed at {town} on {letter}", "Witness to signature: {witness}")


def stub(page: Page) -> None:
    """A short card, badly written and badly read."""
    page.line(page.pick("Claims card", "CLAIM SLIP", "Notification card", "{insurer}"))
    for row in page.mixed_rows(1, 1, disorder=0.5):
        page.draft.add(row.label + page.pick(" - ", ": ", " "))
        page.finish(row.value)
    page.para("{happened}" if page.chance(0.7) else "{heading}", end="\n")
    page.line("{clerk.familiar} {received.num}")


def intimation(page: Page) -> None:
    """A numbered form of particulars with two columns, and remarks by the office."""
    page.line(
        "{insurer}",
        page.pick(
            "CLAIM INTIMATION CUM CLAIM FORM", "CLAIM FORM - PART A (TO BE FILLED IN BY THE CLAIMANT)", "PROOF OF LOSS"
        ),
    )
    page.line("(The issue of this form is not to be taken as an admission of liability)")
    for number, row in enumerate(page.mixed_rows(page.rng.randint(6, 9), 4, disorder=0.1), start=1):
        page.draft.add(f"{number:02d}  {row.label}".ljust(42))
        page.draft.add(": ")
        page.finish(row.value)
    page.line("{number_word} enclosures.", "Brief facts:")
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.3)))
    page.filler("form_notice")
    page.line("Place: {town}    Date: {letter.num}    Signature")
    page.line("{office_use}: [Reserve|Provision] {reserve}  Entered {received.num}  Dealing officer {handler}")


def schedule(page: Page) -> None:
    """A list of lost or damaged things with when they were bought and what for."""
    _head(page)
    for row in page.field_rows("claimant", "claim_number", "policy_number", "date_of_loss"):
        page.line(f"{row.label} {row.value}")
    page.para(*page.story(0, dated=False, damage=0.3))
    page.draft.add("Description / When bought / Price paid / Amount claimed\n")
    for cost in page.costs():
        year = page.claim.days["loss"].year - page.rng.randint(0, 9)
        paid = page.facts.bare(int(page.rng.uniform(1.1, 1.9) * page.claim.amounts["small_amount"]) // 100 * 100 + 7)
        page.draft.add(f"{cost.label} / {year} / {page.pick(paid, '?', 'gift')} / {cost.bare}\n")
    page.line("{currency} TOTAL / {claimed.bare}")
    _declaration(page)


def _head(page: Page) -> None:
    page.line(page.pick("{insurer}", "{insurer}, {address2}", ""), page.pick(*TITLES))
    if page.chance(0.4):
        page.line(
            page.pick(
                "Please complete in block capitals",
                "Answer all questions. A dash is no answer.",
                "BLACK INK ONLY",
                "Return to {broker}",
                "{office_use}",
            )
        )


def _cost_table(page: Page) -> None:
    if not page.chance(0.5):
        return
    tab = page.pick("\t", "   ", " - ")
    for cost in page.costs():
        page.draft.add(f"{cost.label}{tab}{page.pick(cost.bare, cost.bare, cost.money)}\n")
    if page.chance(0.5):
        page.line(f"{page.pick('Total', 'TOTAL', 'Sum', 'Total')}{tab}{{claimed}}")


def _declaration(page: Page) -> None:
    page.filler("form_notice")
    if page.chance(0.6):
        page.para("{declaration}", end="\n")
    page.line(
        page.pick(
            "Signature ______  Date {letter.num}", "Signed {letter.num}", "Date: {letter}", "Sign: X   {letter.num}", ""
        )
    )
    if page.chance(0.4):
        page.line(page.pick("{page_foot}", "{office_use}: {received.num} / {handler.familiar} / {reserve}"))


LAYOUTS = (
    Layout("form-numbered", numbered, (CLAIMANT,), Noise.SCANNED),
    Layout("form-label-above", label_above, (CLAIMANT,), Noise.SCANNED),
    Layout("form-cells", cells, (CLAIMANT, Narrator.ADJUSTER), Noise.SCANNED),
    Layout("form-sections", sections, (CLAIMANT,), Noise.SCANNED),
    Layout("form-loss-notice", loss_notice, (Narrator.ADJUSTER,), Noise.SCANNED),
    Layout("form-expenses", expense_sheet, (CLAIMANT,), Noise.SCANNED, (Kind.TRAVEL, Kind.HEALTH)),
    Layout("form-statement", statement_form, (CLAIMANT,), Noise.SCANNED, held_out=True),
    Layout("form-stub", stub, (CLAIMANT, Narrator.HANDLER), Noise.SCANNED),
    Layout("form-intimation", intimation, (CLAIMANT, Narrator.ADJUSTER), Noise.SCANNED),
    Layout(
        "form-schedule",
        schedule,
        (CLAIMANT,),
        Noise.SCANNED,
        (Kind.PROPERTY, Kind.TRAVEL, Kind.LIABILITY),
        held_out=True,
    ),
)
