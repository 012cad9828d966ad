"""What a person says of a document's fields to spans of its text. Pure; does not know how it was said to whom."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Protocol, Self

from docmill.errors import ReviewError
from docmill_schemas.events import ExtractedField
from docmill_schemas.review_events import DecidedField, ReviewRequested

PLACE = re.compile(r"([^=@]+)@(\d{1,9}):(\d{1,9})", re.ASCII)
SHOWN_PLACES = 5
ALIKE = 0.8  # reciept and receipt are; a new name need not be
Span = tuple[int, int]  # [start, end), code points of the review's text


class Normalise(Protocol):
    """The value that a text has as a field of a name; None: there is none, or the field is not known."""

    def __call__(self, name: str, text: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class FieldGiven:
    """A field as a person gives it: a quote of the text, or the place itself."""

    name: str
    quote: str | None = None
    place: Span | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """`name=QUOTE` or `name@START:END`.

        Raises:
            ReviewError: it is neither.
        """
        if any("\ud800" <= c <= "\udfff" for c in text):  # bytes of the command line that are no UTF-8
            raise ReviewError(f"{text!r} is not UTF-8")
        if match := PLACE.fullmatch(text):
            return cls(match[1].strip(), place=(int(match[2]), int(match[3])))
        name, equals, quote = text.partition("=")
        if not (equals and name.strip() and quote.strip()):
            raise ReviewError(
                f"{text!r} is no field: write name=QUOTE with words of the text as they stand there, or name@START:END"
            )
        return cls(name.strip(), quote=quote.strip())


@dataclass(frozen=True, slots=True)
class Known:
    """Names that are in use, so that a misspelt one is seen: of document types and of fields."""

    labels: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    fields_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by group of types, the first part of one

    def with_review(self, review: ReviewRequested) -> Self:
        """These and the names that a review holds."""
        labels = {review.document_type.label, *(one.label for one in review.document_type.alternatives)}
        labels |= {one.document_type for one in review.similar}
        fields = {one.name for one in (*review.fields, *review.candidates)} | {*review.missing_fields}
        return type(self)(self.labels | labels, self.fields | fields, self.fields_of)

    def check_label(self, label: str) -> None:
        """Raises: ReviewError: nobody used this name of a type so far, and it is like one that is in use."""
        _check("type", label, self.labels)

    def check_fields(self, names: Iterable[str]) -> None:
        """Raises: ReviewError: likewise of the names of fields."""
        for name in names:
            _check("field", name, self.fields)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says that a document is."""

    label: str
    fields: tuple[DecidedField, ...]


def candidates(review: ReviewRequested, name: str) -> tuple[ExtractedField, ...]:
    """What was proposed for a field, then what else may be its value; each place once."""
    found: dict[Span, ExtractedField] = {}
    for one in (*review.fields, *review.candidates):
        if one.name == name:
            found.setdefault((one.start, one.end), one)
    return tuple(found.values())


def proposed(review: ReviewRequested) -> tuple[DecidedField, ...]:
    """The review's own fields, as a decision holds them."""
    return tuple(
        DecidedField(name=one.name, text=one.text, start=one.start, end=one.end, value=one.value)
        for one in review.fields
    )


def place(review: ReviewRequested, given: FieldGiven, normalise: Normalise) -> DecidedField:
    """The span that a person means, with its value.

    Raises:
        ReviewError: it stands nowhere, or in several places and none of them is the nearest to a candidate.
    """
    start, end = _given_place(review.text, given) if given.place else _quoted_place(review, given)
    return decided(review, given.name, (start, end), normalise)


def decided(review: ReviewRequested, name: str, span: Span, normalise: Normalise) -> DecidedField:
    """A span of the text as a field, with the value of the candidate there, else the one that its text has."""
    start, end = span
    text = review.text[start:end]
    values = (one.value for one in candidates(review, name) if (one.start, one.end) == span)
    value = next((value for value in values if value is not None), None) or normalise(name, text)
    return DecidedField(name=name, text=text, start=start, end=end, value=value)


def combined(
    review: ReviewRequested,
    *,
    label: str | None,
    confirmed: bool,
    given: Sequence[FieldGiven],
    without: Collection[str],
    normalise: Normalise,
) -> Decision:
    """The decision that options add up to: with `confirmed` the proposal, in which a field that is given replaces all
    of its name and those of `without` are left out; else the label and the fields that are given, and no others.

    Raises:
        ReviewError: a field cannot be placed, or `without` names one that is not proposed.
    """
    base = proposed(review) if confirmed else ()
    if unknown := sorted(set(without) - {one.name for one in base}):
        raise ReviewError(f"nothing is proposed for {', '.join(unknown)}, so there is nothing to leave out")
    replaced = {one.name for one in given} | set(without)
    kept = [one for one in base if one.name not in replaced]
    placed = [place(review, one, normalise) for one in given]
    once = {(one.name, one.start, one.end): one for one in (*kept, *placed)}
    fields = tuple(sorted(once.values(), key=lambda one: (one.start, one.end, one.name)))
    return Decision(label or review.document_type.label, fields)


def occurrences(text: str, quote: str) -> list[Span]:
    """All places at which a quote stands, overlapping ones too."""
    found, start = [], text.find(quote)
    while start >= 0:
        found.append((start, start + len(quote)))
        start = text.find(quote, start + 1)
    return found


def _given_place(text: str, given: FieldGiven) -> Span:
    assert given.place is not None
    start, end = given.place
    if not 0 <= start < end <= len(text):
        raise ReviewError(
            f"{given.name}@{start}:{end} is no place of the text: it has characters 0 to {len(text)}, END is exclusive"
        )
    if not text[start:end].strip():
        raise ReviewError(f"{given.name}@{start}:{end} is blank")
    return start, end


def _quoted_place(review: ReviewRequested, given: FieldGiven) -> Span:
    assert given.quote is not None
    places = occurrences(review.text, given.quote)
    if not places:
        raise ReviewError(f"{given.name}: {given.quote!r} does not stand in the text so{_almost(review.text, given)}")
    anchors = [(one.start, one.end) for one in candidates(review, given.name)]
    if len(places) > 1 and anchors:
        nearest = min(_distance(place, anchors) for place in places)
        places = [place for place in places if _distance(place, anchors) == nearest]
    if len(places) > 1:
        named = " or ".join(f"{given.name}@{start}:{end}" for start, end in places[:SHOWN_PLACES])
        more = f" (and {len(places) - SHOWN_PLACES} more)" if len(places) > SHOWN_PLACES else ""
        raise ReviewError(f"{given.name}: {given.quote!r} stands in {len(places)} places: say which: {named}{more}")
    return places[0]


def _distance(one: Span, anchors: Iterable[Span]) -> int:
    """Characters between a span and the nearest of the anchors; 0: they touch or overlap."""
    return min(max(0, start - one[1], one[0] - end) for start, end in anchors)


def _almost(text: str, given: FieldGiven) -> str:
    """Where the quote stands but for case and white space, as an option that takes that."""
    assert given.quote is not None
    pattern = r"\s+".join(map(re.escape, given.quote.split()))
    match = re.search(pattern, text, re.IGNORECASE)
    if match is None:
        return f": quote it word for word, or give its place, {given.name}@START:END"
    return f", but as {match[0]!r}: that is {given.name}@{match.start()}:{match.end()}"


def _check(what: str, name: str, known: Collection[str]) -> None:
    alike = [] if name in known else get_close_matches(name, sorted(known), 1, ALIKE)
    if alike:
        raise ReviewError(f"no {what} {name!r} is known so far; did you mean {alike[0]!r}?")
