import gzip
import hashlib
import json
import os
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import ConfigurationError
from docmill.resources import resource
from docmill.training.corpus import (
    Entity,
    LabelledDocument,
    load_corpus,
    load_part,
    near_duplicates,
    part,
    read_corpus,
    without_copies,
)
from docmill.training.recipe import Recipe, full_label, load_recipe
from docmill.training.row import LabelledRow
from tests.unit.training import corpora
from tests.unit.training.fakes import document


def row(**changes: Any) -> dict[str, Any]:
    entities = [{"label": "governing_law", "start": 3, "end": 9}, {"label": "colour", "start": 0, "end": 2}]
    return {"id": "1", "text": "by German law", "label": "supply", "entities": entities} | changes


def written(seed: int, words: int = 120) -> str:
    """A text of words that no other seed shares in this order."""
    rng = random.Random(seed)
    return " ".join(rng.choice("abcdefgh") * rng.randint(1, 5) + str(rng.randrange(50)) for _ in range(words))


def retyped(text: str, seed: int, changes: int = 2) -> str:
    """A near-duplicate: a few words differ, and case and punctuation everywhere."""
    rng = random.Random(seed)
    words = text.split(" ")
    for _ in range(changes):
        words[rng.randrange(len(words))] = f"typo{rng.randrange(99)}"
    return ",  ".join(words).upper()


def corpus() -> list[LabelledDocument]:
    return list(_corpus())


@cache
def _corpus() -> tuple[LabelledDocument, ...]:
    """60 documents, each third with two near-duplicates."""
    documents = []
    for n in range(60):
        documents.append(document(written(n), name=f"{n}"))
        if n % 3 == 0:
            documents += [document(retyped(written(n), m), name=f"{n} again {m}") for m in (1, 2)]
    return tuple(documents)


def ids(documents: list[LabelledDocument]) -> set[str]:
    return {document.id for document in documents}


def test_labels_are_named_after_their_group() -> None:
    assert full_label("contract", "supply") == "contract.supply"
    assert full_label("receipt", "receipt") == "receipt"


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_part_is_read_with_the_recipes_names(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "post" / f"train{suffix}"
    path.parent.mkdir()
    lines = (json.dumps(row()) + "\n\n" + json.dumps(row(id="2", label=None, text="é", entities=[])) + "\n").encode()
    path.write_bytes(gzip.compress(lines) if suffix.endswith("gz") else lines)
    assert part(tmp_path, "post", "train") == path
    assert load_part(tmp_path, corpora.recipe().sources[1], "train", corpora.recipe()) == [
        LabelledDocument("1", "post", "letter", "letter.supply", "by German law", (Entity("law", 3, 9),)),
        LabelledDocument("2", "post", "letter", None, "é", ()),
    ]


def test_a_value_without_a_place_is_remembered(tmp_path: Path) -> None:
    recipe = corpora.recipe()
    post = recipe.sources[1]
    name = (recipe.fields["law"].values or ("law",))[0]
    lines = [
        row(id="placed", fields={name: "German law"}),
        row(id="unplaced", fields={name: "German law"}, entities=[]),
        row(id="nothing", fields={name: None}, entities=[]),
    ]
    (tmp_path / "post").mkdir()
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "post/train.jsonl").write_text(text, encoding="utf-8")
    assert [d.unplaced for d in load_part(tmp_path, post, "train", recipe)] == [(), ("law",), ()]


def test_a_row_that_names_its_values_decides_what_is_taught(tmp_path: Path) -> None:
    text = 'Ann Lee, each a "Party", by German law'
    marked = (("party", "Ann Lee"), ("party", 'each a "Party"'), ("jurisdiction", "German"))
    named = corpora.row("x", None, text, *marked, fields={"parties": "Ann Lee; Bob Orr", "governing_law": None})
    (tmp_path / "post").mkdir()
    (tmp_path / "post/train.jsonl").write_text(json.dumps(named), encoding="utf-8")
    decided = corpora.recipe([{"name": "post", "values_decide": True}])
    [kept] = load_part(tmp_path, decided.sources[1], "train", decided)
    assert kept.entities == (Entity("party", 0, 7), Entity("law", 28, 34))
    assert kept.doubtful == (Entity("party", 9, 23),)
    assert kept.right_texts("party") == ["Ann Lee", "Bob Orr"]
    assert kept.right_texts("law") == ["German"]
    assert kept.unplaced == ()
    plain = corpora.recipe()
    [whole] = load_part(tmp_path, plain.sources[1], "train", plain)
    assert [entity.field for entity in whole.entities] == ["party", "party", "law"]
    assert (whole.doubtful, whole.values) == ((), ())
    assert whole.right_texts("party") == ["Ann Lee", 'each a "Party"']


def test_values_of_one_field_decide_nothing_of_another(tmp_path: Path) -> None:
    text = 'Ann Lee, each a "Party", by German law, not Dutch'
    marked = (("party", "Ann Lee"), ("party", 'each a "Party"'), ("jurisdiction", "German"), ("jurisdiction", "Dutch"))
    named = corpora.row("x", None, text, *marked, fields={"parties": "Ann Lee", "governing_law": "German"})
    (tmp_path / "post").mkdir()
    (tmp_path / "post/train.jsonl").write_text(json.dumps(named), encoding="utf-8")
    decided = corpora.recipe([{"name": "post", "values_decide": ["party"]}])
    [kept] = load_part(tmp_path, decided.sources[1], "train", decided)
    assert [(one.field, text[one.start : one.end]) for one in kept.entities] == [
        ("party", "Ann Lee"),
        ("law", "German"),
        ("law", "Dutch"),
    ]
    assert kept.doubtful == (Entity("party", 9, 23),)
    assert kept.right_texts("law") == ["German", "Dutch"]
    assert kept.values == (("party", "Ann Lee"),)
    assert kept.unplaced == ()


def test_a_field_that_is_named_and_not_marked_has_no_place_whichever_fields_values_decide(tmp_path: Path) -> None:
    """Else the document would teach that it is not there."""
    marked = (("party", "Ann Lee"),)
    named = corpora.row("x", None, "Ann Lee, by law", *marked, fields={"party": "Ann Lee", "law": "German"})
    (tmp_path / "post").mkdir()
    (tmp_path / "post/train.jsonl").write_text(json.dumps(named), encoding="utf-8")
    decided = corpora.recipe([{"name": "post", "values_decide": ["party"]}])
    [kept] = load_part(tmp_path, decided.sources[1], "train", decided)
    assert kept.unplaced == ("law",)


def test_what_is_named_under_a_source_s_own_name_and_not_marked_has_no_place(tmp_path: Path) -> None:
    named = corpora.row("x", None, "of Ann Lee", fields={"vendor": "Anne Lee", "law": ""})
    (tmp_path / "post").mkdir()
    (tmp_path / "post/train.jsonl").write_text(json.dumps(named), encoding="utf-8")
    decided = corpora.recipe([{"name": "post", "values_decide": True, "entities": {"vendor": "party"}}])
    [kept] = load_part(tmp_path, decided.sources[1], "train", decided)
    assert (kept.unplaced, kept.values) == (("party",), (("party", "Anne Lee"),))


def test_a_part_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no train\.jsonl\[\.gz\] in .*post; set DOCMILL_DATA"):
        load_part(tmp_path, corpora.recipe().sources[1], "train", corpora.recipe())


def test_near_duplicates_are_clustered_and_others_are_not() -> None:
    clusters = [ids(cluster) for cluster in near_duplicates(corpus())]
    expected = [{f"{n}", f"{n} again 1", f"{n} again 2"} if n % 3 == 0 else {f"{n}"} for n in range(60)]
    assert sorted(map(sorted, clusters)) == sorted(map(sorted, expected))


def test_likeness_is_passed_on() -> None:
    """Every document is like the next one, the first is unlike the last: one cluster."""
    texts = [written(1, words=60)]
    for n in range(12):
        texts.append(retyped(texts[-1].lower().replace(",  ", " "), n, changes=2))
    chain = [document(text, name=str(n)) for n, text in enumerate(texts)]
    assert len(near_duplicates([chain[0], chain[-1]])) == 2
    assert len(near_duplicates(chain)) == 1


@pytest.mark.parametrize("text", ["", "total", "one two three four five six"])
def test_short_texts_are_duplicates_of_themselves(text: str) -> None:
    assert len(near_duplicates([document(text), document(text), document(written(1))])) == 2


def test_a_corpus_is_all_parts_in_the_recipes_order(tmp_path: Path) -> None:
    rows = {"till": corpora.rows("receipt", 2), "post": corpora.rows("claim", 1)}
    read = corpora.read(tmp_path, corpora.recipe(), rows, {"scans": corpora.rows("claim", 1, "v")})
    assert [(p.source.name, p.name, len(p.rows), len(p.documents)) for p in read.parts] == [
        ("till", "train", 2, 2),
        ("till", "validation", 0, 0),
        ("post", "train", 1, 1),
        ("post", "validation", 0, 0),
        ("scans", "train", 0, 0),
        ("scans", "validation", 1, 1),
    ]
    assert [d.label for d in read.documents("train")["post"]] == ["letter.claim"]
    assert [d.id for d in read.documents("validation")["scans"]] == ["vclaim-0"]
    assert read.parts[0].rows[0] == LabelledRow.model_validate(rows["till"][0])


def test_labels_are_mapped_merged_dropped_and_taken_away(tmp_path: Path) -> None:
    labels = {"merge": {"letter.b": "letter.c"}, "drop": ["letter.d"], "unlabel": ["letter.e"]}
    mapped = corpora.recipe([{"name": "post", "labels": {"a": "b"}}], labels=labels)
    rows = [corpora.row(name, name, "by Ann", ("party", "Ann")) for name in "abcdef"]
    read = corpora.read(tmp_path, mapped, {"post": [*rows, corpora.row("g", None, "by Ann")]})
    assert [(d.id, d.label, len(d.entities)) for d in read.documents("train")["post"]] == [
        ("a", "letter.c", 1),
        ("b", "letter.c", 1),
        ("c", "letter.c", 1),
        ("e", None, 1),
        ("f", "letter.f", 1),
        ("g", None, 0),
    ]
    assert [r.id for r in read.parts[2].rows] == list("abcdefg")


def test_names_that_mean_nothing_stop_the_loading_and_are_counted(tmp_path: Path) -> None:
    groups = corpora.VALUES["groups"] | {"letter": corpora.VALUES["groups"]["letter"] | {"labels": ["claim"]}}
    strict = corpora.recipe(groups=groups)
    train = [corpora.row(n, "clam", "by Ann", ("foe", "Ann")) for n in "ab"]
    corpora.read(tmp_path, strict, {"post": train}, {"scans": [corpora.row("c", "claim", "by Ann", ("place", "Ann"))]})
    with pytest.raises(ConfigurationError) as caught:
        load_corpus(tmp_path, strict)
    told = str(caught.value).splitlines()
    assert told[:3] == [
        "the recipe neither maps nor knows",
        "  post (train): labels letter.clam (2); entities foe (2)",
        "  scans (validation): entities place (1)",
    ]
    assert "[labels]" in told[3]
    assert "unused" in told[4]


def test_names_that_all_mean_something_load(tmp_path: Path) -> None:
    read = corpora.read(tmp_path, corpora.recipe(), {"post": corpora.rows("claim", 3)})
    assert load_corpus(tmp_path, corpora.recipe()) == read


def test_copies_of_validation_documents_leave_training_and_forms_stay() -> None:
    validation = [document(written(n), name=f"v{n}") for n in range(3)]
    copy = document(retyped(written(1), 5, changes=1), name="copy")
    form = document(retyped(written(2), 5, changes=5), name="form")
    assert len(near_duplicates([*validation, form])) == 3
    fresh = [document(written(n), name=f"t{n}") for n in range(5, 8)]
    twice = [document(written(20), name="a"), document(written(20), name="b")]  # alike, but not to validation
    assert without_copies([*fresh, copy, form, *twice], validation) == ([*fresh, form, *twice], [copy])
    assert without_copies([], validation) == ([], [])
    assert without_copies(fresh, []) == (fresh, [])


MEDICAL = "diagnosis procedure anesthesia medications allergies complications chief_complaint indication "
MEDICAL += "estimated_blood_loss"
CONTRACT = "document_name party party_alias agreement_date effective_date expiration_date renewal_term governing_law"
FIRST_BUNDLE = {  # group, its fields, the source: recipes/mailroom-en.toml 0.1.0, which knew no mapping table
    "receipt": ("company date address total", "sroie"),
    "complaint": ("amount", "cfpb"),
    "medical": (MEDICAL, "mtsamples"),
    "contract": (CONTRACT, "cuad"),
}
DOCUMENTS = {  # number and digest of what it read
    ("sroie", "train"): (546, "b8164bc7baf664e0"),
    ("sroie", "validation"): (76, "ee17cebf9e6b8565"),
    ("cfpb", "train"): (2974, "d0b03dbca3d66cb8"),
    ("cfpb", "validation"): (424, "fcf2f888bfde6967"),
    ("mtsamples", "train"): (1658, "bcc2620eb0b5a3c9"),
    ("mtsamples", "validation"): (239, "66c7361baffe1b90"),
    ("cuad", "train"): (347, "67d5df66096170c6"),
    ("cuad", "validation"): (55, "55e8054b29b8a4ab"),
}


def first_recipe() -> Recipe:
    fields: dict[str, Any] = {name: {"kind": "text"} for names, _ in FIRST_BUNDLE.values() for name in names.split()}
    fields["governing_law"]["entities"] = ["governing_law_place", "jurisdiction"]
    groups = {group: {"fields": names.split(), "required": []} for group, (names, _) in FIRST_BUNDLE.items()}
    sources = [{"name": name, "group": group, "licence": "x"} for group, (_, name) in FIRST_BUNDLE.items()]
    return Recipe.model_validate(corpora.VALUES | {"fields": fields, "groups": groups, "sources": sources})


@pytest.mark.data
@pytest.mark.skipif("DOCMILL_DATA" not in os.environ, reason="set DOCMILL_DATA to the labelled documents")
@pytest.mark.parametrize(("source_name", "part_name"), DOCUMENTS)
def test_a_recipe_without_a_mapping_table_reads_the_documents_of_the_first_bundle(
    source_name: str, part_name: str
) -> None:
    recipe = first_recipe()
    source = next(source for source in recipe.sources if source.name == source_name)
    digest = hashlib.sha256()
    documents = load_part(Path(os.environ["DOCMILL_DATA"]), source, part_name, recipe)
    for d in documents:
        spans = [(e.field, e.start, e.end) for e in d.entities]
        digest.update(repr((d.id, d.source, d.group, d.label, d.text, spans)).encode())
    assert (len(documents), digest.hexdigest()[:16]) == DOCUMENTS[source_name, part_name]


@pytest.mark.data
@pytest.mark.skipif("DOCMILL_DATA" not in os.environ, reason="set DOCMILL_DATA to the labelled documents")
def test_every_source_of_the_shipped_recipe_can_be_read() -> None:
    shipped = load_recipe(resource("recipes/mailroom-en.toml"))
    folder = Path(os.environ["DOCMILL_DATA"])
    there = shipped.model_copy(update={"sources": tuple(s for s in shipped.sources if (folder / s.name).is_dir())})
    assert all(part.documents for part in read_corpus(folder, there).parts)
