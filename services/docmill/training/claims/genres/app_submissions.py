"""What mobile apps and web forms of insurers send on."""

from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import careless
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

CLAIMANT = Narrator.CLAIMANT
TYPED, CLEAN = Noise.TYPED, Noise.CLEAN


def auto_mail(page: Page) -> None:
    """A mail that a form generates."""
    page.line(
        "From: no-reply@{insurer.familiar}.example".replace("{insurer.familiar}", page.claim.parties["insurer"].mail),
        "Subject: "
        + page.pick(
            "New claim submitted",
            "Web form submission",
            "[A claim was filed: {claim_number}||A claim was filed]",
            "Form: claim ({channel})",
        ),
        "{letter.num} {time2}",
    )
    page.gap()
    for row in page.mixed_rows(page.rng.randint(3, 5), 2):
        page.line(f"{row.label}{page.pick(': ', ': ', chr(10))}{row.value}")
    page.line(page.pick("Tell us what happened:", "Message:", "Your description"))
    with page.changed(careless(page.rng)) if page.chance(0.4) else page.changed():
        page.para(*page.story(page.rng.randint(0, 2)))
    page.filler_lines("app_remark")
    page.line("IP 192.0.2.{n} · consent given · photos: [0|2|5]")


def wizard(page: Page) -> None:
    """Steps of a wizard with what was entered."""
    titles = [
        ("You", "claimant"),
        ("Your cover", "policy_number"),
        ("The {loss_noun}", "date_of_loss"),
        ("Your claim", "claimed_amount"),
    ]
    for number, (title, field) in enumerate(titles, start=1):
        page.line(f"Step {number} of {len(titles)} · {title}")
        for row in page.field_rows(field) + page.other_rows(1, 1 if number == 3 else 0):
            page.line(f"  {row.label} {page.pick('›', ':', '→', '-')} {row.value}")
        if number == 3:
            page.tell_when(dated=False)
            page.para("{happened}", "{damage}" if page.chance(0.6) else "", end="\n")
        if number == 4:
            for cost in page.costs():
                page.draft.add(f"  + {cost.label} {cost.money}\n")
    page.filler_lines("app_remark", page.pick("  ", "• "))
    page.line("[✓ Sent. Claim {claim_number}|Submitted {letter.num}, reference {claim_number}||Submitted {letter.num}]")


def card(page: Page) -> None:
    """A card as the app shows it, short."""
    page.line(page.pick("🚩 {heading}", "MY CLAIM", "Claim card", "{heading}"))
    for field in page.rng.sample(["{claimant}", "{policy_number}", "{claim_number}", "{loss}", "{claimed}"], 5):
        icon = {
            "{claimant}": "👤 ",
            "{policy_number}": page.pick("📄 ", "Policy "),
            "{claim_number}": page.pick("# ", "Claim "),
            "{loss}": page.pick("📅 ", "Happened "),
            "{claimed}": page.pick("💰 ", "Claimed "),
        }[field]
        page.line(icon + field)
    page.line("[{own_policy}Excess {excess} · Cover to {expiry.num} · |]{status}")
    page.para("{happened}", "{damage}" if page.chance(0.5) else "")
    page.filler_lines("app_remark")
    page.line("Last update {received.num}")


def photo_list(page: Page) -> None:
    """Photos with captions, and a voice note turned into text."""
    page.line(
        "[Claim {claim_number} · ||]uploads ({number_word})", "[by {claimant}||by user]", "[policy {policy_number}||]"
    )
    for number in range(1, page.rng.randint(3, 5)):
        page.line(
            f"IMG_{page.rng.randint(1000, 9999)}.jpg - "
            + page.pick(
                "overview",
                "close-up of damage",
                "receipt {invoice_number} {small_amount}",
                "{place}",
                "document, {invoiced.num}",
                "other side",
            )
        )
        page.draft.add("" if number else "\n")
    page.line(page.pick("🎤 Voice note (auto text):", "Audio transcription", "Voice memo 0:{n}"))
    page.para(*page.story(page.rng.randint(1, 2)), "[{claim_total}||{no_total}]")


def short_form(page: Page) -> None:
    """Question and answer on one line, in a program's order."""
    questions = [
        ("Who is claiming?", "[{claimant}||(not answered)]"),
        ("Which policy?", "[{policy_number}||(not answered)]"),
        ("When?", "[{loss}||(not answered)]"),
        ("Where?", "{place}"),
        ("How much?", "[{claimed}||(later)]"),
        ("Reported earlier?", "[yes, claim {claim_number}|ref {claim_number}||no]"),
        ("Since when are you a customer?", "[{own_policy}{inception}||I am not]"),
        ("Your excess", "[{own_policy}{excess}||none, not my policy]"),
        ("Birthday", "{dob.num}"),
        ("Anything else?", "{extra}"),
    ]
    page.rng.shuffle(questions)
    page.line(page.pick("Q&A export", "Survey 14 - claims", "{insurer} app / report a {loss_noun}"))
    page.tell_when(dated=False)
    for question, answer in [("What happened?", "{happened}"), *questions[:8]]:
        if page.can(answer):
            page.say(f"{page.pick('Q: ', '')}{question}{page.pick(chr(10) + 'A: ', ' ', ' = ')}", answer)
            page.draft.add("\n")


def timeline(page: Page) -> None:
    """What a customer sees of the progress of a claim."""
    page.line(
        "[Your claim {claim_number}|Claim {claim_number}||Your claim]", "Hi [{claimant.familiar}||there]!", "{heading}"
    )
    entries = [
        "[{loss} - it happened||]",
        "{reported} - you told us",
        "{letter} - documents uploaded[, total {claimed}||]",
        "{inspected} - {adjuster.familiar} looked at it",
        "{received} - we asked for {number_word} more papers",
        "{deadline} - next step due",
        "{own_policy}{inception} - cover began",
    ]
    for entry in entries:
        if page.can(entry) and page.chance(0.85):
            page.say(page.pick("● ", "✓ ", "- "), entry)
            page.draft.add("\n")
    page.para("You wrote:", *page.story(page.rng.randint(0, 1), dated=False))
    page.line(
        "[Claimant: {claimant}|Name: {claimant}||]",
        "[Policy {policy_number}||]",
        "[{own_policy}You claim {claimed}, your excess is {excess}|Claimed {claimed} · offer {offer}||{own_policy}"
        "Excess {excess}||]",
    )
    page.filler_lines("app_remark")


LAYOUTS = (
    Layout("app-auto-mail", auto_mail, (CLAIMANT,), TYPED),
    Layout("app-wizard", wizard, (CLAIMANT,), CLEAN),
    Layout("app-card", card, (CLAIMANT,), CLEAN),
    Layout("app-photos", photo_list, (CLAIMANT, Narrator.RELATIVE), TYPED),
    Layout("app-short-form", short_form, (CLAIMANT,), TYPED, held_out=True),
    Layout("app-timeline", timeline, (CLAIMANT,), CLEAN),
)
