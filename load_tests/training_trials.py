"""Which values of a recipe train best? Small students with some of them replaced, side by side (extra [train]).

    DOCMILL_DATA=FOLDER python -m load_tests.training_trials recipes/mailroom-en.toml --out trials.json \\
        --try as-it-is \\
        --try windows-128 encoder.max_tokens=128 encoder.stride=32 \\
        --try claims-double sources.claims.share=2.2 \\
        --try no-layout layout_tokens=false

Each --try is a name and what it changes, by the recipe's own paths, written as in the recipe; nothing behind the `=`
takes a value away, so that its default holds. Two paths are no recipe's: `layout_tokens=false` takes line breaks and
tabs for blanks, in training and reading, and `bf16=false` trains in fp32 where the machine would take bfloat16. What a
trial depends on is [encoder], [vocabulary], [training], the student's layers, the rates of [study.baseline] (where
there is none, of [student]) and how the sources are drawn. A path of anything else is refused: it would change nothing,
or what is read.

A trial trains the recipe's student for --tokens, without a teacher, and reads documents of one fold (--fold). That fold
is neither trained on here nor the recipe's last one, which certifies thresholds: what chooses must not certify, so do
not choose by documents that `docmill train run` holds out. The vocabulary alone has seen the texts of the fold that is
read. Of each source up to --documents are read, labels as evenly as they come, none longer than --longest characters.

Nothing is calibrated. Values are read off as in the product, none below its field's `min_confidence` (0.5 of several
and 0.35 of the only one before 2026-11-29: trials of then are not to be put beside later ones), and of each field the
surest of a document counts. What wins in a short training need not win in a long one, and one seed tells small
differences from nothing: try another --seed, and another --fold once something is chosen.

Prints a table. --out keeps each trial as soon as it is finished; one that is there with the same name, changes, recipe,
documents and options is not made again.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from docmill.training.environment import prepare_environment

prepare_environment()

from rich.console import Console  # noqa: E402

from docmill.errors import ConfigurationError  # noqa: E402
from docmill.load.machine import this_machine  # noqa: E402
from docmill.training import stages  # noqa: E402
from docmill.training.cache import Cache, Result, cache_folder, file_digest  # noqa: E402
from docmill.training.corpus import PARTS, LabelledDocument, part  # noqa: E402
from docmill.training.materials import base_digest, base_folder  # noqa: E402
from docmill.training.progress import Telling  # noqa: E402
from docmill.training.recipe import Recipe, load_recipe  # noqa: E402
from docmill.training.run import materials_of  # noqa: E402
from docmill.training.sources import source_folders  # noqa: E402
from docmill.training.training_set import TrainingSet, read_parts  # noqa: E402
from load_tests.report import report_console  # noqa: E402
from load_tests.trial_parts.held import documents_to_read, fold_to_read  # noqa: E402
from load_tests.trial_parts.measure import train_and_read, trial_materials  # noqa: E402
from load_tests.trial_parts.records import Kept, Measured, Setting, TrialRecord, print_table  # noqa: E402
from load_tests.trial_parts.trials import Trial, read_trials, schedule  # noqa: E402

TOKENS = 400_000  # four minutes a trial on two cores, and fields begin to be found
DOCUMENTS = 150  # of a source
LONGEST = 40_000  # characters of a document
FILE_COLUMNS = 160


@dataclass(frozen=True, slots=True)
class Options:
    """`fold` and `seed`: None for the default and for the recipe's own."""

    tokens: int
    seed: int | None
    fold: int | None
    documents: int  # of a source, to read
    longest: int  # characters of a document that is read


@dataclass(frozen=True, slots=True)
class Ground:
    """What all trials stand on: the base model, and which documents are trained on and read."""

    base: Path
    base_digest: str
    corpus: Result
    training: TrainingSet
    documents: Sequence[LabelledDocument]


def main(arguments: Sequence[str] | None = None) -> None:
    """Check, train, read, show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument(
        "--try", dest="trials", action="append", nargs="+", required=True, metavar=("NAME", "PATH=VALUE")
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("DOCMILL_DATA"), help="default: DOCMILL_DATA")
    parser.add_argument("--out", type=Path, help="JSON file that keeps finished trials")
    parser.add_argument("--tokens", type=_positive, default=TOKENS, help="that each trial trains on (%(default)s)")
    parser.add_argument("--seed", type=int, help="of all draws; default: the recipe's")
    parser.add_argument("--fold", type=int, help="to read, counted from 0; default: the middle one")
    parser.add_argument("--documents", type=_positive, default=DOCUMENTS, help="to read of each source (%(default)s)")
    parser.add_argument("--longest", type=_positive, default=LONGEST, help="characters of one (%(default)s)")
    args = parser.parse_args(arguments)
    if args.data is None:
        parser.error("say where the labelled documents are: --data or DOCMILL_DATA")
    options = Options(args.tokens, args.seed, args.fold, args.documents, args.longest)
    try:
        records = try_all(args.recipe, Path(args.data), args.trials, options, args.out)
    except ConfigurationError as error:
        sys.exit(str(error))
    print_table(report_console(FILE_COLUMNS), records)


def try_all(
    recipe_path: Path, data: Path, written: Sequence[Sequence[str]], options: Options, out: Path | None
) -> list[TrialRecord]:
    """All trials in their order, made now unless `out` has them.

    Raises:
        ConfigurationError: recipe, trials, options, data or `out` are not usable; nothing has been trained then.
    """
    recipe = load_recipe(recipe_path)
    if options.seed is not None:
        recipe = recipe.model_copy(update={"seed": options.seed})
    trials = read_trials(recipe, written)
    fold = fold_to_read(recipe.out_of_fold, options.fold)
    base = _base(trials, recipe_path.parent)
    kept = Kept(out)
    with Telling(Console(stderr=True, highlight=False)) as telling:
        cache = Cache(cache_folder(), telling.on_stage)
        corpus = _corpus(recipe, data, cache)
        training = read_parts(corpus.folder, recipe).training
        others, documents = documents_to_read(training, fold, options.documents, options.longest)
        setting = Setting(
            recipe=f"{recipe.name} {recipe.version}",
            recipe_sha256=file_digest(recipe_path),
            corpus=corpus.digest,
            training=stages.DRAWING,
            tokens=options.tokens,
            seed=recipe.seed,
            fold=fold,
            documents=options.documents,
            longest=options.longest,
        )
        ground = Ground(base, base_digest(base), corpus, others, documents)
        found = [kept.find(trial.name, trial.changes, setting) for trial in trials]
        records = []
        for trial, record in zip(trials, found, strict=True):
            if record is None:
                made = _record(trial, setting, _measure(trial, ground, options.tokens, cache, telling))
                kept.add(made)
                records.append(made)
            else:
                telling.say(f"{trial.name}: from {out}")
                records.append(record)
    return records


def _measure(trial: Trial, ground: Ground, tokens: int, cache: Cache, telling: Telling) -> Measured:
    vocabulary = cache.result(stages.vocabulary(trial.recipe, ground.base, ground.base_digest, ground.corpus))
    whole = materials_of(trial.recipe, ground.base, ground.corpus, vocabulary, telling.on_moment)
    materials = trial_materials(whole, ground.training, layout_tokens=trial.layout_tokens, bf16=trial.bf16)
    return train_and_read(materials, schedule(trial.recipe, tokens), ground.documents, trial.name, telling)


def _record(trial: Trial, setting: Setting, measured: Measured) -> TrialRecord:
    return TrialRecord(
        name=trial.name,
        changes=dict(trial.changes),
        setting=setting,
        measured=measured,
        at=datetime.now(UTC),
        docmill=version("docmill"),
        machine=this_machine(),
        load_average=os.getloadavg(),
    )


def _base(trials: Sequence[Trial], beside: Path) -> Path:
    """The base model of all trials, which reads the windows of each and has its layers."""
    [base] = {base_folder(trial.recipe, beside) for trial in trials}
    base_digest(base)  # says what a folder lacks that is no checkpoint
    return base


def _corpus(recipe: Recipe, data: Path, cache: Cache) -> Result:
    """The training documents in folds, as `docmill train run` makes them."""
    folders = source_folders(recipe, data, cache)
    files = {f"{source.name}/{name}": part(folders, source.name, name) for source in recipe.sources for name in PARTS}
    digests = {name: file_digest(path) for name, path in files.items()}
    return cache.result(stages.corpus(recipe, folders, digests))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


if __name__ == "__main__":
    main()
