"""What a person is asked, and what the person decided. See events.py on how events change."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from docmill_schemas.events import (
    BundleRef,
    Citation,
    Cost,
    DocumentType,
    Event,
    ExtractedField,
    OpenDecidedBy,
    OpenDeferralReason,
    Sha256,
    open_words,
)
from docmill_schemas.reasons import ReviewReason

OpenReviewReason = Annotated[ReviewReason, open_words(ReviewReason, "tolerate values added later")]


class AutomaticResult(Event):
    """A published result that nobody looked at yet."""

    result_id: str
    revision: int = Field(ge=1)
    decided_by: OpenDecidedBy


class SimilarDocument(Event):
    """An exemplar that is like the document; `document_type` is its label."""

    passage_id: str
    document_type: str
    similarity: float = Field(description="cosine of the two documents' vectors")


class QuotedField(ExtractedField):
    """A value that a generator quoted from the document."""

    citations: tuple[Citation, ...] = Field(default=(), description="what it cited for the value, checked")


class ReviewRequested(Event):
    """A document that a person is to decide, with everything that the decision needs. A record without a value, under
    the same key, says that it is decided.
    """

    request_id: str
    document_id: str
    content_sha256: Sha256
    text_sha256: Sha256
    tenant: str | None = None
    received_at: datetime
    requested_at: datetime
    media_type: str
    text: str
    document_type: DocumentType = Field(description="what was thought likeliest; of a published result: what it says")
    fields: tuple[ExtractedField, ...] = Field(default=(), description="likewise")
    candidates: tuple[ExtractedField, ...] = Field(
        default=(), description="further spans that may be a field's value, those that a generator quoted among them"
    )
    missing_fields: tuple[str, ...] = ()
    review_reasons: tuple[OpenReviewReason, ...] = Field(min_length=1)
    reasons: tuple[OpenDeferralReason, ...] = Field(default=(), description="why the fast model had deferred it")
    undecided: tuple[str, ...] = Field(
        default=(), description="what held the fallback back, `part: reason`; never text of the document"
    )
    similar: tuple[SimilarDocument, ...] = Field(default=(), description="nearest first")
    citations: tuple[Citation, ...] = Field(default=(), description="passages that speak for what is proposed")
    generator_type: str | None = Field(default=None, description="what a generator took it for, where one was asked")
    generator_citations: tuple[Citation, ...] = Field(default=(), description="what it cited for that, checked")
    generator_fields: tuple[QuotedField, ...] = Field(
        default=(),
        description="what it quoted for fields that were open, checked: each stands in `fields` or `candidates`, too; "
        "place and text are the fast model's where it had found the same value; `confidence` is of both together",
    )
    unread_attachments: tuple[str, ...] = Field(default=(), description="media types, as in FallbackRequested")
    published: AutomaticResult | None = Field(default=None, description="the result in question, where there is one")
    revision: int = Field(ge=1, description="that the decision will have")
    cost: Cost = Cost()
    bundle: BundleRef


class DecidedField(Event):
    """A field as a person decided it; `text` stands at [start, end), Unicode code points of the review's text."""

    name: str = Field(min_length=1)
    text: str = Field(min_length=1)
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    value: str | None = Field(default=None, description="normalised, as in ExtractedField")


class FeedbackGiven(Event):
    """A person's decision on an open review: the document's type, and all of its fields. Of several decisions on one
    review the first on the topic counts.
    """

    feedback_id: str = Field(min_length=1, max_length=64, description="unique; a decision sent again keeps it")
    request_id: str = Field(min_length=1, description="of the review; the record key")
    revision: int = Field(ge=1, description="that of the review which was looked at")
    document_type: str = Field(min_length=1)
    fields: tuple[DecidedField, ...] = ()
    decided_at: datetime
    reviewer: str | None = Field(default=None, description="who decided, as the organisation names people")
