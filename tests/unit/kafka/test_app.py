"""What a SIGHUP means: look at the bundle, unless the terminal is gone. Why a broker is silent is asked at the end."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from docmill.bundle.files import BundleFiles
from docmill.errors import BundleError
from docmill.kafka import app, hangups, service
from docmill.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def meanings(monkeypatch: pytest.MonkeyPatch, *terminals: bool, early: bool = False) -> list[str]:
    """What one SIGHUP does where there is a terminal at start, and then.

    Args:
        early: it comes while the processor still starts.
    """
    found = list(terminals)
    monkeypatch.setattr(hangups, "_has_terminal", lambda: found.pop(0))
    heard: list[str] = []
    done = asyncio.Event()

    def hear(what: str) -> None:
        heard.append(what)
        done.set()

    heard_by = hangups.Hangups()
    if not early:
        heard_by.mean(lambda: hear("look"), lambda: hear("stop"))
    os.kill(os.getpid(), signal.SIGHUP)
    if early:
        async with asyncio.timeout(60):
            while not (heard_by._asked or heard_by._stopped):  # noqa: ASYNC110 -- set by a signal
                await asyncio.sleep(0)
        heard_by.mean(lambda: hear("look"), lambda: hear("stop"))
    async with asyncio.timeout(60):
        await done.wait()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
    return heard


@pytest.mark.parametrize(
    ("terminals", "meaning"),
    [((False, False), "look"), ((False,), "look"), ((True, True), "look"), ((True, False), "stop")],
    ids=["a service", "a service, asked once", "in a terminal", "the terminal is closed"],
)
@pytest.mark.parametrize("early", [False, True], ids=["at work", "while it starts"])
async def test_a_hangup(
    monkeypatch: pytest.MonkeyPatch, terminals: tuple[bool, ...], meaning: str, early: bool
) -> None:
    assert await meanings(monkeypatch, *terminals, early=early) == [meaning]


async def test_a_processor_that_starts_survives_a_hangup(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it reads its bundle, the first thing that takes time."""
    monkeypatch.setattr(hangups, "_has_terminal", lambda: False)

    def interrupted(folder: Path) -> BundleFiles:
        os.kill(os.getpid(), signal.SIGHUP)  # by default the end of this process
        raise BundleError(str(folder))

    monkeypatch.setattr(app, "read_files", interrupted)
    with pytest.raises(BundleError, match="nowhere"):
        await app.run_processor(Settings(bundle=Path("nowhere")))
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)


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
        error = await service._unanswered(load_settings(kafka_bootstrap_servers=f"127.0.0.1:{port}"), 123.4)
    said = (
        f"the broker has not answered for 123 s: the broker at 127.0.0.1:{port} closed the connection: it may want TLS"
    )
    assert str(error).startswith(said)
