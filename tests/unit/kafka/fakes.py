"""Records and outcomes written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from docmill.bundle.bundle import Bundle
from docmill.bundle.files import BundleFiles
from docmill.ingest.extracted import Extracted
from docmill.kafka.decode_record import DecodedRecord, decode_record
from docmill.kafka.publish import Publisher
from docmill.kafka.serving import InUse, Serving
from docmill.kafka.work import Work
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, Prediction, Route, Span, StraightThrough
from docmill.processing import Decided, Mill, ReceivedDocument
from docmill.runtime.session import OnnxInference
from docmill_schemas.ids import sha256_hex
from tests.tiny_bundle import tiny_manifest
from tests.unit.pipeline.fakes import FourCharacterTokenizer, model_spec, windowing

SENT_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
SENT_AT_MS = int(SENT_AT.timestamp() * 1000)
MIB = 1024 * 1024
Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True)
class FakeRecord:
    """A consumer record; the second of partition 3 unless told otherwise."""

    value: bytes | None = b"a letter"
    headers: tuple[tuple[str, bytes | None], ...] = ()
    key: bytes | None = None
    topic: str = "documents.received"
    partition: int = 3
    offset: int = 1
    timestamp: int = SENT_AT_MS


def record(value: bytes | None = b"a letter", headers: Headers = (), key: bytes | None = None) -> FakeRecord:
    return FakeRecord(value, tuple(headers), key)


def decode(fake: FakeRecord, max_document_bytes: int = MIB) -> DecodedRecord:
    return decode_record(fake, "cluster", max_document_bytes)


def bundle() -> Bundle:
    """A bundle without a model: two groups, one field `date` of receipts."""
    manifest = tiny_manifest()
    return Bundle(
        name="by-hand",
        version="7",
        sha256="b" * 64,
        languages=("en",),
        spec=model_spec((FieldSpec("date", FieldKind.DATE, many=False),)),
        windowing=windowing(),
        tokenizer=FourCharacterTokenizer(),
        model_path=Path("nowhere/model.onnx"),
        manifest=manifest,
    )


class FakeInference:
    """Runs nothing; knows whether it was closed."""

    def __init__(self) -> None:
        self.busy_seconds = 0.0
        self.closed = False

    def close(self) -> None:
        self.closed = True


def serving(sha256: str = "b" * 64, mill: object = None) -> Serving:
    """A bundle by hand, ready to work; `mill` does what there is to do."""
    made = replace(bundle(), sha256=sha256)
    files = BundleFiles(made.folder, sha256, made.manifest, {})
    publisher = Publisher(made, "docmill/test", include_text=False)
    work = Work("cluster", MIB, cast(Mill, mill), publisher)
    return Serving(files, made, cast(OnnxInference, FakeInference()), work)


def in_use(mill: object = None) -> InUse:
    """That bundle in use."""
    return InUse(serving(mill=mill))


def decide(
    decoded: DecodedRecord,
    route: Route | None = None,
    spans: tuple[Span, ...] = (),
    extracted: Extracted | None = None,
) -> Decided:
    """What a model might say of the document: a receipt, at 0.98765. Its text is its bytes unless told otherwise."""
    document = decoded.document
    assert isinstance(document, ReceivedDocument)
    text = document.content.decode() if extracted is None else extracted.text
    return Decided(
        document=document,
        text=text,
        content_sha256=sha256_hex(document.content),
        text_sha256=sha256_hex(text.encode()),
        prediction=Prediction("receipt", 0.98765, (("letter.short", 0.01),), spans, 0.0),
        route=route or StraightThrough(),
        timings_ms={"parse": 0.1},
        page_starts=extracted.page_starts if extracted else (),
        unread_attachments=extracted.unread_attachments if extracted else (),
    )
