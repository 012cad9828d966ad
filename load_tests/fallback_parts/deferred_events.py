"""Deferred test documents as requests to the fallback, made when they are needed. Knows no generator."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np

from docmill.bundle.bundle import Bundle
from docmill.errors import ConfigurationError
from docmill.kafka.decode_record import DecodedRecord
from docmill.kafka.publish import Publisher
from docmill.processing import Mill, ReceivedDocument
from docmill.runtime.session import OnnxInference
from docmill.training.corpus import LabelledDocument
from docmill_schemas.events import BundleRef, DocumentType, FallbackRequested, LabelProbability
from docmill_schemas.ids import sha256_hex
from docmill_schemas.reasons import DeferralReason
from docmill_schemas.topics import FALLBACK
from load_tests.fallback_parts.bundles import received
from load_tests.fallback_parts.cheap import Read
from load_tests.fallback_parts.corpora import Halves
from load_tests.fallback_parts.service import PLACE, Known, LocalRequest

EventOf = Callable[[LabelledDocument], FallbackRequested]
CHEAP = BundleRef(name="logistic-head", version="0", sha256=sha256_hex(b"logistic-head"))


def cheap_known(halves: Halves) -> Known:
    """Of the cheap mode, whose classifier knows labels and no fields."""
    return Known(CHEAP.sha256, halves.labels, lambda label: None, lambda name, text: None)


def cheap_events(halves: Halves, read: Read) -> EventOf:
    """Of the cheap mode: what the logistic head says, as a bundle would have said it."""
    rows = {id: row for row, id in enumerate(read.test.ids)}
    reason = DeferralReason.NOT_CERTIFIED if read.threshold is None else DeferralReason.LOW_TYPE_CONFIDENCE

    def event_of(document: LabelledDocument) -> FallbackRequested:
        said = read.test.classifier[rows[document.id]]
        order = np.argsort(-said, kind="stable")
        likeliest = tuple(LabelProbability(label=halves.labels[i], probability=float(said[i])) for i in order)
        best, *others = likeliest
        digest = sha256_hex(document.text.encode("utf-8", "replace"))
        got = received(document)
        return FallbackRequested(
            request_id=digest[:32],
            document_id=document.id,
            content_sha256=digest,
            text_sha256=digest,
            received_at=got.received_at,
            media_type=got.media_type,
            text=document.text,
            document_type=DocumentType(label=best.label, probability=best.probability, alternatives=tuple(others[:3])),
            label_probabilities=likeliest,
            reasons=(reason,),
            bundle=CHEAP,
        )

    return event_of


@contextmanager
def bundle_events(bundle: Bundle) -> Iterator[EventOf]:
    """Of a bundle: what the processor publishes of a document that it defers, fields and candidates with it.

    What is yielded raises ConfigurationError for a document that the bundle does not defer.
    """
    inference = OnnxInference(bundle.model_path, 1)
    mill = Mill(bundle, inference)
    publisher = Publisher(bundle, PLACE, include_text=False)

    def event_of(document: LabelledDocument) -> FallbackRequested:
        got = received(document)
        [outcome] = mill.process([got])
        outgoing, _ = publisher.outgoing(_decoded(got), outcome, datetime.now(UTC))
        if outgoing.topic != FALLBACK.name:
            raise ConfigurationError(f"{document.id} is not deferred by {bundle.name} {bundle.version}")
        return FallbackRequested.model_validate_json(outgoing.value or b"")

    try:
        yield event_of
    finally:
        inference.close()


def _decoded(document: ReceivedDocument) -> DecodedRecord:
    request_id = sha256_hex(document.document_id.encode())[:32]
    return DecodedRecord(LocalRequest(document.content, 0), request_id, document.document_id, 1, document)


def deferred_documents(halves: Halves, read: Read) -> Sequence[LabelledDocument]:
    """The test documents that are deferred, in the order of `compare.deferred_slice`."""
    return [halves.test[row] for row in np.flatnonzero(read.test.deferred)]
