"""Reports by police, airlines, security, staff and witnesses, which an insurer gets with a claim."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.noise import shouted
from docmill.training.claims.page import Page
from docmill.training.claims.pools import words
from docmill.training.claims.voice import Narrator

NOT_HEALTH = (Kind.MOTOR, Kind.PROPERTY, Kind.TRAVEL, Kind.LIABILITY)
COLLISIONS = words(
    "hit_from_behind, ran_into_another, junction, motorcycle, lane_change, hit_while_parked, animal, "
    "chain_collision, both_blame, ride_hailing, learner"
)
CRIMES = words(
    "stolen, broken_into, vandalism, burglary, shed_theft, tenant_damage, lost_valuables, bag_theft, passport, "
    "parts_stolen, sneak_theft, things_away, copper, grow_house, hostel, beach_phone"
)
DANGERS = words(
    "fire, kitchen_fire, wildfire, impact, trip, dog, scaffolding, neighbour_works, employee, food, "
    "gas_explosion, cyclist, tenant_fire, restaurant_fire, battery_fire"
)
ON_PREMISES = words(
    "wet_floor, trip, falling_goods, scald, gym, employee, food, salon, lift_door, hotel_guest, playground, event, "
    "machine_hand, exposure_work"
)
CARRIED = words("delay, missed_connection, baggage_lost, baggage_delayed, strike, damaged_luggage")
STOLEN = words("shop_break_in, baggage_lost")
POLICE = Narrator.POLICE
SCANNED, TYPED = Noise.SCANNED, Noise.TYPED
INSURANCE_LINE = (
    "[For insurance: {policy_number}[ / {claim_number}|]|Insurer {insurer}, policy {policy_number}|"
    "Claim {claim_number} with {insurer}||Insurer {insurer}]"
)


def incident_report(page: Page) -> None:
    """A police report: header, persons, narrative."""
    with page.changed(*([shouted] if page.chance(0.15) else [])):
        page.line(
            page.pick(
                "POLICE INCIDENT REPORT", "INCIDENT / OFFENCE REPORT", "{town} POLICE - REPORT", "GENERAL DIARY EXTRACT"
            ),
            "Report no. {police_ref}",
            "Reporting officer {officer}, no. {n}{n}",
            "[Occurred {loss} {time}|Date/time of occurrence: {loss}, {time}||Occurred: see text]  Reported "
            "{reported} {time2}",
        )
        page.line(
            "[Complainant: {claimant}, {address}|Victim/owner {claimant}, b. {dob}||Complainant: withheld]",
            "Witness: {witness}",
            "Location: {place}",
        )
        page.gap()
        page.line("NARRATIVE")
        page.para(*page.story(page.rng.randint(0, 2), dated=False))
        page.line(
            "[Value of property stated: {claimed}|Loss stated by complainant and claimed from insurer: {claimed}||]",
            INSURANCE_LINE,
        )
    page.filler("report_remark")


def statement(page: Page) -> None:
    """A witness statement for a claim, in the first person."""
    page.line(
        page.pick("STATEMENT OF WITNESS", "WITNESS STATEMENT", "Statement taken by {officer} on {inspected}"),
        "[In the matter of {claimant}||]",
        "[Claim {claim_number}||]",
    )
    page.gap()
    page.para("I, {witness}, {occupation}, of {address2}, state:")
    page.para(
        "I [know|do not know] [{claimant}||the person concerned][, who lives near me|].",
        *page.story(page.rng.randint(1, 2), dated=page.chance(0.8)),
    )
    page.para(
        "I was asked about the cost and [was told it is {claimed}|believe {claimed} is being claimed||know nothing "
        "of it].",
        "[{insurer} has this under policy {policy_number}.||]" if page.chance(0.6) else "",
    )
    page.filler("report_remark")
    page.line("Signed {witness} {inspected}")


def accident_book(page: Page) -> None:
    """An entry in an accident book, sent on to the insurer."""
    page.line(
        page.pick("ACCIDENT BOOK - copy of entry", "Incident log, page {n}", "INCIDENT / INJURY RECORD"),
        "Premises: {policyholder}, {town}",
        "[Injured / affected person: {claimant}||Affected person: a visitor]",
        "[When: {loss} {time}||When: not filled in]",
        "Entered by {manager} on {reported}",
    )
    page.gap()
    page.para(*page.story(page.rng.randint(0, 1), dated=False))
    page.line(
        "First aid: [yes|ice pack|none]",
        "Reported to insurer: {insurer}[, policy {policy_number}||][, their no. {claim_number}||]",
        "[Demand since received: {claimed}|Now claims {claimed}||]",
        "CCTV kept until {deadline}",
    )
    page.filler("report_remark")


def carrier_report(page: Page) -> None:
    """A carrier's report on delay or damage."""
    page.line(
        "{airline}",
        page.pick("PROPERTY IRREGULARITY REPORT", "DELAY STATEMENT", "Passenger incident report"),
        "File {pir_number}",
        "[Passenger {claimant}||Passenger: see ticket]",
        "Flight {flight}  Booking {booking_ref}",
        "[Date {loss}||Date on ticket]",
        "Route {home_town} - {destination}",
    )
    page.gap()
    page.para(*page.story(page.rng.randint(0, 1), dated=False))
    page.line(
        "[Passenger states value {claimed} and will claim on insurance[ ({policy_number})||]|Declared loss "
        "{claimed}||]",
        "[Insurance claim no. {claim_number}||]",
        "Interim payment {small_amount} on {invoiced}",
        "{clerk}",
    )
    page.filler_lines("supplier_remark")


def security_report(page: Page) -> None:
    """A guard, caretaker or site manager reports to the office and the insurer."""
    page.line(
        page.pick("SECURITY REPORT", "Shift report", "Caretaker's note", "Site incident memo"),
        "{letter.num}  {clerk}",
        "cc {insurer}[ (policy {policy_number})||]",
    )
    page.para(
        "At {time2} I was [called to|passing] {place}.", *page.story(page.rng.randint(0, 2), dated=page.chance(0.7))
    )
    page.para(
        "[The person concerned is {claimant}.|Owner: {claimant}, told by phone.||Owner not reached.]",
        "[{claimed} is being claimed, I hear.|The office has put the claim at {claimed}.||]",
        "[Insurer's claim number {claim_number}.||]",
        "Police no. {police_ref}.",
    )
    page.filler("report_remark")


def collision_report(page: Page) -> None:
    """A traffic police report with units and a sketch that is not here."""
    page.line(
        page.pick("TRAFFIC COLLISION REPORT", "CRASH REPORT", "ROAD TRAFFIC ACCIDENT ABSTRACT"),
        "No. {police_ref}  Officer {officer}",
        "[Date {loss}  Time {time}||Time {time}]  Road {road} / {road2}",
    )
    page.line(
        "Unit 1: {vehicle_short} {plate}, [owner {claimant}||owner n/k][, ins. {policy_number}||]",
        "Unit 2: {vehicle2} {plate2}, driver {witness2}, ins. {insurer2}",
        "(sketch not to scale)",
    )
    page.gap()
    page.para(*page.story(page.rng.randint(0, 2), dated=False))
    page.line(
        "Est. damage unit 2: {other_amount}",
        "[Damage unit 1 as claimed: {claimed}||Damage unit 1: towed]",
        "[Insurer claim no. {claim_number}||]",
        "Issued {letter} fee {small_amount}",
    )
    page.filler_lines("report_remark")


def theft_extract(page: Page) -> None:
    """A certificate that a theft or loss was reported, with a list."""
    page.line(
        page.pick("CERTIFICATE OF REPORT", "EXTRACT FROM CRIME BOOK", "Confirmation of report for insurance"),
        "{police_ref}",
        "Issued {reported} to [{claimant}||the person reporting]",
    )
    page.gap()
    page.para("{heading}.", *page.story(0, dated=page.chance(0.8)))
    for number, cost in enumerate(page.costs(), start=1):
        page.draft.add(f"({number}) {cost.label} - {cost.money}\n")
    page.line("[Total stated {claimed}|Sum {claimed}||Values not stated]", INSURANCE_LINE)
    page.filler("report_remark")
    page.line("{officer}, {town}")


LAYOUTS = (
    Layout("official-incident", incident_report, (POLICE,), SCANNED, NOT_HEALTH, (*COLLISIONS, *CRIMES, *DANGERS)),
    Layout("official-statement", statement, (POLICE, Narrator.ADJUSTER), SCANNED, NOT_HEALTH, held_out=True),
    Layout("official-accident-book", accident_book, (Narrator.INSURED,), SCANNED, (Kind.LIABILITY,), ON_PREMISES),
    Layout("official-carrier", carrier_report, (POLICE,), SCANNED, (Kind.TRAVEL,), CARRIED),
    Layout(
        "official-security",
        security_report,
        (POLICE, Narrator.ADJUSTER),
        TYPED,
        (Kind.MOTOR, Kind.PROPERTY, Kind.LIABILITY),
    ),
    Layout("official-collision", collision_report, (POLICE,), SCANNED, (Kind.MOTOR,), COLLISIONS),
    Layout("official-theft", theft_extract, (POLICE,), SCANNED, (Kind.PROPERTY, Kind.TRAVEL), STOLEN, held_out=True),
)
