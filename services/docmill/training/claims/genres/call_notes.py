"""What is written down, or transcribed, while somebody telephones."""

from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import lowered, shortened
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

HANDLER, CLAIMANT = Narrator.HANDLER, Narrator.CLAIMANT
TYPED = Noise.TYPED


def prose(page: Page) -> None:
    """One block of shorthand."""
    with page.changed(shortened(page.rng, page.rng.choice((0.3, 0.6, 0.9)))):
        page.line(
            page.pick(
                "TEL NOTE {reported.num} {time2} {handler.familiar}",
                "Call in {reported.num}",
                "phone note - {clerk.familiar} - {reported.num}",
                "INBOUND CALL {time2}",
            )
        )
        page.para(
            "[{claimant} rang in.|Caller: {claimant}.|Spoke to {claimant}, id checked.||Caller would not give name.]",
            "[dob {dob}.|tel {phone}.|]",
            "[Pol {policy_number}.|{own_policy}policy {policy_number}, incepted {inception}.||no policy number to "
            "hand.]",
            "[Claim ref given: {claim_number}.|Set up as {claim_number}.||]",
            end=" ",
        )
        page.para(*page.story(page.rng.randint(0, 2)), end=" ")
        page.para(
            "[est {claimed}.|Claiming {claimed} approx, quotes to come.|Puts loss at {claimed}.|Total {claimed}.||No "
            "figure yet.]",
            page.pick(
                "{own_policy}XS {excess} explained.", "{own_policy}Advised excess {excess}.", "Reserve {reserve}.", ""
            ),
            page.pick(
                "Will send photos.",
                "C/b tomorrow.",
                "Form sent by email.",
                "Told cust we will be in touch within {n} days.",
            ),
        )
        page.filler("call_remark")


def bullets(page: Page) -> None:
    """Dashes, one fact each."""
    with page.changed(shortened(page.rng, page.rng.choice((0.2, 0.5, 0.8)))):
        page.line(page.pick("FNOL", "New claim call", "Notes from call w/ customer", "{heading}"))
        facts = [
            "[{claimant}, tel {phone}|caller {claimant}||caller hung up before giving name]",
            "[pol no {policy_number}||pol not found]",
            "[DOL {loss}|happened {loss} @ {time}|loss {loss}||date unclear, {when_vague}]",
            "loc: {place}",
            "{happened}",
            "{damage}",
            "[amt {claimed}|claimed {claimed}|quote in hand for {claimed}||no costs yet]",
            "[our ref {claim_number}|claim {claim_number}||ref to follow]",
            "reported {reported.num}, why late? [was away|did not know]",
            "{own_policy}xs {excess}",
            "{extra}",
        ]
        page.tell_when(dated=False)
        dash = page.pick("- ", "* ", ". ", "> ", "")
        if page.chance(0.3):
            page.rng.shuffle(facts)
        for fact in facts:
            if page.can(fact) and page.chance(0.88):
                page.facts.voice.is_known = False
                page.say(dash, fact)
                page.draft.add("\n")
        page.line(
            page.pick("action: send form", "NFA till docs in", "diary {deadline.num}", "-> {adjuster.familiar}", "")
        )
        page.filler_lines("call_remark", dash)


def crm(page: Page) -> None:
    """Fields of a customer system with a note in the last."""
    fields = [
        ("CALLER", "[{claimant}||not given]"),
        ("CONTACT REASON", "[Claim|New loss|First notification]"),
        ("DATE/TIME", "{reported.num} {time2}"),
        ("AGENT", "{handler.familiar} ([0412|117|9003])"),
        ("POLICY", "[{policy_number}||tba]"),
        ("CASE", "[{claim_number}||pending]"),
        ("LOSS DATE", "[{loss.num}||unknown]"),
        ("INDICATED COST", "[{claimed}||none given]"),
        ("CUSTOMER SINCE", "[{own_policy}{inception}||third party]"),
        ("CLI", "{phone}"),
        ("PREMIUM", "[{own_policy}{premium} pa||n/a]"),
    ]
    mark = page.pick(": ", " | ", " = ", "\n  ")
    for label, value in page.rng.sample(fields, 9) if page.chance(0.4) else fields:
        page.line(f"{label}{mark}{value}")
    page.draft.add(f"NOTES{mark}")
    with page.changed(shortened(page.rng, 0.5)):
        page.para(*page.story(page.rng.randint(1, 2), dated=False), "{excess_remark}" if page.chance(0.3) else "")
        page.filler_lines("call_remark")
    page.line(page.pick("OUTCOME{mark}registered", "NEXT{mark}[call back|send link]").replace("{mark}", mark))


def voicemail(page: Page) -> None:
    """A message left, written down by a machine: no capitals to speak of, few stops."""
    page.line(
        page.pick(
            "Voicemail transcript ({n} min)",
            "New voice message from {phone}",
            "Message left {reported.num} {time2}, auto transcription",
        )
    )
    with page.changed(lowered) if page.chance(0.5) else page.changed():
        page.para(
            page.pick("Hello,", "Yeah hi,", "Um hello,", "Good morning,"),
            "[this is {claimant},|my name is {claimant},|{claimant} here,||it's me again,]",
            page.pick(
                "I hope this is the right number.",
                "I was told to ring this line.",
                "nobody picks up so I leave a message.",
            ),
            *page.story(page.rng.randint(0, 1)),
            "[The policy, hang on, {policy_number}.|The number on my papers is {policy_number}.|It's policy "
            "{policy_number}, I'll say that again, {policy_number}.||I don't have my papers here.]",
            "[Someone gave me {claim_number} as a reference.||]",
            "[It's about {claimed}, um, all together.|It comes to {claimed}.|They want {claimed} for it.||I don't "
            "know what it costs.]",
            "Ring me on {phone}, thanks, bye.",
        )


def transcript(page: Page) -> None:
    """A call, speaker by speaker."""
    agent, caller = (
        page.pick("Agent", "AGENT", "Rep", page.text("{handler.familiar}")),
        page.pick("Caller", "CUSTOMER", "Customer", "C"),
    )
    page.line(page.pick("Call recording {n}0{n}, {reported.num}", "Transcript", "[{insurer} - recorded line||]"))
    exchanges = [
        (
            "Can I take your name please?",
            "[{claimant}.|Yes, it's {claimant}.|{claimant}, shall I spell it?||I'd rather not say yet.]",
        ),
        (
            "And the policy number?",
            "[{policy_number}.|One moment... {policy_number}.|It says {policy_number}.||I haven't got it with me.]",
        ),
        ("Your date of birth for security?", "{dob}."),
        (
            "When did this happen?",
            "[{loss}.|On {loss}, about {time}.|That was {loss}.||I can't say exactly, {when_vague}.]",
        ),
        ("And what happened?", "{happened}"),
        ("What is the damage?", "{damage}"),
        (
            "Do you have an idea of the cost?",
            "[{claimed}.|They quoted {claimed}.|{claimed} with everything.||Not yet, no.]",
        ),
        ("Was anyone else involved?", "{witness} was there."),
        ("And a number to reach you?", "{phone}."),
    ]
    page.tell_when(dated=False)
    if page.chance(0.3):
        page.rng.shuffle(exchanges)
    welcome = page.pick("Claims, good morning.", "Thank you for holding.", "How can I help?")
    reply = page.pick(
        "I need to make a claim.", "Hi, yes, something happened.", "Finally. I have been waiting for ages."
    )
    page.draft.add(f"{agent}: {welcome}\n{caller}: {reply}\n")
    for question, answer in exchanges:
        if page.chance(0.9):
            page.draft.add(f"{agent}: {question}\n{caller}: ")
            page.finish(answer)
    page.say(
        f"{agent}: [Your claim number is {{claim_number}}, please write it down.|Right, I have given it the number "
        f"{{claim_number}}.||You will get a reference by text.] [{{own_policy}}The excess is {{excess}}.|]\n"
    )
    page.say(f"{caller}: [Thank you.|OK, bye.|{{own_policy}}Will this affect my premium?]\n")


def diary(page: Page) -> None:
    """Notes of several days on one claim."""
    page.line(
        "[{claim_number} ||]{heading}",
        "[{claimant} v {policyholder}||]" if page.claim.by_stranger else "[{claimant}||]",
        "[pol {policy_number}||]",
    )
    with page.changed(shortened(page.rng, page.rng.choice((0.3, 0.7)))):
        page.say("{reported.num} {handler.familiar}: ")
        page.para(*page.story(0), end="\n")
        entries = [
            "{letter.num} {handler2.familiar}: [rang PH, no answer|left message w/ {spouse.familiar}]",
            "{inspected.num}: {adjuster.familiar} visited, [agrees w/ version|not convinced], thinks {assessed}",
            "{received.num} {handler.familiar}: [bills in, claim now {claimed}|claim presented at {claimed}|docs "
            "rcvd, total {claimed}]",
            "{deadline.num}: chase [police report {police_ref}|GP report]",
            "{appointment.num}: paid on a/c {deposit}",
            "{invoiced.num}: bill {invoice_number} from {builder} {small_amount}",
        ]
        for entry in [entries[2], *page.rng.sample(entries[:2] + entries[3:], 3)]:
            page.line(entry)
        page.filler_lines("call_remark")


def night_line(page: Page) -> None:
    """An out-of-hours service passes a message on."""
    page.line(
        page.pick("OUT OF HOURS MESSAGE", "Emergency line - message for claims", "Night desk report"),
        "Taken by {clerk.familiar} at {time2} on {reported}",
    )
    page.para(
        "[{claimant} called|Call from {claimant}||Anonymous call] from {phone} about [a|an urgent] matter at {place}.",
        "[States policy {policy_number}.|Policy given as {policy_number}.||Did not know the policy.]",
    )
    page.para(*page.story(page.rng.randint(0, 1)))
    page.para(
        "[Caller mentions a cost of {claimed}.|Repairer on site estimates {claimed}.||]",
        "[We logged it as claim {claim_number}.|Claim booked under {claim_number}.||]",
        "[Plumber|Locksmith|Recovery|Assistance] sent, call-out {small_amount}.",
    )
    page.filler("call_remark")


LAYOUTS = (
    Layout("call-prose", prose, (HANDLER,), TYPED),
    Layout("call-bullets", bullets, (HANDLER,), TYPED),
    Layout("call-crm", crm, (HANDLER,), TYPED),
    Layout("call-voicemail", voicemail, (CLAIMANT, Narrator.RELATIVE), Noise.CLEAN),
    Layout("call-transcript", transcript, (CLAIMANT,), Noise.CLEAN, held_out=True),
    Layout("call-diary", diary, (HANDLER,), TYPED),
    Layout("call-night-line", night_line, (HANDLER, Narrator.ADJUSTER), TYPED),
)
