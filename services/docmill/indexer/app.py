"""The indexer's composition root; what every service is, docmill.kafka.service runs."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from docmill.embedder.packaged import packaged_embedder
from docmill.errors import ConfigurationError
from docmill.index.types import Embedding
from docmill.index.writer import described
from docmill.indexer.embed import TextEmbedder
from docmill.indexer.index_slices import IndexSlices
from docmill.kafka.indexed_embedding import indexed_embedding
from docmill.kafka.service import checked_cluster, new_metrics, run_service
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from docmill_schemas.topics import INDEXER_TOPICS, KNOWLEDGE_UPDATED, TopicSpec


async def run_indexer(settings: Settings, make_embedder: Callable[[Settings], TextEmbedder] | None = None) -> None:
    """Run the indexer until SIGTERM or SIGINT; the slices in hand are finished first.

    Args:
        make_embedder: default: `packaged_embedder`.

    Raises:
        DocmillError: it cannot start, or cannot go on.
    """
    settings = indexer_settings(settings)
    await checked_cluster(settings, INDEXER_TOPICS)
    embedder = await asyncio.to_thread(make_embedder or packaged_embedder, settings)
    try:
        check_embedding(await indexed_embedding(settings), embedder.embedding)
    except BaseException:
        embedder.close()
        raise
    metrics = new_metrics()
    await run_service(settings, Indexer(embedder, f"docmill/{settings.group}", metrics), metrics)


def check_embedding(found: Embedding | None, own: Embedding) -> None:
    """Vectors of two embeddings in one topic would stop every copy of the index.

    Raises:
        ConfigurationError: the topic holds passages of another embedding than this indexer's.
    """
    if found is not None and found != own:
        raise ConfigurationError(
            f"knowledge.indexed holds vectors of {described(found)}, this indexer makes {described(own)}: stop all "
            f"indexers, make the topic anew and start them with another DOCMILL_INDEXER_GROUP "
            f"(docs/knowledge.md#another-embedding); or go back to the release before"
        )


def indexer_settings(settings: Settings) -> Settings:
    """The settings as the engine reads them, with the indexer's own group and port in their places."""
    own = {"group": settings.indexer_group, "http_port": settings.indexer_http_port}
    return settings.model_copy(update=own)


class Indexer:
    """See Service."""

    def __init__(self, embedder: TextEmbedder, source: str, metrics: Metrics) -> None:
        self._embedder = embedder
        self._work = IndexSlices(embedder, source, metrics)

    @property
    def reads(self) -> TopicSpec:
        """Source texts as they come in."""
        return KNOWLEDGE_UPDATED

    @property
    def work(self) -> IndexSlices:
        """See Service."""
        return self._work

    def begin(self, stop: Callable[[], None]) -> Sequence[Coroutine[Any, Any, None]]:
        """Nothing runs beside the engine."""
        return ()

    def observe(self) -> None:
        """There are no gauges of its own."""

    def checks(self) -> Mapping[str, object]:
        """The embedding of all that is published."""
        embedding = self._embedder.embedding
        return {"embedding": embedding.name, "embedding_sha256": embedding.sha256}

    def close(self) -> None:
        """See Service."""
        self._embedder.close()
