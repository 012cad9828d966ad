"""A generator on this machine: llama.cpp inside the process, any GGUF, with an OpenAI-compatible port on loopback.

Of the extra [local-llm], imported lazily. Its threads are its own: keep it out of the processor's process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docmill.errors import ConfigurationError


@contextmanager
def local_endpoint(model: Path, threads: int, context_tokens: int = 4096) -> Iterator[str]:
    """The base URL of a server that answers from `model` for as long as the block lasts.

    Raises:
        ConfigurationError: xllamacpp is not installed, or cannot load the file.
    """
    try:
        import xllamacpp  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError("a local generator needs xllamacpp: pip install 'docmill[local-llm]'") from error
    if not model.is_file():
        raise ConfigurationError(f"no GGUF file at {model}")
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_ctx = context_tokens
    params.n_parallel = 1
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    try:
        server = xllamacpp.Server(params)
    except Exception as error:  # it says what in its own log only
        raise ConfigurationError(f"llama.cpp cannot load {model}: is it a GGUF that this version knows?") from error
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server  # ends its threads and frees the port
