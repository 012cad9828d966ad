"""One record becomes one record: chunked, embedded once, keyed and traced as it came; what cannot is stepped over."""

from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from docmill.errors import AbandonedError, DependencyError
from docmill.index.decode import read_change
from docmill.index.types import Chunk
from docmill.index.vectors import to_bytes
from docmill.indexer import index_slices, read
from docmill.indexer.embed import CHUNKS_AT_ONCE
from docmill.indexer.index_slices import Indexed, IndexSlices
from docmill.kafka.decode_record import Record
from docmill.telemetry.metrics import Metrics
from docmill_schemas.topics import Cleanup, TopicSpec
from tests.unit.index.fakes import EMBEDDING, vector_of
from tests.unit.indexer.fakes import LetterEmbedder, record, updated

SECRET = "Ms Tan's diagnosis"


class Bench:
    """The indexer's work on a fake embedder."""

    def __init__(self, embedder: LetterEmbedder | None = None) -> None:
        self.embedder = embedder or LetterEmbedder()
        self.metrics = Metrics(CollectorRegistry())
        self.work = IndexSlices(self.embedder, "docmill/docmill-indexer", self.metrics)

    def process(self, *records: Record, suspected: bool = False) -> list[Indexed]:
        return self.work.process(records, suspected, lambda: False)

    def counted(self, outcome: str) -> float | None:
        return self.metrics.registry.get_sample_value("docmill_knowledge_records_total", {"outcome": outcome})


def headers(indexed: Indexed) -> dict[str, bytes | None]:
    return dict(indexed.publishes[0].headers)


def test_a_source_text_is_chunked_and_embedded_once() -> None:
    bench = Bench()
    text = "# Payments\n\nClaims below 500 are paid at once.\n\n# Refusals\n\nLate claims are refused in writing."
    [done] = bench.process(record(updated(text=text), headers=(("traceparent", b"00-1"), ("x-own", b"1"))))
    [outgoing] = done.publishes
    assert (outgoing.topic, outgoing.key) == ("knowledge.indexed", b"handbook")
    passage = read_change(0, 0, outgoing.key, outgoing.value).passage
    assert passage is not None
    assert passage.embedding == EMBEDDING
    chunks = [text[chunk.start : chunk.end] for chunk in passage.chunks]
    assert chunks == bench.embedder.embedded
    assert len(chunks) == 3
    assert done.chunks == 3
    said = headers(done)
    assert said["ce_type"] == b"docmill.knowledge.indexed.v1"
    assert said["ce_subject"] == b"handbook"
    assert said["ce_source"] == b"docmill/docmill-indexer"
    assert said["traceparent"] == b"00-1"
    assert "x-own" not in said


def test_the_same_record_has_the_same_event_id_and_no_other_has() -> None:
    bench = Bench()
    first, again, later, deleted = bench.process(
        record(updated()), record(updated()), record(updated(), offset=2), record(None, offset=3)
    )
    assert headers(first)["ce_id"] == headers(again)["ce_id"]
    assert len({headers(one)["ce_id"] for one in (first, later, deleted)}) == 3


def test_a_deletion_is_a_tombstone_and_costs_no_embedding() -> None:
    bench = Bench()
    [done] = bench.process(record(None, headers=(("correlation_id", b"c"),)))
    [outgoing] = done.publishes
    assert (outgoing.topic, outgoing.key, outgoing.value) == ("knowledge.indexed", b"handbook", None)
    assert headers(done)["correlation_id"] == b"c"
    assert bench.embedder.embedded == []


def test_what_is_refused_is_logged_without_its_text_and_stepped_over(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    refused, done = bench.process(record(SECRET.encode(), offset=7), record(updated(), offset=8))
    assert refused.publishes == ()
    assert refused.unexpected is None
    assert len(done.publishes) == 1
    assert "offset 7 of knowledge.updated-3 is stepped over" in caplog.text
    assert SECRET not in caplog.text
    assert bench.counted("refused") == 0  # nothing is final yet
    bench.work.final([refused, done])
    assert (bench.counted("refused"), bench.counted("indexed"), bench.counted("deleted")) == (1, 1, 0)
    assert bench.metrics.registry.get_sample_value("docmill_records_consumed_total") == 2
    assert bench.metrics.registry.get_sample_value("docmill_knowledge_chunks_total") == 1


def test_what_its_topic_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small = TopicSpec("knowledge.indexed", "passage id", Cleanup.COMPACT, None, 500, "")
    monkeypatch.setattr(index_slices, "KNOWLEDGE_INDEXED", small)
    bench = Bench()
    [done] = bench.process(record(updated(text="word " * 300)))
    assert done.publishes == ()
    bench.work.final([done])
    assert bench.counted("refused") == 1


def test_an_exemplar_is_one_chunk_with_the_vector_of_a_document() -> None:
    bench = Bench()
    text = "# Claims\n\nA zebra bit the yak of a neighbour.\n\n# More\n\nThe yak is well, and so is the neighbour. \n"
    exemplar, policy = bench.process(
        record(updated(text=text, kind="exemplar", document_type="claim")), record(updated(text=text), offset=2)
    )
    assert (exemplar.chunks, bench.embedder.documents) == (1, [text])
    assert policy.chunks == len(bench.embedder.embedded) > 1
    [outgoing] = exemplar.publishes
    passage = read_change(0, 0, outgoing.key, outgoing.value).passage
    assert passage is not None
    assert passage.chunks == (Chunk(0, len(text), to_bytes(vector_of(text))),)
    assert (passage.kind, passage.document_type, passage.text) == ("exemplar", "claim", text)


class Failing:
    """Fails for texts that hold a word, `times` times; of others it is told whether it fails for all."""

    def __init__(self, error: Exception, times: int, always: bool = False) -> None:
        self.error, self.times, self.always = error, times, always

    def __call__(self, texts: Sequence[str]) -> None:
        if self.times and (self.always or any("Claims" in text for text in texts)):
            self.times -= 1
            raise self.error


def test_what_nobody_foresaw_is_refused_and_told_to_the_engine(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(LetterEmbedder(Failing(ZeroDivisionError(SECRET), times=99)))
    failed, done = bench.process(record(updated()), record(updated(text="Zebras."), offset=2))
    assert failed.publishes == ()
    assert failed.unexpected is not None
    assert failed.unexpected.startswith("ZeroDivisionError at ")
    assert SECRET not in caplog.text
    assert len(done.publishes) == 1


@pytest.mark.parametrize("kind", ["policy", "exemplar"])
def test_a_failure_that_passes_refuses_no_text(caplog: pytest.LogCaptureFixture, kind: str) -> None:
    bench = Bench(LetterEmbedder(Failing(RuntimeError(SECRET), times=1)))
    [done] = bench.process(record(updated(kind=kind)))
    assert len(done.publishes) == 1
    assert done.unexpected is None
    assert "offset 1 of knowledge.updated failed once: RuntimeError at " in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "failing",
    [
        Failing(DependencyError("away"), times=1),
        Failing(MemoryError(), times=1),
        Failing(RuntimeError("no threads"), times=2, always=True),
    ],
    ids=["dependency", "memory", "embedder"],
)
def test_a_dependency_that_fails_fails_the_slice_and_later_it_is_indexed(failing: Failing) -> None:
    bench = Bench(LetterEmbedder(failing))
    with pytest.raises(DependencyError):
        bench.process(record(updated()))
    [done] = bench.process(record(updated()))
    assert len(done.publishes) == 1


def test_no_memory_to_read_a_record_fails_the_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(read, "read_content", fail)
    with pytest.raises(DependencyError, match="no memory to index with"):
        Bench().process(record(updated()))


def test_a_slice_that_nobody_waits_for_stops_between_two_batches() -> None:
    bench = Bench()
    text = "\n\n".join("seven words of a claim stand here" for _ in range(3 * CHUNKS_AT_ONCE))
    asked: list[None] = []

    def abandoned() -> bool:
        asked.append(None)
        return len(asked) == 2

    with pytest.raises(AbandonedError):
        bench.work.process([record(updated(text=text))], False, abandoned)
    assert len(bench.embedder.embedded) == CHUNKS_AT_ONCE


def test_suspects_are_read_like_all_others() -> None:
    bench = Bench()
    assert not bench.work.tries_suspects
    [done] = bench.process(record(updated()), suspected=True)
    assert len(done.publishes) == 1
