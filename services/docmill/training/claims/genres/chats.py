"""Chats with bots, agents and on messengers."""

from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import careless
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

CLAIMANT, RELATIVE = Narrator.CLAIMANT, Narrator.RELATIVE
TYPED = Noise.TYPED


def bot(page: Page) -> None:
    """A bot asks, the customer answers."""
    name = page.pick("Bot", "Assistant", "Ava", "CLAIMBOT", "🤖")
    user = page.pick("You", "User", "Customer", "Me")
    questions = [
        ("What is your policy number?", "[{policy_number}|{policy_number} I think||don't have it now]"),
        ("What happened?", "{happened}"),
        ("When did it happen? You can type a date.", "[{loss}|{loss.num}|{loss}||{when_vague}]"),
        ("What was damaged?", "{damage}"),
        ("Please tell me your full name.", "[{claimant}|{claimant}||skip]"),
        ("How much are you claiming in total?", "[{claimed}|{claimed}|around {claimed}||not sure yet]"),
        ("Have you told the police?", "[no|yes, {police_ref}]"),
        ("Your date of birth?", "{dob.num}"),
        ("A phone number?", "{phone}"),
    ]
    if page.chance(0.4):
        page.rng.shuffle(questions)
    page.tell_when(dated=False)
    page.line(f"{name}: Hello! I am here to help with your claim.")
    with page.changed(careless(page.rng)) if page.chance(0.5) else page.changed():
        for question, answer in questions:
            if page.chance(0.88):
                page.draft.add(f"{name}: {question}\n{user}: ")
                page.finish(answer)
        page.say(
            f"{name}: [Thanks. Your claim number is {{claim_number}}.|All done ✔ ref {{claim_number}}||Thanks, a "
            "colleague will take over.]\n"
        )


def live_agent(page: Page) -> None:
    """A chat with a person, stamped with times."""
    hour = page.rng.randint(8, 20)
    minute = page.rng.randint(0, 30)
    agent = page.text("{handler.familiar}")
    customer = page.pick("Visitor", "Customer", "Guest 4471", "[client]")

    def stamp(step: int) -> str:
        return f"[{hour:02d}:{minute + step:02d}] "

    welcome = page.pick("Hi, you are through to claims.", "Hello, how may I help?", "Welcome to live support.")
    page.draft.add(f"{stamp(0)}{agent}: {welcome}\n")
    page.tell_when(dated=page.chance(0.5))
    turns = [
        (customer, "{happened}"),
        (agent, "[Sorry to hear that|Oh no|I see]. [May I have your name and policy number?|Who am I chatting with?]"),
        (
            customer,
            "[{claimant}, {policy_number}|{claimant}[ and the policy is {policy_number}|]||i only have this number "
            "{customer_number}]",
        ),
        (agent, "[Thank you {claimant.formal}.||Thank you.] When was it?"),
        (customer, "[{loss}|it was {loss}||no idea exactly, {when_vague}]"),
        (customer, "{damage}"),
        (agent, "What do you think it will cost?"),
        (customer, "[{claimed}|{claimed} all in|they say {claimed}||waiting for a quote]"),
        (
            agent,
            "[I have set up {claim_number} for you.|Your reference is {claim_number}.||You will get a reference by "
            "mail.][{own_policy} The excess is {excess}.||]",
        ),
        (customer, "[ok thx|{own_policy}why is the excess so high|great, bye]"),
    ]
    with page.changed(careless(page.rng)) if page.chance(0.4) else page.changed():
        for step, (who, said) in enumerate(turns, start=1):
            page.facts.voice.is_known = False
            page.say(
                stamp(step).replace("[", "\\[").replace("]", "\\]"), who.replace("[", "\\[").replace("]", "\\]") + ": "
            )
            page.line(said)


def messenger(page: Page) -> None:
    """An exported messenger thread with dates and two names."""
    me = page.pick("Me", "You", page.text("{spouse.familiar}"))
    agent = page.pick("Claims Line", page.text("{broker_person.familiar} (broker)"), page.text("{insurer.familiar}"))
    day = page.text(page.pick("{letter.num}", "{reported.num}"))
    page.tell_when(dated=page.chance(0.7))
    lines = [
        (me, "Hi {broker_person.familiar}, need your help"),
        (me, "{happened}"),
        (me, "📷 image omitted"),
        (agent, "Oh dear. All ok? Which policy?"),
        (me, "[{policy_number}||the usual one]"),
        (agent, "Name on it?"),
        (me, "[{claimant}||mine]"),
        (me, "[it was {loss}|date {loss}||]"),
        (agent, "And what are you out of pocket?"),
        (me, "[{claimed}|{claimed} total||will get a quote]"),
        (agent, "[Done, claim {claim_number} 👍|They gave us {claim_number}||Will send it to them]"),
        (agent, "{own_policy}Renewal is {expiry.num} by the way"),
        (me, "{extra}"),
        *[(me, "{aftermath}"), (me, "{mail_remark}")] * page.rng.randint(0, 2),
    ]
    with page.changed(careless(page.rng)):
        for number, (who, said) in enumerate(lines):
            if page.can(said) and page.chance(0.9):
                page.facts.voice.is_known = False
                page.draft.add(f"{day}, {9 + number * 7 // 60:02d}:{number * 7 % 60:02d} - {who}: ")
                page.finish(said)


def sms(page: Page) -> None:
    """A few text messages."""
    page.tell_when(dated=True)
    with page.changed(careless(page.rng)):
        for sender, said in (
            ("IN", "[{claimant} here|this is {claimant}|hi its {claimant}||hi]. {happened}"),
            ("OUT", "Sorry to hear this. Please text your policy number and the total cost."),
            ("IN", "[{policy_number}||dont have pol no]"),
            ("IN", "[{claimed}|cost is {claimed}|{claimed} inc everything||cost tbc]"),
            (
                "OUT",
                "[Registered as {claim_number}.[{own_policy} Excess {excess}.||]|Thank you. Ref {claim_number}||"
                "Thank you. We will call you on {phone}]",
            ),
            ("IN", "[it was on {loss} by the way|date was {loss}||thx]"),
        ):
            if page.can(said):
                page.say(page.pick("", f"{sender} ") + page.pick("{phone}: ", "> ", "- "), said)
                page.draft.add("\n")


def forum_ticket(page: Page) -> None:
    """A help-desk ticket with replies."""
    page.line(
        "Ticket #{n}{n}{n} · {status} · {letter.num}", "[Requester: {claimant}||Requester: guest]", "Subject: {heading}"
    )
    page.gap()
    page.para(*page.story(page.rng.randint(0, 2), dated=page.chance(0.7)), "[{policy_is}||]")
    page.filler("mail_remark")
    page.line("--- reply by {handler.familiar}, {received.num}")
    page.para(
        "[Hello {claimant.familiar},||Hello,] [this is now claim {claim_number}.|your claim number: {claim_number}||"
        "we need your policy number.] [What is the total?|How much would you like to claim?]"
    )
    page.line("--- reply by requester")
    page.para(
        "[{claimed}[, and the first visit cost {small_amount} of that|].|{claim_total}||{no_total}]",
        "[Date was {loss}.||]",
        "{ask}" if page.chance(0.3) else "",
    )


def numbered_menu(page: Page) -> None:
    """A menu by number, as on old phones: steps, choices, answers."""
    page.line(page.pick("*CLAIMS MENU*", "Reply with a number", "Step by step claim - type 0 to quit"))
    steps = [
        ("1 Name", "[{claimant}||-]"),
        ("2 Policy", "[{policy_number}||-]"),
        ("3 Date it happened", "[{loss.num}|{loss}||-]"),
        ("4 Kind of {loss_noun}", "{heading}"),
        ("5 In a few words", "{happened}"),
        ("6 Total cost", "[{claimed}||-]"),
        ("7 Excess you agreed", "[{own_policy}{excess}||not my policy]"),
        ("8 Mobile", "{phone}"),
        ("9 Claim no. if you have one", "[{claim_number}||-]"),
    ]
    page.tell_when(dated=False)
    for step, answer in steps:
        page.say(step + page.pick("? ", ": ", " > "))
        page.finish(answer)
    page.filler_lines("app_remark")
    page.line("[Saved {letter.num} {time2}|Thank you]")


LAYOUTS = (
    Layout("chat-bot", bot, (CLAIMANT,), TYPED),
    Layout("chat-live-agent", live_agent, (CLAIMANT,), TYPED),
    Layout("chat-messenger", messenger, (CLAIMANT, RELATIVE), TYPED),
    Layout("chat-sms", sms, (CLAIMANT, RELATIVE), TYPED, held_out=True),
    Layout("chat-ticket", forum_ticket, (CLAIMANT,), TYPED),
    Layout("chat-menu", numbered_menu, (CLAIMANT,), TYPED),
)
