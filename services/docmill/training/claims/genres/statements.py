"""What people state at length: witness statements, affidavits, essays, complaints to an ombudsman, chronologies."""

from docmill.training.claims.bank import drawn, name_claimant
from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import shouted, wrapped
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

BANK = "statements"
CLAIMANT, RELATIVE = Narrator.CLAIMANT, Narrator.RELATIVE
TEMPERS = ("plain", "angry", "chatty", "official")


def witness_statement(page: Page) -> None:
    """Numbered paragraphs, by the claimant, for a court or an insurer."""
    with page.changed(shouted) if page.chance(0.4) else page.changed():
        page.line(page.pick("WITNESS STATEMENT", "Statement of Claimant", "First statement", "STATEMENT UNDER CAUTION"))
        page.line("[Claim {claim_number}|Re: {claim_number}||]", "[Policy no. {policy_number}||]")
    page.gap()
    page.para(_deponent(page, " will say as follows:"))
    _numbered(page, page.pick("{n}. ", "{n}) ", "({n}) ", "{n}   "))
    page.line(*drawn(page, BANK, "legal.true", 1))
    page.line("Signed ________", "[{claimant}||]", "Dated {letter}")


def declaration(page: Page) -> None:
    """An affidavit or a statutory declaration, sworn before somebody."""
    page.line(
        page.pick(
            "AFFIDAVIT",
            "STATUTORY DECLARATION",
            "AFFIDAVIT IN SUPPORT OF CLAIM",
            "Sworn statement in proof of loss",
            "{region} ) ss.\nCounty of {home_town} )",
        )
    )
    page.gap()
    page.para(
        page.pick(
            _deponent(page, " do solemnly and sincerely declare that:"),
            "BEFORE ME, the undersigned authority, personally appeared [{claimant}||the affiant], who being duly sworn "
            "states:",
            _deponent(page, " do hereby solemnly affirm and state as under:"),
        )
    )
    marks = page.pick("That {n}", "{n}. That ", "{n}. ", "({n}) ")
    _numbered(page, marks if marks != "That {n}" else "{n}. THAT ")
    page.line(*drawn(page, BANK, "legal.true", 1), *drawn(page, BANK, "legal.sworn", 1))
    page.line(page.pick("DEPONENT", "Declarant", "", "[{claimant}||Affiant]"))


def essay(page: Page) -> None:
    """A page or two by somebody who tells everything, in one temper or another; the facts are anywhere."""
    temper = page.pick(*TEMPERS)
    page.line(page.pick("{letter}", "", "My account", "To whom it may concern", "{greeting}", "What happened to us"))
    page.gap()
    scatter = drawn(page, BANK, "scatter", page.rng.randint(18, 42))
    asides = drawn(page, BANK, f"{temper}.aside", page.rng.randint(3, 8))
    told = page.story(page.rng.randint(2, 6))
    facts = [
        "[My name is {claimant}.|I am {claimant}, by the way.|For the file: {claimant}.||]" if _single(page) else
        "[We are {claimant}.|The claim is by {claimant}.||]",
        page.pick("{policy_is}", "{policy_is}", "The booklet has {policy_number} on the cover."),
        page.pick("{claim_is}", "It has been given the number {claim_number}, which I have to repeat to everyone."),
        page.pick(*drawn(page, BANK, f"{temper}.money", 4)) + " [{claim_total}||{no_total}]",
    ]  # fmt: skip
    page.rng.shuffle(facts)
    blocks = [drawn(page, BANK, f"{temper}.opening", 1) + scatter[:1]]
    blocks += [[*told[: page.rng.randint(2, 3)]], told[3:]]
    for fact in facts:
        blocks.insert(page.rng.randint(1, len(blocks)), [fact])
    for sentence in scatter[1:] + asides:
        block = page.rng.choice(blocks)
        block.insert(len(block) if block is blocks[0] else page.rng.randint(0, len(block)), sentence)
    blocks.append(drawn(page, BANK, f"{temper}.close", 1))
    ending = "\n\n" if page.chance(0.75) else " "
    with page.changed(wrapped(page.rng.choice((70, 82, 1000, 1000)))):
        for block in blocks:
            page.para(*block, end=ending)
    page.line("" if ending == "\n\n" else "\n", "[{claimant}|{claimant.familiar}|{closing}\n{claimant}||{closing}]")


def ombudsman(page: Page) -> None:
    """A complaint about an insurer to those who stand above it."""
    page.line(
        page.pick(
            "To the Insurance Ombudsman",
            "COMPLAINT FORM - PART 2: YOUR STORY",
            "Consumer Complaints Division, Department of Insurance, {region}",
            "Before the Ombudsman, {home_town}",
            "External dispute resolution - new complaint",
        ),
        "{letter}",
    )
    page.gap()
    mark = page.pick(": ", " - ", "\t")
    rows = page.field_rows("claimant", "policy_number", "claim_number")
    for row in [*rows, *page.other_rows(page.rng.randint(0, 2), 0)]:
        page.line(f"{row.label}{mark}{row.value}")
    page.line(f"[Complaint against|Firm|Respondent]{mark}{{insurer}}")
    page.gap()
    temper = page.pick(*TEMPERS)
    page.para(*drawn(page, BANK, f"{temper}.opening", 1))
    page.line(page.pick("The claim", "1. What happened", "FACTS", ""))
    page.para(*page.story(page.rng.randint(0, 2)), *drawn(page, BANK, "scatter", page.rng.randint(0, 3)))
    page.line(page.pick("The complaint", "2. What they did wrong", "GROUNDS", ""))
    grievances = drawn(page, BANK, "ombudsman.grievance", page.rng.randint(3, 7))
    between = drawn(page, BANK, "scatter", 4) + drawn(page, BANK, f"{temper}.aside", 3)
    for _ in range(page.rng.randint(1, 3)):
        page.para(*[grievances.pop() for _ in range(2) if grievances], *[between.pop() for _ in range(2)])
    page.line(page.pick("What I want", "3. Remedy sought", "PRAYER", ""))
    page.para(
        "[My claim is for {claimed} and I want it paid|They should pay the {claimed} that was claimed|I ask for the "
        "claim of {claimed} to be met in full[{own_policy}, less the excess of {excess}||]||I want the claim paid].",
        *drawn(page, BANK, "ombudsman.remedy", page.rng.randint(1, 3)),
        *drawn(page, BANK, f"{temper}.close", 1),
    )
    page.line("{closing}", "[{claimant}||(signed)]")


def bystander(page: Page) -> None:
    """A statement by somebody who was there, about the claimant."""
    name_claimant(page, "my friend", "my neighbour", "my colleague", "my cousin", "a friend of mine")
    page.line(page.pick("WITNESS FORM", "Statement of a witness", "Third party witness account", "{insurer} - witness"))
    mark = page.pick(": ", " ", "\t")
    page.line(
        f"[Your name|Name of witness|Full name of person making statement]{mark}{{witness}}",
        f"[Address|Lives at]{mark}{{address2}}",
        f"[Occupation|Job]{mark}{{occupation}}" if page.chance(0.5) else "",
        f"[Witness for|On behalf of|Who is claiming?|Claim of]{mark}{{claimant}}",
        f"[Their reference|Claim]{mark}{{claim_number}}",
        f"[Policy|Insured under]{mark}{{policy_number}}",
        f"[Relationship|How do you know them?]{mark}[friend|neighbour|colleague|none]",
    )
    page.gap()
    page.para(
        page.pick("I was there and this is what I saw.", "I saw most of it.", "I know of this at first hand."),
        *page.story(page.rng.randint(0, 2), dated=page.chance(0.85)),
        "I do not stand to gain anything." if page.chance(0.5) else "",
    )
    page.para(
        "[I am told it will cost {claimed}|I have seen the bill, {claimed}|I understand the claim is for {claimed}, "
        "which sounds about right||I do not know what it cost].",
        page.pick(
            "I made a note on {reported}.", "I spoke to {adjuster.formal} on {inspected}.", "I was not paid for this."
        ),
    )
    page.line("{witness}, {letter}", page.pick("Tel {phone2}", "", *drawn(page, BANK, "legal.sworn", 1)))


def chronology(page: Page) -> None:
    """Dated lines that a claimant kept, the claim among them."""
    page.line(page.pick("TIMELINE OF EVENTS", "My diary of the claim", "Chronology", "Log of calls and letters"))
    page.line(
        "[Name: {claimant}|Kept by {claimant}|{claimant}||]", "[Policy {policy_number}||]", "[Claim {claim_number}||]"
    )
    page.gap()
    page.tell_when(dated=False)
    mark = page.pick(": ", " - ", "\t", "  ", " | ")
    sooner = [("prior_loss", "an earlier matter with {insurer2}, {other_amount}, nothing to do with this")]
    sooner += [("inception", "cover began, {premium}"), ("service", "everything checked, found in order")]
    later = [
        ("reported", "rang {insurer}, spoke to {handler}, was given {file_number} by mistake"),
        ("inspected", "{adjuster} of {adjusting_firm} came, said about {assessed}"),
        ("invoiced", "bill {invoice_number} from {business}, {small_amount}"),
        ("letter", "sent in [the claim, {claimed}|everything: {claimed}|my figures, {claimed} in total||my papers]"),
        ("received", "letter: they offer {offer}"),
        ("deadline", "rang again, {handler2} [on leave|in a meeting|will look into it]"),
        ("appointment", "nothing"),
    ]
    entries = page.rng.sample(sooner, page.rng.randint(0, 2))
    entries += [("loss", "{happened} {damage}" if page.chance(0.6) else "{happened}")]
    entries += [entry for entry in later if entry[0] == "letter" or page.chance(0.6)]
    for name, entry in sorted(entries, key=lambda entry: page.claim.days[entry[0]]):
        day = "[{loss}||The day itself]" if name == "loss" else f"{{{name}}}"
        page.facts.voice.is_known = False
        page.say(f"{day}{mark}{entry}\n")
    page.gap()
    page.para(*drawn(page, BANK, "scatter", page.rng.randint(0, 4)), "{ask}" if page.chance(0.4) else "")


def _single(page: Page) -> bool:
    return page.facts.voice.word("I") == "I"


def _deponent(page: Page, rest: str) -> str:
    """Who states: a person, people together, or somebody for a company."""
    match page.claim.parties["claimant"].pronoun:
        case "it":
            return "I, {manager}, duly authorised by [{claimant}||the claimant] of {address}," + rest
        case "they":
            return "We, [{claimant}||the undersigned], of {address}," + rest
        case _:
            age = page.pick("", ", aged about [24|37|45|52|61] years", ", [{occupation}|born on {dob}]")
            return "I, [{claimant}||the undersigned]" + age + ", of {address}," + rest


def _numbered(page: Page, mark: str) -> None:
    """Paragraphs of a statement: the facts in some order among exhibits and asides."""
    told = page.story(page.rng.randint(0, 3))
    body = [*told]
    facts = [
        "[The policy concerned is numbered {policy_number}|The cover is under {policy_number}||I do not have the "
        "policy before me].",
        "The claim was registered as {claim_number}.",
        "[I claim {claimed}|My losses come to {claimed} in all|The sum of {claimed} is due to me, of which nothing has "
        "been paid|I seek payment of {claimed}||My losses are still being worked out].",
    ]
    extra = drawn(page, BANK, "legal.exhibit", page.rng.randint(1, 3)) + drawn(page, BANK, "official.aside", 1)
    extra += drawn(page, BANK, "scatter", page.rng.randint(0, 5))
    page.rng.shuffle(extra)
    start = len(told)
    for sentence in [*facts, *extra]:
        body.insert(
            page.rng.randint(start, len(body)) if sentence in facts else page.rng.randint(2, len(body)), sentence
        )
    number = 1
    for sentence in [*drawn(page, BANK, "legal.oath", 1), *body]:
        page.facts.voice.is_known = False
        if page.can(sentence):
            before = len(page.draft.pieces)
            page.say(mark.replace("{n}", str(number)), sentence, "\n")
            number += len(page.draft.pieces) > before
    page.gap()


OWN = (Kind.MOTOR, Kind.PROPERTY, Kind.TRAVEL, Kind.HEALTH)
LAYOUTS = (
    Layout("statement-witness", witness_statement, (CLAIMANT,), Noise.SCANNED),
    Layout("statement-declaration", declaration, (CLAIMANT,), Noise.SCANNED),
    Layout("statement-essay", essay, (CLAIMANT,), Noise.TYPED),
    Layout("statement-ombudsman", ombudsman, (CLAIMANT,), Noise.TYPED, OWN),
    Layout("statement-bystander", bystander, (RELATIVE,), Noise.SCANNED, held_out=True),
    Layout("statement-chronology", chronology, (CLAIMANT,), Noise.TYPED),
)
