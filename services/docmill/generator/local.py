"""A generator on this machine: llama.cpp inside the process, any GGUF, with an OpenAI-compatible port on loopback.

Of the extra [local-llm], imported lazily. Its threads are its own: keep it out of the processor's process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docmill.errors import ConfigurationError


@contextmanager
def local_endpoint(model: Path, threads: int, context_tokens: int = 4096, port: int = 0) -> Iterator[str]:
    """The base URL of a server that answers from `model` for as long as the block lasts, one question at a time.

    It names the model as the file, without its ending; whatever name a question gives, this model answers.

    Args:
        context_tokens: of a question and its answer; a longer question is refused with HTTP 400.
        port: on 127.0.0.1; 0: any free one.

    Raises:
        ConfigurationError: xllamacpp is not installed, or cannot load the file or have the port.
    """
    try:
        import xllamacpp  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError("a local generator needs xllamacpp: pip install 'docmill[local-llm]'") from error
    if not model.is_file():
        raise ConfigurationError(f"no file at {model}: name a GGUF file on this machine, docmill downloads none")
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem}
    params.port = port
    params.n_ctx = context_tokens
    params.n_parallel = 1
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    try:
        server = xllamacpp.Server(params)
    except Exception as error:  # it says what in its own log only
        raise ConfigurationError(
            f"llama.cpp cannot serve {model}: is it a GGUF that this version knows, is there memory for it, and is the "
            "port free? Its own lines on stderr say more"
        ) from error
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server  # ends its threads and frees the port
