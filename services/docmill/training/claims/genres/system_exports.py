"""What systems hold and print: wide rows, nested records, screens, tickets, with much that is not about the claim."""

from docmill.training.claims.genres import printouts, system_messages
from docmill.training.claims.genres.clutter import code_rows, odd_rows, parties, record, unused
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.numbers import filled
from docmill.training.claims.page import Page, Row
from docmill.training.claims.voice import Narrator

HANDLER, ADJUSTER, CLAIMANT, BROKER = Narrator.HANDLER, Narrator.ADJUSTER, Narrator.CLAIMANT, Narrator.BROKER


def wide_row(page: Page) -> None:
    """A line of headers and one of values, twenty columns and more, some of them empty."""
    separator = page.pick(",", ",", ";", "\t", "|")
    quote = '"' if separator == "," or page.chance(0.2) else ""
    rows = record(page, page.rng.randint(4, 7), 3, page.rng.randint(2, 5), page.rng.randint(1, 4))
    for name in unused(page, page.rng.randint(0, 3)):
        rows.insert(page.rng.randint(0, len(rows)), Row(name, name.lower().replace(" ", "_"), ""))
    by_key = page.chance(0.5)
    heads = [row.key if by_key else row.label for row in rows]
    page.line(page.pick("", "", "claims_extract_0{n}.csv", "# export {received.iso} {clerk.familiar}", "sep=;"))
    page.draft.add(separator.join(f"{quote}{head}{quote}" for head in heads))
    page.draft.add(f"{separator}{quote}{page.pick('narrative', 'Loss description', 'free_text', 'remarks')}{quote}\n")
    for row in rows:
        page.draft.add(quote)
        page.say(row.value)
        page.draft.add(quote + separator)
    page.draft.add(quote)
    page.para(*page.story(page.rng.randint(0, 1), dated=page.chance(0.3)), end=f"{quote}\n")
    page.line(page.pick("", "", "(1 row)", "-- 1 record exported", "EOF"))


def nested_record(page: Page) -> None:
    """Keys and values, set in by what belongs together: claim, policy, parties, amounts."""
    page.draft.add(page.pick("---\n", "", "# generated, do not edit\n"))
    page.draft.add(page.pick("claim:\n", "record:\n", "payload:\n"))
    mark = page.pick("", '"', "'")
    rows = page.field_rows("claim_number", "policy_number", "date_of_loss") + page.other_rows(2, 2)
    rows += code_rows(page, 2)
    page.rng.shuffle(rows)
    for row in rows:
        _entry(page, "  ", row, mark)
    page.draft.add(page.pick("  parties:\n", "  roles:\n", "  people:\n"))
    for role, name in parties(page):
        page.draft.add(f"    - role: {role}\n      name: {mark}")
        page.say(name)
        page.draft.add(f"{mark}\n")
        page.draft.add(page.pick("", "      consent: true\n", "      type: P\n", "      dob:\n"))
    page.draft.add(page.pick("  financials:\n", "  amounts:\n", "  money:\n"))
    money = page.field_rows("claimed_amount") + [row for row in odd_rows(page, 3) if row not in rows]
    page.rng.shuffle(money)
    for row in money:
        _entry(page, "    ", row, mark)
    if costs := page.costs():
        page.draft.add("    lines:\n" + "".join(f"      - [{cost.label}, {cost.bare}]\n" for cost in costs))
    page.draft.add(page.pick("  narrative: |\n    ", "  text: >-\n    ", "  description: "))
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.3)), end="\n")


def _entry(page: Page, indent: str, row: Row, mark: str) -> None:
    page.draft.add(f"{indent}{row.key}: {mark}")
    page.say(row.value)
    page.draft.add(f"{mark}\n")


def web_page(page: Page) -> None:
    """A page of a portal copied as text: menus, buttons, cells one below another."""
    page.line(
        page.pick("Home > Claims > {heading}", "Dashboard  Claims  Policies  Reports  Help  Log out", "Skip to content")
    )
    page.line(page.pick("Welcome, {clerk.familiar}", "Logged in as {handler} ({insurer})", "{insurer} Partner Portal"))
    gap = page.pick("\t", "\n", "  \t", "\n\t")
    for row in record(page, page.rng.randint(3, 6), 3, 1, page.rng.randint(1, 3)):
        page.draft.add(row.label + gap)
        page.finish(row.value)
        page.draft.add(page.pick("", "", "", "", "Edit\n", "(i)\n", "\n", "Copy\n"))
    page.line(page.pick("Overview | Documents (3) | Notes | Payments", "Show more", "Next step: {ask}"))
    if costs := page.costs():
        page.draft.add("Item\tAmount\tStatus\n")
        for cost in costs:
            page.draft.add(f"{cost.label}\t{cost.money}\t{page.pick('open', 'n/a', 'under review')}\n")
    page.line(page.pick("Notes (1)", "Description", "What happened?"))
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.3)), end="\n")
    page.line(page.pick("Print  Close", "Privacy  Terms  Cookies", "Last login {received} {time2}", "(c) {insurer}"))


def bordereau(page: Page) -> None:
    """A line of a bordereau with its headings, on a line each or in columns."""
    page.line(page.pick("CLAIMS BORDEREAU", "Loss bordereau, month of {received.num}", "Coverholder report: {broker}"))
    page.line("Coverholder: {broker}   Insurer: {insurer}   UMR: {file_number}", "Reporting period to {received}")
    special = page.other_rows(1, 3) + odd_rows(page, 3) + code_rows(page, 2)
    rows = page.field_rows() + special
    if page.chance(0.5):
        page.rng.shuffle(rows)
    if page.chance(0.5):
        gap = page.pick(" | ", "\t", "   ")
        page.draft.add(gap.join(row.label for row in rows) + "\n")
        for i, row in enumerate(rows):
            page.draft.add(gap if i else "")
            page.say(row.value)
        page.draft.add("\n")
    else:
        for i, row in enumerate(rows, start=1):
            page.draft.add(f"{page.pick('C', 'Col ', '')}{i} {row.label} = ")
            page.finish(row.value)
    page.line("Reserve {reserve}   Fees {small_amount}   Premium ceded {premium}   Status {status}")
    page.para(page.pick("Comments: ", "Loss details: ", "") + "{heading}.", *page.story(0, dated=page.chance(0.3)))


def screen(page: Page) -> None:
    """A terminal's screen: capitals, short names, codes, function keys at the foot."""
    page.line("CL{n}10M1   {insurer}   {received.num} {time2}", page.pick("CLAIM INQUIRY     PAGE 1 OF 2", "==> ", ""))
    page.draft.add(f"OPER {filled(page.rng, '@@@##')}  TERM {filled(page.rng, '@###')}  FUNC INQ\n")
    short = {"claim_number": "CLM NBR", "policy_number": "POL NBR", "claimant": "CLMT", "date_of_loss": "DOL"}
    short |= {"claimed_amount": "AMT CLMD"}
    values = {
        "claimed_amount": "[{claimed}|{claimed.bare}]",
        "date_of_loss": "[{loss.joined}|{loss.compact}|{loss.num}]",
    }
    rows = []
    for field, label in short.items():
        value = values.get(field, f"{{{field}}}")
        rows.append(Row(label, label, value if page.can(value) else ""))
    rows += page.other_rows(3, 2) if page.chance(0.3) else code_rows(page, 4) + odd_rows(page, 3)
    codes = (
        "DT RPTD {reported.compact}",
        "EFF {inception.joined}",
        "EXP {expiry.joined}",
        "RSV {reserve}",
        "DED {excess}",
    )
    for row in rows:
        page.draft.add(f"{row.label.upper()[:18]}{page.pick('  ', ': ', '. . . ')}")
        page.say(row.value)
        page.draft.add(page.pick("\n", "\n", "    "))
    page.draft.add("\n")
    for code in page.rng.sample(codes, 3):
        page.line(code)
    page.say("LOSS DESC: ")
    page.para("{heading}.", *page.story(0, dated=False, damage=0.5), end="\n")
    page.filler_lines("call_remark", "*")
    page.line(page.pick("PF3=EXIT PF7=BWD PF8=FWD", "F1 HELP  F3 EXIT  F12 CANCEL", "NO MORE DATA", "MORE..."))


def ticket(page: Page) -> None:
    """A ticket with its trail: who changed which field from what to what, and when."""
    key = f"{page.pick('INS', 'OPS', 'FNOL', 'SUP')}-{page.rng.randint(100, 9999)}"
    page.line(f"{key}  {{heading}}", "Reporter: {clerk}   Assignee: {handler}   Priority: [High|Medium|P3]")
    for row in page.field_rows("policy_number", "claimant", "date_of_loss") + page.other_rows(2, 1):
        page.line(f"{row.label}: {row.value}")
    page.line(page.pick("Description", "h3. Description", "Details:"))
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.3)), end="\n")
    page.line(page.pick("Activity", "History", "Audit trail", "Change log"))
    arrow = page.pick("->", "=>", "to", "→")
    changes = [
        f"{{reported.num}} {{clerk.familiar}} set Claim reference: (none) {arrow} {{claim_number}}",
        f"{{received.num}} {{handler}} changed Amount claimed: empty {arrow} {{claimed}}",
        f"{{received.num}} system changed Reserve: 0 {arrow} {{reserve}}",
        f"{{inspected.num}} {{handler2}} changed Assignee: {{handler}} {arrow} {{handler2}}",
        f"{{letter.num}} {{handler}} changed Status: New {arrow} {{status}}",
        "{invoiced.num} import added Invoice: {invoice_number}, {other_amount}",
        f"{{deadline.num}} rule engine changed Due date: {{appointment.num}} {arrow} {{deadline.num}}",
        f"{{received.num}} {{manager}} changed Excess: {{small_amount}} {arrow} {{excess}}",
        "{reported.num} {clerk} linked file {file_number} of {insurer2}",
    ]
    page.line(*changes[:2], *page.rng.sample(changes[2:], 4))
    page.line("Comment by {handler2}, {received}:")
    page.para(*["{call_remark}"] * page.rng.randint(1, 2), end="\n")


def vertical_rows(page: Page) -> None:
    """A record of a database printed column by column, or put into it."""
    rows = record(page, page.rng.randint(3, 6), 3, 3, page.rng.randint(1, 3))
    table = page.pick("claims", "t_claim", "CLM.CLAIM_MASTER", "claim_intake")
    if page.chance(0.4):
        page.draft.add(f"INSERT INTO {table} (" + ", ".join(row.key for row in rows))
        page.draft.add(") VALUES (")
        for i, row in enumerate(rows):
            page.draft.add(", '" if i else "'")
            page.say(row.value)
            page.draft.add("'")
        page.draft.add(");\n")
    else:
        page.draft.add(page.pick("*" * 20 + " 1. row " + "*" * 20, "-\\[ RECORD 1 \\]---".replace("\\", "")) + "\n")
        width, mark = page.rng.randint(14, 22), page.pick(": ", " | ")
        for row in rows:
            page.draft.add(f"{row.key.rjust(width) if width % 2 else row.key.ljust(width)}{mark}")
            page.finish(row.value or "NULL")
        page.draft.add("1 row in set (0.0" + str(page.rng.randint(1, 9)) + " sec)\n")
    page.draft.add(page.pick("-- note: ", "loss_text: ", "/* "))
    page.para(*page.story(page.rng.randint(0, 1), dated=page.chance(0.3)), end="\n")


LAYOUTS = (
    Layout("system-wide-row", wide_row, (HANDLER, ADJUSTER, CLAIMANT), Noise.CLEAN),
    Layout("system-nested", nested_record, (HANDLER, CLAIMANT, ADJUSTER), Noise.CLEAN),
    Layout("system-web-page", web_page, (CLAIMANT, HANDLER, BROKER), Noise.CLEAN, held_out=True),
    Layout("system-bordereau", bordereau, (BROKER, ADJUSTER), Noise.CLEAN),
    Layout("system-screen", screen, (HANDLER,), Noise.CLEAN),
    Layout("system-ticket", ticket, (HANDLER, CLAIMANT), Noise.TYPED),
    Layout("system-vertical", vertical_rows, (HANDLER, ADJUSTER), Noise.CLEAN, held_out=True),
    *system_messages.LAYOUTS,
    *printouts.LAYOUTS,
)
