"""The embedder that every service and command takes: MiniLM from the packaged weights, made once a user and machine."""

import logging

from docmill.embedder.embedder import Embedder
from docmill.embedder.make import made_embedder
from docmill.embedder.paths import cache_folder, packaged_weights
from docmill.runtime.threads import default_threads
from docmill.settings import Settings

log = logging.getLogger(__name__)


def packaged_embedder(settings: Settings) -> Embedder:
    """MiniLM, made where it is not there yet. Raises: EmbedderError: says what to install."""
    log.info("the embedder is loaded; the first time it is made, which takes some ten seconds")
    folder = made_embedder(packaged_weights(), cache_folder())
    return Embedder(folder, settings.threads or default_threads())
