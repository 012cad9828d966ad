"""What systems send each other and write to their logs: lines, segments, resources, cases made of mails."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.genres.clutter import code_rows, odd_rows, parties, record
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.numbers import filled
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

HANDLER, ADJUSTER, CLAIMANT = Narrator.HANDLER, Narrator.ADJUSTER, Narrator.CLAIMANT


def log_lines(page: Page) -> None:
    """Lines of a program's log: a time, a level, a part of the program, keys and values."""
    hour, second = page.rng.randint(0, 23), page.rng.randint(0, 2000)
    stamp = page.pick("{received.iso}T", "{received.iso} ", "{received.num} ")
    mark = page.pick("=", "=", ": ", '="')
    end = '"' if mark == '="' else ""

    def lead(level: str) -> None:
        nonlocal second
        second += page.rng.randint(0, 90)
        page.say(stamp)
        part = page.pick("intake", "fnol-svc", "claims.api", "gw")
        page.draft.add(f"{hour:02d}:{second // 60:02d}:{second % 60:02d} {level} {part} ")

    lead("INFO")
    page.draft.add(f"request {filled(page.rng, '@@##-####')} accepted, {page.rng.randint(1, 30)} kB\n")
    rows = record(page, page.rng.randint(3, 5), 2, 2, page.rng.randint(1, 2))
    size = page.rng.randint(1, 4)
    for start in range(0, len(rows), size):
        lead(page.pick("INFO", "DEBUG", "DEBUG", "WARN"))
        page.draft.add(page.pick("parsed ", "field ", "", "save "))
        for row in rows[start : start + size]:
            page.draft.add(f"{row.key}{mark}")
            page.say(row.value)
            page.draft.add(f"{end} ")
        page.draft.add("\n")
    lead("INFO")
    page.draft.add("text=" + '"')
    page.para(*page.story(page.rng.randint(0, 1), dated=page.chance(0.3)), end='"\n')
    lead(page.pick("WARN", "DEBUG", "INFO"))
    page.line(page.pick("retry 1 of 3", "queued for {handler_team}", "validation: dob {dob.iso} ok", "done in {n} ms"))


def case_mail(page: Page) -> None:
    """A case that a mail became: headers, what a robot found, then the mail and what stands below it."""
    page.line(f"New case {page.rng.randint(10**6, 10**7)} was created from an e-mail", "Queue: {handler_team}")
    page.line("From: {spouse.mail}", "To: {insurer.mail}", "Received: {received} {time2}", "Subject: {heading}")
    page.line(
        page.pick("Sentiment: neutral", "Language: en", "Attachments: {n} (image001.png, scan.pdf)", "SLA: {deadline}")
    )
    page.line(page.pick("Extracted:", "-- detected fields --", "Form data", "Auto-filled from form:"))
    for row in page.field_rows() + page.other_rows(1, 1) + code_rows(page, 1):
        page.draft.add(f"{page.pick('* ', '- ', '')}{row.label}{page.pick(': ', ' -> ', ' = ')}")
        page.finish(row.value)
    page.line(page.pick("Original message:", "---- body ----", "Message text"))
    page.say("{greeting}\n")
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.3)), end="\n")
    page.para("{ask}", end="\n")
    by_relative = page.facts.voice.narrator is Narrator.RELATIVE
    page.line("{closing}", page.pick("{spouse}", "{spouse.familiar}") if by_relative else "{claimant}")
    page.line(page.pick("{sent_from}", "{disclaimer}", ""))
    page.line(page.pick("\\[ref:{booking_ref}:ref\\]", "Unsubscribe", "Do not reply above this line"))


def resource(page: Page) -> None:
    """A resource of a claim in nested braces, as health systems send it."""
    ident = filled(page.rng, "########-####")
    page.draft.add(f'{{\n "resourceType": "Claim",\n "id": "{ident}",\n "status": "active",\n "use": "claim",\n')
    _quoted(page, " ", '"identifier": [{"system": "urn:payer", "value": "', "{claim_number}", '"}],')
    page.say(f' "created": "{page.pick("{received.iso}", "{letter.iso}")}",\n')
    _quoted(page, " ", '"patient": {"display": "', "[{claimant}|{claimant.listed}]", '"},')
    page.say(' "insurer": {"display": "'.replace("{", "\\{"), '{insurer}"', "},\n".replace("}", "\\}"))
    _quoted(page, " ", '"provider": {"display": "', "{hospital}", '"},')
    _quoted(page, " ", '"careTeam": [{"sequence": 1, "provider": {"display": "', "{doctor}", '"}}],')
    page.draft.add(f' "priority": "{page.pick("normal", "stat", "deferred")}",\n')
    _quoted(page, " ", '"insurance": [{"focal": true, "coverage": {"identifier": "', "{policy_number}", '"}}],')
    _quoted(page, " ", f'"{page.pick("billablePeriod", "servicedPeriod")}": {{"start": "', "[{loss.iso}|{loss}]", '",')
    if page.can("{loss}"):
        _quoted(page, "   ", '"end": "', "{discharged.iso}", '"},')
    _quoted(page, " ", '"diagnosis": [{"text": "', "{heading}", '"}],')
    for number, cost in enumerate(page.costs(), start=1):
        page.draft.add(f' "item": {{"sequence": {number}, "text": "{cost.label}", "net": {{"value": {cost.bare}}}}},\n')
    _quoted(page, " ", '"related": [{"claim": {"identifier": "', "{file_number}", '"}}],')
    _quoted(page, " ", '"note": [{"text": "', "{happened}", '"}],')
    _quoted(page, " ", '"total": {"value": ', "{claimed.bare}", f', "currency": "{page.claim.texts["currency"]}"}},')
    page.draft.add(' "language": "en"\n}')


def _quoted(page: Page, indent: str, before: str, value: str, after: str) -> None:
    """A key with its value, or nothing where the document lacks the value."""
    if page.can(value):
        page.draft.add(indent + before)
        page.say(value)
        page.draft.add(after + "\n")


def segments(page: Page) -> None:
    """Segments with a name and elements between separators, of no standard in particular."""
    element = page.pick("*", "*", "+", "|", "^")
    end = page.pick("~\n", "'\n", "\n", "~ ", "\n")
    number = page.rng.randint(1000, 99999)
    date = page.pick("{loss.compact}", "{loss.compact}", "{loss.iso}", "{loss.joined}")
    style = date[6:-1]
    reference, policy, name, amount, day = page.rng.choice(
        (
            (("REF", "D9"), ("REF", "IG"), ("NM1", "QC", "1"), ("AMT", "T2"), ("DTP", "439", "D8")),
            (("RFF", "CLM"), ("RFF", "POL"), ("NAD", "CT"), ("MOA", "CLMD"), ("DTM", "LOSS")),
            (("CLM",), ("POL",), ("CTP", "CLAIMANT"), ("AMT", "CLAIMED"), ("DAT", "LOSS", "CCYYMMDD")),
            (("CLP", "1"), ("SBR", "P"), ("NM1", "IL", "1"), ("CLM", "TOT"), ("DTP", "472", "D8")),
        )
    )
    body: list[tuple[tuple[str, ...], str]] = [
        (reference, "{claim_number}"), (policy, "{policy_number}"), (name, "{claimant}"), (amount, "{claimed.bare}"),
        (day, date), (("NM1", "PR", "2"), "{insurer}"), (("NM1", "82", "1"), "{handler}"),
        (("REF", "EA"), "{file_number}"),
        (("DTP", "050"), f"{{received.{style}}}"), (("DTP", "007"), f"{{inception.{style}}}"),
        (("DMG", "D8"), f"{{dob.{style}}}"),
        (("AMT", "F5"), "{deposit}"), (("AMT", "RSV"), "{reserve}"), (("REF", "1L"), "{customer_number}"),
        (("N3",), "{address}"), (("PER", "IC"), "{clerk}"), (("MOA", "DED"), "{excess}"), (("NAD", "BRK"), "{broker}"),
    ]  # fmt: skip
    head, others = body[:5], body[5:]
    if page.chance(0.3):
        head.append((("NAD", "IN"), "{policyholder}"))
    chosen = head + page.rng.sample(others, page.rng.randint(5, 9))
    if page.chance(0.6):
        page.rng.shuffle(chosen)
    page.draft.add(element.join(("ISA", "00", "00", f"{number}", "P")) + end)
    page.draft.add(element.join((page.pick("ST", "UNH", "MSH"), f"{number}", page.pick("837", "CLAIM", "FNOL"))) + end)
    page.say(f"CUR{element}{{currency}}".replace("|", "\\|"))
    page.draft.add(end)
    for lead, value in chosen:
        if page.can(value):
            page.draft.add(element.join((*lead, "")))
            page.say(value)
            page.draft.add(end)
    for i, cost in enumerate(page.costs(), start=1):
        page.draft.add(element.join(("LX", str(i), cost.label, cost.bare, "UN", "1")) + end)
    page.draft.add(page.pick("NTE", "FTX", "K3") + element + page.pick("ADD", "AAI", "DESC") + element)
    page.para("{heading}.", *page.story(0, dated=False, damage=0.5), end="")
    page.draft.add(end + element.join((page.pick("SE", "UNT"), str(len(chosen) + 4), f"{number}")))


def notification(page: Page) -> None:
    """An automatic notice of a robot, a sentence or two with data in it, and a list of what it carries."""
    page.line(
        page.pick("[This is an automated message|Automatic notification|no-reply notification]", "{insurer}: intake")
    )
    page.para(
        page.pick("A new submission was received on {received} at {time2}.", "Event: claim submitted ({channel})."),
        "[Submission {booking_ref}|Transaction {invoice_number}] [was routed to {handler}|has been queued].",
        end="\n",
    )
    for role, name in parties(page):
        page.draft.add(f"{role}: ")
        page.finish(name)
    rows = page.field_rows("claim_number", "policy_number", "date_of_loss", "claimed_amount") + odd_rows(page, 3)
    page.rng.shuffle(rows)
    joint = page.pick("\n", "; ", " | ", "\n")
    for i, row in enumerate(rows):
        page.draft.add((joint if i else "") + f"{row.label}: ")
        page.say(row.value)
    page.draft.add("\n")
    page.para(page.pick("Comment of the sender: ", "Text: ", "") + "{heading}.", *page.story(1, dated=page.chance(0.3)))
    page.line(
        page.pick("Rules fired: R{n}, R1{n}. Score 0.{n}", "Please do not reply.", "Next action due {deadline}", "")
    )


LAYOUTS = (
    Layout("system-log", log_lines, (HANDLER, CLAIMANT), Noise.CLEAN),
    Layout("system-case-mail", case_mail, (CLAIMANT, Narrator.RELATIVE), Noise.TYPED),
    Layout("system-resource", resource, (Narrator.SUPPLIER, ADJUSTER), Noise.CLEAN, (Kind.HEALTH,)),
    Layout("system-segments", segments, (HANDLER, ADJUSTER), Noise.CLEAN),
    Layout("system-notification", notification, (CLAIMANT, ADJUSTER), Noise.CLEAN, held_out=True),
)
