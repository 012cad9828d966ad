"""One record of knowledge.updated to what it asks for. Raises only for lack of memory, whatever a stranger sent."""

from dataclasses import dataclass

from pydantic import ValidationError

from docmill.errors import whereabouts
from docmill.kafka.decode_record import MAX_ID_CHARACTERS, Record
from docmill_schemas.cloudevents import read_content, read_headers
from docmill_schemas.events import KnowledgeUpdated
from docmill_schemas.problems import problems


@dataclass(frozen=True, slots=True)
class Deletion:
    """The passage of this id is to go."""

    passage_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that asks for nothing that can be done. `why` never holds text of it.

    `unexpected`: an exception that nobody foresaw, with its place.
    """

    why: str
    unexpected: str | None = None


Asked = KnowledgeUpdated | Deletion | Refused


def read_record(record: Record) -> Asked:
    """A record without a value deletes; any other is a KnowledgeUpdated, in binary or structured mode, whose passage
    id is the record's key.

    Raises:
        MemoryError: which tells nothing of the record.
    """
    try:
        return _read(record)
    except ValidationError as error:
        return Refused(f"not a KnowledgeUpdated: {problems(error, KnowledgeUpdated)}")
    except MemoryError:
        raise
    except Exception as error:  # tied to one record: the policy of errors.py
        where = whereabouts(error)
        return Refused(f"unexpected {where}", where)


def _read(record: Record) -> Asked:
    passage_id = _passage_id(record.key)
    if isinstance(passage_id, Refused):
        return passage_id
    if record.value is None:
        return Deletion(passage_id)
    try:
        content = read_content(read_headers(record.headers), record.value)
    except ValueError as error:
        return Refused(str(error))  # of cloudevents.py, which quotes nothing
    updated = KnowledgeUpdated.model_validate_json(content.data)
    if updated.passage_id != passage_id:
        return Refused("the key is another passage id than the event's")
    problem = text_problem(updated.text)
    return updated if problem is None else Refused(problem)


def text_problem(text: str) -> str | None:
    """Why nothing can be indexed of it; None: something can."""
    return "a text of white space alone" if text.isspace() else None


def _passage_id(key: bytes | None) -> str | Refused:
    try:
        passage_id = (key or b"").decode()
    except UnicodeDecodeError:
        return Refused("the key is not UTF-8")
    if not passage_id:
        return Refused("no key: it names no passage")
    problem = id_problem(passage_id)
    return passage_id if problem is None else Refused(problem)


def id_problem(passage_id: str) -> str | None:
    """Why this can be no passage's id; None: it can."""
    if len(passage_id) > MAX_ID_CHARACTERS:
        return f"a passage id of {len(passage_id)} characters, at most {MAX_ID_CHARACTERS}"
    if not passage_id.isprintable():
        return "a passage id with control or invisible characters"
    return None
