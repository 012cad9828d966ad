"""What garages, hospitals, hotels, builders and shops write for a claim: bills, certificates, quotations."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page
from docmill.training.claims.pools import words
from docmill.training.claims.voice import Narrator

REPAIRED = words(
    "hit_from_behind, ran_into_another, junction, hit_while_parked, hit_an_object, broken_into, storm, animal, glass, "
    "vandalism, motorcycle, lane_change, pothole, garage_door, chain_collision, ride_hailing, load_fell, tp_owner, "
    "rolled_away, in_care, both_blame, ice, parts_stolen, unrest, learner, rodents"
)
IN_HOSPITAL = words(
    "knee, appendix, cataract, maternity, imaging, fever, kidney_stones, fracture, skin, heart, hernia, tonsils, "
    "allergy, cashless, day_care, er_visit, covid, medical_aid, hospital_cash, gallbladder, prosthesis, stroke, "
    "preauth_refused, out_of_network"
)
BUILT = words(
    "burst_pipe, appliance_leak, storm_roof, hail, flooding, kitchen_fire, subsidence, tree_down, impact, "
    "tenant_damage, monsoon, glass_front, wildfire, leak_from_upstairs, restaurant_fire, farm_shed, sinkhole, "
    "hurricane, grow_house, solar, geyser, fallen_wall, copper, sewage, school, earthquake, snow_ice, battery_fire, "
    "oil_spill, car_into_house, riot, gas_explosion, leak_from_above, neighbour_works, golf, ceiling_below, "
    "contractor_floor, tree_roots, workmanship, tenant_fire, window_ball, appliance_fire"
)
ILL = words(
    "ill_abroad, cancelled_ill, cruise, flown_home, tooth_abroad, ski_injury, diving, visiting_parents, ship_hospital, "
    "coach_crash, pregnancy"
)
LOST = words(
    "burglary, shed_theft, accidental, lost_valuables, lightning, appliance_leak, surge, sneak_theft, things_away, "
    "shop_break_in"
)
SUPPLIERS = {
    Kind.MOTOR: ("{garage}",),
    Kind.PROPERTY: ("{builder}", "{retailer}"),
    Kind.TRAVEL: ("{tour}", "{hotel}", "{airline}"),
    Kind.HEALTH: ("{hospital}",),
    Kind.LIABILITY: ("{business}",),
}
SUPPLIER = Narrator.SUPPLIER
SCANNED, TYPED = Noise.SCANNED, Noise.TYPED


def garage_bill(page: Page) -> None:
    """A repairer's estimate or bill, addressed to the insurer."""
    page.line(
        "{garage}",
        "{address2}",
        "Tel {phone2}",
        page.pick(
            "ESTIMATE {invoice_number}",
            "INVOICE NO. {invoice_number}",
            "Repair quotation {invoice_number}",
            "PROFORMA {invoice_number}",
        ),
        "Date {invoiced}",
    )
    page.line(
        "[Owner: {claimant}|Customer {claimant}|A/c {claimant}||Customer: cash]",
        "{vehicle_short} {plate} {mileage}",
        "[Ins. claim {claim_number}|Your claim no. {claim_number}||]",
        "[Policy {policy_number}||]",
        "[Accident {loss}|Damage of {loss}||]",
    )
    page.gap()
    _bill(page)
    page.para(
        "{damage}" if page.chance(0.5) else "",
        page.pick(
            "Parts subject to availability.",
            "Customer to pay excess {excess} on collection.",
            "Storage {small_amount} per day from {deadline}.",
            "Valid until {deadline}.",
        ),
    )


def hospital_bill(page: Page) -> None:
    """A hospital's bill or discharge summary with charges."""
    page.line(
        "{hospital}",
        "{address2}",
        page.pick(
            "INPATIENT BILL", "FINAL BILL", "Statement of charges", "Discharge summary and account", "TAX INVOICE"
        ),
    )
    page.line(
        "Bill no. {invoice_number}   Bill date {invoiced}",
        "[Patient: {claimant}|Patient name: {claimant}   DOB {dob}||Patient: (see sticker)]",
        "Consultant: {doctor.titled}",
        "[Admission {loss}|Admitted: {loss}  Discharged: {discharged}|Date of service: {loss}||Discharged: "
        "{discharged}]",
        "[Insurer: {insurer}, policy {policy_number}|Payer {insurer} / {policy_number}||Payer: {insurer}]",
        "[Claim/Auth no. {claim_number}|Insurer's claim no. {claim_number}||]",
        "Hospital no. {customer_number}",
    )
    page.gap()
    page.para("{heading}.", *page.story(0, dated=False, damage=0.6))
    _bill(page)
    page.line("Deposit paid {deposit}" if page.chance(0.4) else "", "{page_foot}" if page.chance(0.3) else "")


def travel_certificate(page: Page) -> None:
    """An airline, hotel or tour operator certifies what happened and what was paid."""
    sender = page.pick("airline", "hotel", "tour")
    page.line(f"{{{sender}}}", "{address2}", "{letter}")
    page.gap()
    page.line(
        page.pick(
            "TO WHOM IT MAY CONCERN",
            "CERTIFICATE FOR INSURANCE PURPOSES",
            "Confirmation for your insurer",
            "CANCELLATION INVOICE",
        )
    )
    page.gap()
    page.para(
        "We confirm [that {claimant}||that our guest], booking {booking_ref}, [was affected by|reported to us] the "
        "following[, which happened on {loss}|, the date of the event being {loss}||].",
        *page.story(page.rng.randint(0, 1), dated=False),
    )
    page.para(
        "[Charges not refunded: {claimed}.|The amount that we could not refund is {claimed}.|Paid and not returned: "
        "{claimed}, for which insurance may be claimed.||The file is still open.]",
        "A refund of {deposit} was made on {invoiced}." if page.chance(0.4) else "",
    )
    page.para(
        "[For your insurance: policy {policy_number}[, claim {claim_number}|].|Your insurer's claim number "
        "{claim_number} is noted.||]",
        "Outbound {set_off}, inbound {return}.",
    )
    page.filler("supplier_remark")
    page.line("{clerk}", page.pick("Customer Relations", "Front Office", "Reservations"))


def builder_quote(page: Page) -> None:
    """A contractor's quotation for repairs after damage."""
    page.line(
        "{builder}",
        "{address2}",
        "{phone2}",
        page.pick("QUOTATION", "Quote for insurance works", "ESTIMATE", "Scope of works and price"),
        "No. {invoice_number}  {invoiced}",
    )
    page.line(
        "[Client: {claimant}|For {claimant}||For the owner]",
        "Site: {address}",
        "[Claim ref {claim_number}||]",
        "[Policy {policy_number}||]",
    )
    page.gap()
    page.para(
        "[Further to damage of {loss} we propose:|Following the {loss_noun} on {loss}||Following our visit of "
        "{inspected}]",
        "{heading}.",
        "{damage}",
    )
    _bill(page)
    page.para(
        page.pick(
            "Deposit of {deposit} on acceptance.",
            "Prices held to {deadline}.",
            "Asbestos not included.",
            "Start within {n} days of order.",
        ),
        end="\n",
    )
    page.line("{tradesman}")


def doctors_certificate(page: Page) -> None:
    """A doctor certifies for an insurer."""
    treated = page.claim.kind is Kind.HEALTH  # else the day of loss is the event's, not that of the visit
    seen = "[on {loss}||recently]" if treated else "[in connection with the events of {loss}||recently]"
    page.line(
        "{doctor.titled}",
        "{address2}",
        page.pick("MEDICAL CERTIFICATE", "Medical report for insurer", "ATTENDING PHYSICIAN'S STATEMENT"),
        "{letter}",
    )
    page.gap()
    page.para(
        f"This is to certify that [{{claimant}}||the bearer], born {{dob}}, was [seen|examined|treated] by me {seen}.",
        "{heading}.",
    )
    page.para(*page.story(page.rng.randint(0, 1), dated=False))
    page.para(
        "[For your policy {policy_number}.||]",
        "[Claim number {claim_number}.||]",
        "[The cost to the patient was {claimed}.|Fees and expenses claimed: {claimed}.||]",
        "My fee for this certificate is {small_amount}." if page.chance(0.5) else "",
        "Unfit until {appointment}." if page.chance(0.5) else "",
    )


def shop_valuation(page: Page) -> None:
    """A shop says what replacing things costs."""
    page.line(
        "{retailer}",
        "{address2}",
        page.pick("VALUATION FOR INSURANCE", "Replacement quote", "Repair report - beyond economic repair"),
        "{invoiced}",
        "Ref {invoice_number}",
    )
    page.para(
        "Prepared for [{claimant}||our customer][, insurer {insurer}|].",
        "[Claim {claim_number}.||]",
        "[Policy {policy_number}.||]",
        "[Loss of {loss}.||]",
        end="\n",
    )
    page.para("{heading}.", "{damage}", "First bought here in {past_year} for {other_amount}.")
    _bill(page)


def covering_slip(page: Page) -> None:
    """A slip with a bill: who, what for, how much."""
    page.line(
        page.pick(
            "With compliments",
            "Remittance request",
            "COVER NOTE TO INVOICE {invoice_number}",
            "Attached: invoice {invoice_number} dated {invoiced}",
        )
    )
    for row in page.field_rows(
        "claimant", "claim_number", "claimed_amount", "policy_number", "date_of_loss"
    ) + page.other_rows(1, 1):
        page.line(f"{row.label}{page.pick(': ', ' ', ' - ')}{row.value}")
    page.para(
        "{heading}.",
        "{happened}" if page.chance(0.5) else "",
        page.pick("Please pay within {n} days.", "VAT / tax no. {customer_number}.", "Thank you for your business."),
    )
    page.line(page.pick(*SUPPLIERS[page.claim.kind]))
    page.filler("supplier_remark")


def assistance_report(page: Page) -> None:
    """An assistance or restoration company reports on a job."""
    page.line(
        page.pick("JOB REPORT", "Attendance report", "Assistance case report"),
        "Job {file_number} opened {reported.num} {time2}",
    )
    page.line(
        "[Customer: {claimant}||Customer: n/k]",
        "[Insurer claim: {claim_number}||]",
        "[Insurer policy: {policy_number}||]",
        "[Event date: {loss}||]",
        "Attended: {inspected.num}, {tradesman}",
    )
    page.gap()
    page.para(*page.story(page.rng.randint(0, 2), dated=False))
    _bill(page)
    page.line("Call-out fee waived ({small_amount}).", "Customer signature: ______")


def _bill(page: Page) -> None:
    costs = page.costs()
    style = page.rng.randrange(3)
    for cost in costs:
        match style:
            case 0:
                page.draft.add(f"{cost.label}\t{cost.bare}\n")
            case 1:
                page.draft.add(
                    f"{page.rng.randint(1, 3) if page.chance(0.2) else 1} x {cost.label} ..... {cost.money}\n"
                )
            case _:
                page.draft.add(f"{cost.label}: {cost.money}\n")
    total = page.pick(
        "TOTAL",
        "Total",
        "Total due",
        "Amount due",
        "Total claimed from insurer",
        "Balance for insurer",
        "TOTAL incl. tax",
    )
    page.line(
        f"[{total} {{claimed}}||{page.pick('Total to follow', 'Subtotal, work in progress', '')}]"
        if style
        else f"[{total}\t{{claimed.bare}}||]"
    )
    page.gap()
    page.filler("supplier_remark")


LAYOUTS = (
    Layout("cover-garage", garage_bill, (SUPPLIER,), SCANNED, (Kind.MOTOR,), REPAIRED),
    Layout("cover-hospital", hospital_bill, (SUPPLIER,), SCANNED, (Kind.HEALTH,), IN_HOSPITAL),
    Layout("cover-travel", travel_certificate, (SUPPLIER,), SCANNED, (Kind.TRAVEL,)),
    Layout("cover-builder", builder_quote, (SUPPLIER,), SCANNED, (Kind.PROPERTY, Kind.LIABILITY), BUILT),
    Layout("cover-doctor", doctors_certificate, (SUPPLIER,), SCANNED, (Kind.HEALTH, Kind.TRAVEL), ILL),
    Layout("cover-valuation", shop_valuation, (SUPPLIER,), TYPED, (Kind.PROPERTY,), LOST),
    Layout("cover-slip", covering_slip, (SUPPLIER,), SCANNED, held_out=True),
    Layout(
        "cover-assistance",
        assistance_report,
        (SUPPLIER,),
        TYPED,
        (Kind.MOTOR, Kind.PROPERTY, Kind.TRAVEL),
        held_out=True,
    ),
)
