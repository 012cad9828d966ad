"""Records of documents.feedback and of documents.review to their events.

Whatever a stranger sent, nothing is raised but DependencyError, where memory is short.
"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from docmill.arbiter.exemplar import PASSAGE_PREFIX
from docmill.arbiter.types import Refused
from docmill.errors import DependencyError, whereabouts
from docmill.kafka.decode_record import MAX_ID_CHARACTERS, Record
from docmill_schemas.cloudevents import read_content, read_headers
from docmill_schemas.problems import problems
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from docmill_schemas.topics import FEEDBACK

E = TypeVar("E", bound=BaseModel)

MAX_NAME_CHARACTERS = 200  # of a document type, and of a field
MAX_REQUEST_ID_CHARACTERS = MAX_ID_CHARACTERS - len(PASSAGE_PREFIX)  # docmill's own have 32


def read_feedback(record: Record) -> FeedbackGiven | Refused:
    """A decision, in binary or structured mode, whose request id is the record's key; its types and fields have
    names that are names.
    """
    key = _request_id(record.key)
    if isinstance(key, Refused):
        return key
    feedback = _refused_unread(record) or _read(record, FeedbackGiven)
    if isinstance(feedback, Refused):
        return feedback
    if feedback.request_id != key:
        return Refused("the key is another request id than the event's")
    for what, name in [("document_type", feedback.document_type), *_field_names(feedback)]:
        if problem := _name_problem(name):
            return Refused(f"{what}: {problem}")
    return feedback


def _refused_unread(record: Record) -> Refused | None:
    if record.value is None:
        return Refused("without a value: a decision is not taken back by deleting it")
    if len(record.value) > FEEDBACK.max_bytes:  # the topic bounds what is compressed, which may be a thousandth of it
        return Refused(f"{len(record.value)} bytes, at most {FEEDBACK.max_bytes}")
    return None


def read_review(record: Record, request_id: str) -> ReviewRequested | Refused:
    """The review of this request. A later docmill may have written one that this one cannot read."""
    review = _read(record, ReviewRequested)
    place = f"offset {record.offset} of {record.topic}-{record.partition}"
    if isinstance(review, Refused):
        return Refused(f"its review, {place}, cannot be read: {review.why}", review.unexpected)
    if review.request_id != request_id:
        return Refused(f"its review, {place}, names another request")
    return review


def _read(record: Record, event: type[E]) -> E | Refused:
    try:
        try:
            content = read_content(read_headers(record.headers), record.value or b"")
        except ValueError as error:
            return Refused(str(error))  # of cloudevents.py, which quotes nothing
        return event.model_validate_json(content.data)
    except ValidationError as error:
        return Refused(f"not a {event.__name__}: {problems(error, event)}")
    except MemoryError as error:  # what is read is bounded: not the record's own fault
        raise DependencyError("too little memory to read a decision or its review") from error
    except Exception as error:  # tied to one record: the policy of errors.py
        where = whereabouts(error)
        return Refused(f"unexpected {where}", where)


def _request_id(key: bytes | None) -> str | Refused:
    try:
        request_id = (key or b"").decode()
    except UnicodeDecodeError:
        return Refused("the key is not UTF-8")
    if not request_id:
        return Refused("no key: it names no request")
    if len(request_id) > MAX_REQUEST_ID_CHARACTERS:
        return Refused(f"a request id of {len(request_id)} characters, at most {MAX_REQUEST_ID_CHARACTERS}")
    if not request_id.isprintable():
        return Refused("a request id with control or invisible characters")
    return request_id


def _field_names(feedback: FeedbackGiven) -> list[tuple[str, str]]:
    return [(f"fields.{number}.name", field.name) for number, field in enumerate(feedback.fields)]


def _name_problem(name: str) -> str | None:
    """A name that looks like another one would make a type, or a field, of its own for ever."""
    if not name.strip():
        return "empty"
    if name != name.strip():
        return "white space around it"
    if len(name) > MAX_NAME_CHARACTERS:
        return f"{len(name)} characters, at most {MAX_NAME_CHARACTERS}"
    return None if name.isprintable() else "control or invisible characters"
