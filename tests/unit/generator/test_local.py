"""What a local generator is told, and what is said where it cannot be had; one that answers is in tests/integration."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from docmill.errors import ConfigurationError
from docmill.generator.local import local_endpoint


class LlamaCpp(ModuleType):
    """As much of xllamacpp as is needed to be refused by it."""

    def __init__(self) -> None:
        super().__init__("xllamacpp")

    @staticmethod
    def CommonParams() -> Any:
        return SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())

    @staticmethod
    def Server(params: Any) -> Any:
        raise RuntimeError(f"cannot load {params.model.path}")


def refused(model: Path) -> str:
    with pytest.raises(ConfigurationError) as raised, local_endpoint(model, threads=1):
        pass
    return str(raised.value)


def test_without_xllamacpp_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    assert "pip install 'docmill[local-llm]'" in refused(tmp_path / "model.gguf")


def test_without_a_file_it_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", LlamaCpp())
    assert refused(tmp_path / "model.gguf").startswith(f"no file at {tmp_path / 'model.gguf'}: name a GGUF file")
    assert refused(tmp_path).startswith(f"no file at {tmp_path}: ")  # a folder


def test_what_is_no_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", LlamaCpp())
    model = tmp_path / "model.gguf"
    model.write_text("none")
    told = refused(model)
    assert f"cannot serve {model}: is it a GGUF" in told
    assert "is the port free" in told  # llama.cpp tells the two apart in its log only


class Served:
    """A server that has what it was given."""

    given: ClassVar[list[Any]] = []

    def __init__(self, params: Any) -> None:
        self.given.append(params)
        self.listening_address = f"http://127.0.0.1:{params.port}"


def test_what_the_server_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    llama_cpp = LlamaCpp()
    monkeypatch.setattr(llama_cpp, "Server", Served)
    monkeypatch.setitem(sys.modules, "xllamacpp", llama_cpp)
    monkeypatch.setattr(Served, "given", [])
    model = tmp_path / "qwen3-4b.q4_k_m.gguf"
    model.write_text("one")
    with local_endpoint(model, threads=3, context_tokens=2048, port=8123) as url:
        assert url == "http://127.0.0.1:8123/v1"
    [params] = Served.given
    assert (params.model.path, params.model_alias) == (str(model), {"qwen3-4b.q4_k_m"})
    assert (params.port, params.n_ctx, params.n_parallel) == (8123, 2048, 1)
    assert (params.cpuparams.n_threads, params.cpuparams_batch.n_threads) == (3, 3)
