"""Whether an automatic result was right, measured by what a person decided about the same document. Pure."""

from collections.abc import Sequence

from docmill_schemas.events import DocumentProcessed, ExtractedField
from docmill_schemas.review_events import ReviewRequested


def was_right(decided: DocumentProcessed, review: ReviewRequested) -> bool:
    """Whether the published result has the decided type and, field by field, the decided values, in any order and
    wherever they stand, and no others.

    Two fields say the same where both have a value, normalised, and it is the same, or where one has none, and their
    texts are the same, by their words: whose bundle normalises more says nothing of who is right.
    """
    if decided.document_type.label != review.document_type.label:
        return False
    return _all_in(decided.fields, review.fields) and _all_in(review.fields, decided.fields)


def _all_in(fields: Sequence[ExtractedField], others: Sequence[ExtractedField]) -> bool:
    return all(any(_say_the_same(field, other) for other in others) for field in fields)


def _say_the_same(one: ExtractedField, other: ExtractedField) -> bool:
    if one.name != other.name:
        return False
    if one.value is None or other.value is None:
        return one.text.split() == other.text.split()
    return one.value.split() == other.value.split()
