"""What a format gives: text, and what is known of where it stood."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a document.

    `page_starts` are the offsets in `text`, in code points, at which its pages start: ascending, the first is 0. Empty
    where the format has no pages.
    """

    text: str
    page_starts: tuple[int, ...] = ()
    unread_attachments: tuple[str, ...] = ()  # media types, one an attachment; of a mail
