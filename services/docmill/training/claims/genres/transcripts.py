"""Speech written down word by word: recorded calls, messages, statements taken by telephone, robots, video calls."""

from docmill.training.claims.bank import drawn, kind_of
from docmill.training.claims.genres.speech import broken, hesitant, unstopped
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import lowered
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

BANK = "transcripts"
CLAIMANT, RELATIVE, HANDLER = Narrator.CLAIMANT, Narrator.RELATIVE, Narrator.HANDLER
MENU = (
    "Car or other vehicle",
    "Home or business premises",
    "Trip or baggage",
    "Medical bills",
    "Harm done by one of your customers",
)
MENU_OF = {"motor": 0, "property": 1, "travel": 2, "health": 3, "liability": 4}


def recorded(page: Page) -> None:
    """A first call, with everything that is said in between."""
    agent, caller = page.rng.choice((
        ("AGENT", "CALLER"), ("Speaker 1", "Speaker 2"), ("A", "C"), (page.text("{handler.familiar}"), "Customer"),
        ("Advisor", "Cust"), ("Q", "A"),))  # fmt: skip
    clock = page.chance(0.35)
    seconds = 0

    def tag(name: str) -> str:
        nonlocal seconds
        seconds += page.rng.randint(3, 25)
        return f"\\[{seconds // 60:02d}:{seconds % 60:02d}\\] {name}: " if clock else f"{name}: "

    page.line(
        page.pick(
            "CALL TRANSCRIPT - {reported} - ext. {n}4",
            "Recording {file_number}, {reported.num}, {time2}. Verbatim; \\[...\\] not understood.",
            "{insurer} claims line - speech to text - agent {handler}",
            "",
        )
    )
    exchanges = [
        (
            page.pick("Can I start with your full name?", "Who am I speaking with?", "And your name, sir or madam?"),
            page.pick(
                "[{claimant}.|It's {claimant}.|My name's {claimant}, it's on the account.||You've got my name.]",
                "[{claimant}. People always get it wrong.|{claimant}, I spelt it last time too.||Does it matter?]",
            ),
        ),
        (
            page.pick("Do you have the policy number handy?", "Policy number?", "What's the reference on your policy?"),
            "[{policy_number}.|Er, {policy_number}, I think, yes, {policy_number}.|Wait... {policy_number}.||No, it's "
            "in a drawer somewhere.|Not on me.]",
        ),
        (
            page.pick("When was this?", "What date are we talking about?", "And the date it happened?"),
            "[{loss}.|It was, what, {loss}.|{loss}, I looked it up.|{loss}. No, wait. Yes, {loss}.||I couldn't tell "
            "you the date.|A while back.]",
        ),
        (page.pick("So tell me what happened.", "In your own words.", "What can I do for you?"), "{happened}"),
        (page.pick("What's the damage, so to speak?", "And how are things now?", "OK, and after that?"), "{damage}"),
        (
            page.pick("What are we looking at, cost-wise?", "How much are you claiming?", "Any idea of the figure?"),
            "[{claimed}.|{claimed}, that's everything.|They're saying {claimed} all in.|It came to {claimed}, not a "
            "penny less.||I haven't had a price.|God knows.]",
        ),
        (
            "Have you reported it before?",
            "[Yes, I was given {claim_number}.|I've a text here says {claim_number}.||No, first time.]",
        ),
    ]
    page.tell_when(dated=False)
    if page.chance(0.5):
        page.rng.shuffle(exchanges)
    asides = drawn(page, BANK, "caller_aside", page.rng.randint(2, 9))
    small = drawn(page, BANK, "agent_small", page.rng.randint(1, 7))
    page.say(f"{tag(agent)}{page.pick('Claims, how can I help?', 'Good morning, claims.', 'Thanks for holding.')}\n")
    page.say(f"{tag(caller)}{page.pick('Yeah, hello.', 'Hi. Finally.', 'Is that the claims people?', 'Hiya.')}\n")
    for question, answer in exchanges:
        page.say(f"{tag(agent)}{question}\n")
        with page.changed(broken(page.rng, f"\n{agent}: ", f"\n{caller}: "), hesitant(page.rng)):
            page.say(f"{tag(caller)}{answer}\n")
        if asides and page.chance(0.7):
            page.say(f"{tag(caller)}{asides.pop()}\n" if page.chance(0.5) else f"{tag(agent)}OK.\n")
        if small and page.chance(0.6):
            page.say(f"{tag(agent)}{small.pop()}\n")
            page.say(f"{tag(caller)}{asides.pop() if asides else page.pick('Yeah.', 'Right.', 'OK.', 'Grand.')}\n")
    page.say(f"{tag(agent)}[So your claim number is {{claim_number}}.||I'll email you the reference.] Anything else?\n")
    page.say(f"{tag(caller)}{page.pick('No.', 'No, ta.', 'You have been very helpful.', 'Just hurry up please.')}\n")


def statement(page: Page) -> None:
    """A recorded statement as adjusters take them: formal, question and answer."""
    asked, told = page.rng.choice(
        (
            ("Q.", "A."),
            ("Q:", "A:"),
            ("ADJ:", "WIT:"),
            ("EXAMINER:", "CLAIMANT:"),
        )
    )
    page.para(
        page.pick(
            "This is {adjuster} of {adjusting_firm}. Today is {inspected}, the time is {time2}.",
            "RECORDED INTERVIEW. Present: {adjuster}; the interviewee; {clerk}, taking notes. {inspected}.",
            "We are on the record, {inspected}. My name is {adjuster} and I work for {insurer}.",
        ),
        "[I am speaking with {claimant}|With me on the line is {claimant}||I am speaking with the person who called][ "
        "regarding claim {claim_number}| under file {claim_number}||][, under policy "
        "{policy_number}||].",
    )
    pairs = [
        ("Are you aware that this is being recorded, and is that with your permission?", "Yes."),
        ("State your date of birth and address.", "{dob}. {address}."),
        ("On what date did it occur?", "[{loss}.|That would be {loss}.|{loss}, around {time}.||I don't remember.]"),
        ("Describe what happened.", "{happened}"),
        ("And as a result?", "{damage}"),
        (
            "What amount are you seeking?",
            "[{claimed}.|{claimed} total.|The paperwork says {claimed}.||I don't have that figure.]",
        ),
    ]
    for pair in drawn(page, BANK, "statement_pair", page.rng.randint(2, 9)):
        question, _, answer = pair.partition(" // ")
        pairs.insert(page.rng.randint(2, len(pairs)), (question, answer))
    page.tell_when(dated=page.chance(0.2))
    for question, answer in pairs:
        page.say(f"{asked} {question}\n")
        page.say(f"{told} {answer}\n")
    page.line(page.pick("(End of recording.)", "Off the record, {time2}", "{asked} Is all this true? {told} Yes.")
              .replace("{asked}", asked).replace("{told}", told))  # fmt: skip


def long_message(page: Page) -> None:
    """A message that goes on too long, written down by a machine without much sense for stops."""
    page.line(
        page.pick(
            "VM from {phone} | {reported.num} | confidence 0.{n}",
            "Mailbox 4: message {n} of 19, received {reported} {time2}",
            "Transcribed automatically. Errors are likely.",
        )
    )
    parts = [
        "[I'm ringing for {claimant}|it's about {claimant}|the claim is {claimant}'s, I'm only the one who rings||I'm "
        "ringing for somebody else]"
        if page.facts.voice.subject
        else "[so it's {claimant} again|{claimant} is the name|hello {claimant} speaking|hi there it's {claimant}||"
        "hello it's only me]",
        "[the policy's {policy_number}|policy number {policy_number}, did you get that, {policy_number}|it's under "
        "{policy_number}||I'll look out the policy number later]",
        "[you gave me {claim_number} last time|claim number {claim_number} if that's any good||]",
        "[it'll be {claimed} all told|the bill's {claimed}, I nearly fell over|we're asking {claimed} for it||I still "
        "have no bill]",
    ]
    page.rng.shuffle(parts)
    flow = [parts[0], *page.story(page.rng.randint(0, 2)), parts[1]]
    flow += [*drawn(page, BANK, "caller_aside", page.rng.randint(1, 5)), parts[2], parts[3]]
    with page.changed(hesitant(page.rng), *([unstopped] if page.chance(0.6) else []), *([lowered][: page.chance(0.5)])):
        page.para(*flow, page.pick("anyway ring me, {phone}", "right, bye, bye bye", "call back on {phone} after six"))


def chatbot(page: Page) -> None:
    """A robot asks, with buttons; the customer answers with a tap or a few words."""
    bot, user = page.rng.choice((("Bot", "You"), ("Ivy (assistant)", "Customer"), (">>", "<<"), ("BOT", "USER")))
    left, right = page.rng.choice((("<", ">"), ("(", ")"), ("{", "}"), ("*", "*")))
    chosen = MENU_OF[kind_of(page.claim)]

    def buttons(*labels: str) -> None:
        page.draft.add("   ".join(f"{left}{label}{right}" for label in labels) + "\n")

    page.line(page.pick("Session {customer_number} {reported.num}", "Chat export, {insurer}", "web intake v{n}", ""))
    page.line(f"{bot}: Hi! What can we help with?" if page.chance(0.3) else f"{bot}: Hello, what is your claim about?")
    buttons(*MENU)
    page.draft.add(f"{user}: {page.pick(MENU[chosen], f'({chosen + 1})', f'tapped option {chosen + 1}')}\n")
    small = drawn(page, BANK, "bot_small", 3)
    steps = [
        ("Your full name, please.", (), "[{claimant}||(skipped)]"),
        ("When did it happen?", ("Today", "Yesterday", "Pick a date"), "[{loss}||not sure]"),
        ("Enter your policy number.", ("I don't have it",), "[{policy_number}||I don't have it]"),
        ("Tell me in a few words.", (), "{happened} {damage}" if page.chance(0.5) else "{happened}"),
        (
            "How much would you like to claim?",
            ("Under {small_amount}", "More", "I don't know"),
            "[{claimed}||I don't know]",
        ),
        ("Was anybody with you?", ("Yes", "No"), page.pick("Yes", "No", "{witness}, {phone2}")),
    ]
    page.tell_when(dated=False)
    if page.chance(0.4):
        page.rng.shuffle(steps)
    for question, labels, answer in steps:
        page.line(f"{bot}: {question}")
        if labels and page.chance(0.7):
            buttons(*(page.text(label) for label in labels))
        page.line(f"{user}: {answer}")
        if small and page.chance(0.4):
            page.line(f"{bot}: {small.pop()}")
            page.line(f"{user}: {page.pick('ok', 'agent', '??', 'human please', 'k', 'go on')}")
    page.line(
        f"{bot}: [All set! Reference {{claim_number}}.|{{own_policy}}Logged as {{claim_number}}. Excess: "
        f"{{excess}}.||All set!]"
    )


def video_notes(page: Page) -> None:
    """What somebody typed during a video call."""
    page.line(
        page.pick("VIDEO CALL {inspected.num} {time2}", "Live video inspection - notes", "Remote visit, {adjuster}")
    )
    dash = page.pick("- ", "* ", "", "{n}s ")
    notes = [
        "[on screen: {claimant}|{claimant}, id card held up||person on screen not named]",
        "[policy on screen: {policy_number}|schedule shown, {policy_number}]",
        "[file {claim_number}|link sent under {claim_number}]",
        "[says it was {loss}|date given: {loss}||date not established]",
        "{happened}",
        "{damage}",
        "[wants {claimed}|figure: {claimed} all in|total on the papers {claimed}||no papers with figures]",
    ]
    for aside in drawn(page, BANK, "camera", page.rng.randint(2, 7)):
        notes.insert(page.rng.randint(0, len(notes)), aside)
    page.tell_when(dated=False)
    for number, note in enumerate(notes, start=1):
        page.facts.voice.is_known = False
        if page.can(note):
            page.draft.add(dash.replace("{n}", str(number * 40)))
            page.finish(note)
    page.line(page.pick("recommend [pay|desk review|visit in person]", "ended {time2}", "my view: about {assessed}"))


def robot_line(page: Page) -> None:
    """A machine asks by voice, and writes down what it believes it heard."""
    mark = page.pick(" -> ", "\n  HEARD: ", " | ")
    steps = [
        ("Please say your full name after the tone.", "[{claimant}||(silence)]"),
        ("Say or key in the policy number.", "[{policy_number}||(no input)]"),
        ("If you have a claim number, say it now.", "[{claim_number}||no]"),
        ("On what day did the event take place?", "[{loss}||(unclear)]"),
        ("What is the total amount?", "[{claimed}||do not know]"),
        ("To pay [{own_policy}your premium of {premium}||a bill], say pay.", page.pick("no", "(no input)", "claims")),
        ("Press 1 for English.", "1"),
        ("Describe the event in your own words. You have two minutes.", "{happened} {damage}"),
        ("A number to call you on.", "{phone}"),
    ]
    if page.chance(0.4):
        page.rng.shuffle(steps)
    page.line(
        page.pick("VOICE INTAKE {reported.num} {time2}", "IVR LOG {file_number}", "automated line, caller {phone}")
    )
    page.tell_when(dated=False)
    numbered = page.chance(0.5)
    for number, (prompt, heard) in enumerate(steps, start=1):
        page.say(f"{f'{number:02d} ' if numbered else ''}{prompt}{mark}")
        page.finish(heard)
    for aside in drawn(page, BANK, "caller_aside", page.rng.randint(0, 4)):
        page.line(f"(overheard) {aside}")


LAYOUTS = (
    Layout("transcript-recorded", recorded, (CLAIMANT,), Noise.CLEAN),
    Layout("transcript-statement", statement, (CLAIMANT,), Noise.CLEAN),
    Layout("transcript-message", long_message, (CLAIMANT, RELATIVE), Noise.CLEAN),
    Layout("transcript-chatbot", chatbot, (CLAIMANT,), Noise.TYPED),
    Layout("transcript-video", video_notes, (HANDLER,), Noise.TYPED, held_out=True),
    Layout("transcript-robot", robot_line, (CLAIMANT,), Noise.CLEAN, held_out=True),
)
