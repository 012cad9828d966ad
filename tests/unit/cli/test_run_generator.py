"""`docmill run generator` in a process of its own, with a stand-in for llama.cpp: no model is loaded here."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from docmill.cli.run_generator import fallback_command
from docmill.errors import ConfigurationError
from docmill.settings import load_settings
from tests.unit.cli.conftest import Command

PATIENCE_S = 60.0
GOES_ON_S = 0.5  # without a reason to stop
LLAMA_CPP = """
import sys
from types import SimpleNamespace


def CommonParams():
    return SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())


class Server:
    def __init__(self, params):
        LOADING
        self.listening_address = f"http://127.0.0.1:{params.port or 4242}"
        told = (params.model.path, params.port, params.n_ctx, params.cpuparams.n_threads)
        print(*told, sep="|", file=sys.stderr, flush=True)

    def __del__(self):
        print("freed", file=sys.stderr, flush=True)
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "qwen3 4b.gguf"
    file.write_text("a stand-in")
    return file


@contextmanager
def served(tmp_path: Path, *words: str | Path, loading: str = "pass") -> Iterator[subprocess.Popen[str]]:
    """The command at work, with xllamacpp as above, which first does what `loading` says."""
    (tmp_path / "xllamacpp.py").write_text(LLAMA_CPP.replace("LOADING", loading))
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    command = [sys.executable, "-m", "docmill", "run", "generator", *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, model: Path, number: signal.Signals) -> None:
    options = ("--port", "0", "--threads", "3", "--context-tokens", "2048")
    with served(tmp_path, model, *options) as process:
        assert process.stdout is not None
        url, command = process.stdout.readline().rstrip(), process.stdout.readline().rstrip()
        assert url == "http://127.0.0.1:4242/v1"
        assert command == fallback_command(url, "qwen3 4b")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=GOES_ON_S)
        process.send_signal(number)
        said, told = process.communicate(timeout=PATIENCE_S)
    assert said == ""
    assert told.splitlines() == [f"{model}|0|2048|3", "freed"]
    assert process.returncode == 0


NEVER_LOADED = """
        # Waits for ever for a lock that it has, in C, where no signal handler of Python's can run, as in llama.cpp.
        import ctypes
        lock, c = ctypes.create_string_buffer(256), ctypes.CDLL(None)
        c.pthread_mutex_init(lock, None)
        c.pthread_mutex_lock(lock)
        print("loading", file=sys.stderr, flush=True)
        c.pthread_mutex_lock(lock)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_while_the_model_loads_a_signal_ends_it_at_once(tmp_path: Path, model: Path, number: signal.Signals) -> None:
    with served(tmp_path, model, "--port", "0", loading=NEVER_LOADED) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "loading\n"
        process.send_signal(number)
        said, told = process.communicate(timeout=PATIENCE_S)
    assert (said, told, process.returncode) == ("", "", -number)


def test_the_line_that_it_prints_is_one_of_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:8080/v1"
    setting, *words = shlex.split(fallback_command(url, "it's 4b"))
    assert words == ["docmill", "run", "fallback", "--generator-url", url, "--generator-model", "it's 4b"]
    monkeypatch.setenv(*setting.split("=", 1))
    assert load_settings(generator_url=url, generator_model="it's 4b").generator_at_once == 1


def refusal(docmill: Command, *words: str | Path) -> str:
    result = docmill("run", "generator", *words)
    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigurationError)
    assert result.output == ""
    return str(result.exception)


def test_without_the_extra_it_says_what_to_install(
    docmill: Command, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    before = signal.getsignal(signal.SIGINT)
    assert "pip install 'docmill[local-llm]'" in refusal(docmill, model, "--port", "0")
    assert signal.getsignal(signal.SIGINT) == before


def test_without_a_file_it_says_which(docmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", ModuleType("xllamacpp"))
    gone = tmp_path / "gone.gguf"
    assert refusal(docmill, gone, "--port", "0").startswith(f"no file at {gone}: name a GGUF file")


def test_a_port_that_is_taken_is_said_before_the_model_is_loaded(docmill: Command, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refusal(docmill, tmp_path / "gone.gguf", "--port", str(port)).startswith(f"port {port} is taken: ")


@pytest.mark.parametrize("words", [[], ["m.gguf", "--port", "70000"], ["m.gguf", "--threads", "0"]], ids=str)
def test_wrong_usage(docmill: Command, words: list[str]) -> None:
    assert docmill("run", "generator", *words).exit_code == 2
