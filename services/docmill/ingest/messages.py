"""What a parser process is asked and answers: frames on a socket, JSON and UTF-8.

Never pickle: a parser that a hostile document took over must not be able to run code in the process that asked it. So
an answer is checked like anything else that a stranger sends.
"""

import json
import socket
import struct
import time
from dataclasses import asdict, dataclass
from itertools import pairwise

from docmill.errors import DocumentError
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import Limits
from docmill_schemas.reasons import RejectionReason

SIZES = struct.Struct("!II")  # bytes of the head, bytes of the body
MAX_HEAD_BYTES = 256 * 1024
MAX_DETAIL_CHARACTERS = 500
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A document to parse."""

    content: bytes
    media_type: str
    charset: str | None


@dataclass(frozen=True, slots=True)
class Unforeseen:
    """An exception that nobody foresaw: its type and place, without its message."""

    whereabouts: str


Reply = Extracted | DocumentError | Unforeseen


@dataclass(frozen=True, slots=True)
class Frame:
    """One message on the socket."""

    head: bytes  # JSON
    body: bytes


class NonsenseError(Exception):
    """The answer is none that a parser would give."""


def send(connection: socket.socket, frame: Frame) -> None:
    """Raises: OSError: the other side is gone; TimeoutError: the socket's timeout passed."""
    connection.sendall(SIZES.pack(len(frame.head), len(frame.body)) + frame.head)
    connection.sendall(frame.body)


def receive(
    connection: socket.socket, max_body_bytes: int | None = None, deadline_s: float | None = None
) -> Frame | None:
    """The next frame; None where the other side is gone.

    Args:
        deadline_s: of the monotonic clock; None: wait for ever.

    Raises:
        NonsenseError: it is larger than any sound one.
        TimeoutError: it was not all there in time.
    """
    sizes = _exactly(connection, SIZES.size, deadline_s)
    if sizes is None:
        return None
    head_size, body_size = SIZES.unpack(sizes)
    if max_body_bytes is not None and (head_size > MAX_HEAD_BYTES or body_size > max_body_bytes):
        raise NonsenseError(f"a frame of {head_size} and {body_size} bytes")
    head, body = _exactly(connection, head_size, deadline_s), _exactly(connection, body_size, deadline_s)
    return None if head is None or body is None else Frame(head, body)


def _exactly(connection: socket.socket, count: int, deadline_s: float | None) -> bytes | None:
    buffer = bytearray()
    while len(buffer) < count:
        if deadline_s is not None:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            connection.settimeout(left_s)
        received = connection.recv(min(count - len(buffer), CHUNK_BYTES))
        if not received:
            return None
        buffer += received
    return bytes(buffer)


def encode_request(request: Request) -> Frame:
    """The request as it travels."""
    return Frame(json.dumps([request.media_type, request.charset]).encode(), request.content)


def decode_request(frame: Frame) -> Request:
    """The request as it arrived, from the parent, which is trusted."""
    media_type, charset = json.loads(frame.head)
    return Request(frame.body, media_type, charset)


def encode_reply(reply: Reply) -> Frame:
    """The reply as it travels."""
    match reply:
        case Extracted(text=text):
            head = {"page_starts": reply.page_starts, "unread_attachments": reply.unread_attachments}
            return Frame(json.dumps(head).encode(), text.encode())
        case DocumentError():
            return Frame(json.dumps({"reason": reply.reason.value, "detail": reply.detail}).encode(), b"")
        case Unforeseen():
            return Frame(json.dumps(asdict(reply)).encode(), b"")


def decode_reply(frame: Frame, limits: Limits) -> Reply:
    """The reply as it arrived, from a process that may be anyone's by now.

    Raises:
        NonsenseError: it is none.
    """
    try:
        head = json.loads(frame.head)
        match head:
            case {"page_starts": list(starts), "unread_attachments": list(unread)}:
                return _extracted(frame.body.decode(), tuple(starts), tuple(unread), limits)
            case {"reason": str(reason), "detail": str(detail)}:
                return DocumentError(RejectionReason(reason), detail[:MAX_DETAIL_CHARACTERS])
            case {"whereabouts": str(whereabouts)}:
                return Unforeseen(whereabouts[:MAX_DETAIL_CHARACTERS])
    except (ValueError, RecursionError) as error:
        raise NonsenseError(type(error).__name__) from error
    raise NonsenseError("neither a text nor a reason")


def _extracted(text: str, starts: tuple[object, ...], unread: tuple[object, ...], limits: Limits) -> Extracted:
    pages = [start for start in starts if type(start) is int and 0 <= start <= len(text)]
    types = tuple(name for name in unread if isinstance(name, str))
    sound = len(pages) == len(starts) <= limits.max_pages and pages[:1] in ([], [0])
    ascending = all(one <= next_ for one, next_ in pairwise(pages))
    if not (sound and ascending and len(types) == len(unread) and 0 < len(text) <= limits.max_characters):
        raise NonsenseError("pages, attachments or text that cannot be")
    return Extracted(text, tuple(pages), types)
