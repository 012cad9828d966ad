"""`python -m tests.integration.letter_fallback run fallback`: the fallback, with an embedder that needs no weights.

TEST_HOLD_S: what waits for the generator is looked at again after so many seconds.
"""

import asyncio
import os

from docmill.fallback_service import holds
from docmill.fallback_service.app import run_fallback
from docmill.settings import load_settings
from docmill.telemetry.logs import configure_logs
from tests.unit.indexer.fakes import LetterEmbedder

if __name__ == "__main__":
    configure_logs("info")
    holds.HOLD_S = float(os.environ.get("TEST_HOLD_S", holds.HOLD_S))
    asyncio.run(run_fallback(load_settings(), lambda settings: LetterEmbedder()))
