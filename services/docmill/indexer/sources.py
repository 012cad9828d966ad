"""Files, folders and JSONL rows to source texts. Knows formats, no Kafka client."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import ValidationError

from docmill.errors import DocumentError
from docmill.indexer.read import id_problem, text_problem
from docmill.ingest import InThread
from docmill.ingest.media_types import PLAIN
from docmill.kafka.read_paths import BYTE_ORDER_MARK, SourceFile, Unreadable, media_type_of
from docmill_schemas.events import KNOWLEDGE_MAX_CHARACTERS, TITLE_MAX_CHARACTERS, KnowledgeUpdated
from docmill_schemas.problems import problems

FROM_FILE = "file"  # in the metadata of what is a file by itself: its id
PLAIN_SUFFIXES = frozenset({".md", ".markdown", ".csv", ".tsv", ".rst"})  # read as they are


@dataclass(frozen=True, slots=True)
class Source:
    """A source text and where it stands: a file, or a file and its line."""

    place: str
    updated: KnowledgeUpdated


@dataclass(frozen=True, slots=True)
class Described:
    """What the command line says of all source texts; a row of a .jsonl file may say otherwise, but not unsay it."""

    kind: str
    more: Mapping[str, object]  # further attributes of KnowledgeUpdated


def read_sources(files: Iterable[SourceFile], described: Described, parser: InThread) -> Iterator[Source | Unreadable]:
    """The source texts of files, in their order: one a file, its id the file's; of a .jsonl file one a line."""
    for file in files:
        try:
            content = file.path.read_bytes()
        except OSError as error:
            yield Unreadable(file.document_id, f"cannot be read: {error.strerror}")
            continue
        if file.has_rows:
            yield from _rows(file, content, described)
        else:
            yield _source(file, content, described, parser)


def _source(file: SourceFile, content: bytes, described: Described, parser: InThread) -> Source | Unreadable:
    media_type = PLAIN if file.path.suffix.lower() in PLAIN_SUFFIXES else media_type_of(file.path)
    try:
        text = parser.extract(content, media_type, None).text
    except DocumentError as error:
        return Unreadable(file.document_id, str(error))
    if len(text) > KNOWLEDGE_MAX_CHARACTERS:
        problem = f"{len(text):,} characters, at most {KNOWLEDGE_MAX_CHARACTERS:,}: split it into a file a section"
        return Unreadable(file.document_id, problem)
    given = {
        "passage_id": file.document_id,
        "title": _title(file, text),
        "text": text,
        "metadata": {FROM_FILE: file.document_id},
    }
    return _checked(file.document_id, described, given)


def _rows(file: SourceFile, content: bytes, described: Described) -> Iterator[Source | Unreadable]:
    for number, line in enumerate(content.splitlines(), start=1):
        row = line.removeprefix(BYTE_ORDER_MARK).strip()
        if row:
            yield _row(f"{file.document_id}:{number}", row, described)


def _row(place: str, row: bytes, described: Described) -> Source | Unreadable:
    try:
        given = json.loads(row)
    except (ValueError, RecursionError) as error:
        return Unreadable(place, f"not JSON in UTF-8: {type(error).__name__}")
    if not isinstance(given, dict):
        return Unreadable(place, "not a JSON object")
    if "passage_id" not in given and isinstance(given.get("id"), str):
        given["passage_id"] = given["id"]
    return _checked(place, described, given)


def _checked(place: str, described: Described, given: Mapping[str, object]) -> Source | Unreadable:
    """By way of JSON, as the indexer will read it: what cannot be UTF-8, or would be refused there, is found here.

    A null says nothing: what the command line says, such as a tenant, stays in force.
    """
    said = {name: value for name, value in given.items() if value is not None}
    try:
        updated = KnowledgeUpdated.model_validate_json(
            json.dumps({"kind": described.kind} | dict(described.more) | said)
        )
    except ValidationError as error:
        return Unreadable(place, f"not a KnowledgeUpdated: {problems(error, KnowledgeUpdated)}")
    problem = id_problem(updated.passage_id) or text_problem(updated.text)
    return Source(place, updated) if problem is None else Unreadable(place, problem)


def _title(file: SourceFile, text: str) -> str:
    """The first line where it is a Markdown heading, else the file's name without its suffix."""
    first = text.lstrip().partition("\n")[0].strip()
    title = first.lstrip("#").strip() if first.startswith("#") else ""
    return (title or PurePosixPath(file.document_id).stem)[:TITLE_MAX_CHARACTERS]
