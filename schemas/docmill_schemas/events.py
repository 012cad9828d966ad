"""The events of documents and of knowledge; those of reviews are in review_events.py.

Additive changes only, once v1 is declared; consumers ignore unknown keys.
"""

import base64
import binascii
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic.config import JsonDict

from docmill_schemas.reasons import DecidedBy, DeferralReason, KnowledgeKind, RejectionReason

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# So that a source's text and all its vectors fit into one record: tests/unit/index/test_size.py.
KNOWLEDGE_MAX_CHARACTERS = 256 * 1024
TITLE_MAX_CHARACTERS = 500


def open_words(vocabulary: type[StrEnum], what: str) -> WithJsonSchema:
    """A vocabulary that later versions may extend: the schema names its words without closing it."""
    return WithJsonSchema({"type": "string", "description": what, "examples": [word.value for word in vocabulary]})


OpenDecidedBy = Annotated[DecidedBy, open_words(DecidedBy, "who decided; tolerate values added later")]
OpenDeferralReason = Annotated[DeferralReason, open_words(DeferralReason, "tolerate values added later")]
OpenRejectionReason = Annotated[RejectionReason, open_words(RejectionReason, "tolerate values added later")]
# A plain string, since docmill itself reads what a later version of it wrote.
OpenKind = Annotated[str, StringConstraints(min_length=1), open_words(KnowledgeKind, "tolerate values added later")]
Probability = Annotated[float, Field(ge=0, le=1)]


class EventType(StrEnum):
    """`ce_type` of every event."""

    DOCUMENT_RECEIVED = "docmill.document.received.v1"
    DOCUMENT_PROCESSED = "docmill.document.processed.v1"
    FALLBACK_REQUESTED = "docmill.fallback.requested.v1"
    REVIEW_REQUESTED = "docmill.review.requested.v1"
    FEEDBACK_GIVEN = "docmill.feedback.given.v1"
    KNOWLEDGE_UPDATED = "docmill.knowledge.updated.v1"
    KNOWLEDGE_INDEXED = "docmill.knowledge.indexed.v1"


class Event(BaseModel):
    """Readers ignore keys that they do not know, so that later versions may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ClaimCheck(Event):
    """Where a document too large for a record lies. Answered with `unsupported_claim_check` for now."""

    uri: str
    sha256: Sha256
    size: int = Field(ge=0, description="bytes")
    media_type: str


FORMS: dict[str, tuple[tuple[str, str], ...]] = {
    "text": (("text", "string"),),
    "base64": (("base64", "string"), ("media_type", "string")),
    "claim_check": (("claim_check", "object"),),
}


def _one_form_schema() -> JsonDict:
    """`DocumentReceived._one_form` as JSON Schema. Null is as good as absent, so each form says that the others are."""
    return {"oneOf": [_form_schema(form) for form in FORMS]}


def _form_schema(form: str) -> JsonDict:
    given: JsonDict = {name: {"type": type} for name, type in FORMS[form]}
    others: JsonDict = {other: {"type": "null"} for other in FORMS if other != form}
    return {"required": list(given), "properties": others | given}


class DocumentReceived(Event):
    """A document handed to docmill as JSON: exactly one of `text`, `base64` with `media_type`, or `claim_check`."""

    model_config = ConfigDict(json_schema_extra=_one_form_schema())

    document_id: str | None = Field(default=None, description="default: ce_subject, else the record key")
    tenant: str | None = None
    text: str | None = None
    base64: str | None = None
    media_type: str | None = Field(default=None, description="of `base64`; of `text` it may be text/html")
    claim_check: ClaimCheck | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "DocumentReceived":
        given = [name for name in FORMS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of text, base64, claim_check; got {given or 'none'}")
        if self.base64 is not None and self.media_type is None:
            raise ValueError("base64 needs a media_type")
        return self

    def content(self) -> bytes:
        """The document's bytes. Raises ValueError for base64 that is none, or a claim check."""
        if self.text is not None:
            return self.text.encode()
        if self.base64 is None:
            raise ValueError("a claim check holds no content")
        try:
            return base64.b64decode(self.base64, validate=True)
        except binascii.Error as error:
            raise ValueError(f"base64: {error}") from error


class LabelProbability(Event):
    label: str
    probability: Probability


class DocumentType(Event):
    """The document's type; `alternatives` are the next likeliest labels."""

    label: str
    probability: Probability
    alternatives: tuple[LabelProbability, ...] = ()


class ExtractedField(Event):
    """A field found in the text. `text` stands at [start, end), Unicode code points of the extracted text."""

    name: str
    value: str | None = Field(
        default=None,
        description="normalised: ISO date, 'amount CURRENCY', 'number unit', 'perpetual'; null where the text is none",
    )
    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    page: int | None = Field(default=None, ge=1, description="on which it starts, from 1; of paged formats only")
    page_start: int | None = Field(default=None, ge=0, description="`start`, counted from the start of its page")
    page_end: int | None = Field(default=None, ge=0, description="`end`, counted likewise; a field may cross pages")
    confidence: Probability = Field(
        description="of a published value that a document holds once, with the other values found for it taken into "
        "account, where the bundle says so; else, and of candidates, of the place by itself"
    )


class BundleRef(Event):
    """The model that decided; `sha256` is of the bundle's manifest."""

    name: str
    version: str
    sha256: Sha256


class Citation(Event):
    passage_id: str
    quote: str | None = None


class Cost(Event):
    """What a generator took for a request, on one of its results alone: a later revision has none of its own."""

    tokens: int = Field(default=0, description="asked and answered, the repair included")
    usd: float = Field(default=0.0, description="by the price list of the fallback's settings")


class DocumentProcessed(Event):
    """The structured result of one request. Order results of one request by `revision`, never by offset."""

    request_id: str
    result_id: str
    revision: int = Field(ge=1)
    supersedes: str | None = Field(default=None, description="result_id of the result that this one replaces")
    document_id: str
    content_sha256: Sha256
    text_sha256: Sha256
    tenant: str | None = None
    received_at: datetime
    document_type: DocumentType
    fields: tuple[ExtractedField, ...] = ()
    decided_by: OpenDecidedBy
    reviewer: str | None = Field(
        default=None, description="the person who decided, as the sender of the decision names them; nobody checks it"
    )
    reasons: tuple[OpenDeferralReason, ...] = ()
    citations: tuple[Citation, ...] = Field(
        default=(), description="passages that speak for it: at least one where `retrieval` or `generator` decided"
    )
    bundle: BundleRef
    timings_ms: dict[str, float] = Field(default_factory=dict)
    cost: Cost = Cost()
    text: str | None = Field(default=None, description="the extracted text, where include_text is set")


class FallbackRequested(Event):
    """A document that the fast model would not decide alone, with its text, the prediction and why."""

    request_id: str
    document_id: str
    content_sha256: Sha256
    text_sha256: Sha256
    tenant: str | None = None
    received_at: datetime
    media_type: str
    text: str
    document_type: DocumentType
    fields: tuple[ExtractedField, ...] = ()
    label_probabilities: tuple[LabelProbability, ...] = Field(
        default=(), description="of all labels that the bundle knows, likeliest first; empty before docmill 0.2"
    )
    candidates: tuple[ExtractedField, ...] = Field(
        default=(),
        description="the likeliest spans of each field of the type, those of `fields` among them unless they are too "
        "long to be a value; empty before docmill 0.2",
    )
    reasons: tuple[OpenDeferralReason, ...] = Field(min_length=1)
    missing_fields: tuple[str, ...] = ()
    unread_attachments: tuple[str, ...] = Field(
        default=(), description="of a mail: the media types of attachments that hold no text which docmill reads"
    )
    bundle: BundleRef
    timings_ms: dict[str, float] = Field(default_factory=dict)


class DocumentRejected(Event):
    """The `docmill_*` headers of a dead letter, read together. Value, key and all other headers are as received, unless
    `value_omitted` is set: then the record as received is at its origin only.
    """

    request_id: str
    reason: OpenRejectionReason
    detail: str = Field(description="never holds text of the document")
    origin_topic: str
    origin_partition: int
    origin_offset: int
    origin_timestamp: int = Field(description="of the record as received, milliseconds since the epoch")
    attempt: int = Field(ge=1)
    exception: str | None = None
    value_omitted: Literal["true"] | None = Field(
        default=None,
        description="set where the value itself did not fit any more: it is at the origin only, and of "
        "the other headers none is here but those of the trace, perhaps not even these",
    )


class KnowledgeUpdated(Event):
    """A source text that the fallback may retrieve and cite, new or in a new version. A record without a value, under
    the same key, deletes it.
    """

    passage_id: str = Field(min_length=1, description="the record key; a citation names it")
    kind: OpenKind
    title: str = Field(default="", max_length=TITLE_MAX_CHARACTERS)
    text: str = Field(
        min_length=1,
        max_length=KNOWLEDGE_MAX_CHARACTERS,
        description="plain text or Markdown; send a longer source section by section, each with an id of its own",
    )
    document_type: str | None = Field(default=None, description="of an exemplar: its label")
    fields: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="values by field: an exemplar's own, or those that a code list allows"
    )
    tenant: str | None = Field(default=None, description="only documents of this tenant see it; absent: all do")
    valid_from: date | None = Field(default=None, description="the first day on which it holds")
    valid_until: date | None = Field(default=None, description="the last one")
    metadata: dict[str, str] = Field(default_factory=dict, description="the sender's own, passed on")


class EmbeddingRef(Event):
    """What made the vectors. Vectors of different embeddings must never be compared."""

    name: str
    sha256: Sha256
    dimensions: int = Field(ge=1)


class IndexedChunk(Event):
    """A stretch of the text, [start, end) in Unicode code points, with its vector."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    vector: str = Field(
        description="base64 of one signed byte a dimension; divide by its Euclidean norm for the unit vector"
    )


class KnowledgeIndexed(KnowledgeUpdated):
    """A source text in chunks with their vectors: all that a copy of the index needs. A record without a value, under
    the same key, deletes all of them.
    """

    embedding: EmbeddingRef
    chunks: tuple[IndexedChunk, ...]
