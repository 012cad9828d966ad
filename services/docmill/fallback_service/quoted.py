"""What a generator quoted, put among the spans that a person is shown. Does not know how sure that makes them."""

from collections.abc import Iterable, Sequence

from docmill.fallback.types import Quoted
from docmill_schemas.events import Citation, ExtractedField
from docmill_schemas.review_events import QuotedField

Place = tuple[str, int, int]  # of a field: name, start, end


def heard(fields: Iterable[ExtractedField], quoted: Sequence[ExtractedField]) -> tuple[ExtractedField, ...]:
    """The fields; of a place that a generator quoted, too, the confidence is that of both."""
    surer = {_place(one): one.confidence for one in quoted}
    return tuple(one.model_copy(update={"confidence": surer.get(_place(one), one.confidence)}) for one in fields)


def with_quoted(candidates: Sequence[ExtractedField], quoted: Sequence[ExtractedField]) -> tuple[ExtractedField, ...]:
    """Candidates and what was quoted, each place once: field by field, of one the likeliest values first."""
    if not quoted:
        return tuple(candidates)
    known = {_place(one) for one in candidates}
    together = (*heard(candidates, quoted), *(one for one in quoted if _place(one) not in known))
    order = {name: at for at, name in enumerate(dict.fromkeys(one.name for one in together))}
    return tuple(sorted(together, key=lambda one: (order[one.name], one.value is None, -one.confidence)))


def quoted_fields(quoted: Sequence[Quoted], fields: Sequence[ExtractedField]) -> tuple[QuotedField, ...]:
    """With what was cited for each; `fields` are these in wire form."""
    return tuple(
        QuotedField(
            **field.model_dump(),
            citations=tuple(Citation(passage_id=cited.passage_id, quote=cited.quote) for cited in one.citations),
        )
        for one, field in zip(quoted, fields, strict=True)
    )


def _place(field: ExtractedField) -> Place:
    return field.name, field.start, field.end
