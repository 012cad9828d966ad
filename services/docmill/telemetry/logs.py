"""Logs: one line an event on standard error. A document's text never goes into a log."""

import logging
import sys
import time

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
NOISY = ("aiokafka", "faststream")
HTTP_CLIENTS = ("httpx", "httpx2")  # openai's, by release
REPEAT_EVERY_S = 30.0


class Sparing(logging.Filter):
    """Lets each line of a client library through once in a while: without a broker they say it many times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said_s: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written. A line is known by its logger and its place in the code."""
        if not record.name.startswith(NOISY) or record.levelno < logging.WARNING:
            return True
        line = (record.name, record.levelno, f"{record.pathname}:{record.lineno}")
        now_s = time.monotonic()
        if now_s - self._said_s.get(line, -REPEAT_EVERY_S) < REPEAT_EVERY_S:
            return False
        self._said_s[line] = now_s
        return True


def host_alone(record: logging.LogRecord) -> bool:
    """A filter that writes only the host of each URL in a line: the rest of it may hold a password or a key."""
    if isinstance(record.args, tuple):
        record.args = tuple(getattr(arg, "host", arg) for arg in record.args)
    return True


def configure_logs(level: str) -> None:
    """Send logs of `level` and above to standard error.

    Client libraries speak from warning up, at `debug` from info up. Below that aiokafka writes whole requests, with
    documents and passwords, and any library may quote what it works on: only docmill's own lines go so far.
    """
    ours = level.upper()
    logging.basicConfig(stream=sys.stderr, level="INFO" if level == "debug" else ours, format=FORMAT)
    logging.getLogger("docmill").setLevel(ours)
    for name in HTTP_CLIENTS:
        logging.getLogger(name).addFilter(host_alone)
    if level != "debug":
        for handler in logging.getLogger().handlers:
            handler.addFilter(Sparing())
    if level == "info":  # above it they follow the level, below it they are wanted too
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.WARNING)
