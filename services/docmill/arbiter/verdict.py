"""Whether an automatic result was right, measured by what a person decided about the same document. Pure."""

from collections.abc import Iterable, Mapping

from docmill_schemas.events import DocumentProcessed, ExtractedField
from docmill_schemas.review_events import ReviewRequested


def was_right(decided: DocumentProcessed, review: ReviewRequested) -> bool:
    """Whether the published result has the decided type and, field by field, the decided values, in any order and
    wherever they stand.

    Values are compared normalised; where there is none, the texts are, by their words. Of a decided field that stands
    where a published one of its name does, and that came without a value, the published value counts: the person agreed
    to the stretch.
    """
    if decided.document_type.label != review.document_type.label:
        return False
    published = {_place(field): field.value for field in review.fields}
    filled = (_with_value(field, published) for field in decided.fields)
    return _values(filled) == _values(review.fields)


def _with_value(field: ExtractedField, published: Mapping[tuple[str, int, int], str | None]) -> ExtractedField:
    if field.value is not None:
        return field
    return field.model_copy(update={"value": published.get(_place(field))})


def _place(field: ExtractedField) -> tuple[str, int, int]:
    return field.name, field.start, field.end


def _values(fields: Iterable[ExtractedField]) -> dict[str, set[str]]:
    values: dict[str, set[str]] = {}
    for field in fields:
        said = field.text if field.value is None else field.value
        values.setdefault(field.name, set()).add(" ".join(said.split()))
    return values
