"""A folder to a Bundle, everything checked before anyone relies on it. Does not run the model.

Whatever is wrong becomes a BundleError that says what to do; the caller keeps the bundle it has.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from tokenizers import Tokenizer

from docmill.bundle.bundle import Bundle
from docmill.bundle.files import TRAIN_AGAIN, BundleFiles, read_files
from docmill.bundle.manifest import MANIFEST_FILE, MODEL_FILE, OUTLIER_FILE, TOKENIZER_FILE, Manifest
from docmill.errors import BundleError
from docmill.pipeline.types import ModelSpec, OutlierSpec
from docmill.pipeline.window import Windowing
from docmill.resources import ResourceMissingError, resource
from docmill.runtime.session import GraphSignature, read_signature

DEFAULT_BUNDLE = "bundles/mailroom-en"
CLS, SEP, NEWLINE = "[CLS]", "[SEP]", "\n"


def default_bundle() -> Path:
    """The folder of the bundle that ships with docmill.

    Raises:
        BundleError: this installation has none.
    """
    try:
        return resource(DEFAULT_BUNDLE)
    except ResourceMissingError as error:
        raise BundleError(f"{error}; or name a bundle of your own") from error


def load_bundle(path: Path) -> Bundle:
    """Read and check a bundle: format, every file's digest, and that the files agree with each other.

    Raises:
        BundleError: the first thing that is wrong, and what to do about it.
    """
    return make_bundle(read_files(path))


def make_bundle(files: BundleFiles) -> Bundle:
    """The bundle that these files are, once they are seen to agree with each other.

    Raises:
        BundleError: the first thing that is wrong, and what to do about it.
    """
    path, manifest, contents = files.folder, files.manifest, files.contents
    tokenizer = _load_tokenizer(path / TOKENIZER_FILE, contents[TOKENIZER_FILE])
    outlier = _load_outlier(path / OUTLIER_FILE, contents[OUTLIER_FILE], manifest.outlier.threshold)
    signature = read_signature(files.model, path / MODEL_FILE)
    _check_graph(path, signature, manifest, tokenizer, outlier)
    spec = ModelSpec(
        labels=manifest.labels,
        fields=manifest.field_specs(),
        groups=manifest.group_specs(),
        type_windows=manifest.type_windows,
        type_temperature=manifest.temperatures.type,
        tag_temperature=manifest.temperatures.tags,
        outlier=outlier,
    )
    return Bundle(
        name=manifest.name,
        version=manifest.version,
        sha256=files.sha256,
        languages=manifest.languages,
        spec=spec,
        windowing=Windowing(
            max_tokens=manifest.max_tokens,
            stride=manifest.stride,
            cls_id=_token_id(path, tokenizer, CLS),
            sep_id=_token_id(path, tokenizer, SEP),
            newline_id=_token_id(path, tokenizer, NEWLINE),
        ),
        tokenizer=tokenizer,
        model_path=path / MODEL_FILE,
        manifest=manifest,
    )


def _load_tokenizer(path: Path, content: bytes) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_buffer(content)
    except Exception as error:  # tokenizers raises bare Exception
        raise BundleError(f"{path} is not a tokenizer ({error}): {TRAIN_AGAIN}") from error
    if tokenizer.truncation is not None or tokenizer.padding is not None:
        raise BundleError(f"{path} truncates or pads, which would lose text unseen: switch both off in it")
    return tokenizer


def _token_id(path: Path, tokenizer: Tokenizer, token: str) -> int:
    token_id: int | None = tokenizer.token_to_id(token)
    if token_id is None:
        raise BundleError(f"{path / TOKENIZER_FILE} lacks the token {token!r}: {TRAIN_AGAIN}")
    return token_id


def _load_outlier(path: Path, content: bytes, threshold: float) -> OutlierSpec:
    def array(name: str, dimensions: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = arrays[name]
        if found.dtype != np.float32 or found.ndim != dimensions or not np.isfinite(found).all():
            raise ValueError(f"{name} is not a finite float32 array of {dimensions} dimensions")
        return found

    try:
        with NpzFile(io.BytesIO(content), allow_pickle=False) as arrays:
            return OutlierSpec(array("mean", 1), array("projection", 2), array("centroids", 2), threshold)
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} does not hold the outlier's arrays ({error}): {TRAIN_AGAIN}") from error


def _check_graph(
    path: Path, signature: GraphSignature, manifest: Manifest, tokenizer: Tokenizer, outlier: OutlierSpec
) -> None:
    """Compare what the graph computes with what the other files expect of it."""
    highest_id = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
    hidden, dimensions = outlier.projection.shape
    comparisons = [
        ("labels of the type head", signature.labels, len(manifest.labels), MANIFEST_FILE),
        ("fields of the tag head", signature.fields, len(manifest.fields), MANIFEST_FILE),
        ("hidden size", signature.hidden_size, outlier.mean.size, OUTLIER_FILE),
        ("hidden size", signature.hidden_size, hidden, OUTLIER_FILE),
    ]
    for what, of_graph, expected, file in comparisons:
        if of_graph != expected:
            raise BundleError(
                f"{path / MODEL_FILE} and {file} disagree: {what} {of_graph} against {expected}; "
                f"the files are of different trainings, {TRAIN_AGAIN}"
            )
    if outlier.centroids.shape[1] != dimensions or not len(outlier.centroids):
        raise BundleError(f"{path / OUTLIER_FILE}: centroids and projection disagree, {TRAIN_AGAIN}")
    if manifest.max_tokens > signature.max_tokens:
        raise BundleError(
            f"max_tokens is {manifest.max_tokens} in {MANIFEST_FILE}, but {path / MODEL_FILE} reads at most "
            f"{signature.max_tokens}: lower it, or {TRAIN_AGAIN}"
        )
    if highest_id >= signature.vocabulary:
        raise BundleError(
            f"{path / TOKENIZER_FILE} has tokens up to id {highest_id}, but {MODEL_FILE} knows only "
            f"{signature.vocabulary}: the files are of different trainings, {TRAIN_AGAIN}"
        )
