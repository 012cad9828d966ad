"""What stands in forms and exports beside the claim: codes, flags, offices, empty fields. Holds no field of a claim."""

from docmill.training.claims.numbers import filled
from docmill.training.claims.page import Page, Row

IDENTITY = {  # what a person is asked for, by country
    "GB": ("NI number", "@@ ## ## ## @"),
    "US": ("SSN (last 4)", "xxx-xx-####"),
    "IE": ("PPS no.", "#######@@"),
    "AU": ("ABN / driver licence no.", "## ### ### ###"),
    "IN": ("PAN", "@@@@@####@"),
    "CA": ("Driver's licence no.", "@####-#####-#####"),
}
OTHER_IDENTITY = (
    ("NRIC / FIN / Passport no.", "S#######@"),
    ("ID number", "###### #### ###"),
    ("Passport no.", "@########"),
    ("VAT / GST reg. no.", "4#########"),
)
CODES = (  # label, key, shapes of its value
    ("Branch code", "branch_cd", ("##", "0###", "@@@", "@@-##")),
    ("Cost centre", "costCentre", ("####", "CC###")),
    ("Catastrophe code", "cat_code", ("", "", "CAT##", "N/A")),
    ("Cause code", "cause_cd", ("##", "@#", "###")),
    ("Peril code", "perilCode", ("@@", "##", "@@@")),
    ("Record type", "rec_type", ("01", "C", "CLM", "02")),
    ("Batch", "batch_id", ("######", "B####")),
    ("User ID", "user_id", ("@@@####", "U####", "svc_batch", "@@##")),
    ("Version", "version", ("1", "3", "0.#", "2.1")),
    ("Litigation", "litigation_flag", ("N", "N", "Y", "0")),
    ("Fraud score", "fraudScore", ("##", "0.##", "low", "n/a")),
    ("Subrogation", "subro", ("N", "N", "Y", "U")),
    ("Priority", "priority", ("Normal", "High", "3", "P#")),
    ("Queue", "queue", ("Intake #", "NEW-#", "Triage")),
    ("Class of business", "class_cd", ("@#", "###", "@@")),
    ("Treaty", "treaty_id", ("", "QS##", "XL-##")),
    ("Coinsurance %", "coins_pct", ("0", "100", "2#", "")),
    ("Tax code", "tax_code", ("", "T#", "EX")),
    ("Language", "lang", ("en", "EN", "en-GB", "ENG")),
    ("Checksum", "hash", ("####@@##", "@#@#@#@#")),
    ("Correlation ID", "correlationId", ("@@##-####-@###", "########@@##")),
    ("Agency customer ID", "agencyCustId", ("@@@@-#", "#####")),
    ("Company code", "co_code", ("#####", "@@#")),
    ("Page count", "pages", ("#", "1", "2")),
    ("Attachments", "attachments", ("#", "0", "3")),
    ("Duplicate check", "dupCheck", ("passed", "OK", "not run")),
    ("Retention code", "retention", ("7Y", "R##", "")),
    ("Sub-producer", "sub_producer", ("", "####", "-")),
)
PEOPLE = (  # others whose names stand in a record
    ("Created by", "createdBy", "{clerk}"),
    ("Last modified by", "modifiedBy", "[{handler2}|{clerk.familiar}]"),
    ("Supervisor", "supervisor", "{manager}"),
    ("Authorised by", "authorisedBy", "{manager}"),
    ("Account executive", "accountExec", "{broker_person}"),
    ("Surveyor appointed", "surveyor", "{adjuster}"),
    ("Loss assessor", "assessor", "{adjuster}, {adjusting_firm}"),
    ("Next of kin", "nextOfKin", "{spouse}"),
    ("Contact person", "contactPerson", "{spouse}"),
    ("Reported by", "reportedBy", "[{spouse}|{broker_person}]"),
    ("Payee", "payee", "[{builder}|{business}|see mandate]"),
    ("Approver", "approver", "{handler2}"),
)
DAYS = (
    ("Last updated", "updatedAt", "{received}"),
    ("Next review", "nextReview", "{deadline}"),
    ("Diary date", "diary", "{appointment}"),
    ("Inspection date", "inspectedOn", "{inspected}"),
    ("Date of invoice", "invoiceDate", "{invoiced}"),
    ("Date of proposal", "proposalDate", "{booked}"),
    ("Previous loss date", "prevLossDate", "{prior_loss}"),
    ("Print date", "printed", "{received}"),
    ("Limitation date", "limitation", "{deadline}"),
)
AMOUNTS = (
    ("Paid to date", "paidToDate", "{deposit}"),
    ("Own retention", "retention_amt", "{excess}"),
    ("Assessed", "assessedLoss", "{assessed}"),
    ("Offer", "offerAmt", "{offer}"),
    ("Survey fee", "surveyFee", "{small_amount}"),
    ("Limit per item", "itemLimit", "{other_amount}"),
    ("Net payable", "netPayable", "{net}"),
    ("Previous claim paid", "prevPaid", "{other_amount}"),
    ("Other insurer's share", "otherShare", "{small_amount}"),
    ("Discount", "discount", "[0|20|35|50|60] %"),
)
NUMBERS = (
    ("Broker's reference", "brokerRef", "{file_number}"),
    ("Quote no.", "quoteRef", "{booking_ref}"),
    ("Their ref", "theirRef", "{file_number}"),
    ("Payment reference", "paymentRef", "{invoice_number}"),
    ("Station diary no.", "stationDiary", "{police_ref}"),
    ("Account", "acct", "{customer_number}"),
    ("Bank a/c", "bankAcct", "{account}"),
)
UNUSED = (  # fields that nobody fills in
    "Second policyholder", "Mortgagee / loss payee", "Fax", "Co-insurers", "Loss payee reference", "Middle name",
    "Name of interpreter", "Previous address", "Other interested parties", "Date of second notice", "Work phone",
    "Sub-limit applied", "Lienholder", "Hire purchase company", "Name of employer", "Employee no.", "Box no.",
    "If yes, give details", "If no, why not", "Name and address of second witness", "Spouse's occupation",
    "Amount recovered", "Amount paid by other insurer", "Claim no. of other insurer", "Expiry of other policy",
    "Policy no. of other insurer", "Title of signatory", "Date of death (if applicable)", "Company stamp",
    "Signature of guardian", "Relationship to insured", "Swift / BIC", "Tax reference", "Approval code",
)  # fmt: skip


def identity(page: Page) -> tuple[str, str]:
    """A label and a number by which a state knows a person, as the country has it or another one's form."""
    own = IDENTITY[page.claim.country]
    label, shape = own if page.chance(0.8) else page.rng.choice(OTHER_IDENTITY)
    return label, filled(page.rng, shape)


def code_rows(page: Page, count: int) -> list[Row]:
    """Codes and flags of a system."""
    chosen = page.rng.sample(CODES, count)
    return [Row(label, key, filled(page.rng, page.rng.choice(shapes))) for label, key, shapes in chosen]


def odd_rows(page: Page, count: int) -> list[Row]:
    """Other people, days, amounts and numbers, none of which is a field's."""
    chosen = page.rng.sample((*PEOPLE, *DAYS, *AMOUNTS, *NUMBERS), count)
    return [Row(label, key, value) for label, key, value in chosen if page.can(value)]


def unused(page: Page, count: int) -> list[str]:
    """Labels of fields that stay empty."""
    return page.rng.sample(UNUSED, count)


def record(page: Page, common: int, special: int, codes: int, odd: int) -> list[Row]:
    """A record of all fields among many others, in the order of some system: fields keep theirs, or none does."""
    rows = page.mixed_rows(common, special, disorder=0.5)
    for row in code_rows(page, codes) + odd_rows(page, odd):
        rows.insert(page.rng.randint(0, len(rows)), row)
    return rows


def parties(page: Page) -> list[tuple[str, str]]:
    """Who plays which part, as a role and the template of a name; the claimant among others."""
    claimant = page.pick("claimant", "CLAIMANT", "Claimant", "claimant / payee")
    found = [(claimant, "{claimant}")]
    if page.claim.parties["policyholder"] is not page.claim.parties["claimant"]:
        found.append((page.pick("policyholder", "insured", "named insured"), "{policyholder}"))
    others = (
        ("witness", "{witness}"), ("broker", "{broker}"), ("handler", "{handler}"), ("reporter", "{spouse}"),
        ("adjuster", "{adjuster}"), ("repairer / supplier", "{builder}"), ("counsel", "{law_firm}"),
        ("insurer", "{insurer}"),
    )  # fmt: skip
    found += page.rng.sample(others, page.rng.randint(2, 4))
    page.rng.shuffle(found)
    return [(role, name) for role, name in found if page.can(name)]
