"""`python -m tests.integration.letter_indexer run indexer`: the indexer, with an embedder that needs no weights.

TEST_SLOW_S: a text that holds SLOW_TEXT takes so many seconds more. TEST_OTHER_EMBEDDING: its vectors are of another
embedding. TEST_QUOTED_TEXT: a text that holds it meets a bug, whose exception quotes all of it.
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
QUOTED_TEXT = os.environ.get("TEST_QUOTED_TEXT")


class OtherEmbedder(LetterEmbedder):
    @property
    def embedding(self) -> Embedding:
        return OTHER_EMBEDDING


def altered(texts: Sequence[str]) -> None:
    if any(SLOW_TEXT in text for text in texts):
        time.sleep(float(os.environ.get("TEST_SLOW_S", "0")))
    for text in texts:
        if QUOTED_TEXT is not None and QUOTED_TEXT in text:
            raise ValueError(text)


if __name__ == "__main__":
    own = load_settings()
    configure_logs(own.log_level)
    kind = OtherEmbedder if "TEST_OTHER_EMBEDDING" in os.environ else LetterEmbedder
    asyncio.run(run_indexer(own, lambda settings: kind(altered)))
