"""`python -m tests.integration.letter_fallback run fallback`: the fallback, with an embedder that needs no weights."""

import asyncio

from docmill.fallback_service.app import run_fallback
from docmill.settings import load_settings
from docmill.telemetry.logs import configure_logs
from tests.unit.indexer.fakes import LetterEmbedder

if __name__ == "__main__":
    configure_logs("info")
    asyncio.run(run_fallback(load_settings(), lambda settings: LetterEmbedder()))
