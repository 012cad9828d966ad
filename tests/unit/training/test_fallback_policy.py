"""What the fast model and the fallback publish, counted: load_tests/fallback_policy.py and its parts."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="the extra [train] is not installed")

from docmill.errors import ConfigurationError
from docmill.evaluation.counts import Answer, Found
from docmill.evaluation.gold import GoldDocument, GoldField, GoldSource, gold_fields
from docmill.pipeline.normalise import FieldKind
from load_tests import fallback_policy
from load_tests.fallback_parts.exemplars import Exemplars, exemplar_values
from load_tests.fallback_parts.published import (
    Published,
    Share,
    document_headings,
    field_headings,
    published,
)
from load_tests.fallback_policy import Outcome, told
from tests.tiny_bundle import LABEL_WORDS, build_tiny_bundle, tiny_manifest
from tests.unit.evaluation.fakes import row, write_rows

FIELDS = {field.name: field for field in gold_fields(tiny_manifest())}
DATE = GoldField("date", FieldKind.DATE, many=False, day_first=True, entities=("date",), values=("date",))
CONTRACTS, RECEIPTS = np.eye(2, dtype=np.float32)


def gold(label: str, **values: str) -> GoldDocument:
    of_fields = {name: frozenset((value,)) for name, value in values.items()}
    return GoldDocument("id", "text", label, False, of_fields, {})


def receipts(*documents: GoldDocument) -> GoldSource:
    return GoldSource("receipts", documents, (FIELDS["company"], FIELDS["total"]), frozenset(), ())


def answer(label: str, **found: str) -> Answer:
    spans = tuple(Found(field, 0, len(text), text) for field, text in found.items())
    return Answer(label, 0.9, True, ("total",) if label == "receipt" else (), spans)


def words(label: str, seed: int, *values: str) -> str:
    """A text of a label's words with these values in it."""
    random = Random(f"{label}{seed}")
    rest = [random.choice(LABEL_WORDS[label]) for _ in range(24 - len(values))]
    return " ".join([*rest[:6], *values, *rest[6:]])


def test_the_nearest_come_first_with_their_values() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    index = Exemplars(vectors, ("a", "b", "c"), ({}, {"party": ("Acme",)}, {}))
    near = index.near(np.array([0, 1], dtype=np.float32), 2)
    assert [(one.label, round(one.similarity, 3), dict(one.fields)) for one in near] == [
        ("b", 1.0, {"party": ("Acme",)}),
        ("c", 0.8, {}),
    ]


def test_an_exemplar_has_its_values_as_written_in_list_and_text_and_normalised() -> None:
    document = GoldDocument(
        "id", "On 05.01.2024 it", "receipt", False, {"date": frozenset({"5 JAN 2024"})}, {"date": frozenset({(3, 13)})}
    )
    assert exemplar_values(document, (DATE, FIELDS["company"])) == {"date": ("2024-01-05", "05.01.2024", "5 JAN 2024")}


def test_a_share_tells_what_it_is_at_least_and_what_that_says_of_the_target() -> None:
    right, at_least, verdict = Share(95, 100).cells(0.9)
    assert (right, verdict) == ("95 (95.0 %)", "too few to say")
    assert float(at_least.split()[0]) == pytest.approx(88.8, abs=0.1)
    assert Share(970, 1000).cells(0.9)[2] == "held"
    assert Share(60, 100).cells(0.9)[2] == "not held"
    assert Share(3, 3).cells(0.9)[2] == "too few to say"
    assert Share(0, 9).cells(0.9)[2] == "too few to say"
    assert Share(0, 10).cells(0.9)[2] == "not held"
    assert Share(0, 0).cells(0.9) == ("-", "-", "-")


def test_a_document_is_right_in_type_then_in_required_fields_then_in_all() -> None:
    """Five of seven are published: the second has a wrong optional value, the third a wrong required one."""
    right = gold("receipt", company="Acme", total="$5.00")
    given = [
        answer("receipt", company="ACME", total="USD 5.00"),
        answer("receipt", company="Globex", total="$5.00"),
        answer("receipt", company="Acme", total="$6.00"),
        answer("contract", party="Acme"),
        answer("receipt", total="$5.00"),
        None,
        None,
    ]
    found = published(receipts(*[right] * 7), "fallback", given)
    assert (found.judged, found.published) == (7, 5)
    assert (found.type_right, found.right, found.faultless) == (4, 3, 2)
    shares = {one.field: (one.share.right, one.share.of) for one in found.fields}
    assert shares == {"company": (2, 3), "total": (3, 4)}


def test_the_rows_of_a_table_are_as_wide_as_its_headings() -> None:
    found = published(receipts(gold("receipt", total="$5.00")), "fallback", [answer("receipt", total="$6.00")])
    cells = found.document_cells(0.9)
    assert cells[:5] == ("receipts", "fallback", "1 of 1", "1", "0 (0.0 %)")
    assert len(cells) == len(document_headings(0.9))
    [of_total] = found.field_cells(0.9)
    assert of_total[:5] == ("receipts", "fallback", "total", "1", "0 (0.0 %)")
    assert len(of_total) == len(field_headings(0.9))


def test_a_row_of_nothing_published_says_nothing_of_it() -> None:
    nothing = Published("sroie", "fallback", 76, 0, 0, 0, 0, ())
    assert nothing.document_cells(0.9)[2:] == ("0 of 76", *["-"] * 7)
    assert nothing.field_cells(0.9) == []


def test_the_line_of_a_source_says_what_held_its_documents_back() -> None:
    source = receipts(*[gold("receipt")] * 4)
    outcomes = [
        Outcome(by_model=answer("receipt")),
        Outcome(by_fallback=answer("receipt"), deferred=True, model_label="receipt"),
        Outcome(by_fallback=answer("receipt"), deferred=True, model_label="contract", agreed=2),
        Outcome(deferred=True, model_label="receipt", held_back=("total", "company")),
    ]
    assert told(source, outcomes) == (
        "receipts: 3 deferred, the fast model's own type right in 2 of them, in 1 of the 2 that the fallback "
        "published, with 2 values that exemplars have; held back by: total 1, company 1"
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """One direction for each kind of paper."""

    def embed(source: str, texts: Sequence[str]) -> NDArray[np.float32]:
        kinds = [
            CONTRACTS if any(word in text for word in ("agreement", "term", "clause")) else RECEIPTS for text in texts
        ]
        return np.stack(kinds) if kinds else np.zeros((0, 2), np.float32)

    monkeypatch.setattr(fallback_policy, "cached", embed)


def contract(seed: int, stands: str, right: str) -> dict[str, Any]:
    return row(words("contract", seed, stands), "contract", party=right)


def receipt(seed: int, total: str = "$7.13", label: str = "receipt") -> dict[str, Any]:
    text = words("receipt", seed, "acme", "2024-01-05", "$7.13")
    return row(text, label, company="acme", date="2024-01-05", total=total)


def run(capsys: pytest.CaptureFixture[str], bundle: Path, *arguments: str) -> str:
    fallback_policy.main([*arguments, "--bundle", str(bundle)])
    return capsys.readouterr().out


@pytest.mark.usefixtures("vectors")
def test_from_files_to_tables(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All exemplars of contracts have acme as party: this value alone the fallback may publish, right or wrong."""
    write_rows(tmp_path / "papers/train.jsonl", *(contract(n, "acme", "acme") for n in range(10)))
    write_rows(
        tmp_path / "papers/validation.jsonl",
        contract(100, "acme", "acme"),
        contract(101, "acme", "hooli"),
        contract(102, "globex", "globex"),
        contract(103, "globex", "globex"),  # a party that only validation has is evidence for none
        row(words("contract", 104, "acme"), None, party="acme"),  # of no type: left out
    )
    write_rows(
        tmp_path / "more/tills/validation.jsonl",
        receipt(200),
        receipt(201, total="$14.26"),
        receipt(202, label="invoice"),  # a type that the bundle does not know
    )
    given = ("papers", "--judged-only", "tills", "--data", str(tmp_path), "--data", str(tmp_path / "more"))
    lines = run(capsys, bundle, *given).splitlines()
    assert lines[0].startswith("tiny-en 0.0.1; 5 exemplars; ")  # one half of ten
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    documents = {(cells[0], cells[1]): cells[2:] for cells in rows if len(cells) == len(document_headings(0.95))}
    assert documents["papers", "fast model"][0] == "0 of 4"
    assert documents["papers", "fallback"][:3] == ["2 of 4", "2", "1 (50.0 %)"]
    assert documents["papers", "both"] == documents["papers", "fallback"]
    assert documents["tills", "fast model"][:3] == ["3 of 3", "2", "1 (33.3 %)"]
    assert documents["tills", "fallback"][0] == "0 of 3"
    assert documents["source", "published by"][4] == "target 0.95"
    values = {tuple(cells[:3]): cells[3:5] for cells in rows if len(cells) == len(field_headings(0.95))}
    assert values["papers", "fallback", "party"] == ["2", "1 (50.0 %)"]
    assert values["tills", "fast model", "total"] == ["3", "2 (66.7 %)"]
    assert "papers: 4 deferred" in lines[-2]
    assert lines[-2].endswith(
        "of the 2 that the fallback published, with 2 values that exemplars have; held back by: party 2"
    )


@pytest.mark.usefixtures("vectors")
def test_a_source_without_a_training_part_is_no_index(bundle: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "tills/validation.jsonl", receipt(200))
    with pytest.raises(ConfigurationError, match="train"):
        fallback_policy.main(["tills", "--data", str(tmp_path), "--bundle", str(bundle)])


def test_no_folder_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DOCMILL_DATA", raising=False)
    with pytest.raises(SystemExit):
        fallback_policy.main(["cfpb"])
    assert "--data or DOCMILL_DATA" in capsys.readouterr().err
