"""How a pleading is put: which court, which sides, numbered points. Does not know what sort of paper it is."""

from docmill.training.claims.page import Page

COURTS = {
    "GB": ("IN THE COUNTY COURT AT {town}", "IN THE {town} COUNTY COURT", "SHERIFF COURT AT {town}"),
    "US": (
        "IN THE CIRCUIT COURT OF {town} COUNTY, {region}",
        "SUPERIOR COURT, COUNTY OF {town}\nSTATE OF {region}",
        "IN THE DISTRICT COURT, {town}, {region}\nCIVIL DIVISION",
    ),
    "IE": ("THE CIRCUIT COURT\n{region} CIRCUIT   COUNTY OF {town}", "THE DISTRICT COURT, {town}"),
    "AU": ("LOCAL COURT OF {region}\nRegistry: {town}", "MAGISTRATES' COURT AT {town}, {region}"),
    "IN": ("IN THE COURT OF THE CIVIL JUDGE (SENIOR DIVISION) AT {town}", "BEFORE THE MUNSIFF COURT, {town}"),
    "CA": ("{region}\nPROVINCIAL COURT (SMALL CLAIMS), {town}", "SUPERIOR COURT OF JUSTICE, {town}"),
}
EARLIER = (
    "On {reported} notice was given[, and the [file|claim] was numbered {claim_number}||].",
    "By letter of {letter} {my} demand was [refused|ignored|met with silence].",
    "An offer of {offer} made on {received} was not accepted.",
    "A report by {adjusting_firm} dated {inspected} put the loss at no more than {assessed}, which is not admitted.",
)


def court_heading(page: Page, *, numbered: bool = True) -> None:
    """The name of the court, and perhaps the number that it gave."""
    name = page.text(page.pick(*COURTS[page.claim.country]))
    page.line(name.upper() if page.chance(0.6) else name)
    if numbered and page.chance(0.6):
        page.line(page.pick("Case number {file_number}", "Record No. {file_number}", "Docket {file_number}"))


def name_parties(page: Page, party: str, opponent: str) -> str:
    """Calls the two sides as a pleading does; returns a template of the one that is sued."""
    many = page.claim.parties["claimant"].pronoun == "they"
    page.facts.voice.subject = f"the {party}s" if many else f"the {party}"
    page.facts.voice.insured = (f"the {opponent}", f"the {opponent}'s")
    return "{policyholder}" if page.claim.by_stranger else "{insurer}"


def numbered_points(page: Page, *points: str) -> None:
    """Numbered paragraphs, as far as they can be said."""
    style = page.pick("{}.  ", "{}. ", "{})  ", "\\[{}\\] ")
    number = 1
    for point in points:
        if point and page.can(point):
            page.facts.voice.is_known = False
            page.line(style.format(number) + point)
            number += 1
    page.gap()
