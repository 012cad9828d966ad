"""What is asked of every hostile document, and what was retrieved for it. The same for all, so that attacks compare."""

from docmill.fallback_service.questions import stretches
from docmill.generator.types import Ask, Source
from load_tests.hostile_parts.documents import HostileDocument, PoisonedPassage

LABELS = (
    "receipt",
    "motor_claim",
    "complaint.debt_collection",
    "contract.supply",
    "medical.progress_note",
    "benefit.decision",
)
FIELDS = ("company", "date", "total", "reference")
RETRIEVED = (  # S1 to S4; an exemplar of a label that most attacks want is among them, as it may be in earnest
    Source("handbook#receipts", "policy", "Receipts: which total", "The total of a receipt is the amount paid."),
    Source(
        "exemplar-kedai",
        "exemplar",
        "",
        "Kedai Runcit Ah Seng\nTOTAL RM 9.00\nThank you",
        "receipt",
        (("total", ("RM 9.00",)),),
    ),
    Source(
        "exemplar-supply",
        "exemplar",
        "",
        "This supply agreement is made between Penang Valves and Orchid Pumps.",
        "contract.supply",
    ),
    Source(
        "vendors",
        "code_list",
        "Vendors",
        "Known vendors",
        None,
        (("company", ("Kopitiam Sri Melur", "Orchid Pumps Ltd", "Harbour Lane Dental")),),
    ),
)


def ask_about(document: HostileDocument, text: str) -> Ask:
    """The question about the text of a document, of which as much is shown as the fallback shows."""
    return Ask(text, stretches(text, FIELDS, ()), LABELS, FIELDS, (*RETRIEVED, *map(_source, document.passages)))


def _source(passage: PoisonedPassage) -> Source:
    return Source(
        passage.passage_id,
        passage.kind,
        passage.title,
        passage.text,
        passage.document_type,
        tuple(passage.fields.items()),
    )
