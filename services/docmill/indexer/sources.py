"""Files, folders and JSONL rows to source texts. Knows formats, no Kafka client."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pydantic import ValidationError

from docmill.errors import DocumentError
from docmill.indexer.code_list import read_table
from docmill.indexer.read import id_problem, text_problem
from docmill.indexer.standing import FROM_FILE, Standing
from docmill.ingest import FORMATS, InThread
from docmill.ingest.limits import MIB
from docmill.ingest.media_types import PLAIN
from docmill.kafka.read_paths import BYTE_ORDER_MARK, SourceFile, Unreadable, media_type_of
from docmill_schemas.events import KNOWLEDGE_MAX_CHARACTERS, TITLE_MAX_CHARACTERS, KnowledgeUpdated
from docmill_schemas.problems import problems
from docmill_schemas.reasons import KnowledgeKind

PLAIN_SUFFIXES = frozenset({".md", ".markdown", ".csv", ".tsv", ".rst"})  # read as they are
TABLES = {".csv": None, ".tsv": "\t"}  # suffixes, and what parts the cells; None: the first line tells
PLAIN_MAX_BYTES = 4 * (
    KNOWLEDGE_MAX_CHARACTERS + 1
)  # as many characters as there may be, in any encoding, and its mark
FILE_MAX_BYTES = 64 * MIB  # of a format with more in it than its text
ROW_KEYS = frozenset({*KnowledgeUpdated.model_fields, "id"})


@dataclass(frozen=True, slots=True)
class Source:
    """A source text and where it stands: a file, or a file and its line."""

    place: str
    updated: KnowledgeUpdated
    told: str | None = None  # for whoever adds it: what counts of a code list


@dataclass(frozen=True, slots=True)
class Described:
    """What the command line says of all source texts; a row of a .jsonl file may say otherwise, but not unsay it."""

    kind: str | None = None  # None: it does not say
    more: Mapping[str, object] = field(default_factory=dict)  # further attributes of KnowledgeUpdated, as JSON has them
    listable: tuple[str, ...] = ()  # fields of the bundle of which a code list may have the values

    def of_row(self) -> dict[str, object]:
        """What holds of a row that says nothing else."""
        return {"kind": self.kind or KnowledgeKind.POLICY.value} | dict(self.more)

    def of_file(self, standing: Standing | None) -> dict[str, object]:
        """What holds of a file. What is not said stays as it stands: kind, days, an exemplar's type. Not the tenant,
        nor a kind that docmill has not, under which nobody would find it.
        """
        if standing is None or not standing.is_file:
            return self.of_row()
        kind = self.kind or (standing.kind if standing.kind in set(KnowledgeKind) else KnowledgeKind.POLICY.value)
        stands = {
            "document_type": standing.document_type if kind == KnowledgeKind.EXEMPLAR else None,
            "valid_from": standing.valid_from and standing.valid_from.isoformat(),
            "valid_until": standing.valid_until and standing.valid_until.isoformat(),
        }
        return {"kind": kind} | {name: value for name, value in stands.items() if value} | dict(self.more)


def read_sources(
    files: Iterable[SourceFile], described: Described, parser: InThread, standing: Mapping[str, Standing]
) -> Iterator[Source | Unreadable]:
    """The source texts of files, in their order: one a file, its id the file's; of a .jsonl file one a line."""
    for file in files:
        try:
            if file.has_rows:
                yield from _rows(file, described)
            else:
                yield _source(file, described, standing.get(file.document_id), parser)
        except OSError as error:
            yield Unreadable(file.document_id, f"cannot be read: {error.strerror}")


def _source(file: SourceFile, described: Described, standing: Standing | None, parser: InThread) -> Source | Unreadable:
    """Raises: OSError."""
    holds = described.of_file(standing)
    media_type = PLAIN if file.path.suffix.lower() in PLAIN_SUFFIXES else media_type_of(file.path)
    limit = PLAIN_MAX_BYTES if media_type == PLAIN else FILE_MAX_BYTES
    content = b""
    if media_type in FORMATS:  # of any other not a byte is needed to say so, and it may be a disk's image
        with file.path.open("rb") as opened:
            content = opened.read(limit + 1)
        if len(content) > limit:
            return Unreadable(file.document_id, f"more than {limit:,} bytes: split it into a file a section")
    try:
        text = parser.extract(content, media_type, None).text
    except DocumentError as error:
        return Unreadable(file.document_id, str(error))
    if len(text) > KNOWLEDGE_MAX_CHARACTERS:
        problem = f"{len(text):,} characters, at most {KNOWLEDGE_MAX_CHARACTERS:,}: split it into a file a section"
        return Unreadable(file.document_id, problem)
    given: dict[str, object] = {
        "passage_id": file.document_id,
        "title": _title(file, text),
        "text": text,
        "metadata": {FROM_FILE: file.document_id},
    }
    told, suffix = None, file.path.suffix.lower()
    if holds["kind"] == KnowledgeKind.CODE_LIST and suffix in TABLES:
        try:
            table = read_table(text, described.listable, TABLES[suffix])
        except ValueError as error:
            return Unreadable(file.document_id, f"no table: {error}")
        given["fields"], told = table.fields, table.told(described.listable)
    return _checked(file.document_id, holds, given, told)


def row_ids(file: SourceFile) -> Iterator[str | Unreadable]:
    """The passage ids that the lines of a .jsonl file name, in their order. Nothing else of a line is judged: whether
    it is a KnowledgeUpdated hangs on the options with which it was added. Raises: OSError.
    """
    for place, row in _lines(file):
        given = _object(place, row)
        if isinstance(given, Unreadable):
            yield given
        elif isinstance(passage_id := given.get("passage_id"), str):
            yield passage_id
        else:
            yield Unreadable(place, "names no passage_id")


def _rows(file: SourceFile, described: Described) -> Iterator[Source | Unreadable]:
    """Raises: OSError."""
    for place, row in _lines(file):
        given = _object(place, row)
        yield given if isinstance(given, Unreadable) else _row(place, given, described)


def _lines(file: SourceFile) -> Iterator[tuple[str, bytes]]:
    """(place, line) of those that are not empty. Raises: OSError."""
    with file.path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if row := line.removeprefix(BYTE_ORDER_MARK).strip():
                yield f"{file.document_id}:{number}", row


def _object(place: str, row: bytes) -> dict[str, object] | Unreadable:
    """A line's attributes; its id is called passage_id, where it has one."""
    try:
        given = json.loads(row)
    except (ValueError, RecursionError) as error:
        return Unreadable(place, f"not JSON in UTF-8: {type(error).__name__}")
    if not isinstance(given, dict):
        return Unreadable(place, "not a JSON object")
    if "passage_id" not in given and isinstance(given.get("id"), str):
        given["passage_id"] = given["id"]
    return given


def _row(place: str, given: Mapping[str, object], described: Described) -> Source | Unreadable:
    if unknown := sorted(given.keys() - ROW_KEYS):
        problem = f"a KnowledgeUpdated has no {unknown[0]!r}: its sender's own go into metadata"
        return Unreadable(place, problem)
    return _checked(place, described.of_row(), given)


def _checked(
    place: str, holds: Mapping[str, object], given: Mapping[str, object], told: str | None = None
) -> Source | Unreadable:
    """By way of JSON, as the indexer will read it: what cannot be UTF-8, or would be refused there, is found here.

    A null says nothing: what the command line says, such as a tenant, stays in force.
    """
    said = {name: value for name, value in given.items() if value is not None}
    try:
        updated = KnowledgeUpdated.model_validate_json(json.dumps(dict(holds) | said))
    except ValidationError as error:
        return Unreadable(place, f"not a KnowledgeUpdated: {problems(error, KnowledgeUpdated)}")
    problem = id_problem(updated.passage_id) or text_problem(updated.text) or idle_problem(updated)
    return Source(place, updated, told) if problem is None else Unreadable(place, problem)


def idle_problem(updated: KnowledgeUpdated) -> str | None:
    """Why nobody would ever find it, though the indexer takes it; None: somebody may."""
    if updated.kind not in set(KnowledgeKind):
        return f"kind {updated.kind!r} is none of {', '.join(KnowledgeKind)}"
    if updated.kind == KnowledgeKind.EXEMPLAR and not (updated.document_type or "").strip():
        return "an exemplar needs the document type that it stands for: --document-type, or document_type of a row"
    if updated.tenant is not None and not updated.tenant.strip():
        return "an empty tenant is nobody's: leave it out to be seen by all"
    if updated.valid_from and updated.valid_until and updated.valid_until < updated.valid_from:
        days = f"its last day, {updated.valid_until}, lies before its first, {updated.valid_from}"
        return f"{days}: say both (a file keeps the one that is not said, unless --anew)"
    return None


def _title(file: SourceFile, text: str) -> str:
    """The first line where it is a Markdown heading, else the file's name without its suffix."""
    first = text.lstrip().partition("\n")[0].strip()
    title = first.lstrip("#").strip() if first.startswith("#") else ""
    return (title or PurePosixPath(file.document_id).stem)[:TITLE_MAX_CHARACTERS]
