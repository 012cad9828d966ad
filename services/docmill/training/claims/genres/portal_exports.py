"""What claims systems print: key and value, JSON, XML, tables, screens."""

import re

from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page, Row
from docmill.training.claims.voice import Narrator

HANDLER, ADJUSTER = Narrator.HANDLER, Narrator.ADJUSTER


def key_value(page: Page) -> None:
    """Sections of `Label: value`."""
    colon = page.pick(": ", ": ", " : ", ":\t", " = ")
    page.line(
        page.pick(
            "{insurer}", "{insurer} - claim summary", "CLAIM RECORD", "{type_title} claim", "Extract from claims system"
        )
    )
    page.gap()
    for title, rows in (
        (page.pick("CLAIM", "1 Claim", "Claim details", "== Claim =="), page.mixed_rows(page.rng.randint(3, 6), 0)),
        (page.pick("RISK", "2 Details", "Particulars", "== Further details =="), page.other_rows(2, 3)),
    ):
        page.line(title)
        for row in rows:
            _pair(page, row, colon)
        page.gap()
    page.line(page.pick("Description:", "LOSS DESCRIPTION", "Notes", "Circumstances as reported:"))
    page.para(*page.story(page.rng.randint(0, 3), dated=page.chance(0.3)))
    _costs(page, "{label}{colon}{money}", colon)
    page.filler_lines(page.pick("call_remark", "adjuster_remark"))


def dotted(page: Page) -> None:
    """Labels led to their values by dots, as old printers did."""
    width = page.rng.randint(24, 34)
    fill = page.pick(".", ".", "_", " ", "-")
    page.line(
        page.pick(
            "*** CLAIM ENQUIRY ***", "CLAIMS MASTER - DISPLAY", "{insurer} CLM010 INQUIRY", "{type_title} CLAIM ENQUIRY"
        )
    )
    page.line(page.pick("RUN DATE {received} {time2}", "USER {handler.familiar}  TERM 04", "{received}"))
    page.gap()
    for row in page.mixed_rows(page.rng.randint(4, 8), page.rng.randint(1, 3), disorder=0.2):
        label = row.label.upper() if fill != "_" else row.label
        page.say(f"{label} ".ljust(width, fill).replace("[", "(") + " ")
        page.finish(row.value)
    page.gap()
    page.para(page.pick("REMARKS: ", "MEMO: ", "TEXT: ") + "{heading}.", *page.story(1, dated=False, damage=0.5))
    page.filler_lines("call_remark", page.pick("  ", "** "))


def json_dump(page: Page) -> None:
    """An object as a program logs it, nested or flat."""
    indent = page.pick("  ", "    ", "\t")
    rows = page.mixed_rows(page.rng.randint(3, 7), page.rng.randint(1, 3))
    inner = page.other_rows(2, 2)
    page.draft.add("{\n")
    if page.chance(0.6):
        page.say(
            f'{indent}"{page.pick("event", "type", "schema")}": '
            f'"{page.pick("claim.created", "FNOL", "claim", "ClaimSubmitted", "loss_notice")}",\n'
        )
    for row in rows:
        page.draft.add(f'{indent}"{row.key}": "')
        page.say(row.value)
        page.draft.add('",\n')
    if inner:
        page.draft.add(f'{indent}"{page.pick("details", "risk", "meta", "data")}": {{\n')
        for row in inner:
            page.draft.add(f'{indent}{indent}"{row.key}": "')
            page.say(row.value)
            page.draft.add('",\n')
        page.draft.add(f"{indent}}},\n")
    for key in ("items", "lineItems", "costs") if page.chance(0.2) else ("items",):
        if costs := page.costs():
            lines = [f'{indent}{indent}{{"desc": "{cost.label}", "amount": "{cost.bare}"}}' for cost in costs]
            page.draft.add(f'{indent}"{key}": [\n' + ",\n".join(lines) + f"\n{indent}],\n")
            break
    page.draft.add(f'{indent}"{page.pick("description", "narrative", "lossDescription", "notes")}": "')
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.3)), end='"\n}')


def xml_message(page: Page) -> None:
    """A message between systems, in tags."""
    root = page.pick("ClaimNotification", "Claim", "LossNotice", "claimSubmission", "FNOL")
    page.draft.add(page.pick('<?xml version="1.0" encoding="UTF-8"?>\n', ""))
    page.draft.add(f"<{root}>\n")
    for row in page.mixed_rows(page.rng.randint(4, 8), 3):
        tag = _tag(row.label)
        page.draft.add(f"  <{tag}>")
        page.say(row.value)
        page.draft.add(f"</{tag}>\n")
    page.draft.add("  <Narrative>")
    page.para(*page.story(1, dated=page.chance(0.3)), end="</Narrative>\n")
    for cost in page.costs():
        page.draft.add(
            f"  <Item><Text>{cost.label}</Text><Value "
            f'currency="{page.claim.texts["currency"]}">{cost.bare}</Value></Item>\n'
        )
    page.draft.add(f"</{root}>")


def csv_lines(page: Page) -> None:
    """A header and a record, or a pair a line, with separators."""
    separator = page.pick(";", ";", ",", "|", "\t")
    rows = page.mixed_rows(page.rng.randint(3, 6), 2)
    if page.chance(0.5):
        page.draft.add(separator.join(row.key for row in rows) + "\n")
        for i, row in enumerate(rows):
            page.draft.add(('"' if separator == "," else "") if i == 0 else ('","' if separator == "," else separator))
            page.say(row.value)
        page.draft.add('"\n' if separator == "," else "\n")
    else:
        page.draft.add(page.pick(f"field{separator}value\n", ""))
        for row in rows:
            page.draft.add(f"{row.key}{separator}")
            page.finish(row.value)
    page.draft.add(page.pick("# comment: ", "NOTE" + separator, "remark" + separator, "\nfree text: "))
    page.para("{heading}.", *page.story(page.rng.randint(0, 2), dated=page.chance(0.3)))


def pipe_table(page: Page) -> None:
    """A table with ruled columns, as wikis and tickets show it."""
    page.line(page.pick("# {heading}", "## Claim intake", "Ticket: {heading}", "*{type_title} - intake*"))
    page.gap()
    page.draft.add("| Field | Value |\n|---|---|\n")
    for row in page.mixed_rows(page.rng.randint(4, 7), page.rng.randint(1, 3)):
        page.draft.add(f"| {row.label} | ")
        page.say(row.value)
        page.draft.add(" |\n")
    page.gap()
    if costs := page.costs():
        page.draft.add(f"| Item | {page.text('{currency}')} |\n|---|---|\n")
        page.draft.add("".join(f"| {cost.label} | {cost.bare} |\n" for cost in costs))
        page.say("| **Total** | {claimed.bare} |\n")
        page.gap()
    page.para("{inception_remark}", *page.story(2, dated=page.chance(0.4)))


def two_columns(page: Page) -> None:
    """A screen printed as text: two pairs on a line."""
    page.line("{insurer}" + page.pick("   CLAIMS WORKBENCH", "   Loss summary", "  | Claim overview"))
    page.draft.add("-" * page.rng.randint(50, 78) + "\n")
    rows = page.mixed_rows(page.rng.randint(5, 8), 3)
    gutter = page.pick("    ", "\t", "   |  ", "        ")
    for i, row in enumerate(rows):
        page.say(f"{row.label}{page.pick(':', ':', '')} ", row.value)
        page.draft.add(gutter if i % 2 == 0 else "\n")
    page.draft.add("\n" + "-" * page.rng.randint(50, 78) + "\n")
    page.para(page.pick("Loss text: ", "Synopsis - ", "") + "{heading}.", *page.story(1, dated=page.chance(0.3)))
    _costs(page, "  {label}    {bare}", "")


def event_log(page: Page) -> None:
    """A claim's header, then what was done when."""
    page.line(page.pick("CLAIM HISTORY", "Activity log", "Audit trail", "File history: {heading}"))
    for row in page.field_rows("claim_number", "policy_number", "claimant", "date_of_loss"):
        page.line(f"{row.label}: {row.value}")
    page.gap()
    page.line("{reported.num} {time2}  [Claim registered|FNOL created|Notice logged] ([{channel}|user 0114])")
    page.para("{reported.num}  Description: ", "{heading}.", *page.story(1, dated=False), end="\n")
    events = [
        "{letter.num}  [Reserve set|Reserve raised to] {reserve} [({handler})|]",
        "{inspected.num}  [Inspection by|Visit of] {adjuster}, {adjusting_firm}",
        "{invoiced.num}  [Invoice {invoice_number} received from|Bill from] {builder}: {small_amount}",
        "{received.num}  [Claim form|Document] received, [amount claimed|total on form|claim presented at] {claimed}",
        "{received.num}  Letter to policyholder, [premium {premium} outstanding|excess {excess} applies]",
        "{deadline.num}  [Diary|Reminder]: {ask}",
        "{appointment.num}  Payment on account {deposit} [approved|declined]",
    ]
    for event in page.rng.sample(events[:3] + events[4:], 3) + events[3:4]:
        page.line(event)
    page.line(page.pick("-- end of file --", "Status: {status}", "{number_word} entries hidden", ""))


def settings_style(page: Page) -> None:
    """Sections and keys as in a settings file."""
    page.line(page.pick("\\[claim\\]", "claim:", "--- claim"))
    rows = page.mixed_rows(page.rng.randint(3, 6), 2)
    mark = page.pick(" = ", ": ", "=")
    for row in rows:
        page.draft.add(page.pick("  ", "  ", "\t") + row.key + mark)
        page.finish(row.value)
    page.line(page.pick("\\[loss\\]", "loss:", "--- loss"))
    page.draft.add(f"  summary{mark}")
    page.line("{heading}")
    page.draft.add(f"  text{mark}")
    page.para(*page.story(page.rng.randint(1, 2), dated=page.chance(0.3)))
    for i, cost in enumerate(page.costs(), start=1):
        page.draft.add(f"  item_{i}{mark}{cost.label} / {cost.bare}\n")


def _pair(page: Page, row: Row, colon: str) -> None:
    page.draft.add(row.label + colon)
    page.say(row.value)
    page.draft.add("\n")


def _costs(page: Page, pattern: str, colon: str) -> None:
    for cost in page.costs():
        line = pattern.replace("{label}", cost.label).replace("{colon}", colon)
        page.draft.add(line.replace("{money}", cost.money).replace("{bare}", cost.bare) + "\n")


def _tag(label: str) -> str:
    return re.sub(r"\W+", "", label.title()) or "Value"


LAYOUTS = (
    Layout("portal-key-value", key_value, (HANDLER, ADJUSTER), Noise.CLEAN),
    Layout("portal-dotted", dotted, (HANDLER, ADJUSTER), Noise.CLEAN),
    Layout("portal-json", json_dump, (HANDLER, ADJUSTER, Narrator.CLAIMANT), Noise.CLEAN),
    Layout("portal-xml", xml_message, (ADJUSTER, Narrator.CLAIMANT), Noise.CLEAN, held_out=True),
    Layout("portal-csv", csv_lines, (HANDLER,), Noise.CLEAN),
    Layout("portal-pipe-table", pipe_table, (ADJUSTER, HANDLER), Noise.CLEAN),
    Layout("portal-two-columns", two_columns, (HANDLER, ADJUSTER), Noise.CLEAN, held_out=True),
    Layout("portal-event-log", event_log, (HANDLER,), Noise.CLEAN),
    Layout("portal-settings", settings_style, (ADJUSTER, Narrator.CLAIMANT), Noise.CLEAN),
)
