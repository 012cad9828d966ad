"""Texts that are empty, very long, or of a language that the recipe does not name."""

from collections.abc import Iterator

from docmill.pipeline.language import language_is_known
from docmill.training.corpus import LabelledDocument
from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality.subject import Subject

LONG_CHARACTERS = 200_000  # some eighty pages


def check_texts(subject: Subject) -> Iterator[Finding]:
    """The findings of each source."""
    for source, parts in subject.sources():
        documents = tuple(document for part in parts for document in part.documents)
        yield from _empty(source.name, documents)
        yield from _long(source.name, documents)
        yield from _foreign(source.name, documents, subject.recipe.languages)


def _empty(where: str, documents: tuple[LabelledDocument, ...]) -> Iterator[Finding]:
    empty = tuple(Example(d.id, "") for d in documents if not any(c.isalnum() for c in d.text))
    if empty:
        yield Finding(
            Severity.WARN,
            Code.EMPTY_TEXT,
            where,
            "texts without a letter or digit",
            "Take them out, or see why no text was read from them (a scan?)",
            len(empty),
            "documents",
            len(documents),
            empty,
        )


def _long(where: str, documents: tuple[LabelledDocument, ...]) -> Iterator[Finding]:
    long = [d for d in documents if len(d.text) > LONG_CHARACTERS]
    if long:
        yield Finding(
            Severity.NOTE,
            Code.LONG_TEXT,
            where,
            f"texts of more than {LONG_CHARACTERS:,} characters",
            "Several documents in one file are better cut apart; a single one is fine: its type is read from its "
            "beginning, its fields are sought everywhere",
            len(long),
            "documents",
            len(documents),
            tuple(Example(d.id, f"{len(d.text):,} characters") for d in sorted(long, key=lambda d: -len(d.text))),
        )


def _foreign(where: str, documents: tuple[LabelledDocument, ...], languages: tuple[str, ...]) -> Iterator[Finding]:
    foreign = tuple(Example(d.id) for d in documents if not language_is_known(d.text, languages))
    if foreign:
        yield Finding(
            Severity.WARN,
            Code.UNKNOWN_LANGUAGE,
            where,
            f"texts that are plainly not in {', '.join(languages)}",
            "Take them out, or name their language under `languages`: such documents go to the fallback unread",
            len(foreign),
            "documents",
            len(documents),
            foreign,
        )
