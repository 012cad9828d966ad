"""The graph of an embedder on ONNX Runtime. Knows token ids, no texts."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from docmill.errors import EmbedderError
from docmill.runtime.session import session_options

OUTPUT = "embedding"


class EmbeddingSession:
    """One session; may be run from several threads, each run on its caller's."""

    def __init__(self, model_path: Path) -> None:
        """Raises: EmbedderError: ONNX Runtime cannot load the graph, or it is none of an embedder."""
        try:
            self._session = ort.InferenceSession(str(model_path), session_options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions have no common type of their own
            raise EmbedderError(f"ONNX Runtime {ort.__version__} cannot load {model_path}: {error}") from error
        if OUTPUT not in {output.name for output in self._session.get_outputs()}:
            raise EmbedderError(f"{model_path} is no graph of an embedder")

    def run(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Framed ids [L] -> unit vector [H]."""
        vector: NDArray[np.float32] = self._session.run([OUTPUT], {"ids": ids[None]})[0][0]
        return vector
