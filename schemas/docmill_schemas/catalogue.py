"""All events, in the order of a document's way."""

from pydantic import BaseModel

from docmill_schemas.events import (
    DocumentProcessed,
    DocumentReceived,
    DocumentRejected,
    FallbackRequested,
    KnowledgeIndexed,
    KnowledgeUpdated,
)
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested

EVENTS: tuple[type[BaseModel], ...] = (
    DocumentReceived,
    DocumentProcessed,
    FallbackRequested,
    DocumentRejected,
    ReviewRequested,
    FeedbackGiven,
    KnowledgeUpdated,
    KnowledgeIndexed,
)
