"""What the indexer is to the engine."""

import pytest
from prometheus_client import CollectorRegistry

from docmill.errors import ConfigurationError
from docmill.indexer.app import Indexer, check_embedding, indexer_settings
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from tests.unit.index.fakes import EMBEDDING, OTHER_EMBEDDING
from tests.unit.indexer.fakes import LetterEmbedder


def test_the_engine_sees_the_indexers_own_group_and_port() -> None:
    settings = indexer_settings(Settings(indexer_group="claims-indexer", indexer_http_port=0))
    assert (settings.group, settings.http_port) == ("claims-indexer", 0)
    both = Settings()
    assert indexer_settings(both).http_port != both.http_port
    assert indexer_settings(both).group != both.group


def test_what_it_says_and_how_it_ends() -> None:
    embedder = LetterEmbedder()
    indexer = Indexer(embedder, "docmill/test", Metrics(CollectorRegistry()))
    assert indexer.checks() == {"embedding": "letters", "embedding_sha256": "0" * 64}
    assert indexer.reads.name == "knowledge.updated"
    assert not indexer.begin(lambda: None)
    indexer.observe()
    indexer.close()
    assert embedder.closed


def test_another_embedding_in_the_topic_refuses_to_start() -> None:
    check_embedding(None, EMBEDDING)
    check_embedding(EMBEDDING, EMBEDDING)
    with pytest.raises(ConfigurationError, match="holds vectors of letters 111111111111") as raised:
        check_embedding(OTHER_EMBEDDING, EMBEDDING)
    assert "docs/knowledge.md#another-embedding" in str(raised.value)
