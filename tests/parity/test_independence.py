"""A window's result does not depend on its neighbours, on the threads, or on when it runs: bit for bit."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from docmill.pipeline.types import WindowOutput
from docmill.pipeline.window import Window
from docmill.runtime.session import OnnxInference
from tests.tiny_bundle import MAX_TOKENS, build_tiny_bundle

LENGTHS = (32, 3, 17, 32, 5, 32, 9, 31, 16, 4)


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny") / "model.int8.onnx"


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    generator = np.random.default_rng(3)
    return [Window(0, generator.integers(0, 190, length)) for length in LENGTHS]


def outputs(model_path: Path, threads: int, windows: Sequence[Window]) -> list[WindowOutput]:
    inference = OnnxInference(model_path, threads)
    try:
        found = inference.run(windows)
    finally:
        inference.close()
    assert all(isinstance(output, WindowOutput) for output in found)
    return [output for output in found if isinstance(output, WindowOutput)]


def same(one: WindowOutput, other: WindowOutput) -> bool:
    names = ("type_logits", "tag_logits", "pooled")
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)


@pytest.mark.parametrize("threads", [1, 2])
def test_alone_and_among_others(model_path: Path, windows: list[Window], threads: int) -> None:
    alone = [outputs(model_path, 1, [window])[0] for window in windows]
    together = outputs(model_path, threads, windows)
    assert [len(output.tag_logits) for output in together] == list(LENGTHS)
    assert all(same(one, other) for one, other in zip(alone, together, strict=True))


def test_order_of_windows(model_path: Path, windows: list[Window]) -> None:
    forwards = outputs(model_path, 2, windows)
    backwards = outputs(model_path, 2, windows[::-1])
    assert all(same(one, other) for one, other in zip(forwards, backwards[::-1], strict=True))


def test_a_failing_neighbour_changes_nothing(model_path: Path, windows: list[Window]) -> None:
    too_long = Window(0, np.zeros(MAX_TOKENS + 1, dtype=np.int64))
    inference = OnnxInference(model_path, 2)
    try:
        expected = inference.run(windows)
        found = inference.run([windows[0], too_long, *windows[1:]])
    finally:
        inference.close()
    assert isinstance(found.pop(1), Exception)
    for one, other in zip(expected, found, strict=True):
        assert isinstance(one, WindowOutput)
        assert isinstance(other, WindowOutput)
        assert same(one, other)


def test_other_ids_give_other_results(model_path: Path, windows: list[Window]) -> None:
    """The comparison above can fail."""
    changed = Window(0, windows[0].ids.copy())
    changed.ids[5] = (changed.ids[5] + 1) % 190
    one, other = outputs(model_path, 1, [windows[0], changed])
    assert not same(one, other)
