"""What an address gives back; the servers here answer once, with fixed bytes."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from docmill.local_kafka.ports import HOST, free_port
from docmill.local_kafka.probe import Answer, probe

ONE_BROKER = struct.pack(">iiii", 100, 1, 0, 1)
ALL_FENCED = struct.pack(">iiii", 100, 1, 0, 0)
NOT_KAFKA = b"HTTP/1.1 400 Bad Request\r\n"


@contextlib.contextmanager
def answering(reply: bytes) -> Iterator[str]:
    with socket.create_server((HOST, free_port())) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.recv(1024)
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"{HOST}:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (ONE_BROKER, Answer.READY),
        (ALL_FENCED, Answer.CONNECTS),
        (NOT_KAFKA, Answer.CONNECTS),
        (b"", Answer.CONNECTS),
    ],
)
def test_the_reply_decides(reply: bytes, answer: Answer) -> None:
    with answering(reply) as address:
        assert probe(address) is answer


def test_the_best_of_several_counts() -> None:
    with answering(ONE_BROKER) as address:
        assert probe(f"{HOST}:{free_port()}, PLAINTEXT://{address}") is Answer.READY


@pytest.mark.parametrize("address", ["", "nonsense", "host:port", f"{HOST}:99999"])
def test_what_is_no_address_is_silent(address: str) -> None:
    assert probe(address) is Answer.SILENT
