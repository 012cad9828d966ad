"""Chooses TCP ports on the loopback address."""

import secrets
import socket

from docmill.errors import LocalKafkaError

HOST = "127.0.0.1"
DEFAULT_PORT = 9092
# Below the ephemeral ranges of Linux and macOS: a client that retries while the broker is down would
# otherwise sooner or later get the broker's port as its own source port, and connect to itself.
_FREE_RANGE = range(15_000, 30_000)


def is_free(port: int) -> bool:
    """Says whether a server could listen on ``port`` of the loopback address now."""
    with socket.socket() as client:
        client.settimeout(1)
        if client.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java does: TIME_WAIT is not "taken"
        try:
            server.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Returns a random port that is free now; whoever listens next must still be ready to lose the race."""
    while True:
        port = secrets.choice(_FREE_RANGE)
        if is_free(port):
            return port


def choose_port(wanted: int | None) -> int:
    """Returns ``wanted`` if it is free; without a wish 9092, or another free port when that is taken.

    Raises: LocalKafkaError when the wanted port is taken.
    """
    if wanted is None:
        return DEFAULT_PORT if is_free(DEFAULT_PORT) else free_port()
    if not is_free(wanted):
        raise LocalKafkaError(
            f"port {wanted} is taken: stop what listens there, name another with --port, "
            "or leave --port out to get a free one"
        )
    return wanted
