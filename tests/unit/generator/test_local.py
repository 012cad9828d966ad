"""What is said where a local generator cannot be had; one that answers is in tests/integration."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

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
    assert refused(tmp_path / "model.gguf") == f"no GGUF file at {tmp_path / 'model.gguf'}"
    assert refused(tmp_path) == f"no GGUF file at {tmp_path}"


def test_what_is_no_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", LlamaCpp())
    model = tmp_path / "model.gguf"
    model.write_text("none")
    assert f"cannot load {model}" in refused(model)
