"""What a finished bundle says of samples: its golden documents. And the names of what is put beside the model."""

from collections.abc import Mapping
from pathlib import Path

from tokenizers import Tokenizer

from docmill.bundle.bundle import Bundle
from docmill.errors import ConfigurationError, DocumentError
from docmill.golden import GoldenRow, golden_bytes, make_golden
from docmill.ingest import InThread
from docmill.ingest.media_types import PLAIN
from docmill.training.opinions import running
from docmill_schemas.reasons import RejectionReason

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


def sample_texts(samples: Path, tokenizer: Tokenizer) -> dict[str, str]:
    """Texts of the .txt documents in `samples` and in folders of it, by path from there; no deeper ones.

    What is hidden is left out, and folders named `broken`: the bundle keeps these texts whole.

    Raises:
        ConfigurationError: there is none, or one that a bundle of this (extended) tokenizer would reject.
    """
    found = sorted([*samples.glob("*.txt"), *samples.glob("*/*.txt")])
    paths = [path for path in found if not any(map(_is_left_out, path.relative_to(samples).parts))]
    if not paths:
        raise ConfigurationError(
            f"--samples {samples} holds no document: golden documents are .txt files in UTF-8, in that folder or in "
            f"folders of it (not in deeper ones, hidden ones, or one named broken)"
        )
    return {path.relative_to(samples).as_posix(): _sample(path, tokenizer) for path in paths}


def _is_left_out(name: str) -> bool:
    return name == "broken" or name.startswith(".")


def _sample(path: Path, tokenizer: Tokenizer) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        extracted = InThread().extract(text.encode(), PLAIN, "utf-8").text
        if not tokenizer.encode(extracted, add_special_tokens=False).ids:
            raise DocumentError(RejectionReason.NO_TEXT, f"{len(extracted)} characters hold no token")  # as the mill
    except (OSError, UnicodeDecodeError, DocumentError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise ConfigurationError(f"{path} cannot be golden: {why}; mend it, or take it out of --samples") from error
    return text


def _bare(row: GoldenRow) -> GoldenRow:
    return row.model_copy(update={"probability": 0.0})
