"""What load_tests/abstention.py counts, and which documents it takes."""

from pathlib import Path

import pytest

from docmill.pipeline.types import Deferral, Prediction, Route, StraightThrough
from docmill.processing import Decided, Rejected
from docmill_schemas.reasons import DeferralReason, RejectionReason
from load_tests.abstention import (
    COLUMNS,
    LETTERS,
    DocumentSet,
    Tally,
    all_sets,
    files_set,
    labelled_set,
    letters_set,
    main,
    markdown,
    row_of,
)
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.evaluation.fakes import row, write_rows

LANGUAGES = ("de", "es", "fr", "it", "nl")


def decided(label: str, *reasons: DeferralReason) -> Decided:
    way: Route = Deferral(reasons) if reasons else StraightThrough()
    document = letters_set(LETTERS / "de.txt").documents[0]
    return Decided(document, "x", "", "", Prediction(label, 0.9, (), (), 0.0), way)


def tally_of(*outcomes: Decided | Rejected) -> Tally:
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally


def test_a_document_counts_once_in_each_column_that_applies() -> None:
    tally = tally_of(
        decided("claim.motor_claim"),
        decided("claim.travel_claim", DeferralReason.UNFAMILIAR_DOCUMENT, DeferralReason.UNKNOWN_LANGUAGE),
        decided("contract", DeferralReason.MISSING_FIELD, DeferralReason.LOW_FIELD_CONFIDENCE),
        decided("contract", DeferralReason.NOT_CERTIFIED),
        Rejected(RejectionReason.NO_TEXT, "nothing there"),
    )
    cells = dict(zip(COLUMNS, row_of(DocumentSet("post", "unseen", ()), tally), strict=True))
    assert cells == {
        "set": "post",
        "what": "unseen",
        "documents": "5",
        "rejected": "1",
        "straight through": "25 %",
        "deferred": "75 %",
        "strange": "25 %",  # for two reasons, and one document
        "unfamiliar": "25 %",
        "language": "25 %",
        "type unsure": "0 %",
        "field unsure or missing": "25 %",
        "not certified": "25 %",
        "unread": "0 %",
        "taken for": "claim 50 %, contract 50 %",
    }


def test_every_reason_has_a_column() -> None:
    for reason in DeferralReason:
        assert sum(tally_of(decided("contract", reason)).by_column.values()) == 1


def test_a_set_of_which_nothing_could_be_read_has_no_shares() -> None:
    cells = row_of(DocumentSet("scans", "unseen", ()), tally_of(Rejected(RejectionReason.NO_TEXT, "")))
    assert cells == ("scans", "unseen", "1", "1", *["-"] * (len(COLUMNS) - 4))


def test_a_table_has_a_line_for_the_columns_one_below_and_one_a_row() -> None:
    lines = markdown([["a"] * len(COLUMNS)]).splitlines()
    assert [line.count("|") for line in lines] == [len(COLUMNS) + 1] * 3
    assert lines[1].startswith("| --- |")


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_letters_in_several_languages(language: str) -> None:
    letters = letters_set(LETTERS / f"{language}.txt").documents
    assert len(letters) == 6
    assert len({letter.document_id for letter in letters}) == 6
    assert all(len(letter.content.decode().split()) > 40 for letter in letters)


def test_the_same_documents_are_taken_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [row(f"text {n}", None) for n in range(20)]
    some = labelled_set(write_rows(tmp_path / "a/validation.jsonl", *rows), "known", 5)
    again = labelled_set(write_rows(tmp_path / "b/validation.jsonl", *reversed(rows)), "known", 5)
    assert len(some.documents) == 5
    assert some.documents == again.documents


def test_files_are_taken_but_for_what_describes_them(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    (tmp_path / "README.md").write_text("about")
    (document,) = files_set(tmp_path).documents
    assert (document.document_id, document.media_type, document.content) == ("a.pdf", "application/pdf", b"%PDF-")


def test_a_source_of_the_training_is_known_and_every_other_is_not(tmp_path: Path) -> None:
    for name in ("cuad", "kleister-nda", "menus"):
        write_rows(tmp_path / name / "validation.jsonl", row("x", None))
    further = write_rows(tmp_path / "elsewhere/claims/validation.jsonl", row("x", None))
    sets = {found.name: found.what for found in all_sets(["cuad"], tmp_path, [further], [], 10)}
    assert sets["cuad"] == sets["claims"] == "known"
    assert sets["kleister-nda"] == "near contracts"
    assert sets["menus"] == "unseen"
    of_others = {found.name: found.what for found in all_sets(["sroie"], tmp_path, [], [], 10)}
    assert (of_others["kleister-nda"], of_others["cuad"]) == ("unseen", "unseen")  # this one knows no contracts
    assert of_others["claims-by-hand"] == "unseen"
    assert {f"letters in {language}" for language in LANGUAGES} <= sets.keys()


def test_without_a_folder_of_data_there_are_docmills_own_documents() -> None:
    sets = {found.name: len(found.documents) for found in all_sets([], None, [], [], 1000)}
    assert sets == {"claims-by-hand": 60, **{f"letters in {language}": 6 for language in LANGUAGES}}


def test_a_bundle_defers_what_it_never_saw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCMILL_DATA", raising=False)
    bundle = build_tiny_bundle(tmp_path / "tiny-en")
    receipts = write_rows(
        tmp_path / "receipts/validation.jsonl", *[row(text_of("receipt", seed), "receipt") for seed in range(4)]
    )
    main(["--bundle", str(bundle), "--known", str(receipts), "--limit", "4", "--threads", "1"])
    printed = capsys.readouterr().out
    rows = {line.split(" | ")[0].removeprefix("| "): line.split(" | ") for line in printed.splitlines() if "|" in line}
    straight, strange = COLUMNS.index("straight through"), COLUMNS.index("strange")
    assert rows["receipts"][straight] == "100 %"
    assert rows["letters in de"][straight] == "0 %"
    assert rows["letters in de"][strange] == "100 %"
