"""Two small sources by hand, from rows to scores."""

import json
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import ConfigurationError
from docmill.evaluation.run import evaluate
from tests.unit.evaluation.fakes import Rote, RoteMill, row, write_rows

RECEIPTS = [
    row("ACME 2024-01-05 $5.00", "receipt", [("company", "ACME"), ("date", "2024-01-05")], total="$5.00"),
    row("HOOLI 5 JAN 2024 7.00", "receipt", [("company", "HOOLI"), ("date", "5 JAN 2024")], total="7.00"),
    row("WONKA 9.00", "receipt", [("company", "WONKA")], total="9.00"),
    row("STARK 1.00", None, [("company", "STARK")], total="1.00"),
    row("TYRELL 2.00", "invoice", [("company", "TYRELL")], total="2.00"),
    row("gone", "receipt", vat="6"),
]
RECEIPT_ANSWERS = {
    # All right, straight through.
    "ACME 2024-01-05 $5.00": Rote(
        "receipt", 0.99, (("company", "ACME"), ("date", "2024-01-05"), ("total", "$5.00")), True
    ),
    # The date in another writing, half of the company, the total right; straight through, so not all correct.
    "HOOLI 5 JAN 2024 7.00": Rote(
        "receipt", 0.90, (("company", "HOO"), ("date", "5 JAN 2024"), ("total", "7.00")), True
    ),
    # Taken for a contract: no field of receipts is found, and a party, which receipts do not have, is.
    "WONKA 9.00": Rote("contract", 0.60, (("party", "WONKA"),)),
    # No label: its type counts nowhere, its fields do. A total that is wrong.
    "STARK 1.00": Rote("receipt", 0.80, (("company", "STARK"), ("total", "00"))),
    # A label that the bundle lacks. A date where there is none.
    "TYRELL 2.00": Rote("receipt", 0.80, (("company", "TYRELL"), ("date", "TYRELL"), ("total", "2.00")), True),
    # "gone" is rejected.
}
CONTRACTS = [
    row(
        "Acme and Bob",
        "contract",
        [("party", "Acme"), ("party", "Bob")],
        parties='ACME ("A"); Bob "Buyer"; A and Buyer',
    ),
    row("Bob alone", "contract", [("party", "Bob")], parties="Bob"),
]
CONTRACT_ANSWERS = {
    "Acme and Bob": Rote("contract", 0.7, (("party", "Acme"), ("party", "Bob"))),
    "Bob alone": Rote("contract", 0.7, (("party", "Bob alone"),)),
}


@pytest.fixture
def scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr("docmill.evaluation.score.LEAST_DECISIONS", 1)
    files = [
        write_rows(tmp_path / "receipts/test.jsonl", *RECEIPTS),
        write_rows(tmp_path / "contracts-test.jsonl", *CONTRACTS),
    ]
    return evaluate(RoteMill(RECEIPT_ANSWERS | CONTRACT_ANSWERS), files)


def test_of_few_documents_no_calibration_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [write_rows(tmp_path / "receipts/test.jsonl", *RECEIPTS)]
    monkeypatch.setattr("docmill.evaluation.score.LEAST_DECISIONS", 5)  # four have a label that is known
    receipts = evaluate(RoteMill(RECEIPT_ANSWERS), files)["sources"]["receipts"]
    assert receipts["ece"] is None
    assert receipts["ece_interval"] is None


def test_types_by_hand(scores: dict[str, Any]) -> None:
    receipts = scores["sources"]["receipts"]
    assert receipts["documents"] == 6
    assert receipts["type_documents"] == 4  # null and "invoice" are left out, the rejected one is not
    assert receipts["unknown_label_documents"] == 1
    assert receipts["rejected"] == 1
    assert receipts["type_accuracy"] == pytest.approx(2 / 4)
    assert receipts["type_macro_f1"] == pytest.approx(2 * 2 / (2 + 4), abs=1e-4)
    # Bins of 1/15: 0.99 alone, 0.90 alone, 0.60 alone.
    assert receipts["ece"] == pytest.approx((0.01 + 0.10 + 0.60) / 3, abs=1e-4)
    assert scores["sources"]["contracts"]["type_accuracy"] == 1
    assert scores["sources"]["contracts"]["ece"] == pytest.approx(0.3)


def test_fields_by_hand(scores: dict[str, Any]) -> None:
    fields = scores["sources"]["receipts"]["fields"]
    assert set(fields) == {"company", "date", "total"}
    company, date, total = fields["company"], fields["date"], fields["total"]
    # company: ACME, STARK, TYRELL hit; HOO invented; HOOLI and WONKA missed.
    assert (company["support"], company["span_support"]) == (5, 5)
    assert company["precision"] == pytest.approx(3 / 4)
    assert company["recall"] == pytest.approx(3 / 5)
    assert company["f1_value"] == company["f1_span"] == pytest.approx(6 / 9, abs=1e-4)
    # date: two hit, "TYRELL" invented.
    assert (date["precision"], date["recall"]) == (pytest.approx(2 / 3, abs=1e-4), 1)
    assert date["f1_value"] == date["f1_span"] == pytest.approx(4 / 5)
    # total: $5.00, 7.00, 2.00 hit; "00" invented; 9.00 and 1.00 missed. No offsets in this source.
    assert (total["precision"], total["recall"]) == (pytest.approx(3 / 4), pytest.approx(3 / 5))
    assert total["f1_span"] is None
    assert total["span_support"] == 0


def test_all_fields_together_by_hand(scores: dict[str, Any]) -> None:
    receipts = scores["sources"]["receipts"]
    assert receipts["field_f1_value"] == pytest.approx(2 * 8 / (2 * 8 + 3 + 4), abs=1e-4)
    assert receipts["field_f1_span"] == pytest.approx(2 * 5 / (2 * 5 + 2 + 2), abs=1e-4)
    assert receipts["fields_not_in_bundle"] == ["vat"]


def test_parties_are_sets_of_names(scores: dict[str, Any]) -> None:
    party = scores["sources"]["contracts"]["fields"]["party"]
    assert party["support"] == 3
    assert party["f1_value"] == party["f1_span"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1), abs=1e-4)


def test_straight_through_by_hand(scores: dict[str, Any]) -> None:
    receipts = scores["sources"]["receipts"]
    assert receipts["straight_through"] == pytest.approx(3 / 6)
    assert receipts["straight_through_type_accuracy"] == 1  # of ACME and HOOLI; TYRELL's label is unknown
    assert receipts["straight_through_correct"] == pytest.approx(1 / 2)
    contracts = scores["sources"]["contracts"]
    assert contracts["straight_through"] == 0
    assert contracts["straight_through_type_accuracy"] is None


def test_intervals_hold_their_points(scores: dict[str, Any]) -> None:
    receipts = scores["sources"]["receipts"]
    for key, (low, high) in receipts["intervals"].items():
        assert 0 <= low <= receipts[key] <= high <= 1
        assert low < high
    assert receipts["ece_interval"][0] <= receipts["ece_interval"][1]


def test_the_whole(scores: dict[str, Any]) -> None:
    assert scores["bundle"] == {"name": "tiny-en", "version": "0.0.1", "sha256": "0" * 64}
    assert (scores["documents"], scores["rejected"]) == (8, 1)
    assert scores["documents_per_s"] > 0
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_a_source_without_known_labels_has_no_type_scores(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "nda.jsonl", row("Cisco Inc. x", "nda", party=["Cisco_Inc."]))
    mill = RoteMill({"Cisco Inc. x": Rote("contract", 0.9, (("party", "Cisco Inc."),))})
    nda = evaluate(mill, [path])["sources"]["nda"]
    assert nda["type_accuracy"] is nda["type_macro_f1"] is nda["ece"] is nda["ece_interval"] is None
    assert nda["intervals"]["type_accuracy"] is None
    assert nda["unknown_label_documents"] == 1
    assert nda["field_f1_value"] == 1


def test_documents_go_in_batches_and_progress_is_told(tmp_path: Path) -> None:
    paths = [
        write_rows(tmp_path / "a/train.jsonl", *[row(f"a{i}", None) for i in range(5)]),
        write_rows(tmp_path / "b.jsonl", row("b", None)),
        write_rows(tmp_path / "a/test.jsonl", row("a5", None)),
    ]
    mill, told = RoteMill({}), list[tuple[int, int]]()
    scores = evaluate(mill, paths, batch=4, progress=lambda done, total: told.append((done, total)))
    assert mill.slices == [4, 2, 1]  # both files of `a` are one source
    assert told == [(4, 7), (6, 7), (7, 7)]
    assert {name: source["documents"] for name, source in scores["sources"].items()} == {"a": 6, "b": 1}
    assert scores["rejected"] == 7


def test_a_bad_file_is_noticed_before_any_document_is_processed(tmp_path: Path) -> None:
    good, bad = write_rows(tmp_path / "a.jsonl", row("a", None)), tmp_path / "b.jsonl"
    bad.write_text("{}")
    mill = RoteMill({})
    with pytest.raises(ConfigurationError, match=r"b\.jsonl:1"):
        evaluate(mill, [good, bad])
    assert mill.slices == []
