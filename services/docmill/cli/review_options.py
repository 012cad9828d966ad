"""What the commands of `docmill review` share: which review is meant, and how to say what is not a result."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from docmill.cli.printable import one_line
from docmill.cli.trace import checked_id, progress
from docmill.settings import Settings

if TYPE_CHECKING:
    from docmill.kafka.read_reviews import OpenReview


def checked_request(text: str) -> str:
    """The beginning of a request id, as keys have it."""
    return checked_id(text).strip().lower()


RequestId = Annotated[
    str,
    typer.Argument(parser=checked_request, metavar="REQUEST_ID", help="A request id, or enough of its beginning."),
]


def find(settings: Settings, request_id: str) -> "OpenReview":
    """See find_review. One that was opened too late is told."""
    from docmill.kafka.read_reviews import find_review

    with progress() as on_progress:
        found = asyncio.run(find_review(settings, request_id, on_progress))
    if found.is_late:
        tell(
            f"opened too late: revision {found.decided} of it is decided, so a decision only ends this review. If that "
            f"result is wrong, decide this, then: docmill review open {one_line(found.review.request_id)}",
            "yellow",
        )
    return found


def tell(message: str, style: str) -> None:
    """A line on stderr."""
    Console(stderr=True).print(message, style=style, markup=False, highlight=False, soft_wrap=True)
