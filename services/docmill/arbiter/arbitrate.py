"""A review and a decision on it to the result that follows, or why none does. Pure; does not know who came first."""

from docmill.arbiter.reviewer import reviewer_on_result
from docmill.arbiter.types import AlreadyDecided, NoReview, Refused
from docmill_schemas.events import Cost, DocumentProcessed, DocumentType, ExtractedField
from docmill_schemas.ids import decision_version, result_id
from docmill_schemas.reasons import DecidedBy
from docmill_schemas.review_events import DecidedField, FeedbackGiven, ReviewRequested


def arbitrate(
    feedback: FeedbackGiven, review: ReviewRequested
) -> DocumentProcessed | Refused | AlreadyDecided | NoReview:
    """The result of a decision on the open review of its request; without the document's text.

    The outcomes:
        DocumentProcessed: by a human, with the review's revision, in place of the result in question.
        AlreadyDecided: it is of an older review than the open one.
        NoReview: it is of a newer one, which was never seen.
        Refused: a field is not where it says.
    """
    if feedback.revision < review.revision:
        return AlreadyDecided(f"it is on revision {feedback.revision}; the open review is of {review.revision}")
    if feedback.revision > review.revision:
        return NoReview(f"it is on revision {feedback.revision}; the open review is of {review.revision}")
    for number, field in enumerate(feedback.fields):
        if problem := _problem(field, review.text):
            return Refused(f"fields.{number}: {problem}")
    version = decision_version(feedback.feedback_id, review.revision)
    return DocumentProcessed(
        request_id=review.request_id,
        result_id=result_id(review.request_id, review.content_sha256, DecidedBy.HUMAN, version),
        revision=review.revision,
        supersedes=None if review.published is None else review.published.result_id,
        document_id=review.document_id,
        content_sha256=review.content_sha256,
        text_sha256=review.text_sha256,
        tenant=review.tenant,
        received_at=review.received_at,
        document_type=DocumentType(label=feedback.document_type, probability=1.0),
        fields=_fields(feedback, review),
        decided_by=DecidedBy.HUMAN,
        reviewer=reviewer_on_result(feedback.reviewer),
        reasons=review.reasons,
        bundle=review.bundle,
        cost=review.cost if review.published is None else Cost(),  # else it is on the result before
    )


def _problem(field: DecidedField, text: str) -> str | None:
    if not field.start < field.end <= len(text):
        return f"[{field.start}, {field.end}) is no stretch of a text of {len(text)} characters"
    if text[field.start : field.end] != field.text:
        return f"its text is not what stands at [{field.start}, {field.end}) of the review's"
    return "white space alone" if field.text.isspace() else None


def _fields(feedback: FeedbackGiven, review: ReviewRequested) -> tuple[ExtractedField, ...]:
    """In text order. Of a field that stands where one was proposed the page is known."""
    proposed = {(field.start, field.end): field for field in (*review.candidates, *review.fields)}

    def extracted(field: DecidedField) -> ExtractedField:
        same = proposed.get((field.start, field.end))
        return ExtractedField(
            name=field.name,
            value=field.value,
            text=field.text,
            start=field.start,
            end=field.end,
            page=None if same is None else same.page,
            page_start=None if same is None else same.page_start,
            page_end=None if same is None else same.page_end,
            confidence=1.0,
        )

    decided = map(extracted, feedback.fields)
    return tuple(sorted(decided, key=lambda field: (field.start, field.end, field.name)))
