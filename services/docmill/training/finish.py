"""What a finished bundle says of samples: its golden documents. And the names of what is put beside the model."""

from collections.abc import Mapping
from pathlib import Path

from docmill.bundle.bundle import Bundle
from docmill.golden import GoldenRow, golden_bytes, make_golden
from docmill.training.opinions import running

EVALUATION_FILE, CARD_FILE, REPORT_FILE = "evaluation.json", "MODEL_CARD.md", "report.html"


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


def _bare(row: GoldenRow) -> GoldenRow:
    return row.model_copy(update={"probability": 0.0})
