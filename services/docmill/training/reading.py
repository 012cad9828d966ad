"""Labelled documents through a graph: merged outputs, kept small enough for a whole training set, and their file.

Does not know whether the graph has seen the documents.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.decode import Merged, mean_over, merge
from docmill.pipeline.types import ModelSpec, WindowOutput
from docmill.pipeline.window import TextTokenizer, Tokens, Window, Windowing, cut, tokenise
from docmill.processing import Inference
from docmill.training.corpus import LabelledDocument

OnDocument = Callable[[int, int], None]  # documents done, of all
TaughtFields = Callable[[LabelledDocument], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Read:
    """A labelled document with what a graph says of it; `taught` are the fields that its source annotates."""

    document: LabelledDocument
    taught: tuple[str, ...]
    tokens: Tokens
    merged: Merged


class Reader:
    """One graph and how texts are cut for it."""

    def __init__(
        self,
        tokenizer: TextTokenizer,
        windowing: Windowing,
        inference: Inference,
        spec: ModelSpec,
        taught: TaughtFields,
    ) -> None:
        self._tokenizer = tokenizer
        self._windowing = windowing
        self._inference = inference
        self._spec = spec
        self._taught = taught

    def read(self, documents: Sequence[LabelledDocument], on_document: OnDocument) -> Iterator[Read]:
        """Documents one by one; those without a token are left out."""
        for number, document in enumerate(documents, start=1):
            tokens = tokenise(self._tokenizer, self._windowing, document.text)
            windows = cut(tokens, self._windowing)
            if windows:
                taught = tuple(self._taught(document))
                merged = merge(tokens, windows, self._outputs(windows), self._spec, taught)
                yield Read(document, taught, tokens, merged)
            on_document(number, len(documents))

    def pooled(self, documents: Sequence[LabelledDocument]) -> NDArray[np.float32]:
        """[N, H]: the mean hidden state of each document's first windows; documents without a token are 0."""
        rows = []
        for document in documents:
            windows = cut(tokenise(self._tokenizer, self._windowing, document.text), self._windowing)
            outputs = self._outputs(windows[: self._spec.type_windows])
            hidden = self._spec.outlier.mean.size
            rows.append(mean_over([o.pooled for o in outputs]) if outputs else np.zeros(hidden, dtype=np.float32))
        return np.stack(rows)

    def _outputs(self, windows: Sequence[Window]) -> list[WindowOutput]:
        outputs = []
        for output in self._inference.run(windows):
            if isinstance(output, Exception):
                raise output
            outputs.append(output)
        return outputs


def save_reads(path: Path, reads: Sequence[Read]) -> None:
    """The merged outputs; tags in half precision, which no threshold notices, and without the tokens' places."""
    fields = [read.merged.columns for read in reads]
    tags = [read.merged.tag_logits.astype(np.float16).reshape(-1) for read in reads]
    np.savez(
        path,
        ids=np.array([read.document.id for read in reads]),
        type_logits=np.array([read.merged.type_logits for read in reads], dtype=np.float32),
        distances=np.array([read.merged.outlier_distance for read in reads], dtype=np.float64),
        tokens=np.array([len(read.tokens) for read in reads], dtype=np.int64),
        column_counts=np.array([len(columns) for columns in fields], dtype=np.int64),
        columns=np.array([column for columns in fields for column in columns], dtype=np.int64),
        tags=np.concatenate([np.zeros(0, dtype=np.float16), *tags]),
    )


def load_reads(
    path: Path,
    documents: Sequence[LabelledDocument],
    tokenizer: TextTokenizer,
    windowing: Windowing,
    taught: TaughtFields,
) -> list[Read]:
    """What `save_reads` wrote, for the same documents and tokenizer."""
    by_id = {document.id: document for document in documents}
    reads = []
    with np.load(path) as saved:
        columns, tags = saved["columns"], saved["tags"]
        column, place = 0, 0
        rows = zip(
            saved["ids"], saved["type_logits"], saved["distances"], saved["tokens"], saved["column_counts"], strict=True
        )
        for name, type_logits, distance, count, width in rows:
            document = by_id[str(name)]
            size = int(count) * int(width) * 3
            merged = Merged(
                type_logits=type_logits,
                columns=tuple(int(c) for c in columns[column : column + width]),
                tag_logits=tags[place : place + size].reshape(count, width, 3).astype(np.float32),
                outlier_distance=float(distance),
            )
            tokens = tokenise(tokenizer, windowing, document.text)
            reads.append(Read(document, tuple(taught(document)), tokens, merged))
            column, place = column + int(width), place + size
    return reads
