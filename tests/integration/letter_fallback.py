"""`python -m tests.integration.letter_fallback run fallback`: the fallback, with an embedder that needs no weights.

TEST_HOLD_S: what waits for the generator is looked at again after so many seconds at first, and a slice of nobody else
pauses no longer. TEST_BREAKER_OPEN_S: a generator
that failed several times in a row is left alone for so long. TEST_SLOW_S: a text that holds SLOW_TEXT takes so many
seconds more. TEST_QUOTED_TEXT: a text that holds it meets a bug, whose exception quotes all of it.
"""

import asyncio
import os

from docmill.fallback_service import app, generators, holds
from docmill.settings import load_settings
from docmill.telemetry.logs import configure_logs
from tests.integration.letter_indexer import altered
from tests.unit.indexer.fakes import LetterEmbedder

if __name__ == "__main__":
    own = load_settings()
    configure_logs(own.log_level)
    holds.HOLD_S = float(os.environ.get("TEST_HOLD_S", holds.HOLD_S))
    holds.LONGEST_PAUSE_S = min(holds.LONGEST_PAUSE_S, holds.HOLD_S)
    if "TEST_BREAKER_OPEN_S" in os.environ:
        app.OPEN_S = generators.LEFT_ALONE_S = float(os.environ["TEST_BREAKER_OPEN_S"])
    asyncio.run(app.run_fallback(own, lambda settings: LetterEmbedder(altered)))
