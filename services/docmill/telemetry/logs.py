"""Logs: one line an event on standard error. A document's text never goes into a log."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
NOISY = ("aiokafka", "faststream")


def configure_logs(level: str) -> None:
    """Send logs of `level` and above to standard error; client libraries speak from warning up."""
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format=FORMAT)
    if level == "info":  # above it they follow the level, below it they are wanted too
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.WARNING)
