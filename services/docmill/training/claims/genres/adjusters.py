"""Reports of loss adjusters, assessors and surveyors: claimed against found."""

from docmill.training.claims.claim import Kind
from docmill.training.claims.layout import Layout, Noise
from docmill.training.claims.page import Page
from docmill.training.claims.pools import words
from docmill.training.claims.voice import Narrator

DRIVEN = words(
    "hit_from_behind, ran_into_another, junction, hit_while_parked, hit_an_object, storm, flood, animal, fire, "
    "vandalism, motorcycle, lane_change, pothole, chain_collision, ride_hailing, load_fell, rolled_away, both_blame, "
    "ice, unrest, learner"
)
ADJUSTER = Narrator.ADJUSTER
TYPED, SCANNED = Noise.TYPED, Noise.SCANNED


def preliminary(page: Page) -> None:
    """A first report under headings."""
    page.line(
        "{adjusting_firm}",
        page.pick("PRELIMINARY REPORT", "First Report", "PRELIMINARY REPORT - PRIVATE AND CONFIDENTIAL"),
    )
    for row in page.mixed_rows(page.rng.randint(1, 3), 1, disorder=0.2):
        page.line(f"{row.label}: {row.value}")
    page.line("Our ref: {file_number}", "Date of visit: {inspected}")
    page.gap()
    for title, sentences in (
        (
            "INSURED" if page.chance(0.5) else "The policyholder",
            [
                "{policyholder} has been insured since {inception}[, renewal {expiry}|].",
                "There was a previous claim on {prior_loss}." if page.chance(0.4) else "",
            ],
        ),
        ("CIRCUMSTANCES", page.story(page.rng.randint(0, 1), dated=page.chance(0.4))),
        (
            "POLICY COVER",
            [
                "[Policy {policy_number} is in force|Cover under {policy_number} operates||Cover is being checked], "
                "[with a sum insured of {sum_insured}|subject to an excess of {excess}].",
                "{inception_remark}" if page.chance(0.3) else "",
            ],
        ),
        (
            "QUANTUM",
            [
                "[The claim as presented is {claimed}.|{Claimant} puts the loss at {claimed}.|A figure of {claimed} "
                "is claimed.||No figures have been presented.]",
                "We would suggest a reserve of {reserve}.",
            ],
        ),
    ):
        page.line(title)
        page.para(*sentences)
    page.filler("adjuster_remark")
    page.line("{adjuster}", "{letter}")


def site_notes(page: Page) -> None:
    """Notes taken at a visit."""
    page.line(
        page.pick("SITE NOTES", "Visit", "Inspection notes {inspected}", "Notes for file"),
        "[{claimant}, {address}||{address}]",
        "[{claim_number} / {file_number}||{file_number}]",
    )
    page.line("met: {witness} and {neighbour.familiar}, {time2}")
    page.tell_when(dated=page.chance(0.4))
    for fact in (
        "{happened}",
        "{damage}",
        "[says it happened {loss}|DOL {loss}||date to be confirmed]",
        "[policy {policy_number} sighted||policy not sighted]",
        "[wants {claimed}|claiming {claimed}, I see more like {assessed}||no estimate yet]",
        "sum insured {sum_insured}, looks [adequate|low]",
        "{extra}",
        "photos [14|23|31] taken",
        "previous: {prior_loss}",
    ):
        if page.can(fact) and page.chance(0.85):
            page.facts.voice.is_known = False
            page.say(page.pick("- ", "- ", ""), fact)
            page.draft.add("\n")
    page.filler("adjuster_remark")
    page.line("{adjuster.familiar} {inspected.num}")


def vehicle_assessor(page: Page) -> None:
    """An engineer on a damaged vehicle."""
    page.line(
        page.pick("ENGINEER'S REPORT", "Vehicle damage assessment", "APPRAISAL", "MOTOR SURVEY REPORT"),
        "{adjusting_firm}  {inspected}",
    )
    for row in page.field_rows("claim_number", "policy_number", "claimant", "date_of_loss") + [
        r for name in ("motor.vehicle", "motor.plate", "motor.vin", "motor.mileage") if (r := page.row(name))
    ]:
        page.line(f"{row.label.ljust(20)} {row.value}")
    page.gap()
    page.para("Inspected at {garage} on {inspected}.", *page.story(0, dated=False), "Pre-accident value {sum_insured}.")
    for cost in page.costs():
        page.draft.add(f"{cost.label.ljust(36)} {cost.bare}\n")
    page.line(
        "[Estimate submitted {claimed}|Repairer's estimate {claimed}|Claimed {claimed}||Estimate awaited]",
        "Assessed {assessed}",
        "Less excess {excess}",
        "[Consistent|Partly consistent] with the circumstances stated.",
    )
    page.filler("adjuster_remark")
    page.line("{adjuster}")


def final_report(page: Page) -> None:
    """A last report that compares what is claimed with what should be paid."""
    page.line(
        "{insurer}, {handler_team}",
        "{letter}",
        "[Claim: {claim_number}||]",
        "[Policy: {policy_number}||]",
        "Final Report",
    )
    page.gap()
    page.para(
        "We refer to our [preliminary|interim] report of {inspected} and now conclude our enquiries into the loss "
        "[of {loss}||reported] by [{claimant}||the claimant]."
    )
    page.para(*page.story(page.rng.randint(1, 2), dated=False))
    for cost in page.costs():
        page.draft.add(
            f"{cost.label}: {cost.money} {page.pick('- agreed', '- reduced', '- wear and tear', '- no receipt', '')}\n"
        )
    page.line(
        "[Claimed: {claimed}|Total claimed {claimed}|Presented {claimed}||]",
        "[Adjusted|Recommended|Agreed at]: {assessed}",
        "[Excess|Deductible]: {excess}",
        "Reserve outstanding: {reserve}",
    )
    page.gap()
    page.para(
        "We recommend [settlement at {assessed}|that the claim be paid in the adjusted amount|that the claim be "
        "declined], and close our file [{file_number}|on {deadline}]."
    )
    page.filler("adjuster_remark")
    page.line("{adjuster}, {adjusting_firm}")


def summary_table(page: Page) -> None:
    """A cover sheet of facts in two columns, then short paragraphs."""
    page.line("{adjusting_firm}", "LOSS SUMMARY SHEET")
    rows = page.mixed_rows(page.rng.randint(4, 7), 3, disorder=0.2)
    for row in rows:
        page.draft.add(row.label.ljust(28) + page.pick("", ": ", "| "))
        page.finish(row.value)
    page.gap()
    page.line("Opinion")
    page.para(
        *page.story(1, dated=page.chance(0.3)),
        page.pick(
            "Proximate cause is accepted.",
            "No fraud indicators.",
            "Recovery prospects are poor.",
            "There may be underinsurance, the value at risk is {sum_insured}.",
        ),
    )
    page.filler("adjuster_remark")


def desktop_memo(page: Page) -> None:
    """A memo by somebody who has seen only papers."""
    page.line(
        "MEMO",
        "To: {handler}",
        "From: {adjuster}",
        "Date: {received}",
        "Re: [{claimant} - {heading}|{claim_number}||{heading}]",
    )
    page.gap()
    page.para(
        "I have looked at the papers[, not at the site|].",
        "[This is claim {claim_number} under {policy_number}.|Policy {policy_number}.||]",
        *page.story(1, dated=page.chance(0.6)),
    )
    page.para(
        "[They ask for {claimed}.|The claim is {claimed}, against a premium of {premium}.||No amount is given.]",
        "On the invoices I can support {assessed}.",
        "The reserve of {reserve} [is enough|should be lifted].",
    )
    page.para(
        "{chaser}" if page.chance(0.1) else "",
        page.pick("Happy to discuss.", "I suggest a call on {phone}.", "No visit needed."),
    )
    page.filler("adjuster_remark")


def surveyor(page: Page) -> None:
    """A licensed surveyor's report in numbered paragraphs, as in India."""
    page.line(
        "{adjuster}, Surveyor & Loss Assessor, Lic. No. SLA-{n}{n}{n}",
        "SURVEY REPORT [(FINAL)|(SPOT)|]",
        "Ref: {file_number}   Date: {letter.num}",
    )
    page.line("To, {insurer}, {town}")
    page.tell_when(dated=page.chance(0.4))
    points = [
        "Insured: {policyholder}",
        "[Claimant: {claimant}||]",
        "[Policy No.: {policy_number}, valid {inception.num} to {expiry.num}||Policy: not made available]",
        "[Claim No.: {claim_number}||]",
        "[Date & time of loss: {loss}, {time}||Date of loss: as per intimation]",
        "Intimation received: {reported.num}; survey: {inspected.num}",
        "Sum insured: {sum_insured}",
        "Cause & nature: {heading}",
        "Brief: {happened}",
        "Damages observed: {damage}",
        "[Amount claimed: {claimed} ({claimed.words} only)|Amount of claim lodged: {claimed}||Claim bill awaited]",
        "Loss assessed: {assessed}, less policy excess {excess}",
    ]
    for number, point in enumerate((p for p in points if page.can(p)), start=1):
        page.facts.voice.is_known = False
        page.line(f"{number}.0  {point}")
    page.filler("adjuster_remark")
    page.line("This report is issued without prejudice.", "{adjuster.titled}")


def large_loss(page: Page) -> None:
    """Advice of a large loss to a head office."""
    page.line(page.pick("LARGE LOSS ADVICE", "RESERVE REVIEW", "Notice to reinsurers"), "{insurer}  {letter.num}")
    page.para("[{claim_number} / ||][{claimant} / ||]{heading}[ / DOL {loss}||]")
    page.para(*page.story(page.rng.randint(0, 1), dated=False))
    page.line(
        "[Claimed {claimed}||Claimed n/k]",
        "Reserve {reserve} (prev. {deposit})",
        "Limit {sum_insured}",
        "Excess {excess}",
        "[Pol {policy_number}||]",
        "Premium {premium}",
    )
    page.para(
        page.pick("Next review {deadline}.", "Authority requested.", "Counsel: {law_firm}."),
        "[Claimant is represented by {lawyer}.|No lawyer yet.]",
    )
    page.filler_lines("adjuster_remark", "- ")


def medical_review(page: Page) -> None:
    """A reviewer of the medical side of a claim."""
    page.line(
        "CLINICAL REVIEW",
        "[Member: {claimant}||Member: see file]",
        "[Plan {policy_number}||]",
        "[Claim {claim_number}||]",
        "Reviewer {doctor2.titled}, {received}",
    )
    page.gap()
    page.para(*page.story(1, dated=page.chance(0.7)))
    for cost in page.costs():
        page.draft.add(
            f"  {cost.label}  {cost.money}  "
            f"{page.pick('covered', 'covered', 'query', 'not covered', 'tariff exceeded')}\n"
        )
    page.para(
        "[Billed and claimed: {claimed}.|Claim total {claimed}.||Billing incomplete.]",
        "Usual and reasonable: {assessed}.",
        "Co-payment {excess}.",
        "Date of birth {dob}; member since {inception}.",
    )
    page.filler("adjuster_remark")


LAYOUTS = (
    Layout("adjuster-preliminary", preliminary, (ADJUSTER,), SCANNED),
    Layout("adjuster-site-notes", site_notes, (ADJUSTER,), TYPED),
    Layout("adjuster-vehicle", vehicle_assessor, (ADJUSTER,), SCANNED, (Kind.MOTOR,), DRIVEN),
    Layout("adjuster-final", final_report, (ADJUSTER,), SCANNED),
    Layout("adjuster-summary", summary_table, (ADJUSTER,), TYPED, held_out=True),
    Layout("adjuster-memo", desktop_memo, (ADJUSTER,), TYPED),
    Layout("adjuster-surveyor", surveyor, (ADJUSTER,), SCANNED),
    Layout("adjuster-large-loss", large_loss, (ADJUSTER,), TYPED, held_out=True),
    Layout("adjuster-medical", medical_review, (ADJUSTER,), TYPED, (Kind.HEALTH,)),
)
