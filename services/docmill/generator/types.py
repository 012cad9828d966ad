"""What is asked of a generator, and what is left of its answer once checked. Does not know HTTP, JSON or a prompt."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

ABSTAIN = "abstain"  # what a generator says instead of a label


class Refusal(StrEnum):
    """Why a part of an answer is not believed; a metric's label."""

    UNKNOWN_LABEL = "unknown_label"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_SOURCE = "unknown_source"
    NOT_VERBATIM = "not_verbatim"  # the quote is not in what was shown of the document
    NOT_AS_SEEN = "not_as_seen"  # it stands within an override of direction: a person reads something else there
    QUOTE_NOT_IN_SOURCE = "quote_not_in_source"
    UNSUPPORTED = "unsupported"  # the source is real, the quote is too, but it says nothing about the answer


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that was retrieved for this request: all that may be cited."""

    passage_id: str
    kind: str
    title: str
    text: str
    document_type: str | None = None  # of an exemplar: its label
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()  # an exemplar's own values, or those that a list allows


@dataclass(frozen=True, slots=True)
class Ask:
    """One question about one document.

    Args:
        text: the whole document.
        shown: ranges [start, end) of it, in code points, that the generator gets to see: sorted, and none overlaps
            the next.
        labels: of which it may choose one, or abstain; none: the label is not asked for.
        fields: names of the fields that are asked for.
    """

    text: str
    shown: tuple[tuple[int, int], ...]
    labels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        """Raises: ValueError: nothing is asked, a label cannot be one, or what is shown is no part of the text."""
        if not self.labels and not self.fields:
            raise ValueError("neither a label nor a field is asked for")
        if ABSTAIN in self.labels:
            raise ValueError(f"no label can be called {ABSTAIN}: it is how a generator says that none fits")
        if not self.shown:
            raise ValueError("nothing of the document is shown")
        for start, end in self.shown:
            if not 0 <= start < end <= len(self.text):
                raise ValueError(f"[{start}, {end}) is no stretch of a text of {len(self.text)} characters")
        for (_, end), (start, _) in pairwise(self.shown):
            if start < end:
                raise ValueError(f"a stretch from {start} after one to {end}: sort what is shown and merge overlaps")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A citation that was checked: it speaks for the answer. `quote` is the passage's own text, without what no reader
    sees, spaces run together, and cut after QUOTE_CHARACTERS.
    """

    passage_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Value:
    """A field's value, verbatim at [start, end) of the document.

    Args:
        places: at how many places of what was shown it stands; start and end are those of the first. With more than
            one, which of them is meant was not said.
    """

    field: str
    start: int
    end: int
    evidence: tuple[Evidence, ...] = ()
    places: int = 1


@dataclass(frozen=True, slots=True)
class Refused:
    """A part of an answer that is not believed. `part`: `label` or a field's name; never a text of the document."""

    part: str
    reason: Refusal


@dataclass(frozen=True, slots=True)
class Answer:
    """What may be believed. A label of None: it abstained, was not asked, or said nothing usable."""

    label: str | None = None
    label_evidence: tuple[Evidence, ...] = ()
    values: tuple[Value, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer took, repairs included. A request whose endpoint did not say counts with the most it can take."""

    prompt_tokens: int
    completion_tokens: int
    usd: float
    requests: int
    seconds: float
