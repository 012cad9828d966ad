"""A TCP proxy between workers and broker that can be made to fail; a process of its own, a path a worker.

    python -m load_tests.chaos_parts.proxy LISTEN:TARGET [LISTEN:TARGET ...]

Takes commands on standard input, `PATH MODE` a line with the path's number, and answers each with `ok`:

    pass        bytes go through
    blackhole   nothing goes through, in either direction, and no new connection gets anywhere; what was sent meanwhile
                arrives once the path is open again, as retransmission would make it
    half_open   what the worker sends arrives, no answer comes back; such a connection is dead for good, and is reset
                when the mode ends
    delay       every piece takes 20 to 300 ms more, in order
"""

import asyncio
import contextlib
import random
import sys
from enum import StrEnum

HOST = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
DELAY_S = (0.02, 0.3)


class Mode(StrEnum):
    """What a path does to its connections."""

    PASS = "pass"
    BLACKHOLE = "blackhole"
    HALF_OPEN = "half_open"
    DELAY = "delay"


class Path:
    """One listener and the connections through it."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._mode = Mode.PASS
        self._open = asyncio.Event()
        self._open.set()
        self._severed: set[asyncio.StreamWriter] = set()

    def set_mode(self, mode: Mode) -> None:
        """From now on, for connections old and new."""
        self._mode = mode
        if mode is Mode.BLACKHOLE:
            self._open.clear()
        else:
            self._open.set()
        if mode is not Mode.HALF_OPEN:
            for writer in self._severed:
                writer.transport.abort()
            self._severed.clear()

    async def serve(self, worker: asyncio.StreamReader, to_worker: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it."""
        with contextlib.suppress(OSError):
            await self._open.wait()
            try:
                broker, to_broker = await asyncio.open_connection(HOST, self._target)
            except OSError:
                to_worker.transport.abort()  # as if nobody listened
                return
            pumps = [
                asyncio.create_task(self._pump(worker, to_broker, None)),
                asyncio.create_task(self._pump(broker, to_worker, to_broker)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                for writer in (to_worker, to_broker):
                    self._severed.discard(writer)
                    writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answering: asyncio.StreamWriter | None
    ) -> None:
        """Pass bytes on. `answering`: these are answers, on the connection that this writer asks on."""
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                await self._open.wait()
                if answering is not None and (self._mode is Mode.HALF_OPEN or writer in self._severed):
                    self._severed |= {writer, answering}
                    continue
                if self._mode is Mode.DELAY:
                    await asyncio.sleep(random.uniform(*DELAY_S))
                writer.write(chunk)
                await writer.drain()
            await self._open.wait()  # an end is not seen through a hole either


async def main(ends: list[str]) -> None:
    """Serve until standard input ends, as it does when the driver dies."""
    paths = []
    for end in ends:
        listen, _, target = end.partition(":")
        paths.append(path := Path(int(target)))
        await asyncio.start_server(path.serve, HOST, int(listen))
    print("ok", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        number, mode = line.split()
        paths[int(number)].set_mode(Mode(mode))
        print("ok", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
