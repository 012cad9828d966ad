"""What systems print for a file: index sheets of scans, lists whose records take several lines."""

from docmill.training.claims.genres.clutter import code_rows, odd_rows, record
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.numbers import filled
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator


def index_sheet(page: Page) -> None:
    """The cover sheet of a scan: what it is indexed under, then the first words of what was read."""
    page.line(page.pick("DOCUMENT INDEX", "Scan cover sheet", "*** SEPARATOR SHEET ***", "Mailroom index"))
    page.draft.add(f"*{filled(page.rng, '########')}*   box {filled(page.rng, '@##')}\n")
    rows = page.field_rows() + page.other_rows(2, 1) + code_rows(page, 2)
    page.rng.shuffle(rows)
    joint = page.pick(": ", "=", "\t", " > ")
    for row in rows:
        page.draft.add(f"{row.label}{joint}")
        page.finish(row.value)
    page.line(
        "Scanned {received} {time2} by {clerk}", page.pick("Pages {n}", "Doc type: correspondence", "Route: {handler}")
    )
    page.line(page.pick("Full text:", "OCR preview:", "Content"))
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.4)), end="\n")


def printed_list(page: Page) -> None:
    """A list off a line printer: ruled headings over several lines, and the one record below them."""
    width = page.rng.randint(44, 76)
    rule = page.pick("-", "=", "*") * width + "\n"
    page.line("{insurer}   [CLAIMS REGISTER|OPEN CLAIMS|LOSS RUN|NEW LOSSES]   RUN {received.num} {time2}   PAGE {n}")
    page.draft.add(rule)
    rows = record(page, page.rng.randint(2, 5), 2, 1, page.rng.randint(1, 3))
    size = page.rng.randint(3, 5)
    parts = [rows[i : i + size] for i in range(0, len(rows), size)]
    gap = page.pick("   ", "  ", " / ")
    if page.chance(0.6):  # all headings first, then all lines of the record
        for part in parts:
            page.draft.add(gap.join(row.label.upper() for row in part) + "\n")
        page.draft.add(rule)
        for part in parts:
            _values(page, [row.value for row in part], gap)
    else:
        for part in parts:
            page.draft.add(gap.join(row.label.upper() for row in part) + "\n")
            _values(page, [row.value for row in part], gap)
    page.draft.add(rule)
    page.para("{heading}.", *page.story(0, dated=page.chance(0.3)), end="\n")
    for row in odd_rows(page, 2):
        page.line(f"  {row.label.upper()} {row.value}")
    page.line(page.pick("*** END OF REPORT ***", "1 CLAIM LISTED", "TOTALS SUPPRESSED", ""))


def _values(page: Page, values: list[str], gap: str) -> None:
    for i, value in enumerate(values):
        page.draft.add(gap if i else "")
        page.say(value)
    page.draft.add("\n")


LAYOUTS = (
    Layout("system-index-sheet", index_sheet, (Narrator.CLAIMANT, Narrator.HANDLER), Noise.SCANNED, held_out=True),
    Layout("system-printed-list", printed_list, (Narrator.HANDLER, Narrator.ADJUSTER), Noise.CLEAN),
)
