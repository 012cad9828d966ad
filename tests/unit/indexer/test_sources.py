"""Files and rows to source texts; what is none is named and passed over."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from docmill.indexer.sources import FILE_MAX_BYTES, PLAIN_MAX_BYTES, Described, Source, read_sources
from docmill.indexer.standing import Standing
from docmill.ingest import InThread
from docmill.kafka.read_paths import Unreadable, list_files
from docmill_schemas.events import KNOWLEDGE_MAX_CHARACTERS, KnowledgeUpdated

POLICY = Described("policy")
NOTHING: Mapping[str, Standing] = {}


def read(
    path: Path, described: Described = POLICY, standing: Mapping[str, Standing] = NOTHING
) -> list[KnowledgeUpdated | Unreadable]:
    found = read_sources(list_files([path]).files, described, InThread(), standing)
    return [one.updated if isinstance(one, Source) else one for one in found]


def test_a_folder_becomes_a_source_text_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "payments.md").write_text("# Payments\n\nClaims below 500 are paid.", encoding="utf-8")
    (folder / "refusals.html").write_text("<p>Late claims are refused.", encoding="utf-8")
    (folder / "codes.csv").write_text("A1,wind\nA2,water\n", encoding="utf-8")
    described = Described("playbook", {"tenant": "acme", "valid_from": "2027-01-01"})
    codes, payments, refusals = read(folder, described)
    assert isinstance(payments, KnowledgeUpdated)
    assert (payments.passage_id, payments.title, payments.kind) == ("handbook/payments.md", "Payments", "playbook")
    assert (payments.tenant, payments.valid_from) == ("acme", date(2027, 1, 1))
    assert payments.metadata == {"file": "handbook/payments.md"}
    assert isinstance(refusals, KnowledgeUpdated)
    assert (refusals.title, refusals.text.strip()) == ("refusals", "Late claims are refused.")
    assert isinstance(codes, KnowledgeUpdated)
    assert "A2,water" in codes.text


@pytest.mark.parametrize(("name", "delimiter"), [("vendors.csv", ","), ("vendors.TSV", "\t")])
def test_a_table_that_is_a_code_list_has_the_values_of_its_columns(tmp_path: Path, name: str, delimiter: str) -> None:
    """Without them it would be found and decide nothing."""
    (tmp_path / name).write_text(f"company{delimiter}city\r\nAh Seng{delimiter}Ipoh\r\n", encoding="utf-8-sig")
    [vendors] = read(tmp_path / name, Described("code_list", listable=("company",)))
    assert isinstance(vendors, KnowledgeUpdated)
    assert vendors.fields == {"company": ("Ah Seng",)}
    assert "Ah Seng" in vendors.text
    stands = {name: Standing("code_list", is_file=True)}
    [again] = read(tmp_path / name, Described(listable=("company",)), stands)
    assert isinstance(again, KnowledgeUpdated)
    assert (again.kind, again.fields) == ("code_list", vendors.fields)
    [policy] = read(tmp_path / name, Described("policy", listable=("company",)))
    assert isinstance(policy, KnowledgeUpdated)
    assert policy.fields == {}


def test_a_table_without_a_field_is_taken_and_said_to_decide_nothing(tmp_path: Path) -> None:
    (tmp_path / "vendors.csv").write_text("Ah Seng\nKopi & Co\n", encoding="utf-8")
    listed = list_files([tmp_path / "vendors.csv"]).files
    [source] = read_sources(listed, Described("code_list", listable=("company",)), InThread(), NOTHING)
    assert isinstance(source, Source)
    assert source.updated.fields == {}
    assert (source.told or "").endswith("called as a field that a list decides (company): it decides none")


def test_a_broken_table_is_no_code_list(tmp_path: Path) -> None:
    (tmp_path / "vendors.csv").write_text('company\n"Ah Seng" x\n', encoding="utf-8")
    [problem] = read(tmp_path / "vendors.csv", Described("code_list"))
    assert isinstance(problem, Unreadable)
    assert problem.problem.startswith("no table: line 2: ")


def test_rows_say_more_than_the_command_line(tmp_path: Path) -> None:
    rows = tmp_path / "codes.jsonl"
    lines = [
        {"passage_id": "vendors", "kind": "code_list", "text": "V1 Acme", "fields": {"vendor": ["Acme"]}},
        {"id": "plain", "text": "As the command line says."},
    ]
    rows.write_text("\n\n".join(map(json.dumps, lines)), encoding="utf-8")
    vendors, plain = read(rows)
    assert isinstance(vendors, KnowledgeUpdated)
    assert (vendors.kind, vendors.fields) == ("code_list", {"vendor": ("Acme",)})
    assert isinstance(plain, KnowledgeUpdated)
    assert (plain.passage_id, plain.kind) == ("plain", "policy")


def test_each_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('\n{"id": "p", "text": "t"}', encoding="utf-8")
    files = list_files([tmp_path / "a.md", tmp_path / "rows.jsonl"]).files
    found = list(read_sources(files, POLICY, InThread(), NOTHING))
    assert [one.place for one in found if isinstance(one, Source)] == ["a.md", "rows.jsonl:2"]


def test_a_null_of_a_row_does_not_lift_what_the_command_line_says(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    lines = [
        {"id": "p", "text": "t", "tenant": None, "kind": None, "valid_from": None},
        {"id": "q", "text": "t", "tenant": "other"},
    ]
    rows.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    null, other = read(rows, Described("playbook", {"tenant": "acme", "valid_from": "2027-01-01"}))
    assert isinstance(null, KnowledgeUpdated)
    assert (null.tenant, null.kind, null.valid_from) == ("acme", "playbook", date(2027, 1, 1))
    assert isinstance(other, KnowledgeUpdated)
    assert other.tenant == "other"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{", "not JSON in UTF-8: JSONDecodeError"),
        ("[1]", "not a JSON object"),
        ('{"text": "whose?"}', "not a KnowledgeUpdated: passage_id: missing"),
        ('{"passage_id": "p", "text": "\\ud800"}', "not a KnowledgeUpdated: event: json_invalid"),
        ('{"passage_id": "p", "text": "t", "valid_from": "soon"}', "not a KnowledgeUpdated: valid_from:"),
        ('{"passage_id": "p", "text": null}', "not a KnowledgeUpdated: text: missing"),
        ('{"passage_id": "%s", "text": "t"}' % ("p" * 513), "a passage id of 513 characters, at most 512"),
        ('{"passage_id": "a\\u0000b", "text": "t"}', "a passage id with control or invisible characters"),
        ('{"passage_id": "p", "text": " \\n\\t"}', "a text of white space alone"),
        ('{"id": "p", "text": "t", "kind": "polices"}', "kind 'polices' is none of policy, code_list, playbook, ex"),
        ('{"id": "p", "text": "t", "kind": "exemplar"}', "an exemplar needs the document type that it stands for"),
        ('{"id": "p", "text": "t", "kind": "exemplar", "document_type": " "}', "an exemplar needs the document type"),
        ('{"id": "p", "text": "t", "tenant": ""}', "an empty tenant is nobody's"),
        ('{"id": "p", "text": "t", "tennant": "acme"}', "a KnowledgeUpdated has no 'tennant'"),
        (
            '{"id": "p", "text": "t", "valid_from": "2027-12-01", "valid_until": "2027-01-01"}',
            "its last day, 2027-01-01, lies before its first, 2027-12-01: say both",
        ),
    ],
    ids=[
        *("no JSON", "no object", "no id", "surrogate", "date", "null", "long id", "control", "white space", "kind"),
        *("no type", "blank type", "no tenant", "misspelt", "days"),
    ],
)
def test_a_row_that_is_none_is_named_and_the_next_one_follows(tmp_path: Path, row: str, problem: str) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(row + '\n{"passage_id": "next", "text": "t"}', encoding="utf-8")
    none, following = read(rows)
    assert isinstance(none, Unreadable)
    assert none.document_id == "rows.jsonl:1"
    assert none.problem.startswith(problem)
    assert isinstance(following, KnowledgeUpdated)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("scan.png", b"\x89PNG\r\n\x1a\n", "no_text: "),
        ("program.exe", b"MZ\x00\x01", "unsupported_media_type: "),
        ("blank.txt", b" \n", "no_text: "),
        ("long.txt", b"word " * (KNOWLEDGE_MAX_CHARACTERS // 5 + 1), "262,145 characters, at most 262,144: split it"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(content)
    [none] = read(tmp_path / name)
    assert isinstance(none, Unreadable)
    assert none.problem.startswith(problem)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    file = tmp_path / "gone.txt"
    file.write_text("soon gone", encoding="utf-8")
    files = list_files([file]).files
    file.unlink()
    [none] = read_sources(files, POLICY, InThread(), NOTHING)
    assert isinstance(none, Unreadable)
    assert none.problem == "cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("film.mp4", "unsupported_media_type: "),
        ("scan.png", "no_text: "),
        ("long.md", f"more than {PLAIN_MAX_BYTES:,} bytes: split it"),
        ("long.pdf", f"more than {FILE_MAX_BYTES:,} bytes: split it"),
    ],
)
def test_a_file_is_not_read_to_say_that_it_is_too_large_or_of_no_use(tmp_path: Path, name: str, problem: str) -> None:
    """A terabyte, of which the disk has nothing: read whole, it would end the process."""
    with (tmp_path / name).open("wb") as file:
        file.truncate(2**40)
    [none] = read(tmp_path / name)
    assert isinstance(none, Unreadable)
    assert none.problem.startswith(problem)


RULE = Standing("playbook", valid_from=date(2027, 1, 1), valid_until=date(2027, 12, 31), is_file=True)
RECEIPT = Standing("exemplar", document_type="receipt", is_file=True)


def again(tmp_path: Path, standing: Standing, described: Described) -> KnowledgeUpdated | Unreadable:
    """A file that stands already, added again."""
    (tmp_path / "a.md").write_text("text", encoding="utf-8")
    [one] = read(tmp_path / "a.md", described, {"a.md": standing})
    return one


def test_a_file_keeps_what_is_not_said_again(tmp_path: Path) -> None:
    kept = again(tmp_path, RULE, Described())
    assert isinstance(kept, KnowledgeUpdated)
    assert (kept.kind, kept.valid_from, kept.valid_until) == ("playbook", date(2027, 1, 1), date(2027, 12, 31))
    said = again(tmp_path, RULE, Described("policy", {"valid_until": "2028-12-31"}))
    assert isinstance(said, KnowledgeUpdated)
    assert (said.kind, said.valid_from, said.valid_until) == ("policy", date(2027, 1, 1), date(2028, 12, 31))
    exemplar = again(tmp_path, RECEIPT, Described())
    assert isinstance(exemplar, KnowledgeUpdated)
    assert (exemplar.kind, exemplar.document_type) == ("exemplar", "receipt")
    policy = again(tmp_path, RECEIPT, Described("policy"))
    assert isinstance(policy, KnowledgeUpdated)
    assert policy.document_type is None


def test_what_is_kept_and_what_is_said_must_go_together(tmp_path: Path) -> None:
    none = again(tmp_path, RULE, Described(None, {"valid_from": "2028-01-01"}))
    assert isinstance(none, Unreadable)
    assert "a file keeps the one that is not said, unless --anew" in none.problem


def test_a_kind_that_docmill_has_not_is_not_kept(tmp_path: Path) -> None:
    """An earlier `add` took it."""
    healed = again(tmp_path, Standing("polices", valid_from=date(2027, 1, 1), is_file=True), Described())
    assert isinstance(healed, KnowledgeUpdated)
    assert (healed.kind, healed.valid_from) == ("policy", date(2027, 1, 1))


def test_a_text_of_somebody_else_is_not_what_a_file_keeps(tmp_path: Path) -> None:
    new = again(tmp_path, Standing("playbook", valid_from=date(2027, 1, 1)), Described())
    assert isinstance(new, KnowledgeUpdated)
    assert (new.kind, new.valid_from) == ("policy", None)
