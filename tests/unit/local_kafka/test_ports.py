"""Which port is chosen."""

import socket
from collections.abc import Iterator

import pytest

from docmill.errors import LocalKafkaError
from docmill.local_kafka.ports import HOST, choose_port, free_port, is_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((HOST, free_port())) as server:
        yield server.getsockname()[1]


def test_a_listener_makes_a_port_taken(taken_port: int) -> None:
    assert not is_free(taken_port)


def test_a_port_in_time_wait_is_free() -> None:
    port = free_port()
    with socket.create_server((HOST, port)) as server:
        client = socket.create_connection((HOST, port))
        accepted, _ = server.accept()
        accepted.close()  # the server's side closes first, so its port goes to TIME_WAIT
        client.close()
    assert is_free(port)


def test_a_free_port_is_no_ephemeral_one() -> None:
    assert free_port() < 32_768


def test_the_wanted_port_is_given_or_refused(taken_port: int) -> None:
    port = free_port()
    assert choose_port(port) == port
    with pytest.raises(LocalKafkaError, match=f"port {taken_port} is taken.*--port"):
        choose_port(taken_port)


def test_without_a_wish_some_free_port_is_given() -> None:
    assert is_free(choose_port(None))
