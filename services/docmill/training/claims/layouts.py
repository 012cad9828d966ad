"""All layouts of the corpus. Does not know what they look like."""

from docmill.training.claims.genres import (
    acord_forms,
    adjusters,
    app_submissions,
    bills_and_estimates,
    call_notes,
    chats,
    court_papers,
    cover_notes,
    emails,
    expenses,
    insurer_letters,
    lawyers,
    legal_letters,
    letters,
    official_reports,
    paper_forms,
    portal_exports,
    short_messages,
    statements,
    system_exports,
    transcripts,
)
from docmill.training.claims.layout import Layout
from docmill.training.claims.pools import Part

GENRES = (
    portal_exports,
    paper_forms,
    letters,
    emails,
    call_notes,
    lawyers,
    adjusters,
    cover_notes,
    official_reports,
    chats,
    app_submissions,
    acord_forms,
    system_exports,
    insurer_letters,
    transcripts,
    statements,
    court_papers,
    legal_letters,
    bills_and_estimates,
    expenses,
    short_messages,
)
LAYOUTS: tuple[Layout, ...] = tuple(layout for genre in GENRES for layout in genre.LAYOUTS)


def layouts_of(part: Part) -> tuple[Layout, ...]:
    """The layouts of one part of the corpus; no layout is in both."""
    return tuple(layout for layout in LAYOUTS if layout.part is part)
