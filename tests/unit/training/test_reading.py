from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, GroupSpec, ModelSpec, OutlierSpec, WindowOutput
from docmill.pipeline.window import Window
from docmill.training.corpus import LabelledDocument
from docmill.training.reading import Reader, load_reads, save_reads
from tests.unit.pipeline.fakes import FourCharacterTokenizer, windowing
from tests.unit.training.fakes import document

TOKENIZER, CUTTING = FourCharacterTokenizer(), windowing(max_tokens=6, stride=1)
DOCUMENTS = [
    document("ACME Trad ing 25/1 Tota 4.50 than kyou bye", name="long"),
    document("short one", name="short", group="contract", label="contract.lease"),
    document("  ", name="empty"),
]
SPEC = ModelSpec(
    labels=("receipt", "contract.lease"),
    fields=tuple(FieldSpec(name, FieldKind.TEXT, many=False) for name in ("total", "party", "law")),
    groups={
        "receipt": GroupSpec("receipt", ("total",), (), None, None),
        "contract": GroupSpec("contract", ("party", "law"), (), None, None),
    },
    type_windows=2,
    type_temperature=1.0,
    tag_temperature=1.0,
    outlier=OutlierSpec(np.zeros(2, np.float32), np.eye(2, dtype=np.float32), np.zeros((1, 2), np.float32), np.inf),
)


class Graph:
    """Says of every window that it is a receipt, of every token its own id, and counts windows."""

    def __init__(self, failing: int | None = None) -> None:
        self.windows = 0
        self._failing = failing

    def run(
        self, windows: Sequence[Window], abandoned: Callable[[], bool] = lambda: False
    ) -> list[WindowOutput | Exception]:
        outputs: list[WindowOutput | Exception] = []
        for window in windows:
            self.windows += 1
            tags = np.zeros((len(window.ids), 3, 3), dtype=np.float32)
            tags[:, :, 1] = window.ids[:, None] + np.arange(3) / 4
            pooled = np.full(2, window.first, dtype=np.float32)
            output = WindowOutput(np.array([2, 1], dtype=np.float32), tags, pooled)
            outputs.append(ZeroDivisionError() if self.windows == self._failing else output)
        return outputs


def taught(of: LabelledDocument) -> tuple[str, ...]:
    return ("total",) if of.group == "receipt" else ("party",)


def reader(graph: Graph) -> Reader:
    return Reader(TOKENIZER, CUTTING, graph, SPEC, taught)


def test_documents_are_merged_for_the_fields_of_their_likeliest_group_and_those_that_they_teach() -> None:
    done: list[tuple[int, int]] = []
    reads = list(reader(Graph()).read(DOCUMENTS, lambda number, total: done.append((number, total))))
    assert [(read.document.id, read.taught, read.merged.columns) for read in reads] == [
        ("long", ("total",), (0,)),
        ("short", ("party",), (0, 1)),  # taken for a receipt, and it teaches the party
    ]
    assert done == [(1, 3), (2, 3), (3, 3)]
    ids = [int(token) for token in reads[1].tokens.ids]
    assert reads[1].merged.tag_logits[:, :, 1].tolist() == [[i, i + 0.25] for i in ids]
    assert reads[0].merged.tag_logits.shape == (9, 1, 3)


def test_pooled_states_are_those_of_the_first_windows_alone() -> None:
    graph = Graph()
    pooled = reader(graph).pooled(DOCUMENTS)
    assert pooled.tolist() == [[1.5, 1.5], [0, 0], [0, 0]]  # windows from 0 and 3
    assert graph.windows == 3


def test_a_window_that_fails_is_no_ones_prediction() -> None:
    with pytest.raises(ZeroDivisionError):
        list(reader(Graph(failing=2)).read(DOCUMENTS, lambda number, total: None))


def test_reads_survive_their_file(tmp_path: Path) -> None:
    reads = list(reader(Graph()).read(DOCUMENTS, lambda number, total: None))
    save_reads(tmp_path / "reads.npz", reads)
    again = load_reads(tmp_path / "reads.npz", DOCUMENTS, TOKENIZER, CUTTING, taught)
    for one, other in zip(reads, again, strict=True):
        assert (one.document, one.taught, one.merged.columns) == (other.document, other.taught, other.merged.columns)
        assert one.merged.outlier_distance == other.merged.outlier_distance
        assert one.tokens.starts.tolist() == other.tokens.starts.tolist()
        assert (one.merged.type_logits == other.merged.type_logits).all()
        np.testing.assert_allclose(one.merged.tag_logits, other.merged.tag_logits, rtol=1e-3)


def test_a_file_of_no_reads(tmp_path: Path) -> None:
    save_reads(tmp_path / "reads.npz", [])
    assert load_reads(tmp_path / "reads.npz", DOCUMENTS, TOKENIZER, CUTTING, taught) == []
