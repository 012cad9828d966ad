"""The proxy of load_tests/chaos.py, a process as in a run, does to a connection what its modes say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from docmill.local_kafka.ports import HOST, free_port
from load_tests.chaos_parts.cluster import Proxy
from load_tests.chaos_parts.proxy import Mode

SOON_S = 0.2  # in which nothing must come
PATIENCE_S = 30.0


class Echo:
    """A server that gives back what it gets, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""
        self.hears = asyncio.Event()
        self.is_gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(100):
                self.heard += chunk
                self.hears.set()
                writer.write(chunk)
                await writer.drain()
        await closed(writer)
        self.is_gone.set()


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def connection(mode: Mode) -> AsyncIterator[tuple[Echo, Proxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    """One connection through a proxy in this mode."""
    echo, port = Echo(), free_port()
    async with asyncio.timeout(PATIENCE_S), await asyncio.start_server(echo.serve, HOST, 0) as server:
        proxy = await asyncio.to_thread(Proxy, [(port, server.sockets[0].getsockname()[1])])
        try:
            proxy.set_mode(0, mode)
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                yield echo, proxy, reader, writer
            finally:
                await closed(writer)
        finally:
            proxy.close()
        await echo.is_gone.wait()


async def nothing_comes(reader: asyncio.StreamReader) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), SOON_S)


async def test_a_blackhole_holds_what_was_sent_and_then_lets_it_through() -> None:
    async with connection(Mode.PASS) as (echo, proxy, reader, writer):
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        proxy.set_mode(0, Mode.BLACKHOLE)
        writer.write(b"two")
        await nothing_comes(reader)
        assert echo.heard == b"one"
        proxy.set_mode(0, Mode.PASS)
        assert await reader.readexactly(3) == b"two"


async def test_half_open_hears_and_never_answers() -> None:
    async with connection(Mode.HALF_OPEN) as (echo, proxy, reader, writer):
        writer.write(b"one")
        await echo.hears.wait()
        assert echo.heard == b"one"
        await nothing_comes(reader)
        proxy.set_mode(0, Mode.PASS)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)


async def test_delay_keeps_the_order() -> None:
    async with connection(Mode.DELAY) as (_, _, reader, writer):
        for piece in (b"one", b"two", b"six"):
            writer.write(piece)
            await writer.drain()
        assert await reader.readexactly(9) == b"onetwosix"
