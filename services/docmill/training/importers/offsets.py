"""Spans of other tools to code points of the text as a processor sees it. Tells how they were counted by their text.

Browsers count UTF-16 units, and some tools mark a text whose line ends were made one, then export the other.
"""

from collections.abc import Callable, Iterable, Sequence

from docmill.training.importers.imported import Unusable
from docmill.training.row import RowEntity

Count = Callable[[str, int], int]  # an offset as the tool counted it, to code points of the text with single line ends
EXACT = "code points"


def settle(text: str, entities: Sequence[RowEntity]) -> tuple[str, tuple[RowEntity, ...], str]:
    """(text with single line ends, its entities with their exact text, how offsets had been counted).

    Entities come in order, each once, without white space at their edges. An entity that does not say its text is
    taken at its word.

    Raises:
        Unusable: the text or an entity is none, or no way of counting fits all entities.
    """
    clean = clean_text(text)
    for how, count in _ways(text):
        spans = [(count(text, entity.start), count(text, entity.end)) for entity in entities]
        if all(_fits(clean, span, entity) for span, entity in zip(spans, entities, strict=True)):
            return clean, _cleaned(clean, entities, spans), how
    wrong = sum(not _fits(clean, (_unix(text, e.start), _unix(text, e.end)), e) for e in entities)
    raise Unusable(
        f"{wrong} of {len(entities)} spans do not stand where they say: offsets count code points of `text`, from 0, "
        f"end exclusive"
    )


def clean_text(text: str) -> str:
    """The text with the line ends that a processor gives it.

    Raises:
        Unusable: it has no letter or digit, or is no text that UTF-8 can hold.
    """
    if not any(c.isalnum() for c in text):
        raise Unusable("the text has no letter or digit")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise Unusable("the text holds half a surrogate pair: export it as UTF-8")
    return single_line_ends(text)


def single_line_ends(text: str) -> str:
    """As `docmill.ingest.plain` has it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _ways(text: str) -> Iterable[tuple[str, Count]]:
    """Ways of counting that differ on this text, the likeliest first."""
    yield EXACT, _unix
    two_character_ends = "\r\n" in text
    if two_character_ends:
        yield "code points, after line ends were made one", lambda text, at: at
    if any(c > "\uffff" for c in text):
        yield "UTF-16 units", lambda text, at: _unix(text, _code_points(text, at))
        if two_character_ends:
            yield (
                "UTF-16 units, after line ends were made one",
                lambda text, at: _code_points(single_line_ends(text), at),
            )


def _unix(text: str, at: int) -> int:
    """An offset into the text, less the line ends before it that were made one; one out of range stays out."""
    return at if at < 0 else at - text.count("\r\n", 0, at + 1)


def _code_points(text: str, at: int) -> int:
    units = text.encode("utf-16-le")
    if not 0 <= at <= len(units) // 2:
        return len(text) + 1  # out of range stays out
    return len(units[: 2 * at].decode("utf-16-le", "ignore"))


def _fits(text: str, span: tuple[int, int], entity: RowEntity) -> bool:
    start, end = span
    if not 0 <= start < end <= len(text) or not text[start:end].strip():
        return False
    if entity.text is None:
        return True
    said = single_line_ends(entity.text).strip()
    stands = text[start:end].strip()
    return stands in (said, said.replace("\\n", "\n"))  # Label Studio writes a line end as backslash and n


def _cleaned(text: str, entities: Sequence[RowEntity], spans: Sequence[tuple[int, int]]) -> tuple[RowEntity, ...]:
    cleaned: dict[tuple[int, int, str], RowEntity] = {}
    for entity, (first, last) in zip(entities, spans, strict=True):
        start, end = first, last
        while text[start].isspace():
            start += 1
        while text[end - 1].isspace():
            end -= 1
        label = entity.label.strip()
        if not label:
            raise Unusable(f"the span {start}:{end} has no label")
        cleaned[start, end, label] = RowEntity(label=label, start=start, end=end, text=text[start:end])
    return tuple(cleaned[key] for key in sorted(cleaned))
