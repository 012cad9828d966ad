"""`docmill train import`: what other tools labelled, as docmill's JSONL. Imports no torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docmill.errors import ConfigurationError
from docmill.training.importers.formats import Annotators, Format, Unit

if TYPE_CHECKING:
    from docmill.training.importers.imported import Imported

EXIT_REFUSED = 1
DEFAULT_SHARE = 0.15


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
