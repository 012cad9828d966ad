"""`docmill train`: from labelled documents to a bundle. What only looks at documents imports no torch."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from docmill.errors import ConfigurationError
from docmill.training.importers.formats import Annotators, Format, Unit

if TYPE_CHECKING:
    from docmill.training.importers.imported import Imported
    from docmill.training.quality_gate import QualityReport

EXIT_REFUSED = 1
DATA_VARIABLE = "DOCMILL_DATA"
DEFAULT_SHARE = 0.15

app = typer.Typer(
    name="train",
    help="From labelled documents to a bundle: init, import, check, run.\n\n"
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


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="Folder to write to; made if needed.")],
) -> None:
    """Writes a recipe with every key explained, a few labelled letters to try it on, and what to do next.

    Nothing is overwritten.

    Example: `docmill train init letters`

    Exit codes: 0 written, 1 something is there already or cannot be written, 2 wrong usage.
    """
    from docmill.training.starter_files import write_starter

    out = Console(highlight=False, markup=False, soft_wrap=True)
    for path in write_starter(folder):
        out.print(f"wrote {path}")
    out.print(f"next: docmill train check {folder / 'recipe.toml'} --data {folder}", style="bold")


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
        Path, typer.Option("--out", file_okay=False, help="Folder of the bundle; a bundle there is replaced.")
    ],
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
            help="Folders of .txt files whose results the bundle "
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
    from docmill.training.recipe import load_recipe

    require_extra()
    prepare_environment()
    from docmill.training.run import Task, train

    loaded = load_recipe(recipe).scaled(budget)
    if seed is not None:
        loaded = loaded.model_copy(update={"seed": seed})
    folder = samples or resource("samples")
    task = Task(recipe=loaded, recipe_path=recipe, data=data_folder(recipe, data), samples=folder, out=out, study=study)
    with Telling(Console(stderr=True, highlight=False)) as telling:
        made = train(task, Cache(cache_folder(), telling.on_stage), telling.on_moment)
    if told := ", ".join(f"{count} {name}" for name, count in made.findings.items() if count):
        typer.echo(f"quality gate: {told}; `docmill train check {recipe}` says what")
    bundle = made.bundle
    typer.echo(f"{out}: {bundle.name} {bundle.version}, sha256 {bundle.sha256}")
    typer.echo(f"{made.report}: what it is worth on validation documents; open it in a browser")


@app.command("import")
def import_(
    format_: Annotated[Format, typer.Argument(metavar="FORMAT", help="jsonl, csv, label-studio or conll.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What to read.")],
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="JSONL to write, such as claims/train.jsonl.")],
    validation: Annotated[
        Path | None,
        typer.Option("--validation", dir_okay=False, help="Put a share of the documents aside, into this file."),
    ] = None,
    share: Annotated[
        float, typer.Option("--share", min=0.01, max=0.5, help="Of each label's documents, for --validation.")
    ] = DEFAULT_SHARE,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    text_column: Annotated[str | None, typer.Option(help="csv: column of the text. Default: text.")] = None,
    label_column: Annotated[
        str | None, typer.Option(help="csv: column of the type; '' for none. Default: label.")
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="csv: column of the id. Default: number the rows.")] = None,
    spans_column: Annotated[
        str | None, typer.Option(help="csv: column of spans as JSON, [[start, end, label], ...].")
    ] = None,
    field_column: Annotated[
        list[str] | None, typer.Option(help="csv: column of a field's value, for scoring; repeatable.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="csv: between cells; 'tab' for tabs. Default: a comma.")] = None,
    text_key: Annotated[
        str | None, typer.Option(help="label-studio: key of the text in `data`. Default: text, else the only one.")
    ] = None,
    choice: Annotated[
        str | None, typer.Option(help="label-studio: name of the choice that is the type. Default: the only one.")
    ] = None,
    annotators: Annotated[
        Annotators | None, typer.Option(help="label-studio: whose word counts among several. Default: majority.")
    ] = None,
    unit: Annotated[
        Unit | None, typer.Option(help="conll: what a document is. Default: marked, by -DOCSTART- or an id comment.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="conll: the type of all documents. Default: none.")] = None,
) -> None:
    """Brings labelled documents of another tool into docmill's JSONL, and says what it had to skip.

    A document with a span that does not stand where it says is skipped whole: without it, it would teach that the
    field is not there.

    Example: `docmill train import csv labelled.csv --out claims/train.jsonl --validation claims/validation.jsonl`

    Exit codes: 0 written, 1 nothing could be used or a file is not usable (the message says why), 2 wrong usage.
    """
    from docmill.cli.train_view import print_imported
    from docmill.training.importers.imported import write_rows
    from docmill.training.importers.split import split

    given: dict[str, Any] = {
        "text_column": text_column,
        "label_column": label_column,
        "id_column": id_column,
        "spans_column": spans_column,
        "field_column": field_column or None,
        "delimiter": delimiter,
        "text_key": text_key,
        "choice": choice,
        "annotators": annotators,
        "unit": unit,
        "label": label,
    }
    imported = _read(format_, file, _own_options(format_, given))
    targets = [path for path in (out, validation) if path is not None]
    if len({path.resolve() for path in targets}) < len(targets):
        raise typer.BadParameter("is --out too", param_hint="--validation")
    if not force and (there := [str(path) for path in targets if path.exists()]):
        raise ConfigurationError(f"{', '.join(there)}: there already. Name another file, or add --force")
    if imported.rows:
        train, aside = split(imported.rows, share) if validation is not None else (imported.rows, [])
        write_rows(out, train)
        if validation is not None:
            write_rows(validation, aside)
        written = [(out, train)] if validation is None else [(out, train), (validation, aside)]
        print_imported(imported, written)
    else:
        print_imported(imported, [])
        raise typer.Exit(EXIT_REFUSED)


OWN_OPTIONS = {
    Format.JSONL: frozenset[str](),
    Format.CSV: frozenset({"text_column", "label_column", "id_column", "spans_column", "field_column", "delimiter"}),
    Format.LABEL_STUDIO: frozenset({"text_key", "choice", "annotators"}),
    Format.CONLL: frozenset({"unit", "label"}),
}


def _own_options(format_: Format, given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given; one that is of another format is wrong usage."""
    options = {name: value for name, value in given.items() if value is not None}
    if strange := sorted(options.keys() - OWN_OPTIONS[format_]):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in strange)
        raise typer.BadParameter(f"not for {format_}", param_hint=names)
    return options


def _read(format_: Format, file: Path, options: dict[str, Any]) -> "Imported":
    from docmill.training.importers.conll import import_conll
    from docmill.training.importers.csv_table import Columns, import_csv
    from docmill.training.importers.jsonl import import_jsonl
    from docmill.training.importers.label_studio import Reading, import_label_studio

    match format_:
        case Format.JSONL:
            return import_jsonl(file)
        case Format.CSV:
            delimiter = options.get("delimiter", ",")
            delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
            if len(delimiter) != 1:
                raise typer.BadParameter("is one character, or 'tab'", param_hint="--delimiter")
            columns = Columns(
                text=options.get("text_column", "text"),
                label=options.get("label_column", "label") or None,
                id=options.get("id_column"),
                spans=options.get("spans_column"),
                fields=tuple(options.get("field_column", ())),
            )
            return import_csv(file, columns, delimiter)
        case Format.LABEL_STUDIO:
            return import_label_studio(file, Reading(**options))
        case Format.CONLL:
            return import_conll(file, **options)


def _write(path: Path, report: "QualityReport") -> None:
    from docmill.training.quality_gate import report_json

    try:
        text = json.dumps(report_json(report), indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--json {path} cannot be written: {error.strerror}") from error
