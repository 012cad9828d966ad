"""Documents have the lengths of real ones, or stay as they are."""

import json
from pathlib import Path

import pytest

from docmill.errors import ConfigurationError
from docmill.load.documents import SHELF_DOCUMENTS, cut, own_shelf, sample_shelf
from docmill.load.lengths import LENGTHS
from docmill.resources import resource

SAMPLES = resource("samples")


@pytest.mark.parametrize("kind", LENGTHS)
def test_samples_get_the_lengths_of_real_documents(kind: str) -> None:
    documents = sample_shelf(SAMPLES, [kind], seed=0)[kind]
    assert len(documents) == SHELF_DOCUMENTS
    for step, document in enumerate(documents):
        wanted = LENGTHS[kind].at((step + 0.5) / SHELF_DOCUMENTS)
        assert wanted - 40 <= (document.characters or 0) <= wanted  # a word or a line shorter
        assert len(document.content.decode()) == document.characters
        assert document.content_type == "text/plain; charset=utf-8"


def test_the_seed_decides() -> None:
    once, again, other = (sample_shelf(SAMPLES, ["medical"], seed)["medical"] for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_a_kind_without_lengths_is_told() -> None:
    with pytest.raises(ConfigurationError, match="no lengths are known of claims; known are receipts, "):
        sample_shelf(SAMPLES, ["claims"], seed=0)


@pytest.mark.parametrize(
    ("text", "characters", "found"),
    [
        ("one two", 99, "one two"),
        ("one two", 7, "one two"),
        ("one two", 6, "one"),
        ("one two", 3, "one"),
        ("one two", 2, "on"),
        ("one\ntwo three", 7, "one\ntwo"),
        ("one\ntwo three", 6, "one"),
    ],
)
def test_texts_are_cut_between_words_and_lines(text: str, characters: int, found: str) -> None:
    assert cut(text, characters) == found


def test_own_documents_stay_as_they_are(tmp_path: Path) -> None:
    mail, scans = tmp_path / "mail", tmp_path / "scans"
    mail.mkdir()
    scans.mkdir()
    (mail / "long.txt").write_text("grüße " * 9)
    (mail / "short.html").write_text("<p>hi")
    (scans / "a.pdf").write_bytes(b"%PDF-1.7\xff")
    shelf = own_shelf([mail, scans])
    assert [(d.content, d.content_type, d.characters) for d in shelf["mail"]] == [
        (b"<p>hi", "text/html", 5),
        (("grüße " * 9).encode(), "text/plain", 54),
    ]
    assert [(d.content, d.content_type, d.characters) for d in shelf["scans"]] == [
        (b"%PDF-1.7\xff", "application/pdf", None)
    ]


def test_text_in_another_encoding_has_no_known_length(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("grüße".encode("latin-1"))
    [document] = own_shelf([tmp_path / "a.txt"])["a.txt"]
    assert document.characters is None


def test_an_event_loses_the_id_that_would_come_back_instead_of_ours(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"document_id": "theirs", "tenant": "t", "text": "x"}) + '\n{"id": "7", "text": "y"}\n')
    contents = {document.content for document in own_shelf([rows])["rows.jsonl"]}
    assert contents == {b'{"tenant":"t","text":"x"}', b"y"}


def test_json_that_is_no_event_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"document_id": "theirs"}')
    [document] = own_shelf([tmp_path / "a.json"])["a.json"]
    assert document.content == b'{"document_id": "theirs"}'


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("not json\n")
    with pytest.raises(ConfigurationError, match=r"rows\.jsonl:1: not JSON"):
        own_shelf([tmp_path / "rows.jsonl"])


def test_nothing_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no documents there"):
        own_shelf([tmp_path])


def test_more_than_memory_should_hold_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docmill.load.documents.MAX_TOTAL_BYTES", 3)
    (tmp_path / "a.txt").write_text("four")
    with pytest.raises(ConfigurationError, match="larger than 3 bytes"):
        own_shelf([tmp_path / "a.txt"])
