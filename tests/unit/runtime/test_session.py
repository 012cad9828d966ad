from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from docmill.errors import AbandonedError, BundleError
from docmill.pipeline.types import WindowOutput
from docmill.pipeline.window import Window
from docmill.runtime.graph import GraphConfig, build_graph
from docmill.runtime.session import GraphSignature, OnnxInference, read_signature
from tests.tiny_bundle import FIELDS, HEADS, HIDDEN, LABELS, MAX_TOKENS, tiny_tokenizer, tiny_weights

VOCABULARY = tiny_tokenizer().get_vocab_size()


def window(length: int, token: int = 5) -> Window:
    return Window(0, np.full(length, token, dtype=np.int64))


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    graph = build_graph(tiny_weights(tiny_tokenizer()), GraphConfig(HEADS, MAX_TOKENS), "int8")
    path.write_bytes(graph.SerializeToString())
    return path


@pytest.fixture
def inference(model_path: Path) -> Iterator[OnnxInference]:
    inference = OnnxInference(model_path, threads=2)
    yield inference
    inference.close()


class Recording:
    """A session that notes the lengths it is given."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.lengths: list[int] = []

    def run(self, names: list[str], feed: dict[str, Any]) -> Any:
        self.lengths.append(feed["ids"].shape[1])
        return self._session.run(names, feed)


def test_outputs_come_in_the_order_given(inference: OnnxInference) -> None:
    outputs = inference.run([window(5), window(30), window(2)])
    assert [len(output.tag_logits) for output in outputs if isinstance(output, WindowOutput)] == [5, 30, 2]
    first = outputs[0]
    assert isinstance(first, WindowOutput)
    assert first.type_logits.shape == (len(LABELS),)
    assert first.tag_logits.shape == (5, len(FIELDS), 3)
    assert first.pooled.shape == (HIDDEN,)


def test_longest_windows_run_first(model_path: Path) -> None:
    inference = OnnxInference(model_path, threads=1)
    recording = Recording(inference._session)
    inference._session = recording
    inference.run([window(5), window(30), window(2), window(30)])
    inference.close()
    assert recording.lengths == [30, 30, 5, 2]


def test_no_windows_no_outputs(inference: OnnxInference) -> None:
    assert inference.run([]) == []


@pytest.mark.parametrize("failing", [window(MAX_TOKENS + 1), window(4, token=VOCABULARY)])
def test_a_failing_window_yields_its_exception(inference: OnnxInference, failing: Window) -> None:
    outputs = inference.run([window(5), failing, window(2)])
    assert [isinstance(output, Exception) for output in outputs] == [False, True, False]


def test_runs_from_several_threads(inference: OnnxInference) -> None:
    with ThreadPoolExecutor(4) as callers:
        slices = list(callers.map(lambda length: inference.run([window(length)] * 20), range(2, 10)))
    for length, outputs in enumerate(slices, start=2):
        assert {len(o.tag_logits) for o in outputs if isinstance(o, WindowOutput)} == {length}
        assert len(outputs) == 20


def test_windows_that_nobody_waits_for_any_more_are_left(model_path: Path) -> None:
    inference = OnnxInference(model_path, threads=1)
    recording = Recording(inference._session)
    inference._session = recording
    with pytest.raises(AbandonedError):
        inference.run([window(5)] * 50, lambda: len(recording.lengths) == 3)
    assert len(inference.run([window(2)])) == 1
    inference.close()
    assert recording.lengths == [5, 5, 5, 2]


def test_busy_seconds_grow_with_work_alone(inference: OnnxInference) -> None:
    assert inference.busy_seconds == 0
    inference.run([window(30)] * 10)
    after = inference.busy_seconds
    assert after > 0
    assert inference.busy_seconds == after
    inference.run([window(MAX_TOKENS + 1)])
    assert inference.busy_seconds > after


def test_warm_up_runs_every_thread_at_full_length(model_path: Path) -> None:
    inference = OnnxInference(model_path, threads=3)
    recording = Recording(inference._session)
    inference._session = recording
    inference.warm_up()
    inference.close()
    assert recording.lengths == [MAX_TOKENS] * 3


def test_warm_up_refuses_a_graph_that_does_not_run(inference: OnnxInference) -> None:
    inference._session = None
    with pytest.raises(BundleError, match="does not run on this machine"):
        inference.warm_up()


def test_signature(model_path: Path) -> None:
    expected = GraphSignature(len(LABELS), len(FIELDS), HIDDEN, MAX_TOKENS, VOCABULARY)
    assert read_signature(model_path) == expected


def test_after_close_nothing_runs(model_path: Path) -> None:
    inference = OnnxInference(model_path, threads=1)
    inference.close()
    with pytest.raises(RuntimeError):
        inference.run([window(3)])


def test_a_file_that_is_no_graph(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a graph")
    with pytest.raises(BundleError, match="cannot load"):
        OnnxInference(path, threads=1)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot load"):
        read_signature(tmp_path / "absent.onnx")


def test_a_graph_of_someone_else(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    graph = helper.make_graph(nodes, "other", [value], [result])
    path = tmp_path / "model.onnx"
    opsets = [helper.make_opsetid("", 20)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())
    with pytest.raises(BundleError, match="not a graph of docmill"):
        read_signature(path)
