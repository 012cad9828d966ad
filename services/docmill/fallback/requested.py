"""`FallbackRequested` to the deferred document that tier 1 decides."""

import math

from docmill.fallback.types import Candidate, DeferredDocument
from docmill_schemas.events import ExtractedField, FallbackRequested


def deferred_document(event: FallbackRequested) -> DeferredDocument:
    """What the event says, probabilities made to add up to 1 again: on the wire they are rounded.

    Of an event from before docmill 0.2 there are but the likeliest labels and the published fields; the rest of the
    probability is then nobody's, and the sum stays below 1.
    """
    kind = event.document_type
    said = {one.label: one.probability for one in event.label_probabilities}
    if said:
        total = math.fsum(said.values())
        said = {label: probability / total for label, probability in said.items()} if total > 0 else {}
    else:
        said = {kind.label: kind.probability} | {one.label: one.probability for one in kind.alternatives}
    fields = event.candidates or event.fields
    return DeferredDocument(event.text, said, tuple(_candidate(field) for field in fields))


def own_fields(event: FallbackRequested) -> tuple[Candidate, ...]:
    """The fields that the fast model itself would publish."""
    return tuple(_candidate(field) for field in event.fields)


def _candidate(field: ExtractedField) -> Candidate:
    return Candidate(field.name, field.start, field.end, field.text, field.value, field.confidence)
