"""`python -m tests.integration.letter_indexer run indexer`: the indexer, with an embedder that needs no weights.

TEST_SLOW_S: a text that holds SLOW_TEXT takes so many seconds more.
"""

import asyncio
import os
import time
from collections.abc import Sequence

from docmill.indexer.app import run_indexer
from docmill.settings import load_settings
from docmill.telemetry.logs import configure_logs
from tests.unit.indexer.fakes import LetterEmbedder

SLOW_TEXT = "take your time"


def wait(texts: Sequence[str]) -> None:
    if any(SLOW_TEXT in text for text in texts):
        time.sleep(float(os.environ.get("TEST_SLOW_S", "0")))


if __name__ == "__main__":
    configure_logs("info")
    asyncio.run(run_indexer(load_settings(), lambda settings: LetterEmbedder(wait)))
