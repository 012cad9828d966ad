"""Forms of the trade with numbered boxes, parts and ticks, mostly empty, as offices of several countries have them."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.genres import scanned_columns, sworn_forms
from docmill.training.claims.genres.clutter import code_rows, identity, odd_rows, unused
from docmill.training.claims.genres.form_parts import (
    age,
    costs_of,
    declared,
    instruction,
    insured_first,
    lines,
    told,
    yes_or_no,
)
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page
from docmill.training.claims.voice import Narrator

CLAIMANT, ADJUSTER, BROKER = Narrator.CLAIMANT, Narrator.ADJUSTER, Narrator.BROKER
NO_POLICY = "[{policy_number}||{blank}]"
NO_CLAIM = "[{claim_number}||{blank}]"
NO_LOSS = "[{loss.num}||{blank}]"
NO_AMOUNT = "[{claimed}||{blank}]"


def boxed_notice(page: Page) -> None:
    """An American notice of loss: boxes in small capitals, half of them empty, ticks for yes and no."""
    lines(
        page,
        page.pick("PROPERTY LOSS NOTICE", "LOSS NOTICE", "NOTICE OF LOSS / OCCURRENCE", "NOTICE OF CLAIM")
        + page.pick("", f"     DATE{' (MM/DD/YYYY)' if page.claim.country == 'US' else ''}  {{letter.num}}"),
    )
    lines(page, "AGENCY  {broker}    INSURED LOCATION CODE  0{n}", "{address2}", "CONTACT NAME: {broker_person}")
    for row in code_rows(page, 3):
        lines(page, f"{row.label.upper()}  {row.value}")
    lines(
        page,
        f"CARRIER  {{insurer}}   {page.pick('NAIC CODE', 'CO CODE', 'PLAN')}  {page.rng.randint(10000, 99999)}",
        f"{page.pick('POLICY NUMBER', 'POLICY #', 'POL NO')}  {NO_POLICY}",
    )
    page.say(f"{page.pick('DATE OF LOSS AND TIME', 'DATE OF LOSS', 'LOSS DATE')}  {NO_LOSS}  {{time}}   ")
    page.finish(page.pick("PREVIOUSLY REPORTED", "AM  PM"))
    lines(page, "POLICY TERM  EFF {inception.num}  EXP {expiry.num}")
    lines(page, f"CLAIM NUMBER  {NO_CLAIM}" if page.chance(0.7) else "")
    insured_first(page, "INSURED", "CLAIMANT / INJURED OR OWNER", caps=True)
    lines(page, "MAILING ADDRESS  {address}", "PRIMARY PHONE  {phone}   SECONDARY PHONE  ", "E-MAIL  {spouse.mail}")
    for label in unused(page, page.rng.randint(1, 4)):
        lines(page, label.upper())
    lines(page, "LOSS", f"LOCATION OF LOSS  {page.pick('{place}', '{address}')}", "{town}, {region}")
    page.draft.add("POLICE / FIRE DEPT CONTACTED  ")
    page.finish(page.pick("{officer}  REPORT NUMBER {police_ref}", "NONE", "{police_ref}"))
    yes_or_no(page, page.pick("WAS THE RISK VACANT", "ANY OTHER INSURANCE", "WAS ANYONE INJURED"))
    lines(
        page,
        f"{page.pick('PROBABLE AMOUNT ENTIRE LOSS', 'ESTIMATE AMOUNT', 'AMOUNT OF LOSS (ENTIRE)')}  {NO_AMOUNT}",
        "DEDUCTIBLE  {excess}   LIMIT  {sum_insured}",
    )
    lines(page, page.pick("DESCRIPTION OF LOSS & DAMAGE", "DESCRIPTION OF OCCURRENCE (use a second sheet if needed)"))
    told(page)
    lines(page, "REMARKS", "REPORTED BY  {spouse}    REPORTED TO  {clerk}")
    lines(page, page.pick("FORM 1 ({past_year}/0{n})", "Applicable in all states: see reverse", "{declaration}"))


def auto_notice(page: Page) -> None:
    """A notice about a vehicle: the insured's, the driver's and the other one, each with boxes of their own."""
    lines(page, page.pick("AUTOMOBILE LOSS NOTICE", "VEHICLE ACCIDENT REPORT TO INSURER", "MOTOR LOSS NOTICE"))
    lines(page, f"PRODUCER {{broker}}  PHONE {{phone2}}  {page.pick('CODE', 'SUBCODE')} {{customer_number}}")
    lines(page, f"COMPANY {{insurer}}   POLICY {NO_POLICY}   CAT # ", f"FILE / CLAIM {NO_CLAIM}")
    lines(page, f"ACCIDENT DATE {NO_LOSS} TIME {{time}}", "LOCATION {place}")
    insured_first(page, "NAMED INSURED", "CLAIMANT", caps=True)
    lines(page, "ADDRESS {address}", "BUSINESS PHONE", "VEH NO 1   VIN {vin}", "YEAR, MAKE, MODEL {vehicle_short}")
    lines(
        page, "PLATE NUMBER {plate}   STATE {region}", f"DRIVER {page.pick('(check if same as owner) X', '{driver}')}"
    )
    license_label, number = identity(page)
    lines(page, f"{license_label.upper()} {number}   DOB {{dob.num}}   RELATION TO INSURED ")
    page.draft.add("PURPOSE OF USE ___  ")
    yes_or_no(page, "USED WITH PERMISSION")
    lines(page, "DESCRIBE DAMAGE: {heading}", f"ESTIMATE AMOUNT {NO_AMOUNT}   WHERE CAN VEHICLE BE SEEN {{garage}}")
    if "collision" in page.claim.scenario.more:
        lines(page, "VEH NO 2   {vehicle2}   PLATE {plate2}", "OTHER INSURER {insurer2}   POLICY #        CLAIM # ")
    else:
        lines(page, "VEH NO 2   N/A", "OTHER INSURER         POLICY #        CLAIM # ")
    yes_or_no(page, "DAMAGE TO PROPERTY OTHER THAN VEHICLE")
    lines(page, "WITNESSES OR PASSENGERS", "1 {witness}   {phone2}", page.pick("2 {witness2}", "2", "NONE KNOWN"))
    lines(page, "VIOLATIONS / CITATIONS")
    told(page)
    declared(page)


def hospital_claim(page: Page) -> None:
    """A claim in two parts, the patient's and the hospital's, with lettered boxes (a) to (h)."""
    part_b = page.chance(0.4)
    lines(page, page.pick("CLAIM FORM - PART A", "CLAIM FORM PART 'A'", "HOSPITALISATION CLAIM FORM - PART A"))
    lines(page, page.pick("TO BE FILLED IN BY THE INSURED", "(To be filled in block letters)"), instruction(page))
    lines(page, page.pick("SECTION A - DETAILS OF PRIMARY INSURED", "A. DETAILS OF PRIMARY INSURED"))
    lines(page, f"a) Policy No.: {NO_POLICY}", f"b) Sl. No. / Certificate No.: {page.pick('', '{n}', '-')}")
    lines(page, "c) Company / TPA ID No.: {customer_number}", f"d) Name: {page.pick('{policyholder}', '')}")
    lines(page, "e) Address: {address}", "Phone: {phone}  Email: {spouse.mail}")
    lines(page, "SECTION B - DETAILS OF INSURANCE HISTORY", "a) Currently covered by any other Mediclaim: ")
    lines(
        page, "b) Date of commencement of first insurance without break: {inception.num}", "c) If yes, company name: "
    )
    lines(page, "Sum insured: {sum_insured}", "d) Hospitalised in the last four years? Date: {prior_loss.num}")
    lines(page, "SECTION C - DETAILS OF INSURED PERSON HOSPITALISED", "a) Name: [{claimant}||{blank}]")
    lines(
        page,
        f"b) Gender: M / F   c) Age: years {age(page)}   d) Date of Birth: {{dob.num}}",
        "e) Relationship: Self / Spouse",
    )
    lines(page, "SECTION D - DETAILS OF HOSPITALISATION", "a) Name of Hospital where admitted: {hospital}")
    lines(page, f"b) Room category: {page.pick('Twin sharing', 'Single', 'Day care', 'Ward')}", "c) Due to: {heading}")
    lines(page, "d) Date of injury / disease first detected: ", f"e) Date of Admission: {NO_LOSS}   f) Time: {{time}}")
    lines(page, "g) Date of Discharge: {discharged.num}", "i) If injury, give cause: ", "ii) If medico legal: ")
    lines(page, "SECTION E - DETAILS OF CLAIM", "Pre-hospitalisation expenses {currency}")
    for number, cost in enumerate(page.costs(), start=1):
        page.draft.add(f"{number}. {cost.label} : {cost.bare}\n")
    lines(page, f"{page.pick('Total', 'TOTAL CLAIMED', 'Total amount claimed')} : {NO_AMOUNT}")
    lines(page, "Claim documents submitted: ", "Claim form duly signed / Hospital main bill / Discharge summary")
    lines(page, "SECTION G - DETAILS OF PRIMARY INSURED'S BANK ACCOUNT", "a) PAN: ", "b) Account Number: {account}")
    if part_b:
        lines(page, "CLAIM FORM - PART B", "TO BE FILLED IN BY THE HOSPITAL", "a) Name of the hospital: {hospital}")
        lines(
            page, "b) Hospital ID: {customer_number}", "c) Name of the treating doctor: {doctor}", "d) Qualification: "
        )
        lines(page, "a) Name of the Patient: {claimant}", "b) IP Registration Number: {file_number}")
        lines(page, f"e) Date of Admission: {NO_LOSS}", "h) Type of admission: Emergency / Planned / Day care")
        lines(page, "Pre-authorization number: {booking_ref}", f"Claim no. {NO_CLAIM}")
    told(page, short=True)
    declared(page)


def treatment_bill(page: Page) -> None:
    """A provider's form with numbered boxes, names before numbers and charges at the foot."""
    lines(page, page.pick("HEALTH INSURANCE CLAIM FORM", "STATEMENT OF SERVICES / CLAIM", "PROVIDER CLAIM FORM"))
    lines(page, "PICA" if page.chance(0.3) else "", "{insurer}, {address2}")
    lines(
        page,
        f"1. {page.pick('GROUP HEALTH PLAN  X  OTHER', 'COVERAGE TYPE')}",
        f"1a. INSURED'S I.D. NUMBER {NO_POLICY}",
    )
    listed = page.pick("{claimant}", "{claimant.listed}")
    lines(
        page,
        f"2. PATIENT'S NAME (Last Name, First Name) [{listed}||{{blank}}]",
        "3. PATIENT'S BIRTH DATE {dob.num} SEX ",
    )
    lines(
        page,
        f"4. INSURED'S NAME {'{policyholder}' if page.can('{policyholder}') else 'SAME'}",
        "5. PATIENT'S ADDRESS {address}",
    )
    lines(page, "6. PATIENT RELATIONSHIP TO INSURED  Self  Spouse  Child  Other", "9. OTHER INSURED'S NAME ")
    yes_or_no(page, "10. IS PATIENT'S CONDITION RELATED TO a. EMPLOYMENT")
    lines(page, "11. INSURED'S POLICY GROUP {customer_number}", "12. SIGNATURE ON FILE  DATE {received.num}")
    lines(page, "17. NAME OF REFERRING PROVIDER {doctor2.titled}", "19. ADDITIONAL CLAIM INFORMATION {heading}")
    lines(page, "21. DIAGNOSIS OR NATURE OF ILLNESS", f"22. RESUBMISSION CODE    ORIGINAL REF. NO. {NO_CLAIM}")
    lines(page, f"24. A. DATE(S) OF SERVICE {NO_LOSS}   B. PLACE  C. EMG  D. PROCEDURES  F. CHARGES  G. UNITS")
    for cost in page.costs():
        page.draft.add(f"    {cost.label}   {cost.bare}   1\n")
    lines(
        page,
        "25. FEDERAL TAX I.D. {file_number}",
        "26. PATIENT'S ACCOUNT NO. {invoice_number}",
        "27. ACCEPT ASSIGNMENT?",
    )
    lines(page, f"28. TOTAL CHARGE {NO_AMOUNT}", page.pick("29. AMOUNT PAID {deposit}", "29. AMOUNT PAID"), "30. RSVD")
    lines(page, "31. SIGNATURE OF PHYSICIAN {doctor}  {letter.num}", "33. BILLING PROVIDER {hospital}  {phone2}")
    told(page, short=True)


def short_term(page: Page) -> None:
    """A southern form: lettered sections, declarations about tax and finance, a broker in between."""
    lines(
        page, "{insurer}", page.pick("SHORT-TERM INSURANCE CLAIM FORM", "Claim Form: {type_title}", "CLAIM ADVICE FORM")
    )
    lines(page, f"Authorised financial services provider {page.rng.randint(1000, 49999)}", instruction(page))
    lines(page, "A. INSURED")
    insured_first(page, page.pick("Insured", "Insured name & surname"), "Third party claiming")
    label, number = identity(page)
    lines(
        page,
        f"{label}: {number}",
        "Cell: {phone}   Work:     Fax:",
        f"Occupation: {{occupation}}   Policy: {NO_POLICY}",
    )
    page.draft.add(f"VAT registered? {page.pick('Yes', 'No')}   VAT no. \n")
    lines(
        page, "Broker: {broker}, attention {broker_person}, their ref {file_number}", f"Claim no. (office): {NO_CLAIM}"
    )
    lines(page, "B. INCIDENT", f"{page.pick('Date and time', 'Date of loss', 'When')}: {NO_LOSS} {{time}}")
    lines(
        page, "Where: {place}", "Reported to police on: {reported}", "Police station: {town}   Case no.: {police_ref}"
    )
    yes_or_no(page, "Is the item financed / under hire purchase?")
    told(page, short=page.chance(0.4))
    lines(page, "C. " + page.pick("QUANTUM OF LOSS", "AMOUNT OF CLAIM", "ITEMS CLAIMED FOR (attach quotations)"))
    costs_of(page, rand=False)
    lines(page, f"{page.pick('Total quantum', 'Total of claim', 'Quantum claimed (incl. VAT)')}: {NO_AMOUNT}")
    lines(page, "Less excess: {excess}", "Last claim: {prior_loss}, {other_amount}, settled by {insurer2}")
    lines(page, "D. BANKING DETAILS", "Account holder: ", "Account no. {account}   Branch {town}")
    declared(page)


def journey_form(page: Page) -> None:
    """A form for travellers: sections of benefits, of which one or two are filled in."""
    mark = page.pick("[X]", "(/)", "v", "☒", "[✓]")
    lines(page, "{insurer}", page.pick("TRAVEL CLAIM FORM", "Overseas Travel Claim", "PERSONAL TRAVEL - CLAIM FORM"))
    lines(page, instruction(page), "Section 1: Policyholder / Insured Person")
    lines(page, "Name as in passport: [{claimant}||{blank}]", "Policy / Certificate No.: [{policy_number}||{blank}]")
    label, number = identity(page)
    lines(page, f"{label}: {number}   Date of birth: {{dob}}", "Contact: {phone} (HP)  {spouse.mail}", "{address}")
    lines(page, "Section 2: Trip", "Destination: {destination}   Airline / flight: {flight}   Booking {booking_ref}")
    lines(page, "Trip booked: {booked}   Departed: {set_off}   Returned: {return}", "Travel agent: {tour}")
    lines(page, "Section 3: Type of claim (tick)")
    benefits = (
        "Medical expenses", "Baggage / personal effects", "Travel delay", "Trip cancellation",
        "Trip curtailment", "Personal money", "Rental excess", "Other",
    )  # fmt: skip
    for benefit in benefits:
        page.draft.add(f"{mark if benefit == 'Other' and page.chance(0.3) else '[ ]'} {benefit}\n")
    lines(page, f"Date of {page.pick('incident', 'loss / illness / delay', 'occurrence')}: {NO_LOSS}   Time: {{time}}")
    lines(page, f"Claim Ref (if notified): {NO_CLAIM}" if page.chance(0.7) else "")
    told(page)
    lines(page, "Section 4: Items", "No. / description / amount claimed / {currency}")
    costs_of(page, rand=True)
    lines(page, f"{page.pick('Total amount claimed', 'TOTAL', 'Total (all sections)')}: {NO_AMOUNT}")
    lines(page, page.pick("Local currency receipt: {foreign_amount}", "Paid by airline / hotel: {small_amount}", ""))
    for label in unused(page, 2):
        lines(page, f"{label}: ")
    declared(page)


def accident_notice(page: Page) -> None:
    """An insured's report that somebody will claim: insured, accident, the person, what is asked for."""
    lines(
        page, page.pick("PUBLIC LIABILITY ACCIDENT REPORT", "Incident report - third parties", "NOTICE OF OCCURRENCE")
    )
    lines(page, "{insurer}", instruction(page), "1  Insured: {policyholder}", "2  Business address: {address2}")
    lines(page, f"3  Policy no: {NO_POLICY}   renewal {{expiry}}", f"4  Our claim no (if known): {NO_CLAIM}")
    lines(
        page,
        f"5  Date of accident: {NO_LOSS}   time {{time}}",
        "6  Where exactly? {place}",
        "7  Reported on {reported}",
    )
    lines(page, "8  To whom? {manager}", f"9  {page.pick('Injured person', 'Person injured or owner of property')}:")
    lines(
        page, "   name [{claimant}||{blank}]", f"   address {{address}}   age {age(page)}   occupation {{occupation}}"
    )
    lines(
        page,
        "10 Nature of injury / damage: {heading}",
        "11 Taken to: {hospital}",
        "12 Witnesses: {witness}; {witness2}",
    )
    for number, question in enumerate(("Was liability admitted?", "Is a contractor involved?", "Photographs?"), 13):
        page.draft.add(f"{number} ")
        yes_or_no(page, question)
    lines(page, f"16 Amount claimed, if a demand was received: {NO_AMOUNT}", "17 Solicitors acting: {law_firm}")
    lines(page, "18 What happened")
    told(page)
    for row in odd_rows(page, 2):
        lines(page, f"{row.label}: {row.value}")
    lines(page, "Signed for the insured: {manager}   Date {letter.num}", "{page_foot}")


INPATIENT = tuple(name for name, entry in Kind.HEALTH.words["scenario"].items() if "inpatient" in entry.get("more", ()))
NOT_HEALTH = (Kind.MOTOR, Kind.PROPERTY, Kind.TRAVEL, Kind.LIABILITY)
LAYOUTS = (
    Layout("acord-boxed-notice", boxed_notice, (ADJUSTER, BROKER), Noise.SCANNED, (Kind.PROPERTY, Kind.LIABILITY)),
    Layout("acord-auto-notice", auto_notice, (ADJUSTER, CLAIMANT), Noise.SCANNED, (Kind.MOTOR,)),
    Layout("acord-hospital-claim", hospital_claim, (CLAIMANT,), Noise.SCANNED, (Kind.HEALTH,), INPATIENT),
    Layout("acord-treatment-bill", treatment_bill, (Narrator.SUPPLIER,), Noise.SCANNED, (Kind.HEALTH,)),
    Layout("acord-short-term", short_term, (CLAIMANT, BROKER), Noise.SCANNED, NOT_HEALTH),
    Layout("acord-journey", journey_form, (CLAIMANT,), Noise.SCANNED, (Kind.TRAVEL,)),
    Layout("acord-accident", accident_notice, (Narrator.INSURED,), Noise.SCANNED, (Kind.LIABILITY,)),
    *scanned_columns.LAYOUTS,
    *sworn_forms.LAYOUTS,
)
