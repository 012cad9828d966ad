"""`docmill train`: from labelled documents to a bundle. What only looks at documents imports no torch."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from docmill.cli.train_import import EXIT_REFUSED, import_
from docmill.errors import ConfigurationError

if TYPE_CHECKING:
    from docmill.training.quality_gate import QualityReport
    from docmill.training.recipe import Recipe as TrainingRecipe

DATA_VARIABLE = "DOCMILL_DATA"
RECIPE_SUFFIX = ".toml"


class CommandsOrRecipe(TyperGroup):
    """A first argument that ends in `.toml` is a recipe to `run`; any other must be a command."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """See click.Group: name, command and the arguments that are left."""
        return super().resolve_command(ctx, ["run", *args] if args[0].endswith(RECIPE_SUFFIX) else args)


app = typer.Typer(
    name="train",
    cls=CommandsOrRecipe,
    subcommand_metavar="COMMAND|RECIPE.toml [ARGS]...",
    help="From labelled documents to a bundle: init, import, check, run.\n\n"
    "`docmill train RECIPE.toml` is the short form of `docmill train run RECIPE.toml`, and takes its options.\n\n"
    "Example: `docmill train init letters && docmill train run letters/recipe.toml --out bundles/letters-en`\n\n"
    "Exit codes: 0 done, 1 failed or refused (the message says why), 2 wrong usage.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Recipe = Annotated[Path, typer.Argument(metavar="RECIPE.toml", exists=True, dir_okay=False, help="The recipe.")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        exists=True,
        file_okay=False,
        help=f"Folder of the recipe's sources. Default: {DATA_VARIABLE}, else the recipe's own folder.",
    ),
]


def data_folder(recipe: Path, data: Path | None) -> Path:
    """The folder of the sources: as the option says, else the environment, else beside the recipe."""
    if data is not None:
        return data
    return Path(os.environ[DATA_VARIABLE]) if os.environ.get(DATA_VARIABLE) else recipe.parent


def default_out(recipe: "TrainingRecipe") -> Path:
    """Where a bundle goes that is given no place: NAME-VERSION in the working directory, if there is none yet.

    Raises:
        ConfigurationError: name and version make no name of a folder, or that of a bundle, which nobody named.
    """
    from docmill.bundle.manifest import MANIFEST_FILE

    name = f"{recipe.name}-{recipe.version}"
    if Path(name).name != name:
        raise ConfigurationError(f"{name}, the recipe's name and version, is no name of a folder: give one with --out")
    if (Path(name) / MANIFEST_FILE).exists():
        raise ConfigurationError(f"{name} is a bundle already: name it with --out to replace it, or name another place")
    return Path(name)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="Folder to write to; made if needed.")],
) -> None:
    """Writes a recipe that explains each key in it, a few labelled letters to try it on, and what to do next.

    Further keys, which have defaults, are in docs/train-data.md. Nothing is overwritten.

    Example: `docmill train init letters`

    Exit codes: 0 written, 1 something is there already or cannot be written, 2 wrong usage.
    """
    from docmill.training.starter_files import write_starter

    out = Console(highlight=False, markup=False, soft_wrap=True)
    for path in write_starter(folder):
        out.print(f"wrote {path}")
    out.print(f"next: docmill train check {folder / 'recipe.toml'} --data {folder}", style="bold")


app.command("import")(import_)


@app.command()
def check(
    recipe: Recipe,
    data: Data = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", dir_okay=False, help="Write all findings here, with short excerpts of documents."),
    ] = None,
    suspects: Annotated[
        bool, typer.Option("--suspects/--no-suspects", help="Look for labels that are probably wrong (takes longer).")
    ] = True,
) -> None:
    """Says whether labelled documents are good enough to train on, and what to do about what is not.

    Nothing is changed and nothing is sent anywhere. Documents are named by their ids; text is only in the --json file.

    Example: `docmill train check recipe.toml --data claims/ --json findings.json`

    Exit codes: 0 may be trained on, 1 refused or not readable (the message says why), 2 wrong usage.
    """
    from docmill.cli.train_view import print_report
    from docmill.training.cache import Cache, cache_folder
    from docmill.training.corpus import read_corpus
    from docmill.training.quality_gate import check_corpus
    from docmill.training.recipe import load_recipe
    from docmill.training.sources import source_folders

    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    loaded = load_recipe(recipe)
    with errors.status("reading and comparing documents"):
        folders = source_folders(loaded, data_folder(recipe, data), Cache(cache_folder()))
        corpus = read_corpus(folders, loaded)
        report = check_corpus(corpus, loaded, seek_suspects=suspects)
    print_report(report)
    if json_file is not None:
        _write(json_file, report)
        errors.print(f"{json_file} holds all examples, with short excerpts of documents: keep it as you keep them")
    if report.is_refused:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def run(
    recipe: Recipe,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            file_okay=False,
            help="Folder of the bundle; a bundle there is replaced. Default: NAME-VERSION of the recipe, in the folder "
            "where you are, if no bundle is there yet.",
        ),
    ] = None,
    data: Data = None,
    budget: Annotated[
        float, typer.Option("--budget", min=0.001, help="Times the recipe's tokens: 0.1 for a quick look.")
    ] = 1.0,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Instead of the recipe's, to see how much is chance.")
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(
            "--samples",
            exists=True,
            file_okay=False,
            help="Folder of .txt files, in it or in folders of it (not in one named broken), whose results the bundle "
            "keeps, to be checked when it is loaded. Default: docmill's own samples.",
        ),
    ] = None,
    study: Annotated[
        bool,
        typer.Option(
            "--study",
            help="Also read validation with the teacher, and train what the recipe's section [study] asks for; only "
            "evaluation, card and report tell of it.",
        ),
    ] = False,
) -> None:
    """Makes a bundle from a recipe: teacher, distilled student, calibration, int8, evaluation. Needs the extra [train].

    Stages whose inputs did not change are taken from the cache (DOCMILL_TRAIN_CACHE, default: in your user's cache),
    and a run that was stopped goes on where it was. Uses a GPU when torch sees one.

    Example: `docmill train run recipe.toml --out bundles/letters-en --budget 0.1`

    Exit codes: 0 made, 1 failed or refused (the message says why), 2 wrong usage, 130 interrupted.
    """
    from docmill.resources import resource
    from docmill.training.cache import Cache, cache_folder
    from docmill.training.environment import prepare_environment, require_extra
    from docmill.training.progress import Telling
    from docmill.training.recipe import read_recipe

    require_extra()
    prepare_environment()
    from docmill.training.run import Task, train

    written, text = read_recipe(recipe)
    loaded = written.scaled(budget)
    if seed is not None:
        loaded = loaded.model_copy(update={"seed": seed})
    bundle_folder = out or default_out(loaded)
    folder = samples or resource("samples")
    task = Task(
        recipe=loaded,
        recipe_path=recipe,
        recipe_text=text,
        data=data_folder(recipe, data),
        samples=folder,
        out=bundle_folder,
        study=study,
        replaces=out is not None,
    )
    with Telling(Console(stderr=True, highlight=False)) as telling:
        made = train(task, Cache(cache_folder(), telling.on_stage), telling.on_moment)
    if told := ", ".join(f"{count} {name}" for name, count in made.findings.items() if count):
        typer.echo(f"quality gate: {told}; `docmill train check {recipe}` says what")
    bundle = made.bundle
    typer.echo(f"{bundle_folder}: {bundle.name} {bundle.version}, sha256 {bundle.sha256}")
    typer.echo(f"{made.report}: what it is worth on validation documents; open it in a browser")


def _write(path: Path, report: "QualityReport") -> None:
    from docmill.training.quality_gate import report_json

    try:
        text = json.dumps(report_json(report), indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--json {path} cannot be written: {error.strerror}") from error
