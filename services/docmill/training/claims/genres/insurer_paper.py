"""What all insurers' letters have: a head, references, an address to the claimant, the events, an end."""

from docmill.training.claims.noise import shouted
from docmill.training.claims.page import Page, Row


def events(page: Page) -> list[str]:
    """What happened, as far as an insurer repeats it."""
    page.tell_when(dated=page.chance(0.6))
    return ["{happened}", *(["{damage}"] if page.chance(0.6) else [])]


def head(page: Page) -> None:
    """The sender, and a date."""
    sender = page.pick(
        "{insurer}", "{insurer}", "{adjusting_firm}, for and on behalf of {insurer}", "{insurer} - Claims"
    )
    with page.changed(shouted) if page.chance(0.2) else page.changed():
        page.line(sender)
    page.line("{address2}" if page.chance(0.6) else "", "Tel {phone2}" if page.chance(0.4) else "")
    page.gap()
    page.line("{letter}" if page.chance(0.85) else "")


def references(page: Page, rows: list[Row]) -> None:
    """Labelled particulars above the letter."""
    mark = page.pick(": ", ":\t", " - ", "  ")
    if page.chance(0.3):
        page.rng.shuffle(rows)
    for row in rows:
        page.line(f"{row.label}{mark}{row.value}")
    page.gap()


def dear(page: Page) -> None:
    """To the claimant, by a name that is no full one."""
    single = page.claim.parties["claimant"].pronoun in ("he", "she")
    if page.chance(0.4):
        page.line("[{claimant.titled}||The Claimant]", "{address}" if page.chance(0.7) else "")
    page.line(
        page.pick("Dear [{claimant.formal}||Customer],", "Dear [{claimant.formal}||Sir or Madam]:", "Dear Customer,")
        if single
        else page.pick("Dear Sir or Madam,", "Dear Customers,", "Dear Policyholder,", "Dear Sirs,")
    )
    page.gap()


def sign(page: Page) -> None:
    """The end of a letter."""
    page.line("{formal_closing}")
    page.draft.add(page.pick("", "\n"))
    page.line("{handler}", "[Claims [Handler|Examiner|Officer]|Technical Claims|For {insurer}|Divisional Office]")
    if page.chance(0.3):
        page.line(page.pick("cc {broker}", "Encl.", "{page_foot}", "E&OE", "{disclaimer}"))
