"""What must be there, and be set, before torch is imported."""

import os
from importlib.util import find_spec

from docmill.errors import ConfigurationError

NEEDED = ("torch", "transformers", "onnx", "scipy", "sklearn")


def require_extra() -> None:
    """Raises: ConfigurationError: a package of the extra [train] is not installed."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ConfigurationError(f"training needs {', '.join(missing)}: pip install 'docmill[train]'")


def prepare_environment() -> None:
    """Let OpenMP's threads sleep between loops, and transformers be quiet and local.

    Threads that spin while they wait collapse when a core is shared: findings of the first training, 2 cores.
    What the user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")  # its bars of loading weights
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
