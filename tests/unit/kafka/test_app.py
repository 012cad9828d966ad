"""What a SIGHUP means: look at the bundle, unless the terminal is gone. Why a broker is silent is asked at the end."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from docmill.kafka import app
from docmill.settings import load_settings


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def meanings(monkeypatch: pytest.MonkeyPatch, *terminals: bool) -> list[str]:
    """What one SIGHUP does where there is a terminal at start, and then."""
    found = list(terminals)
    monkeypatch.setattr(app, "_has_terminal", lambda: found.pop(0))
    heard: list[str] = []
    done = asyncio.Event()

    def hear(what: str) -> None:
        heard.append(what)
        done.set()

    app._on_hangup(lambda: hear("look"), lambda: hear("stop"))
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(60):
        await done.wait()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
    return heard


@pytest.mark.parametrize(
    ("terminals", "meaning"),
    [((False, False), "look"), ((False,), "look"), ((True, True), "look"), ((True, False), "stop")],
    ids=["a service", "a service, asked once", "in a terminal", "the terminal is closed"],
)
async def test_a_hangup(monkeypatch: pytest.MonkeyPatch, terminals: tuple[bool, ...], meaning: str) -> None:
    assert await meanings(monkeypatch, *terminals) == [meaning]


async def test_under_nohup_it_never_means_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert await meanings(monkeypatch, True, False) == ["look"]


async def test_a_silence_that_ends_the_service_is_told_with_its_cause() -> None:
    """Here a listener that wants something else than plain text."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        error = await app._unanswered(load_settings(kafka_bootstrap_servers=f"127.0.0.1:{port}"), 123.4)
    said = (
        f"the broker has not answered for 123 s: the broker at 127.0.0.1:{port} closed the connection: it may want TLS"
    )
    assert str(error).startswith(said)
