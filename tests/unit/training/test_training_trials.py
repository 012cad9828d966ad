"""load_tests/training_trials.py: what a trial may change, what it reads, what is kept; tiny ones from end to end."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill.errors import ConfigurationError
from docmill.pipeline.decode import Merged
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, GroupSpec, ModelSpec
from docmill.pipeline.window import Tokens
from docmill.training import stages
from docmill.training.corpus import Entity, LabelledDocument
from docmill.training.materials import Materials
from docmill.training.outliers import unfitted
from docmill.training.reading import Read
from docmill.training.recipe import Source
from docmill.training.recipe_stages import OutOfFold
from docmill.training.training_set import TrainingSet
from load_tests import training_trials
from load_tests.training_trials import main
from load_tests.trial_parts.held import documents_to_read, fold_to_read
from load_tests.trial_parts.measure import LayoutAsBlanks, score, train_and_read
from load_tests.trial_parts.records import Measured
from load_tests.trial_parts.trials import SOURCE_KEYS, read_trials, schedule
from tests.tiny_checkpoint import write_checkpoint
from tests.unit.pipeline.fakes import FourCharacterTokenizer
from tests.unit.training.corpora import VALUES, Row, recipe, row, write_source, written

BASELINE = {"baseline": {"tokens": 1000, "encoder_lr": 2e-4, "head_lr": 8e-3}}
FOLDS = 3
READ = 1  # the middle one of them


def tried(*changes: str, of: Any = None) -> Any:
    [trial] = read_trials(of or recipe(), [["one", *changes]])
    return trial


def test_values_are_replaced_by_path() -> None:
    trial = tried(
        "encoder.max_tokens=32",
        "training.tag_weight=2e-1",
        "student.layers=[0, 1]",
        "sources.post.head_windows=1",
        "layout_tokens=false",
        "bf16=false",
    )
    expected = recipe(
        sources=[{"name": "post", "head_windows": 1}],
        encoder={**VALUES["encoder"], "max_tokens": 32},
        training={"tag_weight": 0.2},
        student={**VALUES["student"], "layers": [0, 1]},
    )
    assert trial.recipe == expected
    assert not trial.layout_tokens
    assert not trial.bf16


def test_what_is_taken_away_has_its_default() -> None:
    of = recipe(training={"tokens_per_step": 64}, sources=[{"name": "till", "head_windows": 2}])
    assert tried("training.tokens_per_step=", "sources.till.head_windows=", of=of).recipe == recipe()


def test_rates_are_those_of_the_baseline_where_there_is_one() -> None:
    assert schedule(recipe(), 500).head_lr == VALUES["student"]["head_lr"]
    with_baseline = recipe(study=BASELINE)
    assert schedule(with_baseline, 500).model_dump() == {**BASELINE["baseline"], "tokens": 500, "frozen_layers": 0}
    trial = tried("study.baseline.head_lr=1e-2", of=with_baseline)
    assert schedule(trial.recipe, 500).head_lr == 1e-2
    assert schedule(tried("student.head_lr=1e-2").recipe, 500).head_lr == 1e-2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["encoder.max_token=32"], "no PATH=VALUE of what a trial reads: encoder.max_tokens, "),
        (["encoder.max_tokens"], "no PATH=VALUE"),
        (["teacher.tokens=5"], "no PATH=VALUE"),  # there is none
        (["seed=8"], "no PATH=VALUE"),
        (["out_of_fold.folds=4"], "no PATH=VALUE"),  # other documents would be read
        (["sources.post.masked=['law']"], "no PATH=VALUE"),
        (["sources.attic.share=2"], r"sources.NAME.other_windows \(NAME: till, post, scans\)"),
        (["study.baseline.head_lr=1e-3"], "no PATH=VALUE"),  # there is no baseline
        (["encoder.max_tokens=many"], "no value as in a recipe"),
        (["encoder.max_tokens='32'x"], "no value as in a recipe"),
        (["encoder.max_tokens=8"], "(?s)encoder.max_tokens.*greater than or equal to 16"),
        (["encoder.max_tokens="], "(?s)encoder.max_tokens.*required"),
        (["encoder.stride=62"], "stride 62 must be below max_tokens - 2"),
        (["encoder.stride=1", "encoder.stride=2"], "changes encoder.stride twice"),
        (["layout_tokens=0"], "layout_tokens is true or false"),
        (["bf16=0"], "bf16 is true or false"),
        (["student.frozen_layers=2"], r"frozen_layers = 2 of \[student\], but the model has 1"),
    ],
)
def test_what_cannot_be_tried(changes: list[str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        tried(*changes)


def test_the_students_rates_are_nothing_where_the_baselines_count() -> None:
    with pytest.raises(ConfigurationError, match=r"study\.baseline\.encoder_lr"):
        tried("student.encoder_lr=1e-3", of=recipe(study=BASELINE))


@pytest.mark.parametrize("names", [("one", "one"), ("one", "encoder.stride=4")])
def test_each_trial_has_a_name_of_its_own(names: Sequence[str]) -> None:
    with pytest.raises(ConfigurationError, match="a name of its own"):
        read_trials(recipe(), [[name] for name in names])


def test_no_trial_changes_which_documents_there_are() -> None:
    receipt = {"fields": ["shop", "total", "date"], "required": ["total"]}
    dated = {"shop": {"kind": "identifier"}, "date": {"kind": "date"}}
    of = recipe(study=BASELINE, groups=VALUES["groups"] | {"receipt": receipt}, fields=VALUES["fields"] | dated)
    trial = tried(
        "encoder.stride=4",
        "vocabulary.most_frequent=9",
        "training.exponent=1.0",
        "student.layers=[0]",
        "study.baseline.encoder_lr=1e-3",
        "sources.post.share=2.0",
        "sources.post.per_label=3",
        "sources.till.augment=true",
        "sources.post.head_windows=1",
        "sources.post.head_drawn=false",
        "sources.post.entity_windows=1",
        "sources.post.other_windows=1",
        of=of,
    )
    assert stages.corpus(trial.recipe, [], {}).key == stages.corpus(of, [], {}).key


def test_all_else_of_a_source_can_be_tried() -> None:
    of_corpus = stages.corpus(recipe(), [], {}).section["sources"][0]
    judged_alone = {"certifies"}  # a trial certifies nothing
    assert set(SOURCE_KEYS) == Source.model_fields.keys() - of_corpus.keys() - judged_alone


@pytest.mark.parametrize(("folds", "fold"), [(3, 1), (5, 2), (6, 3)])
def test_the_middle_fold_is_read(folds: int, fold: int) -> None:
    assert fold_to_read(OutOfFold(folds=folds), None) == fold
    assert fold_to_read(OutOfFold(folds=folds), 0) == 0


@pytest.mark.parametrize(
    ("out_of_fold", "wanted", "said"),
    [
        (OutOfFold(folds=3), 2, "fold 2 of the recipe certifies"),
        (OutOfFold(folds=3), -1, "in 0 to 1"),
        (OutOfFold(folds=2), None, "set folds = 3 or more"),
        (OutOfFold(folds=3, tokens=9), None, "certifies on all folds"),
    ],
)
def test_a_fold_that_cannot_be_read(out_of_fold: OutOfFold, wanted: int | None, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        fold_to_read(out_of_fold, wanted)


def labelled(name: str, label: str | None, text: str = "words") -> LabelledDocument:
    return LabelledDocument(name, name.partition("-")[0], "letter", label, text, ())


def training_set(documents: Sequence[LabelledDocument], folds: dict[str, int] | None = None) -> TrainingSet:
    by_source = {name: [d for d in documents if d.source == name] for name in ("post", "scans")}
    return TrainingSet(by_source, {d.id: (folds or {}).get(d.id, READ) for d in documents})


def test_labels_are_read_as_evenly_as_they_come() -> None:
    common = [labelled(f"post-common-{n}", "letter.common") for n in range(20)]
    rare = [labelled(f"post-rare-{n}", "letter.rare") for n in range(2)]
    others = [labelled("post-none", None), labelled("post-long", "letter.rare", "x" * 11)]
    scan, trained = labelled("scans-1", "letter.common"), labelled("post-trained", "letter.common")
    training = training_set([*common, *rare, *others, scan, trained], {trained.id: 0})
    kept, read = documents_to_read(training, READ, 6, 10)
    assert kept.all == [trained]
    assert {d.id for d in read if d.label == "letter.rare"} == {d.id for d in rare}
    assert sum(d in common for d in read) == 4
    assert read[-1] == scan
    assert len(read) == 7
    backwards = training_set([*reversed(training.all)], {trained.id: 0})
    assert documents_to_read(backwards, READ, 6, 10)[1] == read


@pytest.mark.parametrize(("fold", "said"), [(0, "no document with a type of at most 10"), (READ, "left to train on")])
def test_a_fold_without_documents(fold: int, said: str) -> None:
    documents = [labelled("post-1", "letter"), labelled("post-2", None)]
    with pytest.raises(ConfigurationError, match=said):
        documents_to_read(training_set(documents, {"post-2": 0}), fold, 5, 10)


def test_layout_as_blanks_keeps_offsets() -> None:
    text = "ab\ncd\tef gh"
    blank = LayoutAsBlanks(FourCharacterTokenizer())
    plain = FourCharacterTokenizer().encode(text, add_special_tokens=False)
    as_blank = blank.encode(text, add_special_tokens=False)
    newline = FourCharacterTokenizer().token_to_id("\n")
    assert newline in plain.ids
    assert newline not in as_blank.ids
    assert [text[start:end] for start, end in as_blank.offsets] == ["ab", "cd", "ef", "gh"]
    assert blank.token_to_id("\n") == newline


SPEC = ModelSpec(
    labels=("letter", "receipt"),
    fields=(FieldSpec("total", FieldKind.MONEY, many=False), FieldSpec("party", FieldKind.TEXT, many=True)),
    groups={
        "letter": GroupSpec("letter", ("party",), (), None, None),
        "receipt": GroupSpec("receipt", ("total",), (), None, None),
    },
    type_windows=1,
    type_temperature=1.0,
    tag_temperature=1.0,
    outlier=unfitted(1),
)


def read(words: str, gold: str | None, found: dict[int, float], *, label: str, taken_for: str) -> Read:
    """A document of these words, one a token; `found` are places of found values and how sure they are."""
    starts = np.array([0, *(i + 1 for i, c in enumerate(words) if c == " ")], np.int32)
    ends = np.array([*(starts[1:] - 1), len(words)], np.int32)
    field = "total" if label == "receipt" else "party"
    entities = () if gold is None else (Entity(field, words.index(gold), words.index(gold) + len(gold)),)
    logits = np.zeros((len(starts), 1, 3), np.float32)
    logits[..., 0] = 9
    for place, sure in found.items():
        logits[place, 0] = (0, sure, 0)
    document = LabelledDocument("d", label, label, label, words, entities)
    types = np.array([taken_for == name for name in SPEC.labels], np.float32)
    column = [one.name for one in SPEC.fields].index(field)
    return Read(
        document, (field,), Tokens(np.zeros(len(starts), np.int64), starts, ends), Merged(types, (column,), logits, 0.0)
    )


def test_the_surest_value_of_a_field_counts() -> None:
    receipts = [
        read("sum 4.50 end", "4.50", {1: 5.0}, label="receipt", taken_for="receipt"),  # right
        read("sum 4.50 6.00", "4.50", {2: 5.0}, label="receipt", taken_for="receipt"),  # wrong
        read("sum 4.50 end", "4.50", {}, label="receipt", taken_for="receipt"),  # missed
        read("sum 4.50 end", None, {1: 5.0}, label="receipt", taken_for="receipt"),  # invented
    ]
    letters = [
        read("Ann or Bob", "Bob", {0: 3.0, 2: 5.0}, label="letter", taken_for="letter"),  # the surer one is right
        read("Ann or Bob", "Bob", {2: 5.0}, label="letter", taken_for="receipt"),  # receipts have no parties
    ]
    scores = score([*receipts, *letters], SPEC)
    assert list(scores) == ["receipt", "letter"]
    assert scores["receipt"].model_dump() == {
        "documents": 4,
        "types_right": 1.0,
        "macro_f1": 1.0,
        "value_f1": round(2 * 1 / (3 + 3), 4),
    }
    assert scores["letter"].model_dump() == {
        "documents": 2,
        "types_right": 0.5,
        "macro_f1": round(2 * 1 / (2 + 1), 4),
        "value_f1": round(2 * 1 / (1 + 2), 4),
    }


def test_what_could_not_be_placed_is_not_judged() -> None:
    found = read("sum 4.50 end", None, {1: 5.0}, label="receipt", taken_for="receipt")
    unplaced = replace(found, document=replace(found.document, unplaced=("total",)))
    assert score([found], SPEC)["receipt"].value_f1 == 0
    assert score([unplaced], SPEC)["receipt"].value_f1 is None


def test_where_there_is_no_value_there_is_no_f1() -> None:
    nothing = read("sum", None, {}, label="receipt", taken_for="receipt")
    assert score([nothing], SPEC)["receipt"].value_f1 is None


# From here on with a network of four layers and 32 numbers, random as it comes.


def toml(value: Any) -> str:
    """A value as TOML has it within a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


def receipt(number: int) -> Row:
    total = f"{number}.50"
    return row(f"till-{number}", "receipt", f"{written(number, 12)}\nTotal\t{total}", ("total", total))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with checkpoint, data and cache."""
    folder = tmp_path_factory.mktemp("trials")
    write_checkpoint(folder / "checkpoint")
    (folder / "data").mkdir()
    write_source(folder / "data", "till", [receipt(number) for number in range(9)])
    for name in ("post", "scans"):
        letters = [row(f"{name}-{label}-{n}", label) for label in ("offer", "reply") for n in range(6)]
        write_source(folder / "data", name, letters)
    return folder


@pytest.fixture
def recipe_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCMILL_TRAIN_CACHE", str(place / "cache"))
    values = VALUES | {"base_model_path": "checkpoint", "out_of_fold": {"folds": FOLDS}}
    path = place / "recipe.toml"
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in values.items()), encoding="utf-8")
    return path


def run(recipe_file: Path, out: Path, *more: str, tokens: int = 300) -> None:
    data = recipe_file.parent / "data"
    main([str(recipe_file), "--data", str(data), "--tokens", str(tokens), "--out", str(out), *more])


def kept(out: Path) -> list[dict[str, Any]]:
    trials: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))["trials"]
    return trials


def never(*_: Any) -> Any:
    raise AssertionError("a trial was made")


TRY = ("--try", "as-it-is", "--try", "short", "encoder.max_tokens=16", "encoder.stride=4", "layout_tokens=false")


def test_trials_are_made_told_and_kept(
    recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "trials.json"
    run(recipe_file, out, *TRY, "--documents", "2")
    whole, short = kept(out)
    assert (whole["name"], whole["changes"]) == ("as-it-is", {})
    assert short["changes"] == {"encoder.max_tokens": 16, "encoder.stride": 4, "layout_tokens": False}
    assert whole["setting"] == short["setting"]
    assert whole["setting"]["fold"] == READ
    assert whole["measured"]["sources"].keys() == {"till", "post", "scans"}
    assert {one["documents"] for one in whole["measured"]["sources"].values()} == {2}
    assert whole["measured"]["sources"]["post"]["value_f1"] is None  # letters have no entity, and nothing is that sure
    assert whole["measured"]["tokens"] >= 300
    assert str(recipe_file.parent) not in out.read_text(encoding="utf-8")
    told = capsys.readouterr().out
    assert "as-it-is" in told
    assert "short" in told

    before = out.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(training_trials, "train_and_read", never)
        run(recipe_file, out, *TRY, "--documents", "2")
        assert out.read_bytes() == before
        assert "short" in capsys.readouterr().out
        with pytest.raises(SystemExit, match="another trial short"):
            run(recipe_file, out, "--try", "short", "encoder.stride=8", "--documents", "2")
    run(recipe_file, out, "--try", "as-it-is", "--documents", "2", "--seed", "8")
    assert [one["setting"]["seed"] for one in kept(out)] == [7, 7, 8]


def test_what_is_read_is_not_trained_on_and_neither_certifies(
    recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_newlines = {}

    def look(materials: Materials, _: Any, documents: Sequence[LabelledDocument], name: str, *rest: Any) -> Measured:
        folds = materials.training.folds
        assert {folds[d.id] for d in materials.training.all} == {0}
        assert {folds[d.id] for d in documents} == {READ}
        examples = [materials.make(document, random.Random(0)) for document in materials.training.all]
        windows = [window for example in examples for window in example.windows]
        has_newlines[name] = any(materials.windowing.newline_id in window.ids for window in windows)
        return Measured(steps=1, tokens=1, train_s=0, read_s=0, device="none", sources={})

    monkeypatch.setattr(training_trials, "train_and_read", look)
    run(recipe_file, tmp_path / "trials.json", *TRY)
    assert has_newlines == {"as-it-is": True, "short": False}


def test_what_was_finished_outlives_a_trial_that_fails(
    recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new" / "trials.json"
    made: list[str] = []

    def stopped(*args: Any) -> Any:
        if made:
            raise KeyboardInterrupt
        made.append(args[3])
        return train_and_read(*args)

    monkeypatch.setattr(training_trials, "train_and_read", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(recipe_file, out, *TRY)
    assert [one["name"] for one in kept(out)] == made == ["as-it-is"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--try", "one", "encoder.max_tokens=256"), "reads 128 tokens at most"),
        (("--try", "one", "student.layers=[4]"), "from 0 to 3"),
        (("--try", "one", "--fold", "2"), "certifies"),
        (("--try", "one", "--longest", "3"), "raise --longest"),
    ],
)
def test_what_is_wrong_is_said_before_anything_trains(
    recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(training_trials, "train_and_read", never)
    with pytest.raises(SystemExit, match=said):
        run(recipe_file, tmp_path / "trials.json", "--try", "fine", *more)


@pytest.mark.parametrize(
    "text", ["{}", '{"rows": []}', '{"format": 1, "trials": [], "more": 1}', '{"format": 2, "trials": []}', "words"]
)
def test_a_file_that_holds_something_else_is_left_alone(recipe_file: Path, tmp_path: Path, text: str) -> None:
    out = tmp_path / "trials.json"
    out.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match="is no file of trials"):
        run(recipe_file, out, "--try", "one")
    assert out.read_text(encoding="utf-8") == text


def test_a_place_that_cannot_be_written(recipe_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SystemExit, match="cannot be written"):
        run(recipe_file, tmp_path / "file" / "trials.json", "--try", "one")


def test_data_must_be_named(
    recipe_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DOCMILL_DATA", raising=False)
    with pytest.raises(SystemExit):
        main([str(recipe_file), "--try", "one"])
    assert "--data or DOCMILL_DATA" in capsys.readouterr().err


@pytest.mark.parametrize("tokens", ["0", "many"])
def test_numbers_are_positive(tokens: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["recipe.toml", "--data", ".", "--try", "one", "--tokens", tokens])
    assert "--tokens" in capsys.readouterr().err
