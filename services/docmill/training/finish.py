"""What a finished bundle says of validation documents and of samples: its evaluation, golden documents and card."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docmill.bundle.bundle import Bundle
from docmill.evaluation.run import OnProgress, evaluate
from docmill.golden import GoldenRow, golden_bytes, make_golden
from docmill.processing import Mill
from docmill.runtime.session import OnnxInference
from docmill.runtime.threads import default_threads

EVALUATION_FILE = "evaluation.json"
SPEED = "documents_per_s"  # of this machine at that moment: no property of a bundle


def evaluation_of(bundle: Bundle, files: Sequence[Path], on_progress: OnProgress) -> dict[str, Any]:
    """Scores on the validation files, the same each time."""
    with running(bundle, bundle.model_path) as mill:
        scores = evaluate(mill, files, progress=on_progress)
    return {key: value for key, value in scores.items() if key not in {SPEED, "bundle"}}


def evaluation_bytes(scores: Mapping[str, Any]) -> bytes:
    """As it stands in a bundle."""
    return (json.dumps(scores, indent=1) + "\n").encode()


def read_evaluation(path: Path) -> dict[str, Any]:
    """What `evaluation_bytes` wrote."""
    scores: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return scores


def golden_of(bundle: Bundle, exact: Path, texts: Mapping[str, str]) -> bytes | None:
    """golden.jsonl of the texts on which int8 and fp32 (`exact`) agree in label, spans and route; None: on none.

    What survives that difference survives the much smaller one between two kinds of processors, so a failing row means
    a broken bundle.
    """
    with running(bundle, bundle.model_path) as mill:
        rows = make_golden(mill, texts)
    with running(bundle, exact) as mill:
        others = make_golden(mill, texts)
    kept = [row for row, other in zip(rows, others, strict=True) if _bare(row) == _bare(other)]
    return golden_bytes(kept) if kept else None


def sample_texts(samples: Path) -> dict[str, str]:
    """Texts of the .txt documents in the folders of `samples`, by path from there; those of `broken` are left out."""
    return {
        path.relative_to(samples).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(samples.glob("*/*.txt"))
        if path.parent.name != "broken"
    }


@contextmanager
def running(bundle: Bundle, model: Path) -> Iterator[Mill]:
    """A mill over a bundle with one of its graphs."""
    inference = OnnxInference(model, default_threads())
    try:
        yield Mill(bundle, inference)
    finally:
        inference.close()


def _bare(row: GoldenRow) -> GoldenRow:
    return row.model_copy(update={"probability": 0.0})
