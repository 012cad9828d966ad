"""`python -m tests.integration.letter_indexer run indexer`: the indexer, with an embedder that needs no weights.

TEST_SLOW_S: a text that holds SLOW_TEXT takes so many seconds more. TEST_OTHER_EMBEDDING: its vectors are of another
embedding.
"""

import asyncio
import os
import time
from collections.abc import Sequence

from docmill.index.types import Embedding
from docmill.indexer.app import run_indexer
from docmill.settings import load_settings
from docmill.telemetry.logs import configure_logs
from tests.unit.index.fakes import OTHER_EMBEDDING
from tests.unit.indexer.fakes import LetterEmbedder

SLOW_TEXT = "take your time"


class OtherEmbedder(LetterEmbedder):
    @property
    def embedding(self) -> Embedding:
        return OTHER_EMBEDDING


def wait(texts: Sequence[str]) -> None:
    if any(SLOW_TEXT in text for text in texts):
        time.sleep(float(os.environ.get("TEST_SLOW_S", "0")))


if __name__ == "__main__":
    configure_logs("info")
    kind = OtherEmbedder if "TEST_OTHER_EMBEDDING" in os.environ else LetterEmbedder
    asyncio.run(run_indexer(load_settings(), lambda settings: kind(wait)))
