"""E-mails: first notices, threads with quoted replies, what brokers pass on, what suppliers send."""

from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import quoted, wrapped
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

CLAIMANT, RELATIVE, BROKER = Narrator.CLAIMANT, Narrator.RELATIVE, Narrator.BROKER
SUBJECTS = (
    "Claim",
    "New claim",
    "{heading}",
    "[Re: claim {claim_number}||{heading}]",
    "[{heading} - {policy_number}||{heading}]",
    "urgent!! claim",
    "Fwd: {heading}",
    "[{loss_noun} on {loss}||what happened]",
    "[My claim {claim_number}||my claim]",
    "insurance",
    "[Policy {policy_number}||{own_policy}question about my policy||a question]",
)


def first_notice(page: Page) -> None:
    """A mail that tells it all at once."""
    _header(page, "claimant", "insurer")
    page.line("{greeting}")
    page.gap()
    page.para(*page.story(page.rng.randint(0, 2)))
    page.para(
        "[{claim_total}||{no_total}]",
        "{excess_remark}" if page.chance(0.3) else "",
        "{policy_is}",
        "{claim_is}" if page.chance(0.6) else "",
    )
    page.para("{ask}", "{enclosed}" if page.chance(0.4) else "")
    _signature(page)


def acknowledged(page: Page) -> None:
    """The insurer's automatic answer on top of the notice that it answers."""
    page.line(
        "From: {insurer.mail}",
        "To: [{claimant.mail}||{spouse.mail}]",
        "Date: {received} {time2}",
        "Subject: [\\[{claim_number}\\] |]We have received your message",
    )
    page.gap()
    page.line("[Dear {claimant.formal},||Dear customer,]")
    page.para(
        "Thank you for getting in touch.",
        "[Your claim number is {claim_number}; please quote it.|Please quote {claim_number} in all mails.||A number "
        "will be given to you shortly.]",
        "We answer within {n} working days.",
    )
    page.line("{handler_team}", "{insurer}", "{disclaimer}" if page.chance(0.6) else "")
    page.gap()
    with page.changed(quoted(page.pick("> ", "> ", "| ", ">"))):
        page.line(
            page.pick("On {letter}, [{claimant}||a customer] wrote:", "-----Original Message-----", "Sent: {letter}")
        )
        page.para(*page.story(page.rng.randint(0, 2)))
        page.para("[{claim_total}||{no_total}]", "{policy_is}")
        page.filler("mail_remark")
        page.line("{closing}", "[{claimant}||{spouse.familiar}]")


def broker_forward(page: Page) -> None:
    """A broker forwards a client's mail with a few lines of his own."""
    page.line(
        "From: {broker_person} <{broker.mail}>",
        "To: {handler_team}",
        "Sent: {received}",
        "Subject: FW: {heading}[ // {policy_number}||]",
    )
    page.gap()
    page.para(page.pick("Hi team,", "Morning {handler.familiar},", "Dear all,", "Hello,"))
    page.para(
        page.pick(
            "Please see below from our client.",
            "New one for you.",
            "Can you register this please?",
            "See the mail below, I have also had a call.",
        ),
        "[Policy is {policy_number}, {sum_insured} limit.|Policy {policy_number}.||Policy to be confirmed.]",
        "[They put it at {claimed}.|Client says {claimed}.||]",
        "{excess_remark}" if page.chance(0.3) else "",
    )
    page.filler("mail_remark")
    page.line("{broker_person}", "{broker}", "{phone2}", "{disclaimer}" if page.chance(0.5) else "")
    page.gap()
    page.line(
        page.pick(
            "---------- Forwarded message ---------", "Begin forwarded message:", "________________________________"
        )
    )
    page.line("From: [{claimant}||private] <{spouse.mail}>", "Date: {letter}", "Subject: {heading_or_plain}")
    page.gap()
    page.para(*page.story(page.rng.randint(1, 2)))
    page.para("{claim_total}" if page.chance(0.5) else "", "{ask}")
    page.line("[{claimant}||{spouse.familiar}]", "{sent_from}" if page.chance(0.4) else "")


def chaser(page: Page) -> None:
    """A customer asks again, with the earlier mails below."""
    page.line("Subject: Re: Re: [claim {claim_number}||{heading}]", "[From: {claimant}||]", "Date: {letter}")
    page.gap()
    page.para(
        "{greeting}",
        "{chaser}",
        page.pick("Is anybody there?", "What is going on?", "Can I have an answer please.", "I am losing patience."),
        "[I am still {claimed} out of pocket.|We are talking about {claimed} here.||]",
    )
    page.line("[{claimant}||{spouse.familiar}]", "{sent_from}" if page.chance(0.4) else "")
    page.gap()
    with page.changed(quoted("> ")):
        page.line("On {reported} {handler} wrote:", "Dear [{claimant.formal}||Customer],")
        page.para(
            "Thank you for your mail.",
            "We need [the original invoice|a report|proof of purchase] before we can go on.",
            "[We have {policy_number} as your policy, is that right?||]",
            "An offer of {offer} was [made|sent] without prejudice." if page.chance(0.3) else "",
        )
        with page.changed(quoted("> ")):
            page.line("On {service} I wrote:" if page.chance(0.1) else "Earlier message:")
            page.para(*page.story(page.rng.randint(0, 1)), "{policy_is}")


def inline_answers(page: Page) -> None:
    """Answers written between the handler's quoted questions."""
    page.line(
        "To: {handler} <{insurer.mail}>",
        "[From: {claimant}||]",
        "Subject: RE: [your claim {claim_number}||some questions]",
        "Date: {letter}",
    )
    page.gap()
    page.para(
        page.pick(
            "Answers below in the text.", "See my replies after each question.", "I have put my answers under yours:"
        )
    )
    questions = [
        ("Could you confirm your policy number?", "[{policy_number}|it is {policy_number}||I do not have it here]"),
        ("What is your full name as on the policy?", "[{claimant}||same as before]"),
        ("On what date did this happen?", "[{loss}|{loss}, at about {time}||{when_vague}]"),
        ("Please describe it in your own words.", "{happened}"),
        ("What was damaged or lost?", "{damage}"),
        ("What is the total that you are claiming?", "[{claimed}|{claimed} as on the quotes||don't know yet]"),
        ("When did you first report it?", "{reported}, to {handler2}"),
        ("Is there an excess?", "[{own_policy}I think {excess}||that is for your insured to say]"),
        ("Do you have any witnesses?", "{witness}, {phone2}"),
        ("What is your date of birth?", "{dob}"),
    ]
    page.tell_when(dated=False)
    for question, answer in page.rng.sample(questions, page.rng.randint(6, 9)):
        page.draft.add(f"> {question}\n")
        page.finish(answer)
        page.gap()
    page.filler("mail_remark")
    page.line("{closing}", "[{claimant}||]")


def to_adjuster(page: Page) -> None:
    """A handler instructs an adjuster."""
    page.line(
        "From: {handler}, {insurer}", "To: {adjusting_firm}", "Subject: Instruction [{claim_number}||new loss] - {town}"
    )
    page.gap()
    page.para(page.pick("Hi {adjuster.familiar},", "Dear {adjuster.formal},", "Please accept instructions as follows."))
    bullet = page.pick("- ", "* ", "• ", "")
    for row in page.mixed_rows(page.rng.randint(3, 5), 2):
        page.line(f"{bullet}{row.label}: {row.value}")
    page.gap()
    page.para(*page.story(1, dated=page.chance(0.3)))
    page.para(
        page.pick("Reserve is {reserve}.", "Please visit by {deadline}.", "Authority up to {deposit}."),
        page.pick(
            "Preliminary report within {n} days please.",
            "Ring the customer on {phone}, not after 8.",
            "Watch out for {prior_loss}, there was an earlier one.",
        ),
    )
    page.filler("adjuster_remark")
    page.line("{handler}", "{disclaimer}" if page.chance(0.5) else "")


def bullet_facts(page: Page) -> None:
    """Facts as a list under a short greeting."""
    _header(page, "claimant", "broker")
    page.line("{greeting}")
    page.para("quick summary as asked:" if page.chance(0.5) else "Here is what you wanted to know:", end="\n")
    bullet = page.pick("- ", "* ", "· ", "1) ", "-> ")
    facts = [
        "[name: {claimant}||]",
        "[policy: {policy_number}||policy: don't have the number]",
        "[date: {loss}||date: {when_vague}]",
        "where: {place}",
        "what: {heading}",
        "[cost: {claimed} in total|claiming: {claimed}||cost: waiting for quote]",
        "[claim ref: {claim_number}||]",
        "police: {police_ref}",
        "{own_policy}excess: {excess}",
        "phone: {phone}",
    ]
    if page.chance(0.4):
        page.rng.shuffle(facts)
    for fact in facts:
        if page.can(fact) and page.chance(0.92):
            page.say(bullet, fact)
            page.draft.add("\n")
    page.gap()
    page.para(*page.story(page.rng.randint(0, 2), dated=False))
    _signature(page)


def supplier_mail(page: Page) -> None:
    """A garage, a builder or a hospital writes to the insurer about a customer's claim."""
    supplier = {
        "motor_claim": "garage",
        "property_claim": "builder",
        "travel_claim": "tour",
        "health_claim": "hospital",
        "liability_claim": "builder" if "property" in page.claim.scenario.more else "hospital",
    }[page.claim.kind.value]
    page.line(
        f"From: {{{supplier}.mail}}",
        "To: claims",
        "Subject: [Your ref {claim_number}||Estimate] / our {invoice_number}",
        "{invoiced}",
    )
    page.gap()
    page.para(
        page.pick("Good afternoon,", "Dear Sirs,", "Hi,"),
        f"{{{supplier}}} here, [about|regarding] [{{claimant}}||a customer of yours].",
    )
    page.para(*page.story(0, dated=page.chance(0.5)), "[Policy as given to us: {policy_number}.||]")
    for cost in page.costs():
        page.draft.add(f"{cost.label} {cost.money}\n")
    page.para(
        "[Total of our account {claimed}.|Comes to {claimed} all in.|Total {claimed}, of which the customer pays "
        "{excess}.||Full quote to follow next week.]"
    )
    page.para(
        page.pick("Please authorise.", "May we start?", "Parts take {n} days.", "We need a go-ahead by {deadline}.")
    )
    page.filler("supplier_remark")
    page.line("{tradesman}", "{phone2}")


def short_mail(page: Page) -> None:
    """Two or three lines without ceremony."""
    with page.changed(wrapped(1000)):
        page.line("[{claimant.mail}||{spouse.mail}]  {letter.num} {time2}", "[{heading}||]" if page.chance(0.5) else "")
        page.para(
            page.pick("Hi, ", "hello ", "", "Sir, ") + "{happened}",
            "[{claim_total}||]",
            "[{policy_is}||]",
            "[{claim_is}||]" if page.chance(0.6) else "",
            "{ask}" if page.chance(0.4) else "",
        )
    page.line("[{claimant}||]", "{sent_from}" if page.chance(0.5) else "")


def _header(page: Page, sender: str, receiver: str) -> None:
    style = page.rng.randrange(4)
    if style == 3:
        page.line("Subject: " + page.pick(*SUBJECTS))
        page.gap()
        return
    page.line(
        f"From: [{{{sender}}} <{{{sender}.mail}}>|{{{sender}.mail}}||{{spouse.mail}}]", f"To: {{{receiver}.mail}}"
    )
    page.line("[Date|Sent]: {letter}" + page.pick("", " {time2}", ", {time2}"), "Subject: " + page.pick(*SUBJECTS))
    if style == 2:
        page.line("Attachments: IMG_0[114|231|877].jpg, [quote|receipt|report].pdf")
    page.gap()


def _signature(page: Page) -> None:
    page.filler("mail_remark")
    page.line("{closing}")
    page.line("[{claimant}|{claimant}|{claimant.familiar}||]")
    if page.chance(0.4):
        page.line(
            page.pick(
                "{phone}",
                "{address}",
                "{sent_from}",
                "{occupation}",
                "{phone} | {claimant.mail}" if page.can("{claimant}") else "{phone}",
            )
        )
    if page.chance(0.2):
        page.gap()
        page.line("{disclaimer}")


LAYOUTS = (
    Layout("email-first-notice", first_notice, (CLAIMANT, RELATIVE), Noise.TYPED),
    Layout("email-acknowledged", acknowledged, (CLAIMANT,), Noise.TYPED),
    Layout("email-broker-forward", broker_forward, (CLAIMANT,), Noise.TYPED),
    Layout("email-chaser", chaser, (CLAIMANT,), Noise.TYPED, held_out=True),
    Layout("email-inline-answers", inline_answers, (CLAIMANT,), Noise.TYPED),
    Layout("email-to-adjuster", to_adjuster, (Narrator.HANDLER, Narrator.ADJUSTER), Noise.TYPED),
    Layout("email-bullets", bullet_facts, (CLAIMANT,), Noise.TYPED),
    Layout("email-supplier", supplier_mail, (Narrator.SUPPLIER,), Noise.TYPED, held_out=True),
    Layout("email-short", short_mail, (CLAIMANT, RELATIVE), Noise.TYPED),
)
