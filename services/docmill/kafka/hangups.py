"""What a SIGHUP means to a service that can look at its folders anew. Does not know what it looks at."""

import asyncio
import os
import signal
from collections.abc import Callable


class Hangups:
    """SIGHUP: look at the bundle's folder. When it comes because the terminal is gone, it stays a reason to stop.

    Heard from the making of this object on, in the event loop; what comes before `mean` is remembered.
    """

    def __init__(self) -> None:
        self._had_terminal = _has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # nohup
        self._asked = False
        self._stopped = False
        self._ask: Callable[[], None] | None = None
        self._stop: Callable[[], None] | None = None
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hear)

    def mean(self, ask: Callable[[], None], stop: Callable[[], None]) -> None:
        """From now on, and for what was heard so far: `ask` for a look, or `stop`."""
        self._ask, self._stop = ask, stop
        if self._stopped:
            stop()
        elif self._asked:
            ask()

    def _hear(self) -> None:
        if self._had_terminal and not _has_terminal():
            self._stopped = True
            if self._stop is not None:
                self._stop()
        else:
            self._asked = True
            if self._ask is not None:
                self._ask()


def _has_terminal() -> bool:
    """Whether this process belongs to a terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
