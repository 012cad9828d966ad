"""A folder to a Bundle, everything checked before anyone relies on it. Does not run the model.

Whatever is wrong becomes a BundleError that says what to do; the caller keeps the bundle it has.
"""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from pydantic import ValidationError
from tokenizers import Tokenizer

from docmill.bundle.bundle import Bundle
from docmill.bundle.manifest import (
    FORMAT_VERSION,
    MANIFEST_FILE,
    MODEL_FILE,
    OUTLIER_FILE,
    REQUIRED_FILES,
    TOKENIZER_FILE,
    Manifest,
)
from docmill.errors import BundleError
from docmill.pipeline.types import ModelSpec, OutlierSpec
from docmill.pipeline.window import Windowing
from docmill.resources import ResourceMissingError, resource
from docmill.runtime.session import GraphSignature, read_signature

DEFAULT_BUNDLE = "bundles/mailroom-en"
CLS, SEP, NEWLINE = "[CLS]", "[SEP]", "\n"
COPY_AGAIN = "copy the bundle again from where it was made"
TRAIN_AGAIN = "train the bundle again"


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
    content = _manifest_bytes(path)
    manifest = _parse_manifest(path, content)
    _check_files(path, manifest)
    tokenizer = _load_tokenizer(path / TOKENIZER_FILE)
    outlier = _load_outlier(path / OUTLIER_FILE, manifest.outlier.threshold)
    signature = read_signature(path / MODEL_FILE)
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
        sha256=hashlib.sha256(content).hexdigest(),
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


def _manifest_bytes(path: Path) -> bytes:
    if not path.is_dir():
        raise BundleError(f"there is no bundle folder {path}: name one that holds {MANIFEST_FILE}")
    try:
        return (path / MANIFEST_FILE).read_bytes()
    except OSError as error:
        raise BundleError(f"{path} holds no readable {MANIFEST_FILE}, so it is no bundle: {error}") from error


def _parse_manifest(path: Path, content: bytes) -> Manifest:
    where = path / MANIFEST_FILE
    try:
        described = json.loads(content)
    except ValueError as error:  # not JSON, or not UTF-8
        raise BundleError(f"{where} is not JSON ({error}): {COPY_AGAIN}") from error
    version = described.get("format_version") if isinstance(described, dict) else None
    if version != FORMAT_VERSION:
        raise BundleError(
            f"{where} is of format {version!r}, this docmill reads format {FORMAT_VERSION}: "
            f"install the docmill that the bundle was made for, or {TRAIN_AGAIN}"
        )
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BundleError(f"{where} is not valid, correct it or {TRAIN_AGAIN}: {problems}") from error


def _check_files(path: Path, manifest: Manifest) -> None:
    golden = [manifest.golden.file] if manifest.golden else []
    if unlisted := [name for name in (*REQUIRED_FILES, *golden) if name not in manifest.files]:
        raise BundleError(f"{path / MANIFEST_FILE} gives no sha256 for {unlisted}: {TRAIN_AGAIN}")
    for name, expected in manifest.files.items():
        try:
            with (path / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise BundleError(f"{path / name} cannot be read ({error.strerror}): {COPY_AGAIN}") from error
        if found != expected:
            raise BundleError(
                f"{path / name} is not the file that the manifest lists "
                f"(sha256 {found[:12]}..., expected {expected[:12]}...): {COPY_AGAIN}"
            )


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
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


def _load_outlier(path: Path, threshold: float) -> OutlierSpec:
    def array(name: str, dimensions: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = arrays[name]
        if found.dtype != np.float32 or found.ndim != dimensions or not np.isfinite(found).all():
            raise ValueError(f"{name} is not a finite float32 array of {dimensions} dimensions")
        return found

    try:
        with path.open("rb") as file, NpzFile(file, allow_pickle=False) as arrays:
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
