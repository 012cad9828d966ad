"""Windows through ONNX Runtime on CPU threads. Knows no documents and no bundle."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort

from docmill.errors import AbandonedError, BundleError
from docmill.pipeline.types import WindowOutput
from docmill.pipeline.window import Window
from docmill.runtime.fair_pool import FairPool

OUTPUTS = ["type_logits", "tag_logits", "pooled"]
ERRORS_ONLY = 3  # ONNX Runtime's log level
UNNAMED = Path("the graph")
Graph = Path | bytes  # a graph's file, or what is in it


@dataclass(frozen=True, slots=True)
class GraphSignature:
    """What a graph says of itself."""

    labels: int  # C
    fields: int  # F
    hidden_size: int  # H
    max_tokens: int
    vocabulary: int


class OnnxInference:
    """One session, shared by `threads` workers; each window runs alone on one of them.

    So a result depends on nothing but its window. A padded batch would be slower on a CPU, and the scale of its
    activations would see all of it.
    """

    def __init__(self, model: Graph, threads: int) -> None:
        """Raises: BundleError: ONNX Runtime cannot load the graph."""
        self.threads = threads
        where = model if isinstance(model, Path) else UNNAMED
        self._session = _session(model, where)
        self.signature = _signature(self._session, where)
        self._pool: FairPool[WindowOutput | Exception] = FairPool(threads, "inference")
        self._lock = threading.Lock()
        self._busy_s = 0.0

    def run(
        self, windows: Sequence[Window], abandoned: Callable[[], bool] = lambda: False
    ) -> list[WindowOutput | Exception]:
        """One output a window, in the order given; a window that fails yields its exception.

        May be called from several threads, which share the workers round-robin.

        Args:
            abandoned: asked before each window, in any thread.

        Raises:
            AbandonedError: `abandoned` said so.
        """
        # Longest first: the last ones to finish are short, so the workers end together.
        order = sorted(range(len(windows)), key=lambda index: -len(windows[index].ids))
        outputs = self._pool.run([partial(self._run_one, windows[index], abandoned) for index in order])
        by_index = dict(zip(order, outputs, strict=True))
        return [by_index[index] for index in range(len(windows))]

    def warm_up(self) -> None:
        """Run each worker once at full length: the first run allocates, and is 25 to 30 % slower.

        Raises: BundleError: the graph loads but does not run.
        """
        window = Window(0, np.zeros(self.signature.max_tokens, dtype=np.int64))
        for output in self.run([window] * self.threads):
            if isinstance(output, Exception):
                raise BundleError(f"the graph does not run on this machine: {output}") from output

    @property
    def busy_seconds(self) -> float:
        """Thread seconds spent in windows so far; its rate over `threads` is the busy ratio."""
        with self._lock:
            return self._busy_s

    def close(self) -> None:
        """End the workers once the windows that run are finished; a `run` still under way then fails."""
        self._pool.close()

    def _run_one(self, window: Window, abandoned: Callable[[], bool]) -> WindowOutput | Exception:
        if abandoned():
            raise AbandonedError("nobody waits for these windows any more")
        started = time.perf_counter()
        try:
            type_logits, tag_logits, pooled = self._session.run(OUTPUTS, {"ids": window.ids[None]})
            return WindowOutput(type_logits[0], tag_logits[0], pooled[0])
        except Exception as error:  # belongs to this window's document: errors.py
            return error
        finally:
            seconds = time.perf_counter() - started
            with self._lock:
                self._busy_s += seconds


def read_signature(model: Graph, where: Path | None = None) -> GraphSignature:
    """The signature of a graph, once ONNX Runtime has loaded it.

    Args:
        where: its file, for messages, where the graph is given as bytes.

    Raises:
        BundleError: it cannot, or the graph is not one of docmill's.
    """
    where = where or (model if isinstance(model, Path) else UNNAMED)
    return _signature(_session(model, where), where)


def session_options() -> ort.SessionOptions:
    """One thread a run, asleep between runs; memory stays flat over windows of many lengths."""
    options = ort.SessionOptions()
    # The graph is written as it should run: only constants are folded, nothing is fused into slower operators.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.enable_mem_pattern = False  # it would keep a plan for each length it has seen
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


def _session(model: Graph, where: Path) -> ort.InferenceSession:
    given = str(model) if isinstance(model, Path) else model
    try:
        return ort.InferenceSession(given, session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common type of their own
        raise BundleError(f"ONNX Runtime {ort.__version__} cannot load {where}: {error}") from error


def _signature(session: ort.InferenceSession, where: Path) -> GraphSignature:
    shapes = {output.name: output.shape for output in session.get_outputs()}
    facts = session.get_modelmeta().custom_metadata_map
    try:
        return GraphSignature(
            labels=int(shapes["type_logits"][1]),
            fields=int(shapes["tag_logits"][2]),
            hidden_size=int(shapes["pooled"][1]),
            max_tokens=int(facts["max_tokens"]),
            vocabulary=int(facts["vocabulary"]),
        )
    except (KeyError, IndexError, ValueError) as error:
        raise BundleError(f"{where} is not a graph of docmill: {error!r} is missing from it") from error
