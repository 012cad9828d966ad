"""Forms with printed sentences that are sworn to, and forms of which an office fills in the second part."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.genres.clutter import identity, unused
from docmill.training.claims.genres.form_parts import age, costs_of, declared, instruction, lines, told, yes_or_no
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

NO_POLICY = "[{policy_number}||{blank}]"
NO_CLAIM = "[{claim_number}||{blank}]"
NO_LOSS = "[{loss}||{blank}]"


def proof_of_loss(page: Page) -> None:
    """A sworn statement in proof of loss: sums of several names, of which one is what is claimed."""
    fill = page.pick("", "__", " ")
    lines(page, page.pick("SWORN STATEMENT IN PROOF OF LOSS", "PROOF OF LOSS", "STATUTORY DECLARATION - LOSS"))
    lines(page, f"Policy number {fill}{NO_POLICY}{fill}", "Amount of policy at time of loss {sum_insured}")
    lines(page, "Date issued {inception}", "Date expires {expiry}", "Agent {broker}", "Agency at {town}")
    lines(page, f"{page.pick('Company claim number', 'Claim no.', 'File')} {fill}{NO_CLAIM}{fill}", "To: {insurer}")
    page.para(
        "At the time of loss, by the above policy, you insured [{policyholder}||{blank}] against loss as described.",
        f"TIME AND ORIGIN: a loss by {{heading}} occurred about {{time}} on {fill}{NO_LOSS}{fill}.",
        "The cause and origin were as told below." if page.chance(0.5) else "",
        end="\n",
    )
    told(page)
    if page.chance(0.5):
        lines(page, "INTEREST: no other person had any interest in it, except {spouse}.", "CHANGES IN TITLE: none")
    sums = [
        "ACTUAL CASH VALUE of what is described: {other_amount}",
        "LESS DEDUCTIBLE / EXCESS: {excess}",
        "ADVANCE ALREADY RECEIVED: {deposit}",
        "OTHER INSURANCE: {insurer2}, {small_amount}",
        "NET after deductible: {net}",
    ]
    sums = page.rng.sample(sums, page.rng.randint(2, 4))
    whole = page.pick("FULL AMOUNT CLAIMED under the above policy", "AMOUNT CLAIMED", "THE WHOLE LOSS AND CLAIM is")
    sums.insert(page.rng.randint(0, len(sums)), f"{whole}: [{{claimed}}||{{blank}}]")
    for number, line in enumerate(sums, start=1):
        page.line(f"{page.pick(f'{number}. ', '')}{line}")
    lines(page, "Nothing has been done by or with the privity of your insured to violate the conditions of the policy.")
    page.line("Claimant / insured (print): [{claimant}||{blank}]")
    lines(page, "State of {region}", "Subscribed and sworn before me this {letter.long}, {witness}, notary")
    lines(page, "My commission expires {appointment.num}", "{page_foot}")


def office_part(page: Page) -> None:
    """Part I by the person insured, part II by the office, the doctor or the surveyor."""
    lines(page, "{insurer}", page.pick("CLAIM FORM", "CLAIM INTIMATION FORM", "{type_title} CLAIM FORM"))
    lines(page, instruction(page), page.pick("PART I (by claimant)", "PART A - TO BE FILLED BY INSURED", "Part 1"))
    label, number = identity(page)
    first = [f"{label} {number}", "Address {address}", "Mobile {phone}", f"Age {age(page)}", "Bank A/c {account}"]
    same = page.claim.parties["policyholder"] is page.claim.parties["claimant"]
    name = page.pick("Name of the insured", "Name & surname", "Full name") if same else "Name of claimant"
    first += [f"{name} [{{claimant}}||{{blank}}]", f"{page.pick('Policy no.', 'Cert. / policy')} {NO_POLICY}"]
    first += [f"{page.pick('Date of occurrence', 'Date and time of event', 'When')} {NO_LOSS} {{time}}"]
    first += ["[Sum claimed|Total claimed|Amount of claim] {claimed}", *unused(page, 2), "Place {place}"]
    if page.chance(0.5):
        page.rng.shuffle(first)
    for i, line in enumerate(first):
        lines(page, f"{page.pick(f'({i + 1}) ', '')}{line}" if page.chance(0.9) else line)
    told(page)
    if page.chance(0.6):
        costs_of(page, rand=page.chance(0.5))
    lines(page, "Signature of claimant            Date {letter.num}")
    lines(page, page.pick("PART II (office)", "PART B - FOR OFFICE / SURVEYOR USE", "Part 2: to be completed by us"))
    second = [
        f"{page.pick('Claim registered as', 'Claim no. allotted', 'Our file')} {NO_CLAIM}",
        "Registered on {received}",
        "Premium received {premium} on {inception}",
        "Sum insured {sum_insured}",
        "Surveyor deputed {adjuster} of {adjusting_firm} on {inspected}",
        "Assessed at {assessed}",
        "Provision {reserve}",
        "Earlier claim {prior_loss}, {other_amount}",
        "Dealing officer {handler}",
        "Recommended by {manager}",
        "Inward no. {file_number}",
    ]
    if page.chance(0.5):
        page.rng.shuffle(second)
    for line in second:
        if "claim_number" in line or page.chance(0.6):
            page.line(line)
    yes_or_no(page, page.pick("Policy in force", "Premium paid", "Within terms"))
    declared(page)


LAYOUTS = (
    Layout("acord-proof", proof_of_loss, (Narrator.ADJUSTER, Narrator.CLAIMANT), Noise.SCANNED, (Kind.PROPERTY,)),
    Layout("acord-office-part", office_part, (Narrator.CLAIMANT,), Noise.SCANNED),
)
