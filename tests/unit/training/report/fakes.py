"""Receipts and contracts as gold sources of the tiny bundle, and opinions about them by rote."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from docmill.evaluation.gold import GoldSource
from docmill.evaluation.run import read_sources
from docmill.pipeline.types import ModelSpec, Prediction, Span
from docmill.training.opinions import Opinion
from docmill.training.report.compose import CurveRead, Read, Readings
from docmill.training.report.content import Agreement
from tests.tiny_bundle import tiny_manifest
from tests.unit.evaluation.fakes import rote_bundle, row, write_rows

SEED = 7
GROUPS = {"tills": "receipt", "deeds": "contract"}
TEXTS = [f"ACME 2024-01-{day:02} $5.{day:02}" for day in range(1, 7)]


def tiny_spec() -> ModelSpec:
    return rote_bundle(tiny_manifest()).spec


def sources(folder: Path) -> list[GoldSource]:
    """Six receipts with all three fields, and two contracts, the second of them without a label."""
    receipts = [_receipt(text) for text in TEXTS]
    contracts = [row("Acme and Bob", "contract", [("party", "Acme")]), row("Bob <b>", None, [("party", "Bob")])]
    files = [write_rows(folder / "tills.jsonl", *receipts), write_rows(folder / "deeds.jsonl", *contracts)]
    return read_sources(files, tiny_manifest())


def opinion(
    text: str,
    label: str,
    probability: float = 0.9,
    found: Sequence[tuple[str, str]] = (),
    confidence: float = 0.9,
    distance: float = 0.0,
) -> Opinion:
    """`found` are field and words, which stand in the text."""
    spans = [Span(field, text.index(words), text.index(words) + len(words), confidence) for field, words in found]
    return Opinion(
        prediction=Prediction(label, probability, (), tuple(spans), distance),
        words=tuple(words for _, words in found),
        language_known=True,
    )


def right(text: str, **changes: float) -> Opinion:
    """All of a receipt."""
    company, date, total = text.split()
    return opinion(text, "receipt", found=[("company", company), ("date", date), ("total", total)], **changes)


def without_total(text: str) -> Opinion:
    company, date, _ = text.split()
    return opinion(text, "receipt", found=[("company", company), ("date", date)])


def contracts_right() -> list[Opinion | None]:
    return [opinion("Acme and Bob", "contract", 0.95, [("party", "Acme")]), opinion("Bob <b>", "contract")]


def opinions(receipts: Sequence[Opinion | None]) -> Mapping[str, Sequence[Opinion | None]]:
    return {"tills": receipts, "deeds": contracts_right()}


def readings(folder: Path) -> Readings:
    """A teacher that is all right, a baseline that finds no total, students that miss one, a rejected document."""
    all_right = [right(text) for text in TEXTS]
    no_total = [without_total(text) for text in TEXTS]
    misses_one = [*all_right[:5], without_total(TEXTS[5])]
    rejects_one = [*all_right[:5], None]
    return Readings(
        sources=sources(folder),
        groups=GROUPS,
        seed=SEED,
        reads=[
            Read("teacher", "fp32", SEED, 3000, opinions(all_right)),
            Read("baseline", "fp32", SEED, 1000, opinions(no_total)),
            Read("student", "fp32", 8, 2000, opinions(all_right)),
            Read("student", "fp32", SEED, 2000, opinions(misses_one)),
            Read("student", "int8", SEED, 2000, opinions(rejects_one)),
        ],
        curve=[CurveRead(3, 500, False, opinions(no_total)), CurveRead(6, 500, True, opinions(misses_one))],
        agreement=[agreement("tills"), agreement(None)],
    )


def agreement(source: str | None) -> Agreement:
    return Agreement(source=source, documents=6, windows=6, tokens=1000, equal=996, entity_tokens=0, entity_equal=0)


def _receipt(text: str) -> dict[str, object]:
    company, date, total = text.split()
    return row(text, "receipt", [("company", company), ("date", date), ("total", total)])
