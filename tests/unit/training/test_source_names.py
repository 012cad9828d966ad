"""What training makes of a name, evaluation makes of it too."""

from pathlib import Path

from docmill.bundle.manifest import FieldEntry, GroupEntry, Manifest, SourceNames, TrainingSource
from docmill.evaluation.gold import read_source
from docmill.pipeline.normalise import FieldKind
from docmill.training.corpus import load_part
from docmill.training.recipe import Recipe
from docmill.training.source_names import source_names
from tests.tiny_bundle import tiny_manifest
from tests.unit.training.corpora import Row, recipe, row, write_source

POST = {
    "name": "post",
    "labels": {"alt": "old", "kuendigung": "notice"},
    "entities": {"PartyName": "party"},
    "unused": ["jurisdiction", "*"],
    "masked": [],
}
MAPPED = recipe(
    [POST],
    labels={
        "merge": {"letter.old": "letter.new"},
        "drop": ["letter.spam"],
        "unlabel": ["letter.other"],
    },
)
ROWS = [
    row("1", "alt", "Bob in Delaware", ("PartyName", "Bob"), ("governing_law", "Delaware")),
    row("2", "old", "Eve under Ohio", ("party", "Eve"), ("jurisdiction", "Ohio")),
    row("3", "new", "a stamp", ("stamp", "stamp")),
    row("4", "kuendigung", "nothing"),
    row("5", "letter", "as the group"),
    row("6", "other", "Ann alone", ("PartyName", "Ann")),
    row("7", None, "no label"),
]


def manifest_of(of: Recipe, rows: list[Row], folder: Path) -> Manifest:
    """As `assemble` writes it of this recipe, its labels from the training documents."""
    write_source(folder, "post", rows)
    labels = {d.label for d in load_part(folder, of.sources[1], "train", of) if d.label is not None}
    tiny = tiny_manifest()
    source = TrainingSource(name="post", licence="none", names=source_names(of.sources[1], of))
    return tiny.model_copy(
        update={
            "labels": tuple(sorted(labels)),
            "fields": tuple(
                FieldEntry(name=name, kind=FieldKind(f.kind), many=f.many, entities=f.entities, values=f.values)
                for name, f in of.fields.items()
            ),
            "groups": {
                name: GroupEntry(fields=g.fields, required=g.required, type_threshold=None, field_threshold=None)
                for name, g in of.groups.items()
            },
            "training": tiny.training.model_copy(update={"sources": (source,)}),
        }
    )


def test_the_table_of_one_source() -> None:
    assert source_names(MAPPED.sources[1], MAPPED) == SourceNames(
        group="letter",
        labels={"alt": "letter.new", "kuendigung": "letter.notice", "old": "letter.new"},
        entities={"PartyName": "party"},
        unused=("jurisdiction",),
        masked=(),
        untaught=("letter.other",),
    )
    assert source_names(MAPPED.sources[0], MAPPED) == SourceNames(group="receipt")  # nothing of another group's


def test_a_group_that_is_merged_is_a_label_like_any_other() -> None:
    merged = recipe(labels={"merge": {"letter": "letter.new"}})
    assert source_names(merged.sources[1], merged).labels == {"letter": "letter.new"}


def test_evaluation_reads_a_source_as_training_did(tmp_path: Path) -> None:
    manifest = manifest_of(MAPPED, ROWS, tmp_path)
    trained = {d.id: d for d in load_part(tmp_path, MAPPED.sources[1], "train", MAPPED)}
    source = read_source("post", [tmp_path / "post/train.jsonl"], manifest)
    assert [d.label for d in source.documents] == [trained[d.id].label for d in source.documents]
    assert {d.label for d in source.documents} == {"letter.new", "letter.notice", "letter", None}
    for document in source.documents:
        spans = {(field, *span) for field, spans in document.spans.items() for span in spans}
        assert spans == {(e.field, e.start, e.end) for e in trained[document.id].entities}
    assert [d.id for d in source.documents if d.label_is_unknown] == ["6"]


def test_documents_of_a_dropped_label_are_there_and_of_no_known_label(tmp_path: Path) -> None:
    manifest = manifest_of(MAPPED, [*ROWS, row("8", "spam", "buy")], tmp_path)
    source = read_source("post", [tmp_path / "post/train.jsonl"], manifest)
    assert [d.id for d in source.documents if d.label_is_unknown] == ["6", "8"]
    assert [d.id for d in source.documents if d.is_of_other_type] == ["6"]  # no certificate knows of dropped ones


def test_only_what_is_known_to_be_of_no_taught_type_is_of_another_one(tmp_path: Path) -> None:
    """A label in full, a slip of the pen and an empty one may be of any type."""
    names = ("letter.new", "nwe", "", "letter.other", "other")
    manifest = manifest_of(MAPPED, ROWS, tmp_path)
    rows = [row(f"{number}", name, "Bob") for number, name in enumerate(names)]
    write_source(tmp_path, "post", rows)
    source = read_source("post", [tmp_path / "post/train.jsonl"], manifest)
    assert [d.label_is_unknown for d in source.documents] == [True] * 5
    assert [d.is_of_other_type for d in source.documents] == [False, False, False, False, True]


def test_masked_fields_are_of_no_concern(tmp_path: Path) -> None:
    masking = recipe([{"name": "post", "masked": ["law"]}])
    manifest = manifest_of(masking, [row("1", "new", "under Ohio", ("jurisdiction", "Ohio"))], tmp_path)
    assert read_source("post", [tmp_path / "post/train.jsonl"], manifest).fields == ()
