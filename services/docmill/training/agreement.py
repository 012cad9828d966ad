"""How far int8 says the same as fp32, token by token, on a sample of windows of validation documents."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from docmill.pipeline.spans import OUTSIDE
from docmill.pipeline.types import WindowOutput
from docmill.pipeline.window import Window, cut, tokenise
from docmill.runtime.session import OnnxInference
from docmill.runtime.threads import default_threads
from docmill.training.corpus import LabelledDocument
from docmill.training.report.content import Agreement

if TYPE_CHECKING:
    from docmill.training.materials import Materials  # imports torch

WINDOWS_PER_DOCUMENT = 4  # the first and others at even distances: long contracts have some sixty
WINDOWS_PER_SOURCE = 300
AGREEMENT_FILE = "agreement.json"
ROWS = TypeAdapter(tuple[Agreement, ...])

Counts = NDArray[np.int64]  # [4]: tokens, equal, entity tokens, entity tokens equal
OnDocument = Callable[[int, int], None]


def make_agreement(
    materials: "Materials",
    exact: Path,
    int8: Path,
    documents: Sequence[LabelledDocument],
    folder: Path,
    on_document: OnDocument,
) -> None:
    """Compare two graphs of one model and write a row a source, and one of all."""
    columns = {name: i for i, name in enumerate(materials.recipe.field_names)}
    tokenizer, windowing = materials.tokenizer, materials.windowing
    chosen = sampled(documents, lambda document: cut(tokenise(tokenizer, windowing, document.text), windowing))
    graphs = [OnnxInference(path, default_threads()) for path in (exact, int8)]
    counts: dict[str, list[Counts]] = defaultdict(list)
    windows: dict[str, int] = defaultdict(int)
    try:
        for number, (document, own) in enumerate(chosen, start=1):
            taught = [columns[name] for name in materials.taught(document)]
            fp32, other = (_outputs(graph, own) for graph in graphs)
            counts[document.source].append(
                sum((agreeing(a, b, taught) for a, b in zip(fp32, other, strict=True)), np.zeros(4, dtype=np.int64))
            )
            windows[document.source] += len(own)
            on_document(number, len(chosen))
    finally:
        for graph in graphs:
            graph.close()
    order = dict.fromkeys(document.source for document in documents)
    rows = [_row(source, counts[source], windows[source]) for source in order if source in counts]
    together = [count for of_source in counts.values() for count in of_source]
    rows.append(_row(None, together, sum(windows.values())))
    (folder / AGREEMENT_FILE).write_bytes(ROWS.dump_json(tuple(rows), indent=1))


def read_agreement(folder: Path) -> tuple[Agreement, ...]:
    """What `make_agreement` wrote."""
    return ROWS.validate_json((folder / AGREEMENT_FILE).read_bytes())


def agreeing(fp32: WindowOutput, int8: WindowOutput, columns: Sequence[int]) -> Counts:
    """Counts [4] of one window for some fields: tokens, those that agree, entity tokens, those that agree."""
    expected = fp32.tag_logits[1:-1, columns].argmax(-1)
    equal = (int8.tag_logits[1:-1, columns].argmax(-1) == expected).all(-1)
    entity = (expected != OUTSIDE).any(-1)
    return np.array([len(equal), equal.sum(), entity.sum(), (equal & entity).sum()], dtype=np.int64)


def sampled(
    documents: Sequence[LabelledDocument], windows_of: Callable[[LabelledDocument], Sequence[Window]]
) -> list[tuple[LabelledDocument, list[Window]]]:
    """Documents with some windows each, the same whatever their order, until their source has enough windows."""
    taken: dict[str, int] = defaultdict(int)
    chosen = []
    for document in sorted(documents, key=lambda d: hashlib.sha256(d.id.encode()).digest()):
        if taken[document.source] < WINDOWS_PER_SOURCE:
            own = list(spread(windows_of(document)))
            taken[document.source] += len(own)
            if own:
                chosen.append((document, own))
    return chosen


def spread(windows: Sequence[Window]) -> Iterator[Window]:
    """At most WINDOWS_PER_DOCUMENT windows, from the first to the last."""
    count = min(WINDOWS_PER_DOCUMENT, len(windows))
    yield from (windows[place] for place in np.linspace(0, len(windows) - 1, count).round().astype(int))


def _outputs(graph: OnnxInference, windows: Sequence[Window]) -> list[WindowOutput]:
    outputs = []
    for output in graph.run(windows):
        if isinstance(output, Exception):
            raise output
        outputs.append(output)
    return outputs


def _row(source: str | None, counts: Sequence[Counts], windows: int) -> Agreement:
    tokens, equal, entity_tokens, entity_equal = (int(count) for count in np.sum([*counts, np.zeros(4, int)], axis=0))
    return Agreement(
        source=source,
        documents=len(counts),
        windows=windows,
        tokens=tokens,
        equal=equal,
        entity_tokens=entity_tokens,
        entity_equal=entity_equal,
    )
