"""Forms whose columns the reader of the scan took apart: labels here, answers there. Of the genre of the forms."""

from docmill.training.claims.genres.clutter import code_rows, identity, odd_rows, unused
from docmill.training.claims.genres.form_parts import costs_of, declared, instruction, told, yes_or_no
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page, Row
from docmill.training.claims.voice import Narrator

CLAIMANT, ADJUSTER = Narrator.CLAIMANT, Narrator.ADJUSTER


def column_blocks(page: Page) -> None:
    """The column of labels was read first, then that of answers, block by block."""
    page.line("{insurer}", page.pick("CLAIM FORM", "{type_title} claim form", "Particulars of claim", "CLAIM REPORT"))
    page.line(instruction(page))
    rows = _filled_rows(page, page.rng.randint(4, 7), 3)
    size = page.rng.choice((2, 3, 4, 5, 8))
    colon = page.pick("", ":", ".", " :")
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        page.draft.add("".join(f"{row.label}{colon}\n" for row in block))
        page.draft.add(page.pick("", "", "\n"))
        for row in block:
            page.finish(row.value)
        page.draft.add(page.pick("", "\n"))
    page.line(page.pick("Details", "Description", "WHAT HAPPENED", "Statement"))
    told(page)
    costs_of(page, rand=page.chance(0.5))
    declared(page)


def split_lines(page: Page) -> None:
    """Labels of two columns on a line; answers below, some slipped a line down and with specks between."""
    page.line(page.pick("CLAIM FORM", "Form {n}", "{insurer}", "NOTIFICATION OF {loss_noun}", "{type_title}"))
    rows = _filled_rows(page, page.rng.randint(4, 7), 3)
    speck = page.pick("", "", ".", "|", "'", "_ _")
    for left, right in zip(rows[::2], rows[1::2], strict=False):
        page.draft.add(f"{left.label}{page.pick('  ', '      ', ' | ')}{right.label}\n")
        page.draft.add(f"{speck}\n" if speck and page.chance(0.4) else "")
        if page.chance(0.3):
            page.line("(" + page.pick("please print", "in full", "state currency", "dd/mm/yy", "if known") + ")")
        page.finish(left.value)
        page.finish(right.value)
    if len(rows) % 2:
        page.line(rows[-1].label, rows[-1].value)
    yes_or_no(page, page.pick("Reported to police", "Other insurance in force", "Previous losses"))
    told(page)
    declared(page)


def mostly_empty(page: Page) -> None:
    """Many fields, few answers, instructions between: nobody filled in more than was needed."""
    page.line("{insurer}", page.pick("GENERAL CLAIM FORM", "CLAIM FORM (all classes)", "FORM OF CLAIM - {type_title}"))
    page.line(instruction(page), instruction(page))
    rows = page.field_rows() + page.other_rows(2, 1) + code_rows(page, 1)
    if page.chance(0.4):
        page.rng.shuffle(rows)
    rule = page.pick(" ", ": ", " ______ ", ":")
    number = 0
    for row in rows:
        for label in unused(page, page.rng.randint(0, 2)):
            number += 1
            page.draft.add(f"{number}. {label}{page.pick(':', ' ______', ' -', '')}\n")
        number += 1
        page.draft.add(f"{number}. {row.label}{rule}")
        page.finish(row.value)
        if page.chance(0.12):
            page.line(instruction(page))
    yes_or_no(page, "Have you any other policy that covers this?")
    told(page, short=page.chance(0.5))
    declared(page)


def ruled_table(page: Page) -> None:
    """A form with ruled lines that the reader took for bars, questions broken over two lines."""
    page.line(page.pick("| {insurer} |", "|| CLAIM FORM ||", "{insurer} | {handler_team}"))
    for number, row in enumerate(_filled_rows(page, page.rng.randint(3, 6), 3), start=1):
        head, _, tail = row.label.partition(" ")
        if tail and page.chance(0.25):  # the question went on below its answer
            page.draft.add(f"| {number} | {head} | ")
            page.say(row.value)
            page.draft.add(f" |\n|   | {tail} |  |\n")
        else:
            page.draft.add(f"| {number} | {row.label} | ")
            page.say(row.value)
            page.draft.add(page.pick(" |\n", "\n", " |  |\n"))
    page.line("| Narrative |")
    told(page)
    if page.chance(0.5):
        costs_of(page, rand=False)
        page.line("| total | {claimed.bare} |")
    declared(page)


def _filled_rows(page: Page, common: int, special: int) -> list[Row]:
    """Rows of all fields among others; none without an answer, which columns read apart would put under a wrong one."""
    rows = [row for row in page.mixed_rows(common, special, disorder=0.4) if row.value != "{blank}"]
    label, number = identity(page)
    for row in [*odd_rows(page, page.rng.randint(0, 2)), Row(label, "id", number)]:
        rows.insert(page.rng.randint(0, len(rows)), row)
    return rows


LAYOUTS = (
    Layout("acord-column-blocks", column_blocks, (CLAIMANT, ADJUSTER), Noise.SCANNED),
    Layout("acord-split-lines", split_lines, (CLAIMANT,), Noise.SCANNED, held_out=True),
    Layout("acord-mostly-empty", mostly_empty, (CLAIMANT, ADJUSTER), Noise.SCANNED),
    Layout("acord-ruled-table", ruled_table, (CLAIMANT,), Noise.SCANNED, held_out=True),
)
