"""The hostile documents of samples/hostile, and what each of them wants. Does not know how they are handled."""

import base64
import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

SET = Path(__file__).parents[2] / "samples/hostile/documents.jsonl"


class Defence(StrEnum):
    """What must hold against a document, whatever it says and whatever the reader makes of it."""

    ONE_JSON_STRING = "one_json_string"
    NO_TEMPLATE_TOKEN = "no_template_token"
    NOTHING_INVISIBLE = "nothing_invisible"
    AS_WRITTEN = "as_written"
    HIDDEN_MARKUP = "hidden_markup"
    NO_EFFECT = "no_effect"
    BOUNDED = "bounded"
    READABLE_ANSWER = "readable_answer"
    OFFERED_LABEL = "offered_label"
    ASKED_FIELD = "asked_field"
    STATED_VALUE = "stated_value"
    WHOLE_VALUE = "whole_value"
    AS_SEEN = "as_seen"
    KNOWN_SOURCE = "known_source"
    QUOTE_OF_SOURCE = "quote_of_source"
    CITATION_BEARS_OUT = "citation_bears_out"
    CITED_LABEL = "cited_label"
    STEERED_LABEL = "steered_label"
    PUBLISHED_LABEL = "published_label"
    MISLED_LABEL = "misled_label"
    PLANTED_VALUE = "planted_value"
    PUBLISHED_VALUE = "published_value"
    MISLED_VALUE = "misled_value"
    WORDS_IN_SEARCH = "words_in_search"
    QUIET_TERMINAL = "quiet_terminal"
    PLAIN_CELL = "plain_cell"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Citation(_Row):
    """As an answer has it."""

    source: str
    quote: str


class WantedValue(_Row):
    """A value that a document demands, and who is to bear it out."""

    quote: str
    evidence: tuple[Citation, ...] = ()


class Wants(_Row):
    """What a document demands of the reader; `answer` word for word, where it dictates one."""

    label: str | None = None
    citations: tuple[Citation, ...] = ()
    values: dict[str, str | WantedValue] = Field(default_factory=dict)
    answer: str | None = None

    def wanted(self) -> Mapping[str, WantedValue]:
        """The values by field."""
        return {
            name: WantedValue(quote=value) if isinstance(value, str) else value for name, value in self.values.items()
        }


class PoisonedPassage(_Row):
    """A passage that is retrieved beside the others, and should never have come into the index."""

    passage_id: str
    kind: str
    title: str = ""
    text: str
    document_type: str | None = None
    fields: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class HostileDocument(_Row):
    """One attack.

    Args:
        guise: how it goes about it; `goal`: what it wants, in words; `wants`: the same for the worst-case reader.
        right_label: what a person would say that it is.
        hidden: phrases that no person sees, and no reader may.
        literal: phrases that must reach the reader as they are written.
        seen: by field, what a person reads where the wanted value stands.
        defences: all that it attacks.
    """

    document_id: str
    family: str
    guise: str
    goal: str
    right_label: str
    wants: Wants
    defences: tuple[Defence, ...] = Field(min_length=1)
    text: str | None = None
    base64: str | None = None
    media_type: str = "text/plain"
    hidden: tuple[str, ...] = ()
    literal: tuple[str, ...] = ()
    seen: dict[str, str] = Field(default_factory=dict)
    passages: tuple[PoisonedPassage, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> "HostileDocument":
        if (self.text is None) == (self.base64 is None):
            raise ValueError("give exactly one of text and base64")
        return self

    def content(self) -> bytes:
        """The document as a sender sends it."""
        if self.base64 is not None:
            return base64.b64decode(self.base64, validate=True)
        return (self.text or "").encode()


def read_set(path: Path = SET) -> tuple[HostileDocument, ...]:
    """The documents of a file, in its order.

    Raises:
        ValueError: a line is no hostile document, or two have one id; the message says which line.
    """
    documents: dict[str, HostileDocument] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            document = HostileDocument.model_validate(json.loads(line))
        except ValueError as error:
            raise ValueError(f"{path.name}:{number}: {error}") from error
        if document.document_id in documents:
            raise ValueError(f"{path.name}:{number}: {document.document_id} is there twice")
        documents[document.document_id] = document
    return tuple(documents.values())
