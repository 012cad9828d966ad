"""Asks a broker whether it is there, with one request and no client library.

Source: the Kafka protocol guide, Metadata version 7 (the newest that Kafka 2.1 to 4.x share, not "flexible").
"""

import socket
import struct
from enum import StrEnum

_METADATA, _VERSION, _CORRELATION_ID = 3, 7, 1
# api key, version, correlation id, null client id; then: no topics, create none
_BODY = struct.pack(">hhih", _METADATA, _VERSION, _CORRELATION_ID, -1) + struct.pack(">i?", 0, False)
_REQUEST = struct.pack(">i", len(_BODY)) + _BODY


class Answer(StrEnum):
    """What a broker's address gave back."""

    READY = "ready"  # Kafka, and at least one broker takes requests (none is fenced at start-up)
    CONNECTS = "connects"  # something listens: still starting, or it wants TLS or SASL first
    SILENT = "silent"  # nothing listens


def probe(bootstrap_servers: str, timeout_s: float = 2.0) -> Answer:
    """Returns the best answer of the listed ``host:port`` addresses."""
    answers = {_probe_one(address.strip(), timeout_s) for address in bootstrap_servers.split(",")}
    return next(answer for answer in Answer if answer in answers)


def _probe_one(address: str, timeout_s: float) -> Answer:
    # Tolerates "PLAINTEXT://host:port", as clients do.
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout_s)
    except (OSError, ValueError, OverflowError):
        return Answer.SILENT
    with connection:
        try:
            connection.sendall(_REQUEST)
            # size, correlation id, throttle time in ms, number of brokers
            _, correlation_id, _, brokers = struct.unpack(">iiii", _read(connection, 16))
        except (OSError, EOFError):
            return Answer.CONNECTS
    return Answer.READY if correlation_id == _CORRELATION_ID and brokers > 0 else Answer.CONNECTS


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data
