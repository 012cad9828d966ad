"""What a SIGHUP means: look at the bundle, unless the terminal is gone."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from docmill.kafka import app


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
