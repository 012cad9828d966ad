"""The documents of a load test: samples stretched or cut to the lengths of real ones, or one's own as they are.

Does not know how often each is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random

from pydantic import ValidationError

from docmill.errors import ConfigurationError
from docmill.kafka.read_paths import SourceDocument, Unreadable, list_files, read_documents
from docmill.load.lengths import LENGTHS
from docmill_schemas.events import DocumentReceived

SHELF_DOCUMENTS = 200  # of each kind: the lengths at 200 quantiles, which the table's nine cannot resolve further
PLAIN = "text/plain; charset=utf-8"
MAX_TOTAL_BYTES = 1024**3  # of one's own documents, which all stay in memory


@dataclass(frozen=True, slots=True)
class LoadDocument:
    """What is sent, under another id each time."""

    kind: str
    content: bytes
    content_type: str
    characters: int | None  # None: the bytes are no text


Shelf = Mapping[str, tuple[LoadDocument, ...]]  # by kind, shortest first


def sample_shelf(samples: Path, kinds: Sequence[str], seed: int) -> Shelf:
    """The default documents: of each kind SHELF_DOCUMENTS made of the plain-text samples in its folder, at evenly
    spaced quantiles of real documents' lengths.

    The samples' words repeat in the longer ones. To the model that is nothing new, but compression finds them easier.

    Raises:
        ConfigurationError: a kind has no measured lengths.
    """
    if unknown := [kind for kind in kinds if kind not in LENGTHS]:
        raise ConfigurationError(f"no lengths are known of {', '.join(unknown)}; known are {', '.join(LENGTHS)}")
    return {kind: _stretched(kind, _texts(samples / kind), f"{seed}:{kind}") for kind in kinds}


def own_shelf(paths: Sequence[Path]) -> Shelf:
    """One's own documents as they are, found as `docmill publish` finds them; each path given is a kind, named for it.

    Raises:
        ConfigurationError: a document cannot be read, there are none, or too many to hold.
    """
    shelf: dict[str, list[LoadDocument]] = {}
    total = 0
    for path in paths:
        kind = path.resolve().name
        for document in read_documents(list_files([path]).files):
            if isinstance(document, Unreadable):
                raise ConfigurationError(f"{document.document_id}: {document.problem}")
            shelf.setdefault(kind, []).append(_own(kind, document))
            total += len(document.content)
            if total > MAX_TOTAL_BYTES:
                raise ConfigurationError(f"the documents are larger than {MAX_TOTAL_BYTES} bytes: name fewer")
    if not shelf:
        raise ConfigurationError("no documents there: name files, .jsonl files or folders of files")
    return {kind: tuple(sorted(documents, key=lambda d: len(d.content))) for kind, documents in shelf.items()}


def cut(text: str, characters: int) -> str:
    """At most so many characters of a text, up to the end of a line or a word; a longer first word is cut itself."""
    if len(text) <= characters:
        return text
    border = max(text.rfind(separator, 0, characters + 1) for separator in " \n")
    return text[: border if border > 0 else characters]


def _texts(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))]


def _stretched(kind: str, texts: list[str], seed: str) -> tuple[LoadDocument, ...]:
    random, documents = Random(seed), []  # noqa: S311
    for step in range(SHELF_DOCUMENTS):
        characters = LENGTHS[kind].at((step + 0.5) / SHELF_DOCUMENTS)
        text = cut(_longer_than(characters, texts, random.randrange(len(texts))), characters)
        documents.append(LoadDocument(kind, text.encode(), PLAIN, len(text)))
    return tuple(documents)


def _longer_than(characters: int, texts: list[str], first: int) -> str:
    """Texts one after the other, from one of them on and round again, until there is enough."""
    parts: list[str] = []
    found = 0
    for text in cycle([*texts[first:], *texts[:first]]):
        parts.append(text)
        found += len(text) + 1
        if found > characters:
            return "\n".join(parts)
    raise AssertionError("a cycle of samples has no end")


def _own(kind: str, document: SourceDocument) -> LoadDocument:
    """A DocumentReceived loses its own id, which would come back instead of the one that the test looks for."""
    content = document.content
    if document.content_type == "application/json":
        try:
            event = DocumentReceived.model_validate_json(content)
            content = event.model_copy(update={"document_id": None}).model_dump_json(exclude_none=True).encode()
        except ValidationError:
            pass  # a document that happens to be JSON; what becomes of it is the processor's to say
    try:
        characters = len(content.decode()) if document.content_type.startswith("text/") else None
    except UnicodeDecodeError:
        characters = None
    return LoadDocument(kind, content, document.content_type, characters)
