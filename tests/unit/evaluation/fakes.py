"""A mill that answers by rote, over a bundle without a model, and rows of labelled documents."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from docmill.bundle.bundle import Bundle
from docmill.bundle.manifest import Manifest
from docmill.pipeline.types import Deferral, ModelSpec, OutlierSpec, Prediction, Span, StraightThrough, WindowOutput
from docmill.pipeline.window import Window
from docmill.processing import Decided, Mill, Outcome, ReceivedDocument, Rejected
from docmill_schemas.reasons import DeferralReason, RejectionReason
from tests.tiny_bundle import tiny_manifest
from tests.unit.pipeline.fakes import FourCharacterTokenizer, windowing


@dataclass(frozen=True)
class Rote:
    """What the mill says of one text; `found` are field and words, which stand in the text."""

    label: str
    probability: float = 0.9
    found: tuple[tuple[str, str], ...] = ()
    is_straight_through: bool = False


class NoInference:
    def run(self, windows: Sequence[Window], abandoned: Callable[[], bool] = bool) -> list[WindowOutput | Exception]:
        raise AssertionError("a fake mill infers nothing")


class RoteMill(Mill):
    """Answers each text as told; a text that it was told nothing of is rejected. Remembers how it was called."""

    def __init__(self, answers: dict[str, Rote], manifest: Manifest | None = None) -> None:
        super().__init__(rote_bundle(manifest or tiny_manifest()), NoInference())
        self.answers = answers
        self.slices: list[int] = []

    def process(self, documents: Sequence[ReceivedDocument], abandoned: Callable[[], bool] = bool) -> list[Outcome]:
        self.slices.append(len(documents))
        return [self._outcome(document) for document in documents]

    def _outcome(self, document: ReceivedDocument) -> Outcome:
        text = document.content.decode()
        if text not in self.answers:
            return Rejected(RejectionReason.NO_TEXT, "never heard of it")
        rote = self.answers[text]
        spans = tuple(
            Span(field, text.index(words), text.index(words) + len(words), 0.9) for field, words in rote.found
        )
        deferral = Deferral((DeferralReason.LOW_TYPE_CONFIDENCE,))
        return Decided(
            document=document,
            text=text,
            content_sha256="",
            text_sha256="",
            prediction=Prediction(rote.label, rote.probability, (), spans, 0.0),
            route=StraightThrough() if rote.is_straight_through else deferral,
        )


def rote_bundle(manifest: Manifest) -> Bundle:
    nothing = np.zeros((1, 1), np.float32)
    spec = ModelSpec(
        labels=manifest.labels,
        fields=manifest.field_specs(),
        groups=manifest.group_specs(),
        type_windows=1,
        type_temperature=1,
        tag_temperature=1,
        outlier=OutlierSpec(nothing[0], nothing, nothing, 1.0),
    )
    return Bundle(
        name=manifest.name,
        version=manifest.version,
        sha256="0" * 64,
        languages=manifest.languages,
        spec=spec,
        windowing=windowing(),
        tokenizer=FourCharacterTokenizer(),
        model_path=Path("nowhere/model.onnx"),
        manifest=manifest,
    )


def row(
    text: str, label: str | None, entities: Sequence[tuple[str, str]] = (), **fields: str | list[str] | float
) -> dict[str, Any]:
    """A labelled document; entities are their label and their words, which stand in the text."""
    marked = [
        {"label": name, "start": text.index(words), "end": text.index(words) + len(words), "text": words}
        for name, words in entities
    ]
    return {
        "id": f"id of {text}",
        "text": text,
        "label": label,
        "entities": marked,
        "source": "by hand",
        "license": "none",
        "fields": fields,
    }


def write_rows(path: Path, *rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path
