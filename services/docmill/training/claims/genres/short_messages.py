"""Messages without form: threads on a phone, hurried mails, forwarded chains, notes between colleagues."""

from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import careless, quoted, shortened
from docmill.training.claims.page import Page
from docmill.training.claims.thumbs import bubbles, spoken, thumbed
from docmill.training.claims.voice import Narrator

CLAIMANT, RELATIVE, BROKER, HANDLER = Narrator.CLAIMANT, Narrator.RELATIVE, Narrator.BROKER, Narrator.HANDLER
TYPED = Noise.TYPED


def thread(page: Page) -> None:
    """An exported thread, one sentence a message, with what people say in between."""
    me = page.text(page.pick("[{spouse.familiar}||Me]", "{phone}", "[{neighbour.familiar}||You]", "Me"))
    them = page.text(
        page.pick(
            "{broker_person.familiar} Ins", "{insurer.familiar} Care", "{handler.familiar}", "{clerk.familiar} 🏠"
        )
    )
    day, hour, minute = page.text("{letter.num}"), page.rng.randint(7, 21), page.rng.randint(0, 9)
    head = page.pick("\\[{}, {:02d}:{:02d}:44\\] {}: ", "{}, {:02d}:{:02d} - {}: ", "{} {:02d}.{:02d} {}> ")
    page.tell_when(dated=page.chance(0.6))
    turns = [
        (them, page.pick("hi, how can we help?", "Hello 👋", "", "")),
        (me, page.pick("hey u there?", "Good morning sir", "hi its about the insurance", "help 😩", "Hiya", "")),
        (me, "{happened} {damage}"),
        (
            them,
            page.pick(
                "omg", "😮", "Noted.", "Ok, sorry about that. Any photos?", "<Media omitted>", "is everyone safe"
            ),
        ),
        (me, page.pick("<Media omitted>", "IMG-0231.jpg (file attached)", "yes see pics", "{extra}")),
        (me, "[policy {policy_number}|{policy_number}|its {policy_number}||no idea what the policy no is]"),
        (me, "[name is {claimant}|{claimant}|on the name of {claimant}||]"),
        (them, page.pick("when was this?", "date pls", "And the date of {loss_noun}?", "")),
        (me, "[{loss}|{loss} i think|was {loss}||not sure, {when_vague}]"),
        (me, "[they want {claimed}|total damage {claimed}|its {claimed} all in!!|asking for {claimed}||no price yet]"),
        (
            them,
            "[Logged under {claim_number}|ok claim no is {claim_number}|{claim_number} is the ref||ok leave it to me]",
        ),
        (
            them,
            page.pick(
                "{own_policy}excess is {excess} btw",
                "{own_policy}you pay first {excess}",
                "",
                "will call you at {time2}",
            ),
        ),
        (me, page.pick("👍", "ok thanks", "how long?", "{aftermath}", "thats not fair", "k")),
    ]
    with page.changed(thumbed(page.rng)) if page.chance(0.5) else page.changed(careless(page.rng)):
        for who, said in turns:
            if said and page.can(said) and page.chance(0.92):
                minute += page.rng.randint(0, 3)
                stamp = head.format(day, hour, minute, who)
                page.facts.voice.is_known = False
                with page.changed(bubbles(page.rng, page.text(stamp))):
                    page.say(stamp, said)
                page.draft.add("\n")


def from_phone(page: Page) -> None:
    """One breath, no full stops, all there is to say or half of it."""
    facts = [
        "{happened}",
        "[it was on {loss}|date was {loss}|that was {loss}||]",
        "[it cost {claimed}|the bill is {claimed}|{claimed} please|i need {claimed} back||]",
        "[policy {policy_number}|{own_policy}my policy is {policy_number}|pol no {policy_number}||]",
        "[claim {claim_number}|you gave me {claim_number}|ref {claim_number}||]",
        "{damage}" if page.chance(0.5) else "",
        "{aftermath}" if page.chance(0.3) else "",
    ]
    if page.chance(0.6):
        page.rng.shuffle(facts)
    page.tell_when(dated=page.chance(0.4))
    start = page.pick(
        "hi", "hello claims dept", "to whoever reads this", "good day", "yo", "Hi guys", "urgent", "ok so"
    )
    sign = "for {claimant}" if page.facts.voice.narrator is RELATIVE else "[{claimant}|- {claimant}]"
    with page.changed(thumbed(page.rng)):
        page.line(
            page.pick("Re:", "(no subject)", "claim", "HELP", "insurance thing", "Fwd:", "") if page.chance(0.6) else ""
        )
        page.say(start)
        for fact in facts:
            if fact and page.can(fact):
                page.facts.voice.is_known = False
                page.say(page.pick(" ", " ", " and ", " also ", "... ", " so "), fact)
        page.finish(page.pick(" thanks", " pls reply", " cheers", " how long does it take", " call me {phone}", ""))
        page.line(sign, "{sent_from}" if page.chance(0.6) else "")


def forwarded_chain(page: Page) -> None:
    """Mails within mails, the oldest at the bottom, with what stands under company mails."""
    page.line(
        "From: {handler} <{insurer.mail}>", "To: {handler2}", "Subject: FW: RE: {heading_or_plain}[ - {claim_number}||]"
    )
    page.gap()
    page.para(
        page.pick(
            "One for your team I think.", "fyi", "Not mine. Yours?", "Please see trail.", "As discussed, over to you."
        ),
        "[Looks like {claimed} before excess.|Presented at {claimed}.||]" if page.chance(0.5) else "",
    )
    page.line(
        "{handler.familiar}", "{handler_team} | {phone2}", "{disclaimer}", "{disclaimer}" if page.chance(0.4) else ""
    )
    page.gap()
    line = page.pick(
        "-----Original Message-----", "________________________________", "On {received}, {broker_person} wrote:"
    )
    with page.changed(quoted(page.pick("> ", "", "| "))):
        page.line(line, "From: {broker_person} \\[{broker.mail}\\]", "Sent: {received}", "Cc: {clerk}")
        page.para(
            page.pick(
                "Hi {handler.familiar}, below speaks for itself.", "Pls note the attached.", "Can you open a file?"
            ),
            "[Insured under {policy_number}.|{own_policy}{policy_number}, renewed {inception}.||Policy no to follow.]",
            "[Client's name is {claimant}.||]" if page.chance(0.4) and not page.claim.by_stranger else "",
        )
        page.line("{broker_person}", "{broker}", "{disclaimer}" if page.chance(0.7) else "")
        with page.changed(quoted(page.pick("> ", ">", ""))):
            page.line(
                "From: [{claimant}|{claimant} <{claimant.mail}>||customer]", "Date: {letter}", "Subject: {heading}"
            )
            page.para("{greeting}" if page.chance(0.5) else "", *page.story(page.rng.randint(0, 2)))
            page.para("[{claim_total}||{no_total}]", "{policy_is}" if page.chance(0.3) else "", "{ask}")
            page.line("{closing}", "[{claimant}||]", "{sent_from}" if page.chance(0.4) else "")


def handover(page: Page) -> None:
    """One colleague leaves another a file before going on leave."""
    page.line(
        page.pick(
            "HANDOVER", "Holiday cover notes", "for {handler2.familiar} while I'm off", "File note - reallocation"
        ),
        "[{claim_number} / {claimant}|{claimant}|{claim_number}||(new one, no ref yet)]",
    )
    page.tell_when(dated=page.chance(0.4))
    with page.changed(shortened(page.rng, page.rng.choice((0.0, 0.4, 0.8)))):
        for fact in (
            "What: {heading}",
            "Story: {happened}",
            "{damage}",
            "[DOL {loss}|happened {loss}||no DOL on file, chase]",
            "[Pol {policy_number}, in force||pol not found, try {customer_number}]",
            "[they're after {claimed}|presented {claimed}, reserve {reserve}|claim is {claimed}, I'd pay {assessed}||"
            "no quantum yet, reserve {reserve}]",
            "Done: [acknowledged {reported}|adjuster ({adjusting_firm}) booked for {inspected}|excess letter sent]",
            "To do: [chase {broker}|ring {phone}|diary {deadline}|get invoice {invoice_number}]",
            page.pick(
                "Beware, {spouse.familiar} rings daily and shouts",
                "nice person, be kind",
                "lawyers involved ({law_firm}), nothing on the phone!!",
                "something smells, ask {manager.familiar} in fraud",
                "promised an answer by {deadline}, sorry",
            ),
        ):
            if page.can(fact) and page.chance(0.88):
                page.facts.voice.is_known = False
                page.say(page.pick("- ", "", "* "), fact)
                page.draft.add("\n")
    page.filler_lines("call_remark")
    page.line(page.pick("ta, {handler.familiar}", "{handler.familiar}", "back on {appointment}", "owe you a coffee"))


def sticky(page: Page) -> None:
    """What fits on a small yellow note, or the back of an envelope."""
    facts = [
        "[{claimant}||]",
        "[{claim_number}||]",
        "[pol {policy_number}|{policy_number}||]",
        "[{loss}||]",
        "[{claimed}!|{claimed}|total {claimed}||how much??]",
        "{heading}",
        "ring {phone} after {time2}",
        "ask {handler2.familiar}",
        "{happened}",
    ]
    page.tell_when(dated=False)
    if page.chance(0.7):
        page.rng.shuffle(facts)
    with page.changed(shortened(page.rng, 0.8)):
        page.line(page.pick("!!", "pls log", "Phone msg {time}", "while you were out", "NB", "for file", "* new *"))
        for fact in facts:
            if page.can(fact) and page.chance(0.93):
                page.line(fact)
        page.line(page.pick("{handler.familiar}", "x", "- {clerk.familiar} (front desk)", "ta", ""))


def voicemail(page: Page) -> None:
    """Speech turned into text by a machine, without marks."""
    page.line(
        page.pick("Voicemail transcript (confidence low)", "AUTO-TRANSCRIBED VOICE MESSAGE", "VM to text:"),
        "From {phone}, {letter.num} {time2}, [0:51|1:12|2:04]",
    )
    opening = ("yes hello this is ", "hi my name is ", "good morning it's ")
    if page.facts.voice.narrator is RELATIVE:
        opening = ("hello calling on behalf of ", "hi it's for ", "yes i am ringing about the claim of ")
    um = page.pick("um", "er", "uh", "like", "so yeah", "you know")
    with page.changed(spoken(page.rng, um)):
        page.para(
            page.pick(*opening) + "{claimant}"
            if page.can("{claimant}")
            else "hello it's about something that happened",
            "[the policy number is {policy_number}|policy number {policy_number}||i haven't got the policy here]",
            "[and the claim number {claim_number}||]",
            *page.story(page.rng.randint(0, 2), dated=page.chance(0.5)),
            "[so it was {loss}|the {loss_noun} was {loss}||]" if page.chance(0.7) else "",
            "[and {claim_total}|they are saying {claimed}|it's {claimed} altogether||{no_total}]",
            "anyway call me back on {phone2} bye",
        )


def team_chat(page: Page) -> None:
    """Two at the insurer's about a file."""
    one, two = page.text("{handler}"), page.text("{handler2.familiar}")
    lines = [
        (one, page.pick("got a sec?", "morning! question on a file", "@here anyone know this one", "ugh")),
        (one, "[{claim_number}|{claim_number}, {claimant}|{claimant}||no number yet]"),
        (two, page.pick("opening it now", "1 sec", "👀", "what about it")),
        (one, "{happened}"),
        (two, "[date?|when was this]"),
        (one, "[{loss}|{loss} per the form||nobody wrote it down]"),
        (one, "{damage}"),
        (two, "[policy {policy_number} is live, checked|i see {policy_number} on the system||cant find the policy]"),
        (one, "[they want {claimed}|claimed is {claimed}, adjuster says {assessed}|{claimed} claimed||no figures]"),
        (two, "[excess {excess} though|reserve at {reserve} for now|over my limit, ask {manager.familiar}|pay it]"),
        (one, "{extra}"),
        (one, page.pick("ok will pay", "thanks!", "lunch?", "will ring them on {phone}")),
    ]
    page.tell_when(dated=page.chance(0.4))
    shape = page.pick("{}: ", "{} says:\n", "<{}> ", "{}  {{time2}}\n")
    with page.changed(shortened(page.rng, page.rng.choice((0.0, 0.5)))):
        for who, said in lines:
            if page.can(said) and page.chance(0.9):
                page.facts.voice.is_known = False
                page.say(shape.format(who))
                page.finish(said)


def direct_message(page: Page) -> None:
    """An angry post to an insurer's account and what follows in private."""
    handle = page.text("[{spouse.mail}||anon@]").partition("@")[0].replace(".", "_")
    brand = page.claim.parties["insurer"].mail
    page.tell_when(dated=page.chance(0.5))
    page.draft.add(f"@{handle}: @{brand} ")
    page.line(
        page.pick(
            "worst insurer EVER. ", "three weeks and NOTHING. ", "does anyone work here?? ", "name and shame time: "
        )
        + "{happened}"
    )
    page.draft.add(f"@{brand}: ")
    page.line(page.pick("Hi, please DM us your details.", "We're sorry to hear that. Could you message us privately?"))
    page.line("--- direct message ---")
    with page.changed(thumbed(page.rng)):
        for said in (
            "[fine. {claimant}, {policy_number}|{claimant}||]",
            "[policy {policy_number}||dont have the number on me]",
            "[ref {claim_number} if you even bother to look||]",
            "[{loss}||]",
            "{damage}",
            "[you owe me {claimed}|{claimed} and counting|its {claimed}. pay up||havent even got a quote]",
            "{ask}" if page.chance(0.3) else "",
        ):
            if said and page.can(said):
                page.facts.voice.is_known = False
                page.line(said)
    page.line("Seen {received.num}")


LAYOUTS = (
    Layout("short-thread", thread, (CLAIMANT, RELATIVE), TYPED),
    Layout("short-from-phone", from_phone, (CLAIMANT, RELATIVE), TYPED),
    Layout("short-forwarded", forwarded_chain, (CLAIMANT,), TYPED),
    Layout("short-handover", handover, (HANDLER,), TYPED),
    Layout("short-sticky", sticky, (HANDLER, BROKER), TYPED),
    Layout("short-voicemail", voicemail, (CLAIMANT, RELATIVE), TYPED),
    Layout("short-team-chat", team_chat, (HANDLER,), TYPED, held_out=True),
    Layout("short-direct-message", direct_message, (CLAIMANT,), TYPED, held_out=True),
)
