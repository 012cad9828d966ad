"""Every way in which a bundle can be wrong is a BundleError that names it."""

import dataclasses
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from docmill.bundle.load import default_bundle, load_bundle
from docmill.bundle.save import outlier_bytes
from docmill.errors import BundleError
from docmill.pipeline.types import OutlierSpec
from docmill.resources import ResourceMissingError
from docmill.runtime.graph import GraphConfig, build_graph
from docmill.runtime.weights import JointWeights, Linear
from tests.tiny_bundle import HEADS, HIDDEN, LABELS, MAX_TOKENS, tiny_outlier, tiny_tokenizer, tiny_weights


def describe(folder: Path, **changes: Any) -> None:
    """Change keys of the manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def replace(folder: Path, name: str, content: bytes) -> None:
    """Exchange a file, and its sha256 in the manifest: the files then disagree in what they hold."""
    (folder / name).write_bytes(content)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    describe(folder, files={**files, name: hashlib.sha256(content).hexdigest()})


def refuse(folder: Path, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        load_bundle(folder)


def test_a_complete_bundle(pristine: Path) -> None:
    bundle = load_bundle(pristine)
    assert (bundle.name, bundle.version, bundle.languages) == ("tiny-en", "0.0.1", ("en",))
    assert bundle.sha256 == hashlib.sha256((pristine / "manifest.json").read_bytes()).hexdigest()
    assert bundle.spec.labels == LABELS
    assert bundle.spec.group_of("complaint.mortgage").type_threshold == 0.8
    assert bundle.spec.outlier.threshold == tiny_outlier().threshold
    assert np.array_equal(bundle.spec.outlier.centroids, tiny_outlier().centroids)
    windowing = bundle.windowing
    assert (windowing.max_tokens, windowing.cls_id, windowing.sep_id) == (MAX_TOKENS, 2, 3)
    assert bundle.tokenizer.token_to_id("\n") == windowing.newline_id
    assert bundle.model_path == pristine / "model.int8.onnx"
    assert bundle.folder == pristine


def test_files_beside_the_listed_ones_do_no_harm(folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"x")
    assert load_bundle(folder).name == "tiny-en"


def test_no_folder(tmp_path: Path) -> None:
    refuse(tmp_path / "absent", r"there is no bundle folder .*absent: name one")


def test_no_manifest(tmp_path: Path) -> None:
    refuse(tmp_path, r"holds no readable manifest\.json")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe{", b""])
def test_a_manifest_that_is_not_json(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    refuse(folder, r"manifest\.json is not JSON .*copy the bundle again")


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"format_version": 2}', b'{"format_version": "1"}'])
def test_another_format(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    refuse(folder, r"is of format .*, this docmill reads format 1: install")


def test_a_manifest_that_is_not_valid_names_every_problem(folder: Path) -> None:
    describe(folder, stride=-1, surprise=True)
    refuse(folder, r"stride: Input should be .*; surprise: Extra inputs")


@pytest.mark.parametrize("name", ["model.int8.onnx", "tokenizer.json", "outlier.npz", "golden.jsonl"])
def test_a_file_without_a_digest(folder: Path, name: str) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    del files[name]
    describe(folder, files=files)
    refuse(folder, f"gives no sha256 for .*{name}")


@pytest.mark.parametrize("name", ["model.int8.onnx", "golden.jsonl"])
def test_a_file_that_is_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refuse(folder, f"{name} cannot be read .*copy the bundle again")


@pytest.mark.parametrize("name", ["model.int8.onnx", "tokenizer.json", "outlier.npz", "golden.jsonl"])
def test_a_file_that_was_altered(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(bytes(content))
    refuse(folder, f"{name} is not the file that the manifest lists")


def test_a_tokenizer_that_is_none(folder: Path) -> None:
    replace(folder, "tokenizer.json", b"{}")
    refuse(folder, r"tokenizer\.json is not a tokenizer")


@pytest.mark.parametrize(
    "change",
    [lambda tokenizer: tokenizer.enable_truncation(8), lambda tokenizer: tokenizer.enable_padding(length=8)],
)
def test_a_tokenizer_that_loses_text(folder: Path, change: Callable[[Tokenizer], None]) -> None:
    tokenizer = tiny_tokenizer()
    change(tokenizer)
    replace(folder, "tokenizer.json", tokenizer.to_str().encode())
    refuse(folder, "truncates or pads")


@pytest.mark.parametrize("token", ["[CLS]", "[SEP]", "\n"])
def test_a_tokenizer_without_a_special_token(folder: Path, token: str) -> None:
    described = json.loads(tiny_tokenizer().to_str())
    described["added_tokens"] = [entry for entry in described["added_tokens"] if entry["content"] != token]
    described["model"]["vocab"].pop(token, None)
    replace(folder, "tokenizer.json", json.dumps(described).encode())
    refuse(folder, r"tokenizer\.json lacks the token")


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(array: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


GOOD = {
    "mean": np.zeros(HIDDEN, np.float32),
    "projection": np.zeros((HIDDEN, 2), np.float32),
    "centroids": np.zeros((3, 2), np.float32),
}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        npy(GOOD["mean"]),
        npz(**GOOD)[:-40],
        npz(mean=GOOD["mean"]),
        npz(**{**GOOD, "mean": np.zeros(HIDDEN)}),  # float64
        npz(**{**GOOD, "mean": np.zeros((1, HIDDEN), np.float32)}),
        npz(**{**GOOD, "centroids": np.full((3, 2), np.nan, np.float32)}),
        npz(**{**GOOD, "centroids": np.array([[None]], dtype=object)}),
    ],
)
def test_an_outlier_file_without_its_arrays(folder: Path, content: bytes) -> None:
    replace(folder, "outlier.npz", content)
    refuse(folder, r"outlier\.npz does not hold the outlier's arrays")


def test_a_graph_that_does_not_load(folder: Path) -> None:
    replace(folder, "model.int8.onnx", b"no graph")
    refuse(folder, r"cannot load .*model\.int8\.onnx")


def narrower(head: Linear, outputs: int) -> Linear:
    return Linear(head.weight[:, :outputs], head.bias[:outputs])


def replace_graph(folder: Path, weights: JointWeights, max_tokens: int = MAX_TOKENS) -> None:
    graph = build_graph(weights, GraphConfig(HEADS, max_tokens), "int8")
    replace(folder, "model.int8.onnx", graph.SerializeToString())


def test_another_number_of_labels(folder: Path) -> None:
    weights = tiny_weights(tiny_tokenizer())
    replace_graph(folder, dataclasses.replace(weights, type_head=narrower(weights.type_head, 3)))
    refuse(folder, r"disagree: labels of the type head 3 against 4")


def test_another_number_of_fields(folder: Path) -> None:
    weights = tiny_weights(tiny_tokenizer())
    replace_graph(folder, dataclasses.replace(weights, tag_head=narrower(weights.tag_head, 6)))
    refuse(folder, r"disagree: fields of the tag head 2 against 5")


@pytest.mark.parametrize(
    "change", [{"mean": np.zeros(47, np.float32)}, {"projection": np.zeros((47, len(LABELS)), np.float32)}]
)
def test_another_hidden_size(folder: Path, change: dict[str, Any]) -> None:
    replace(folder, "outlier.npz", outlier_bytes(dataclasses.replace(tiny_outlier(), **change)))
    refuse(folder, r"outlier\.npz disagree: hidden size 48 against 47")


@pytest.mark.parametrize("shape", [(4, 3), (0, 4)])
def test_centroids_that_do_not_fit(folder: Path, shape: tuple[int, int]) -> None:
    outlier: OutlierSpec = dataclasses.replace(tiny_outlier(), centroids=np.zeros(shape, np.float32))
    replace(folder, "outlier.npz", outlier_bytes(outlier))
    refuse(folder, "centroids and projection disagree")


def test_windows_longer_than_the_graph_reads(folder: Path) -> None:
    replace_graph(folder, tiny_weights(tiny_tokenizer()), max_tokens=16)
    refuse(folder, r"max_tokens is 32 in manifest\.json, but .* reads at most 16")


def test_tokens_that_the_graph_does_not_know(folder: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["unheard"])
    replace(folder, "tokenizer.json", tokenizer.to_str().encode())
    refuse(folder, r"has tokens up to id \d+, but model\.int8\.onnx knows only")


def test_an_installation_without_a_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(relative: str) -> Path:
        raise ResourceMissingError(f"no {relative}")

    monkeypatch.setattr("docmill.bundle.load.resource", missing)
    with pytest.raises(BundleError, match="no bundles/mailroom-en; or name a bundle of your own"):
        default_bundle()


def test_the_default_bundle_is_the_mailroom() -> None:
    assert default_bundle().name == "mailroom-en"
