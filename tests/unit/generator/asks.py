"""A document and sources to ask about. Knows no test."""

from docmill.generator.types import Ask, Source

TEXT = "Kopitiam Sri Melur\nDate: 12/03/2018\nTOTAL\tRM 41.50\nThank you"
POLICY = Source("handbook#4", "policy", "Receipts: totals", "The total of a receipt is the amount paid.")
EXEMPLAR = Source("doc-7", "exemplar", "", "Kedai Runcit Ah Seng\nTOTAL RM 9.00", "receipt", (("total", ("RM 9.00",)),))
VENDORS = Source("vendors", "code_list", "Vendors", "Known vendors", None, (("company", ("KOPITIAM SRI MELUR",)),))
LABELS = ("receipt", "contract.supply", "motor_claim")


def ask(
    labels: tuple[str, ...] = LABELS,
    fields: tuple[str, ...] = ("company", "total"),
    sources: tuple[Source, ...] = (POLICY, EXEMPLAR, VENDORS),
    text: str = TEXT,
    shown: tuple[tuple[int, int], ...] | None = None,
) -> Ask:
    return Ask(text, ((0, len(text)),) if shown is None else shown, labels, fields, sources)
