"""What people who have paid send in to have it back: receipts under a few words, lists, sheets of figures."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page
from docmill.training.claims.pools import words
from docmill.training.claims.voice import Narrator

CLAIMANT = Narrator.CLAIMANT
STAYED = words(
    "delay, missed_connection, strike, curtailed, cruise, passport, called_up, cancelled_ill, ill_abroad, ski, "
    "stranded, villa_unfit, called_home"
)


def folio(page: Page) -> None:
    """Hotel and airline receipts pasted under a few words of a traveller."""
    page.line(
        page.pick("Receipts for my claim", "To: travel claims", "EXPENSES - SEE RECEIPTS BELOW", "Pls find recpts")
    )
    page.line(
        "[{claimant}|Name: {claimant}||]", "[Policy {policy_number}||]", "[Your ref {claim_number}||]", "{letter}"
    )
    page.para(*page.story(0, dated=page.chance(0.6), damage=0.4), "[{claim_total}||{no_total}]")
    rule = page.pick("-" * 32, "=" * 24, "* * * * *", "~~~~~")
    senders = [
        "{hotel}\nGUEST FOLIO",
        "{airline}\nE-TICKET RECEIPT {booking_ref}",
        "{tour}\nRECEIPT",
        "{business}\nTAX INVOICE",
    ]
    page.rng.shuffle(senders)
    for sender, cost in zip(senders * 2, page.costs(), strict=False):
        page.line(
            rule, sender, page.pick("No. {invoice_number}", "Room {house_number}", "Served by {clerk.familiar}", "")
        )
        page.draft.add(f"{cost.label}\n")
        page.draft.add(page.pick("TOTAL ", "Paid - card ****44 ", "Amount: ", "") + f"{cost.money}\n")
    page.line(rule)
    page.line(
        "[Sum of all of the above {claimed}|All receipts together = {claimed}|Total spent {claimed}||]"
        if page.chance(0.6)
        else "",
        "[It was {loss}.|Date: {loss}||]" if page.chance(0.5) else "",
    )


def pharmacy(page: Page) -> None:
    """A member asks for money back for a pile of bills."""
    page.line(
        page.pick(
            "REIMBURSEMENT REQUEST",
            "OPD / Pharmacy claim",
            "Out-of-pocket expenses form",
            "Medicines & tests - reimbursement",
            "MEMBER SUBMITTED CLAIM",
        )
    )
    for row in page.field_rows("claimant", "policy_number", "claim_number", "date_of_loss") + page.other_rows(1, 2):
        page.line(f"{row.label}{page.pick(': ', ' - ', '  ')}{row.value}")
    page.line(page.pick("Reason", "Diagnosis", "Condition treated", "What for") + ": {heading}")
    page.para("{happened}" if page.chance(0.7) else "", "{extra}" if page.chance(0.4) else "", end="\n")
    for number, cost in enumerate(page.costs(), start=1):
        page.draft.add(page.pick(f"Bill {number}: ", f"{number}/ ", "Cash memo: ", "Rx: "))
        page.draft.add(f"{cost.label}, {cost.money}\n")
    page.line(
        "[Total {claimed}|Please reimburse {claimed}|Total of bills: {claimed}|Reimburse: {claimed}||Total: to be "
        "computed by you]",
        "[Rupees|Amount in words:] {claimed.words}"
        if page.claim.country == "IN" and page.can("{claimed}") and page.chance(0.5)
        else "",
        "Credit to a/c {account}",
    )
    page.filler_lines("form_notice")
    page.line("[Sign. {claimant}||Signature]   {letter.num}")


def expense_sheet(page: Page) -> None:
    """One's own list of what it cost, as from a spreadsheet."""
    mark = page.pick("\t", ";", " | ", " - ")
    bar = mark.replace("|", "\\|")
    head = [
        f"[Name{bar}{{claimant}}||]",
        f"[Policy{bar}{{policy_number}}||]",
        f"[Claim{bar}{{claim_number}}||]",
        f"[Date{bar}{{loss}}||]",
        f"What{mark}{{heading}}",
    ]
    page.rng.shuffle(head)
    page.line(page.pick("costs.xlsx - Sheet1", "My costs", "EXPENSES", ""), *head)
    page.draft.add(mark.join(("no", "item", "amount", "receipt?")) + "\n")
    for number, cost in enumerate(page.costs(), start=1):
        receipt = page.pick("y", "y", "yes", "lost", "n", "photo")
        page.draft.add(mark.join((str(number), cost.label, cost.bare, receipt)) + "\n")
    page.line(f"[{bar}TOTAL{bar}{{claimed}}{bar}|Sum{bar}{{claimed}}||Sum{bar}#REF!]")
    page.line("notes:")
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.4)))
    page.filler_lines("mail_remark")


LAYOUTS = (
    Layout("expense-folio", folio, (CLAIMANT,), Noise.SCANNED, (Kind.TRAVEL,), STAYED),
    Layout("expense-pharmacy", pharmacy, (CLAIMANT,), Noise.SCANNED, (Kind.HEALTH,)),
    Layout("expense-sheet", expense_sheet, (CLAIMANT,), Noise.TYPED, held_out=True),
)
