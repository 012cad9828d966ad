"""Own documents through a real, tiny bundle: every one counted, in order, few at a time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from docmill.assessment.documents import Census, OwnDocument
from docmill.assessment.run import SLICES_AT_ONCE, Pipeline, Speed, TokenCount, assess, meanings_of, rounded
from docmill.assessment.tally import Gold, GoldKind, Row, Tally, Went
from docmill.bundle.load import load_bundle
from docmill.errors import DependencyError
from docmill.ingest.extracted import Extracted
from docmill.kafka.decode_record import DecodedRecord
from docmill.kafka.publish import OutgoingRecord, Publisher, rejected_record
from docmill.kafka.read_paths import SourceDocument, Unreadable
from docmill.processing import Mill, Outcome, Rejected
from docmill.runtime.session import OnnxInference
from docmill_schemas.reasons import RejectionReason
from tests.tiny_bundle import build_tiny_bundle, text_of

MIB = 1024 * 1024
NOTHING = Census(0, {})


@pytest.fixture(scope="module")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("assess") / "tiny-en")


@pytest.fixture
def tokens() -> TokenCount:
    return TokenCount()


@pytest.fixture
def pipeline(bundle_folder: Path, tokens: TokenCount) -> Iterator[Pipeline]:
    bundle = load_bundle(bundle_folder)
    inference = OnnxInference(bundle.model_path, threads=1)
    yield Pipeline(Mill(bundle, inference, tokens), Publisher(bundle, "test", include_text=False), 256, MIB)
    inference.close()


def own(name: str, text: str, label: str | None = None, content_type: str = "text/plain") -> OwnDocument:
    return OwnDocument(SourceDocument(name, text.encode(), content_type), label, "")


def test_every_document_is_counted_and_told_in_order(pipeline: Pipeline, tokens: TokenCount) -> None:
    documents: list[OwnDocument | Unreadable] = [
        own("straight", text_of("receipt", 3), "receipt"),
        own("wrong", text_of("receipt", 4), "contract"),
        own("unsure", text_of("contract", 3), "contract"),
        Unreadable("rows.jsonl:1", "not JSON"),
        own("empty", ""),
        own("json", '{"document_id": "other", "text": " "}', None, "application/json"),
        own("zip", "PK", "receipt", "application/zip"),
        *(own(str(n), text_of("receipt", n)) for n in range(30)),
    ]
    rows: list[Row] = []
    skipped: list[Unreadable] = []
    tally = Tally()
    census = Census(37, {"": {"receipt": 2, "contract": 2}})
    seconds = assess(documents, census, pipeline, tally, rows.append, skipped.append)
    assert seconds > 0
    names = ["straight", "wrong", "unsure", "empty", "json", "zip", *map(str, range(30))]
    assert [row.document_id for row in rows] == names
    straight, wrong, unsure, empty, json, archive = rows[:6]
    assert (straight.went, straight.label, straight.fields, straight.correct) == (
        Went.STRAIGHT_THROUGH,
        "receipt",
        3,
        True,
    )
    assert wrong.correct is False
    assert (unsure.went, unsure.reasons, unsure.correct) == (Went.FALLBACK, ("not_certified",), True)
    assert (empty.went, empty.reasons, empty.media_type) == (Went.DEAD_LETTER, ("empty_value",), "text/plain")
    assert (json.went, json.reasons, json.media_type, json.bytes) == (
        Went.DEAD_LETTER,
        ("no_text",),
        "text/plain",
        1,
    )
    assert (archive.went, archive.reasons, archive.correct) == (Went.DEAD_LETTER, ("unsupported_media_type",), None)
    counts = tally.counts()
    assert (counts.documents, counts.unreadable) == (36, 1)
    assert [document.document_id for document in skipped] == ["rows.jsonl:1"]
    assert counts.labelled is not None
    assert [one.document_id for one in counts.labelled.wrong] == ["wrong"]
    assert tokens.tokens > 33 * 20
    assert "cashier" not in repr(rows)  # a word of the receipts


def test_memory_does_not_grow_with_the_documents(pipeline: Pipeline) -> None:
    taken = told = behind = 0

    def documents() -> Iterator[OwnDocument]:
        nonlocal taken, behind
        for number in range(60):
            taken += 1
            behind = max(behind, taken - told)
            yield own(str(number), text_of("receipt", number))

    def on_row(_: Row) -> None:
        nonlocal told
        told += 1

    assess(documents(), NOTHING, pipeline, Tally(), on_row, lambda _: None)
    assert told == 60
    # A receipt of the tiny bundle is some 60 estimated tokens with its headers, so a slice is a few of them.
    assert behind <= 10 * (SLICES_AT_ONCE + 1) < 60


class FullTopics(Publisher):
    """Whatever is to be published is too large for its topic."""

    def outgoing(self, decoded: DecodedRecord, outcome: Outcome, now: datetime) -> tuple[OutgoingRecord, Outcome]:
        rejected = Rejected(RejectionReason.TEXT_TOO_LARGE, "the event takes too many bytes")
        return rejected_record(decoded, rejected), rejected


def test_an_event_that_its_topic_cannot_hold_is_a_dead_letter_here_too(pipeline: Pipeline) -> None:
    full = replace(pipeline, publisher=FullTopics(pipeline.mill.bundle, "test", include_text=False))
    rows: list[Row] = []
    assess([own("long", text_of("receipt", 1))], NOTHING, full, Tally(), rows.append, lambda _: None)
    [row] = rows
    assert (row.went, row.reasons, row.detail) == (
        Went.DEAD_LETTER,
        ("text_too_large",),
        "the event takes too many bytes",
    )


def test_a_parser_that_is_not_there_ends_it(bundle_folder: Path) -> None:
    class Gone:
        def extract(self, content: bytes, media_type: str, charset: str | None) -> Extracted:
            raise DependencyError("no parser can be started")

    bundle = load_bundle(bundle_folder)
    inference = OnnxInference(bundle.model_path, threads=1)
    mill = Mill(bundle, inference, parser=Gone())
    pipeline = Pipeline(mill, Publisher(bundle, "test", include_text=False), 256, MIB)
    try:
        with pytest.raises(DependencyError):
            assess([own("1", "text")], NOTHING, pipeline, Tally(), lambda _: None, lambda _: None)
    finally:
        inference.close()


def test_labels_mean_labels_or_groups_of_the_bundle_or_nothing() -> None:
    labels = ("complaint.mortgage", "complaint.card", "receipt", "contract.license")
    assert meanings_of({"mortgage": 9, "receipt": 1, "contract": 2, "invoice": 1}, labels) == {
        "mortgage": Gold("complaint.mortgage", GoldKind.LABEL),
        "receipt": Gold("receipt", GoldKind.LABEL),
        "contract": Gold("contract", GoldKind.GROUP),
        "invoice": Gold("invoice", GoldKind.UNKNOWN),
    }


def test_a_label_that_came_after_the_census_means_nothing(pipeline: Pipeline) -> None:
    rows: list[Row] = []
    late = own("late", text_of("receipt", 1), "receipt")
    assess([late], NOTHING, pipeline, Tally(), rows.append, lambda _: None)
    assert rows[0].gold == Gold("receipt", GoldKind.UNKNOWN)


def test_nothing_is_assessed_in_no_time(pipeline: Pipeline) -> None:
    tally = Tally()
    seconds = assess([], NOTHING, pipeline, tally, lambda _: None, lambda _: None)
    assert tally.counts().documents == 0
    assert Speed.measured(0, 0, seconds).documents_per_day == 0


def test_speed() -> None:
    speed = Speed.measured(100, 5000, 4.0)
    assert (speed.documents_per_s, speed.tokens_per_s, speed.documents_per_day) == (25.0, 1250.0, 2_200_000)
    assert Speed.measured(0, 0, 0.0).documents_per_s == 0.0


@pytest.mark.parametrize(
    ("number", "told"), [(2_160_000, 2_200_000), (99_400, 99_000), (7, 7), (0.4, 0), (12, 12), (994, 990)]
)
def test_estimates_have_two_digits(number: float, told: int) -> None:
    assert rounded(number) == told
