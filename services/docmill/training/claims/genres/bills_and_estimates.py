"""Bills, estimates and receipts as they are sent in as a claim: tables of figures with little prose."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.genres.cover_notes import BUILT, IN_HOSPITAL, LOST, REPAIRED
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Cost, Page
from docmill.training.claims.voice import Narrator

SUPPLIER, ADJUSTER = Narrator.SUPPLIER, Narrator.ADJUSTER
SCANNED, TYPED, CLEAN = Noise.SCANNED, Noise.TYPED, Noise.CLEAN
OWN_BUILDING = tuple(name for name in BUILT if name in Kind.PROPERTY.words["scenario"])
CODES = ("{:03d}", "R{:02d}", "OP{:02d}", "{:02d}", "L-{:03d}", "")


def repair_estimate(page: Page) -> None:
    """Lines of an estimating system, operation by operation."""
    page.line(
        "{garage}[ - collision centre| - approved repairer|]",
        page.pick(
            "ESTIMATE OF RECORD", "Preliminary Estimate", "REPAIR ESTIMATE / JOB CARD", "Supplement 1 with summary"
        ),
        "Written by: {tradesman}   {invoiced.num} {time2}   Job {invoice_number}",
    )
    page.line(
        "[Owner: {claimant}|Cust: {claimant}|Veh. owner {claimant}||Owner: on file]   Ph {phone}",
        "Insurer: {insurer}[   Policy: {policy_number}||]",
        "[Claim #: {claim_number}|Claim {claim_number}||Claim #: pending]",
        "[Loss date: {loss}|D.O.L. {loss.num}||]",
        "Veh: {vehicle}  Reg/Plate {plate}  Odo {mileage}  VIN {vin}",
        "Point of impact / {heading}",
    )
    page.gap()
    _table(page, page.costs(), ("Line", "Oper", "Description", "Ext. price"))
    page.line(
        "[Gross {claimed}|Grand total {claimed}|TOTAL COST OF REPAIRS {claimed}|Total incl. tax {claimed}||Sublet and "
        "tax to be added]",
        "[Less deductible|Excess payable by owner] {excess}",
        "[Net cost to insurer {net}|Insurer pays {net}|]" if page.can("{claimed}") and page.chance(0.5) else "",
    )
    page.para(
        "{damage}" if page.chance(0.5) else "",
        page.pick(
            "Hidden damage possible after strip-down.",
            "Non-original parts not used.",
            "No work starts without authority in writing.",
            "Days to repair: {n}.",
        ),
    )
    page.filler("supplier_remark")


def discharge(page: Page) -> None:
    """A discharge summary in clinical shorthand, with the account below."""
    page.line(
        "{hospital}", page.pick("DISCHARGE SUMMARY", "Discharge Card", "Episode summary and account", "CASE SHEET")
    )
    page.line(
        "[Pt: {claimant}|Patient Name: {claimant}|NAME {claimant.listed}||Pt: see label]   D.O.B. {dob.num}",
        "IP/MR No. {customer_number}   Ward [2B|Surgical|ICU -> 4|Pvt room {n}]",
        "[DOA: {loss}   DOD: {discharged}|Adm. {loss}, disch. {discharged}|Admission {loss}||DOD: {discharged}]",
        "Under {doctor.titled}",
        "[TPA / insurer: {insurer}, {policy_number}|Policy {policy_number}||]",
        "[Claim / pre-auth {claim_number}|CCN {claim_number}||]",
    )
    page.tell_when(dated=page.chance(0.3))
    for title, said in (
        ("Dx", "{heading}"),
        ("Hx", "{happened}"),
        ("Course", "{damage}"),
        ("O/E", "[Afebrile, vitals stable.|BP 130/80, SpO2 98.|Comfortable at rest.|NAD.]"),
        (
            "Advice",
            "[Review on {appointment}.|Rest. Soft diet.|Rx as per chart, f/u {appointment}.|No lifting for 6/52.]",
        ),
    ):
        if page.chance(0.85):
            page.facts.voice.is_known = False
            page.line(f"{title}: {said}")
    page.gap()
    page.line(page.pick("HOSPITAL BILL (SUMMARY)", "Charges", "Account {invoice_number} of {invoiced}"))
    _table(page, page.costs(), ("Code", "Dept", "Particulars", "Amount"))
    page.line(
        "[Gross bill {claimed}|Bill total: {claimed}|Net payable {claimed}|TOTAL CHARGES {claimed}||Bill open]",
        "[Advance paid|Deposit] {deposit}" if page.chance(0.5) else "",
        "{page_foot}" if page.chance(0.3) else "",
    )


def quotation(page: Page) -> None:
    """A contractor's quotation behind a slip of whoever sends it in."""
    page.line(
        page.pick("TRANSMITTAL", "Cover slip", "FAX - 2 pages", "COMPLIMENTS SLIP", "Scan to claims"),
        "To {insurer}, attn {handler}",
        "[Re {claimant}|From {claimant}||]",
        "[Claim {claim_number}||]",
        "[Pol. {policy_number}||]",
        "[Quote for {claimed} attached, please approve|Attached, {claimed}||Quotation attached, please approve]",
    )
    page.line(page.pick("-" * 40, "(page 2)", "_" * 30))
    page.line(
        "{builder}   Reg. {customer_number}",
        "{address2}",
        page.pick("QUOTE", "PROPOSAL AND CONTRACT", "BILL OF QUANTITIES", "Estimate", "TENDER FOR REINSTATEMENT"),
        "Quote no. {invoice_number}, {invoiced}, valid {n} days",
        "Job site: {address}",
        "[Cause and date: {heading}, {loss}|Damage of {loss}||Cause: {heading}]",
    )
    page.para("{damage}" if page.chance(0.6) else "{happened}")
    _table(page, page.costs(), ("Item", "Qty", "Scope", "Price"))
    page.line(
        "[TOTAL PRICE {claimed}|Lump sum {claimed}|Total inc. tax: {claimed}|We propose the above for the sum of "
        "{claimed}||Rates only, to be measured]",
        "[{deposit} up front, rest on completion|Provisional sum for hidden damage {small_amount} not included|]",
        "Variations are extra. Skip hire by owner." if page.chance(0.4) else "",
    )
    page.filler("supplier_remark")
    page.line("{tradesman}", "Accepted (owner): ____________")


def valuation(page: Page) -> None:
    """An assessor or valuer puts a value on what was lost."""
    page.line(
        "{adjusting_firm}" if page.chance(0.6) else "{adjuster}, independent valuer",
        page.pick("VALUATION CERTIFICATE", "Appraisal", "ASSESSMENT OF VALUE", "Total loss valuation", "QUANTUM NOTE"),
        "Instructed by {insurer} on {received}",
        "[For: {claimant}|Property of {claimant}|Owner {claimant}||Owner: as instructed]",
        "[Insurer's claim {claim_number}||]",
        "[Under policy {policy_number}||]",
        "[Valuation as at {loss}, date of loss|Values on date of loss, {loss}||Values as at inspection, {inspected}]",
    )
    page.gap()
    page.para(
        *page.story(0, dated=False, damage=0.7),
        page.pick(
            "Comparable items were found on three sites.",
            "Condition prior to loss was fair to good.",
            "Wear and tear has been allowed for where it applies.",
            "No receipts were produced; we have gone by photographs.",
        ),
    )
    table = page.costs()
    if table:
        page.line("Item | Owner's figure | Our opinion")
    for cost in table:
        view = page.pick("agreed", "agreed", "high", "no evidence", "see note", "market price lower")
        page.draft.add(f"{cost.label} | {cost.bare} | {view}\n")
    page.line(
        "[Owner's claim: {claimed}|As claimed {claimed}|Claim submitted at {claimed}||Owner has not submitted figures]",
        "Our valuation: {assessed}",
        "Salvage {deposit}" if page.chance(0.5) else "",
        "Sum insured {sum_insured}" if page.chance(0.5) else "",
        "Fee {small_amount} + tax" if page.chance(0.3) else "",
    )
    page.filler("adjuster_remark")


def superbill(page: Page) -> None:
    """An encounter form of an American kind, with codes and boxes."""
    page.line("{doctor.titled}, {hospital}", page.pick("SUPERBILL", "STATEMENT FOR INSURANCE", "ITEMIZED STATEMENT"))
    boxes = [
        "[PATIENT: {claimant}|2. PATIENT'S NAME: {claimant.listed}||PATIENT: ]",
        "3. BIRTH DATE: {dob.num}",
        "[INSURED'S ID / POLICY: {policy_number}|1a. POLICY {policy_number}||1a. POLICY ]",
        "[DATE OF SERVICE: {loss.num}|24A. DOS {loss.num}|DATE SEEN: {loss}||]",
        "[CLAIM CONTROL NO. {claim_number}|PAYER CLAIM NO. {claim_number}||]",
        "DX: {heading}",
        "26. ACCOUNT NO. {account}",
        "27. ACCEPT ASSIGNMENT? [YES|NO]",
        "REFERRING: {doctor2.titled}",
    ]
    page.line(*(box for box in boxes if page.chance(0.94)))
    _table(page, page.costs(), ("Ln", "Mod", "Service", "Charges"))
    page.line(
        "[28. TOTAL CHARGE {claimed}|TOTAL CHARGES: {claimed}|Patient paid in full: {claimed}||28. TOTAL see pg 2]",
        "29. COPAY {excess}" if page.chance(0.4) else "",
        "NEXT VISIT {appointment.num}" if page.chance(0.5) else "",
    )
    page.para("{damage}" if page.chance(0.5) else "", "{happened}" if page.chance(0.4) else "")
    page.filler_lines("supplier_remark")


def account_chased(page: Page) -> None:
    """A supplier whose bill nobody has paid."""
    role = {Kind.MOTOR: "garage", Kind.HEALTH: "hospital"}.get(page.claim.kind, "builder")
    page.line(
        f"{{{role}}}",
        page.pick("STATEMENT OF ACCOUNT", "SECOND REMINDER", "PAST DUE NOTICE", "Overdue account", "FINAL NOTICE"),
        "{letter}",
        "{insurer}, {handler_team}",
        "[Account of {claimant}|Re {claimant}||Re: see our invoice]",
        "[Your claim no. {claim_number}||]",
        "[Policy quoted to us: {policy_number}||]",
    )
    page.gap()
    page.para(
        page.pick(
            "Our records show that the following remains unpaid.",
            "We refer to our invoice {invoice_number} and note that no remittance has reached us.",
            "Despite two calls to {handler.familiar} we are still waiting for our money.",
        ),
        "[This concerns {heading}, {loss}.|The job goes back to the {loss_noun} of {loss}.||This concerns {heading}.]",
        "{damage}" if page.chance(0.5) else "",
    )
    _table(page, page.costs(), ("Ref", "Type", "Details", "Charge"))
    page.line(
        "[Total of account {claimed}|Invoice total {claimed}|Claim on the policy in full: {claimed}||Total on request]",
        "Late fee [of {small_amount}|{small_amount}] will be added after {deadline}" if page.chance(0.6) else "",
    )
    page.filler("supplier_remark")
    page.line("{clerk}, accounts")


def _table(page: Page, costs: list[Cost], titles: tuple[str, str, str, str]) -> None:
    """Costs as a table, in one of several ways to draw one."""
    code = page.pick(*CODES)
    style = page.rng.randrange(4)
    if costs and style in (1, 2) and page.chance(0.7):
        page.draft.add(("  ".join(titles) if style == 1 else "|".join(titles)) + "\n")
    for number, cost in enumerate(costs, start=1):
        key = code.format(number * page.rng.choice((1, 5, 10)) if code else 0)
        kind = page.pick("1", "1", "1.0", "EA")
        match style:
            case 0:
                page.draft.add(f"{key} {cost.label} {'.' * page.rng.randint(3, 20)} {cost.bare}\n".lstrip())
            case 1:
                page.draft.add(f"{key:<6}{kind:<5}{cost.label[:44]:<46}{cost.bare:>14}\n")
            case 2:
                page.draft.add("|".join((key, kind, cost.label, cost.money)) + "\n")
            case _:
                page.draft.add(f"{cost.label}\n{cost.money}\n")


LAYOUTS = (
    Layout("bill-repair-estimate", repair_estimate, (SUPPLIER,), SCANNED, (Kind.MOTOR,), REPAIRED),
    Layout("bill-discharge", discharge, (SUPPLIER,), SCANNED, (Kind.HEALTH,), IN_HOSPITAL),
    Layout("bill-quotation", quotation, (SUPPLIER,), SCANNED, (Kind.PROPERTY, Kind.LIABILITY), BUILT),
    Layout(
        "bill-valuation", valuation, (ADJUSTER,), TYPED, (Kind.PROPERTY, Kind.MOTOR), (*LOST, "stolen", "fire", "flood")
    ),
    Layout("bill-superbill", superbill, (SUPPLIER,), CLEAN, (Kind.HEALTH,)),
    Layout(
        "bill-account-chased",
        account_chased,
        (SUPPLIER,),
        TYPED,
        (Kind.MOTOR, Kind.PROPERTY, Kind.HEALTH),
        (*REPAIRED, *OWN_BUILDING, *IN_HOSPITAL),
        held_out=True,
    ),
)
