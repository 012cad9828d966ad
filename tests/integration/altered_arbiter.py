"""`python -m tests.integration.altered_arbiter run arbiter`: the arbiter, with a bug.

TEST_QUOTED_TEXT: a review whose text holds it meets the bug, whose exception quotes the whole text.
"""

import os

from docmill.arbiter import slices
from docmill.arbiter.arbitrate import arbitrate
from docmill.arbiter.types import AlreadyDecided, NoReview, Refused
from docmill.cli import main
from docmill_schemas.events import DocumentProcessed
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested

QUOTED_TEXT = os.environ.get("TEST_QUOTED_TEXT")


def altered(
    feedback: FeedbackGiven, review: ReviewRequested
) -> DocumentProcessed | Refused | AlreadyDecided | NoReview:
    if QUOTED_TEXT is not None and QUOTED_TEXT in review.text:
        raise ValueError(review.text)
    return arbitrate(feedback, review)


if __name__ == "__main__":
    slices.arbitrate = altered  # type: ignore[attr-defined]
    main()
