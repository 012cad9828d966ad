"""The words themselves: everything in them can be said, and none of it is real."""

import re
from importlib import resources

import pytest

from docmill.training.claims.cast import ROLES
from docmill.training.claims.claim import Claim, Kind
from docmill.training.claims.draft import FIELDS, Draft
from docmill.training.claims.facts import STRANGER_TELLS, TERMS
from docmill.training.claims.generate import Document
from docmill.training.claims.layouts import LAYOUTS
from docmill.training.claims.page import rules_for
from docmill.training.claims.pools import Part, table
from docmill.training.claims.voice import Narrator
from docmill.training.claims.writer import Writer
from tests.unit.training.claims.fakes import claims, facts_of, rng, whole_corpus

# Insurers, makers, airlines, hotels, shops and hospitals that a text about claims is likeliest to name.
REAL = """
Aviva|AXA|Allianz|Zurich|Bupa|Admiral|Direct Line|LV=|Hiscox|Churchill|Esure|Hastings|Saga|NFU|RSA|Geico|Allstate|
State Farm|Progressive|Liberty Mutual|Nationwide|Farmers|USAA|Travelers|Aetna|Cigna|Humana|Kaiser|Blue Cross|MetLife|
Prudential|Chubb|Hartford|AIG|Lloyd's|Lloyds|Munich Re|Swiss Re|Generali|Intact|Desjardins|Sun Life|Manulife|Wawanesa|
FBD|Laya|VHI|Irish Life|NRMA|AAMI|Suncorp|QBE|Allianz|Medibank|Bajaj|ICICI|HDFC|Tata|
LIC(?!\\W+N[O0]\\b)|Max Bupa|Niva|Acko|Digit|
Marsh|Aon|Willis|Gallagher|Crawford|Sedgwick|Cunningham Lindsey|Charles Taylor|McLarens|
Ford|Toyota|Honda|Nissan|Mazda|Subaru|Suzuki|Maruti|Hyundai|Kia|Volkswagen|Audi|BMW|Mercedes|Porsche|Opel|Vauxhall|
Renault|Peugeot|Citro[eë]n|Fiat|Skoda|Seat Ibiza|Volvo|Saab|Jaguar|Land Rover|Tesla|Chevrolet|Chrysler|Dodge|Jeep|
Ryanair|easyJet|Aer Lingus|British Airways|Qantas|Jetstar|Air Canada|WestJet|Delta Air|United Airlines|Lufthansa|KLM|
Emirates|Qatar Airways|IndiGo|SpiceJet|Air India|Jet2|TUI|Thomas Cook|Expedia|Booking\\.com|Airbnb|
Hilton|Marriott|Hyatt|Sheraton|Novotel|Ibis|Holiday Inn|Premier Inn|Travelodge|
Tesco|Sainsbury|Asda|Aldi|Lidl|Walmart|Costco|IKEA|Argos|Currys|Woolworths|Coles|Bunnings|Dunnes|Starbucks|McDonald|
Apollo Hospital|Fortis|Manipal|Mayo Clinic|Cleveland Clinic|Spire|Nuffield|Beacon Hospital|
Apple|iPhone|iPad|Samsung|Sony|Canon|Nikon|Rolex|Dyson|Bosch|Whirlpool|Google|Microsoft|Amazon|WhatsApp|Uber|Hertz|Avis
""".replace("\n", "")


def test_nothing_real_is_named() -> None:
    pattern = re.compile(rf"\b(?:{REAL})\b")
    folder = resources.files("docmill.training.claims.words")
    sources = [path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name.endswith(".toml")]
    assert len(sources) >= 16
    for text in (*sources, *map(without_numbers, whole_corpus())):
        found = pattern.search(text)
        assert found is None, found


def without_numbers(document: Document) -> str:
    """The text without claim and policy numbers, whose letters are drawn at random."""
    text = document.text
    for mark in reversed(document.marks):
        if mark.field in ("claim_number", "policy_number"):
            text = text[: mark.start] + text[mark.end :]
    return text


def test_mails_go_nowhere() -> None:
    for document in whole_corpus():
        for domain in re.findall(r"@[\w.-]+\.(\w+)", document.text):
            assert document.layout == "x" or len(domain) >= 5, (document.id, domain)


def withheld(claim: Claim, narrator: Narrator) -> re.Pattern[str]:
    """The slots that a claim lacks of its nature: a stranger's to the policy, the insured's own, a company's."""
    terms = TERMS if narrator in STRANGER_TELLS else ()
    names = ["own_policy", *terms] if claim.by_stranger else ["your_insured", "your_insured_s"]
    born = ["dob"] if claim.parties["claimant"].pronoun == "it" else []
    return re.compile(rf"\{{(?:{'|'.join(names + born)})\b", re.IGNORECASE)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("narrator", list(Narrator))
def test_every_template_of_every_rule_can_be_said_where_nothing_is_missing(kind: Kind, narrator: Narrator) -> None:
    complete = [claim for part in Part for claim in claims(kind, part, 400) if len(claim.present) == len(FIELDS)]
    full = [claim for claim in complete if "net" in claim.amounts and set(claim.parties) == set(ROLES)]
    by_scenario = {claim.scenario.name: claim for claim in full}
    assert len(by_scenario) >= 15
    for claim in by_scenario.values():
        rules = rules_for(claim)
        write = Writer(facts_of(claim, narrator), rules, rng())
        excused = withheld(claim, narrator)
        for name, sources in rules.items():
            for source in sources:
                assert write.can_say(source) or excused.search(source), (name, source)
                if write.can_say(source):
                    write.say(Draft(), source)


def test_every_template_is_spelt_without_double_spaces_and_ends() -> None:
    for kind in Kind:
        for scenario in kind.words["scenario"].values():
            for sentence in (*scenario["happened"], *scenario["damage"]):
                assert re.search(r"[.!?][\]|\[}]*\Z", sentence), sentence
                assert "  " not in sentence


def test_labels_of_rows_are_templates_without_values() -> None:
    labels = table("labels")
    rows = [
        *(entry for name, entry in labels.items() if name != "kind"),
        *(e for k in labels["kind"].values() for e in k.values()),
    ]
    assert len(rows) > 50
    for entry in rows:
        assert len(entry["labels"]) >= 1
        assert len(entry["keys"]) == len(set(entry["keys"]))
        assert "{" in entry["value"] or "[" in entry["value"]


def test_layouts_name_no_company_or_person_themselves() -> None:
    assert all(layout.name == layout.name.lower() for layout in LAYOUTS)
