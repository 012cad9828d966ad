"""What crosses the socket comes out as it went in; what a hostile parser may send is nonsense, never code."""

import json
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.errors import DocumentError
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.ingest.messages import (
    MAX_HEAD_BYTES,
    SIZES,
    Frame,
    NonsenseError,
    Reply,
    Request,
    Unforeseen,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
    receive,
    send,
)
from docmill_schemas.reasons import RejectionReason

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_frames_of_any_size(pair: Pair, size: int) -> None:
    frame = Frame(b'{"a": 1}', b"\x00\xff" * size)
    sender = threading.Thread(target=send, args=(pair[0], frame))
    sender.start()
    assert receive(pair[1]) == frame
    sender.join()


def test_the_end_is_no_frame(pair: Pair) -> None:
    pair[0].close()
    assert receive(pair[1]) is None


def test_the_end_in_a_frame_is_no_frame(pair: Pair) -> None:
    pair[0].sendall(SIZES.pack(2, 100) + b"{}half")
    pair[0].close()
    assert receive(pair[1]) is None


@pytest.mark.parametrize("sizes", [(MAX_HEAD_BYTES + 1, 0), (0, 101), (2**32 - 1, 2**32 - 1)])
def test_a_frame_too_large_is_refused_before_it_is_read(pair: Pair, sizes: tuple[int, int]) -> None:
    pair[0].sendall(SIZES.pack(*sizes))
    with pytest.raises(NonsenseError):
        receive(pair[1], max_body_bytes=100)


def test_a_deadline_holds_for_the_whole_frame(pair: Pair) -> None:
    """However often a byte of it comes."""
    ended = threading.Event()

    def dribble() -> None:
        while not ended.wait(0.02):
            pair[0].sendall(b"\x01")

    sender = threading.Thread(target=dribble)
    sender.start()
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        receive(pair[1], None, started + 0.3)
    ended.set()
    sender.join()
    assert time.monotonic() - started < 10


def test_a_request_crosses() -> None:
    for charset in (None, "latin-1"):
        request = Request(b"\x00\xff", "text/html", charset)
        assert decode_request(encode_request(request)) == request


def crossed(reply: Reply) -> Reply:
    return decode_reply(encode_reply(reply), DEFAULT_LIMITS)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)


@given(TEXTS, st.lists(st.integers(0, 50), max_size=5), st.lists(st.text(max_size=20), max_size=3))
def test_a_text_crosses(text: str, starts: list[int], unread: list[str]) -> None:
    pages = tuple(sorted({0, *(start for start in starts if start <= len(text))})) if starts else ()
    extracted = Extracted(text, pages, tuple(unread))
    assert crossed(extracted) == extracted


def test_a_refusal_and_an_unforeseen_exception_cross() -> None:
    error = crossed(DocumentError(RejectionReason.NO_TEXT, "none"))
    assert isinstance(error, DocumentError)
    assert (error.reason, error.detail) == (RejectionReason.NO_TEXT, "none")
    assert crossed(Unforeseen("KeyError at pdf.py:3")) == Unforeseen("KeyError at pdf.py:3")


def test_details_have_an_end() -> None:
    error = crossed(DocumentError(RejectionReason.NO_TEXT, "x" * 10_000))
    assert isinstance(error, DocumentError)
    assert len(error.detail) == 500
    assert crossed(Unforeseen("x" * 10_000)) == Unforeseen("x" * 500)


class Touch:
    """Would run code where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("it ran",)


@pytest.mark.parametrize(
    "head",
    [
        {},
        [],
        None,
        1,
        {"page_starts": []},
        {"page_starts": 1, "unread_attachments": []},
        {"page_starts": [1], "unread_attachments": []},
        {"page_starts": [0, 2, 1], "unread_attachments": []},
        {"page_starts": [0, 4], "unread_attachments": []},
        {"page_starts": [0, -1], "unread_attachments": []},
        {"page_starts": [0, 1.5], "unread_attachments": []},
        {"page_starts": [False, True], "unread_attachments": []},
        {"page_starts": ["0"], "unread_attachments": []},
        {"page_starts": [0] * 501, "unread_attachments": []},
        {"page_starts": [], "unread_attachments": [1]},
        {"reason": "no_such_reason", "detail": ""},
        {"reason": "no_text", "detail": None},
        {"whereabouts": ["x"]},
    ],
)
def test_heads_that_no_parser_sends(head: object) -> None:
    with pytest.raises(NonsenseError):
        decode_reply(Frame(json.dumps(head).encode(), b"abc"), DEFAULT_LIMITS)


@pytest.mark.parametrize("head", [b"", b"{", b"\xff", b"[" * 100_000, pickle.dumps(Touch())])
def test_heads_that_are_no_json(head: bytes) -> None:
    with pytest.raises(NonsenseError):
        decode_reply(Frame(head, b"abc"), DEFAULT_LIMITS)


@pytest.mark.parametrize("body", [b"", b"\xff", b"12345", b"\xed\xa0\x80"])
def test_bodies_that_no_parser_sends(body: bytes) -> None:
    head = encode_reply(Extracted("x")).head
    limits = replace(DEFAULT_LIMITS, max_characters=4)
    assert decode_reply(Frame(head, b"1234"), limits) == Extracted("1234")
    with pytest.raises(NonsenseError):
        decode_reply(Frame(head, body), limits)
