import gzip
import json
from pathlib import Path

import pytest

from docmill.bundle.manifest import FieldEntry, Manifest, SourceNames, TrainingSource
from docmill.errors import ConfigurationError
from docmill.evaluation.gold import gold_fields, read_rows, read_source, source_name
from docmill.pipeline.normalise import FieldKind
from tests.tiny_bundle import tiny_manifest
from tests.unit.evaluation.fakes import row, write_rows


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/sroie/test.jsonl", "sroie"),
        ("data/cuad/train.jsonl.gz", "cuad"),
        ("data/kleister-nda/dev-0.jsonl", "kleister-nda"),
        ("sroie-test.jsonl", "sroie"),
        ("data/mine/sroie_validation.jsonl.gz", "sroie"),
        ("claims.jsonl", "claims"),
        ("latest.jsonl", "latest"),
    ],
)
def test_the_name_of_a_source(path: str, name: str) -> None:
    assert source_name(Path(path)) == name


def test_a_link_is_named_after_the_folder_it_is_in(tmp_path: Path) -> None:
    """Data sets are often kept in a store of blobs."""
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "3f").write_text("")
    (tmp_path / "sroie").mkdir()
    (tmp_path / "sroie" / "test.jsonl").symlink_to(tmp_path / "blobs" / "3f")
    assert source_name(tmp_path / "sroie" / "test.jsonl") == "sroie"


def test_a_relative_file_is_named_after_the_folder_it_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sroie").mkdir()
    monkeypatch.chdir(tmp_path / "sroie")
    assert source_name(Path("test.jsonl")) == "sroie"


def manifest_with(*fields: FieldEntry) -> Manifest:
    """The tiny bundle's labels, with other fields in the group of contracts."""
    tiny = tiny_manifest()
    names = tuple(field.name for field in fields)
    contract = tiny.groups["contract"].model_copy(update={"fields": names, "required": ()})
    return tiny.model_copy(update={"fields": (*tiny.fields, *fields), "groups": {**tiny.groups, "contract": contract}})


def test_a_field_goes_by_its_aliases_or_its_own_name() -> None:
    clause = FieldEntry(name="clause", kind=FieldKind.TEXT, entities=("governing_law",), values=())
    (field,) = [field for field in gold_fields(manifest_with(clause)) if field.name == "clause"]
    assert (field.entities, field.values) == (("governing_law",), ())
    (plain,) = [field for field in gold_fields(tiny_manifest()) if field.name == "total"]
    assert (plain.entities, plain.values) == (("total",), ("total",))


def manifest_of_source(name: str, names: SourceNames | None) -> Manifest:
    """The tiny bundle, said to be trained on a source."""
    tiny = tiny_manifest()
    sources = (TrainingSource(name=name, licence="none", names=names),)
    return tiny.model_copy(update={"training": tiny.training.model_copy(update={"sources": sources})})


TILL = SourceNames(
    group="receipt",
    labels={"Kassenbon": "receipt", "Quittung": "receipt", "Gutschein": "receipt.voucher"},
    entities={"Firma": "company", "date": "total", "Summe": "total"},
    unused=("company",),
    masked=("date",),
)


def test_a_source_of_the_training_is_read_under_its_own_names(tmp_path: Path) -> None:
    rows = [
        row("ACME 5.00", "Kassenbon", [("Firma", "ACME"), ("Summe", "5.00")]),
        row("HOOLI 7.00", "Quittung", Firma="Hooli Ltd"),  # a value under the name of the span
        row("WONKA 9.00", "Gutschein", [("Firma", "WONKA")]),  # unlabelled by the recipe
    ]
    source = read_source("till", [write_rows(tmp_path / "r.jsonl", *rows)], manifest_of_source("till", TILL))
    assert [(d.label, d.label_is_unknown) for d in source.documents] == [
        ("receipt", False),
        ("receipt", False),
        (None, True),
    ]
    assert [d.values for d in source.documents] == [
        {"company": {"ACME"}, "total": {"5.00"}},
        {"company": {"Hooli Ltd"}},
        {"company": {"WONKA"}},
    ]
    assert source.span_fields == {"company", "total"}
    assert source.fields_not_in_bundle == ()


def test_what_a_source_calls_otherwise_goes_before_the_common_names(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "r.jsonl", row("ACME 2024-01-05", "Kassenbon", [("company", "ACME"), ("date", "2024-01-05")])
    )
    source = read_source("till", [path], manifest_of_source("till", TILL))
    assert source.documents[0].values == {"total": {"2024-01-05"}}  # its company is unused, its date is the total
    assert source.fields_not_in_bundle == ("company",)


def test_masked_fields_are_not_scored(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "r.jsonl", row("x", "receipt", company="ACME", date="2024-01-05"))
    masking = SourceNames(group="receipt", masked=("date",))
    source = read_source("till", [path], manifest_of_source("till", masking))
    assert [field.name for field in source.fields] == ["company"]


def test_another_source_of_the_same_bundle_is_read_as_ever(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "r.jsonl", row("x", "receipt", company="ACME", date="2024-01-05"))
    source = read_source("shop", [path], manifest_of_source("till", TILL))
    assert source.documents[0].values == {"company": {"ACME"}, "date": {"2024-01-05"}}


def test_a_bundle_that_records_no_names_guesses(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "c.jsonl", row("x", "mortgage", amount="$5.00"))
    source = read_source("till", [path], manifest_of_source("till", None))
    assert source.documents[0].label == "complaint.mortgage"
    assert [field.name for field in source.fields] == ["amount"]


def test_values_of_the_document_come_before_the_texts_of_its_entities(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "r.jsonl",
        row("ACME 5.00", "receipt", [("company", "ACME"), ("total", "5.00")], total="RM5.00"),
        row("HOOLI 7.00", "receipt", [("total", "7.00")], total=7.0, company=" "),
    )
    first, second = read_source("r", [path], tiny_manifest()).documents
    assert first.values == {"company": {"ACME"}, "total": {"RM5.00"}}
    assert first.spans == {"company": {(0, 4)}, "total": {(5, 9)}}
    assert second.values == {"total": {"7.0"}}


def test_a_field_is_scored_where_it_is_annotated_and_only_of_the_sources_group(tmp_path: Path) -> None:
    rows = [
        row("ACME 5.00", "receipt", [("total", "5.00"), ("barcode", "ACME")], company="ACME", party=["X"]),
        row("nothing", "receipt", vat="", cashier="Bob"),
    ]
    source = read_source("r", [write_rows(tmp_path / "r.jsonl", *rows)], tiny_manifest())
    assert [field.name for field in source.fields] == ["company", "total"]
    assert source.span_fields == {"total"}
    assert source.fields_not_in_bundle == ("barcode", "cashier", "party")


def test_without_known_labels_all_fields_of_the_bundle_count(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "nda.jsonl", row("x", "nda", party=["Cisco_Systems_Inc."], term=["5_years"]))
    source = read_source("nda", [path], tiny_manifest())
    (document,) = source.documents
    assert document.label is None
    assert document.label_is_unknown
    assert document.values == {"party": {"Cisco Systems Inc."}}
    assert source.fields_not_in_bundle == ("term",)


def test_a_string_of_parties_is_split(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "c.jsonl", row("x", "contract", parties='Acme, Inc. ("Acme"); Bob Ltd "Supplier"'))
    (document,) = read_source("c", [path], tiny_manifest()).documents
    assert document.values == {"party": {"Acme, Inc.", "Bob Ltd"}}


def test_a_string_of_another_kind_is_one_value(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "c.jsonl", row("x", "complaint.mortgage", amount="$5.00; $6.00"))
    (document,) = read_source("c", [path], tiny_manifest()).documents
    assert document.values == {"amount": {"$5.00; $6.00"}}


def test_null_labels_are_not_unknown_ones(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "r.jsonl", row("x", None), row("y", "receipt"), row("z", "mystery"))
    documents = read_source("r", [path], tiny_manifest()).documents
    assert [(d.label, d.label_is_unknown) for d in documents] == [(None, False), ("receipt", False), (None, True)]
    assert not any(d.is_of_other_type for d in documents)  # what a stranger calls mystery may be a receipt


def test_gzip_is_read_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(f"{json.dumps(row('x', None))}\n\n{json.dumps(row('y', None))}\n".encode()))
    assert [r.text for r in read_rows(path)] == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.jsonl", b'{"id": "1", "text": "x"}\n{"id": "2"}\n', r"r\.jsonl:2 .*text: Field required"),
        ("r.jsonl", b"not JSON\n", r"r\.jsonl:1 "),
        ("r.jsonl", b'{"id": "1", "text": "\xff"}\n', "cannot be read"),
        ("r.jsonl.gz", b"not gzip", "cannot be read"),
        ("r.jsonl", b"\n", "no labelled document"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        read_source("r", [tmp_path / name], tiny_manifest())
