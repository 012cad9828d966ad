"""The recipes that are shipped: whole, within their time, and right about the documents that they name."""

import os
import tomllib
from pathlib import Path

import pytest

from docmill.bundle.manifest import FieldEntry, GroupEntry, Manifest, TrainingSource
from docmill.evaluation.counts import Answer, Found, value_counts
from docmill.evaluation.gold import GoldSource, read_source
from docmill.evaluation.score import score_source
from docmill.pipeline.normalise import FieldKind
from docmill.resources import resource
from docmill.training.corpus import load_corpus, part
from docmill.training.quality_gate import check_corpus
from docmill.training.recipe import Recipe, load_recipe
from docmill.training.source_names import source_names
from tests.tiny_bundle import tiny_manifest

ALONE = ("nda", "cfpb5")  # trained and measured, not shipped as bundles
TEACHER, STUDENT, UNTAUGHT = 1_150, 1_380, 2_300  # tokens/s on two quiet cores: six layers, three with a teacher, three
TIME_S = 60 * 60
BESIDE_S = 6 * 60  # gate, graphs, reading, evaluation
# Of mailroom-en on two cores of an Intel Xeon with AMX; elsewhere it takes longer (docs/model.md).
TILES_TEACHER, TILES_STUDENT, TILES_BESIDE_S, MAILROOM_S = 2_500, 2_700, 18 * 60, 100 * 60

needs_data = pytest.mark.skipif("DOCMILL_DATA" not in os.environ, reason="set DOCMILL_DATA to the labelled documents")


def shipped(name: str) -> Recipe:
    return load_recipe(resource(f"recipes/{name}.toml"))


def data() -> Path:
    return Path(os.environ["DOCMILL_DATA"])


@pytest.mark.parametrize("name", ["mailroom-en", "samples", *ALONE])
def test_nothing_of_a_recipe_is_passed_over(name: str) -> None:
    written = tomllib.loads(resource(f"recipes/{name}.toml").read_text(encoding="utf-8"))
    assert shipped(name).model_dump(mode="json", exclude_unset=True) == written


@pytest.mark.parametrize("name", ALONE)
def test_the_budget_of_tokens_is_one_of_less_than_an_hour(name: str) -> None:
    recipe = shipped(name)
    folds = recipe.out_of_fold.folds * (recipe.out_of_fold.tokens or 0)
    seconds = recipe.teacher.tokens / TEACHER + recipe.student.tokens / STUDENT + folds / UNTAUGHT
    assert TIME_S / 2 < seconds + BESIDE_S < TIME_S


def test_the_default_bundle_is_one_of_less_than_100_minutes_where_there_are_tiles_for_bfloat16() -> None:
    recipe = shipped("mailroom-en")
    assert recipe.out_of_fold.tokens is None  # no student a fold
    seconds = recipe.teacher.tokens / TILES_TEACHER + recipe.student.tokens / TILES_STUDENT
    assert MAILROOM_S / 2 < seconds + TILES_BESIDE_S < MAILROOM_S


def test_weights_from_documents_without_a_licence_are_said_not_to_be_given_away() -> None:
    [source] = shipped("nda").sources
    assert source.licence.startswith("none stated")
    assert any("do not pass these weights on" in limit for limit in shipped("nda").limits)


def test_no_complaint_is_read_for_a_field_that_nothing_teaches() -> None:
    recipe = shipped("cfpb5")
    assert recipe.taught_fields(recipe.sources[0]) == ()


@pytest.mark.data
@needs_data
@pytest.mark.parametrize("name", ALONE)
def test_the_documents_may_be_trained_on(name: str) -> None:
    recipe = shipped(name)
    assert not check_corpus(load_corpus(data(), recipe), recipe, seek_suspects=False).is_refused


@pytest.mark.data
@needs_data
def test_hardly_a_value_of_an_agreement_is_lost_between_its_span_and_its_gold_value() -> None:
    recipe = shipped("nda")
    source = read_source("kleister-nda", [part(data(), "kleister-nda", "train")], manifest_of(recipe))
    answers = [answer_of_gold(source, number) for number in range(len(source.documents))]
    score = score_source(source, answers)
    assert score.unknown_label_documents == 0
    assert score.field_f1_value is not None
    assert score.field_f1_value > 0.96  # what a perfect reader of the spans would get
    counts = dict(zip((field.name for field in source.fields), value_counts(source, answers).sum(axis=0), strict=True))
    assert {name: int(count[1]) for name, count in counts.items() if name != "party"} == {
        "effective_date": 0,
        "jurisdiction": 0,
        "term": 0,
    }


def manifest_of(recipe: Recipe) -> Manifest:
    """As far as evaluation needs one."""
    tiny = tiny_manifest()
    [source], [(group, own)] = recipe.sources, recipe.groups.items()
    fields = (FieldEntry(name=name, kind=FieldKind(f.kind), many=f.many) for name, f in recipe.fields.items())
    trained_on = TrainingSource(name=source.name, licence=source.licence, names=source_names(source, recipe))
    entry = GroupEntry(fields=own.fields, required=own.required, type_threshold=None, field_threshold=None)
    return tiny.model_copy(
        update={
            "labels": (group,),
            "fields": tuple(fields),
            "groups": {group: entry},
            "training": tiny.training.model_copy(update={"sources": (trained_on,)}),
        }
    )


def answer_of_gold(source: GoldSource, number: int) -> Answer:
    """What a model would say that finds every gold span and nothing else."""
    document = source.documents[number]
    found = (
        Found(field, start, end, document.text[start:end])
        for field, spans in document.spans.items()
        for start, end in sorted(spans)
    )
    return Answer(str(document.label), 1.0, False, (), tuple(found))
