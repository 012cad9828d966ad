"""A decision asked for on a terminal, the type first, then field by field. Does not know where it goes."""

import re
from collections.abc import Callable, Sequence
from functools import partial

import typer
from rich.console import Console
from rich.text import Text

from docmill.cli.printable import one_line
from docmill.cli.review_fields import Decision, FieldGiven, Known, Normalise, Span, candidates, decided, place
from docmill.cli.review_view import generator_mark, text_and_value
from docmill.errors import ReviewError
from docmill_schemas.review_events import DecidedField, ReviewRequested

NONE = "-"
NUMBERS = re.compile(r"\d{1,2}(\s*,\s*\d{1,2})*", re.ASCII)  # longer ones are quotes: a year, an amount
PLACE = re.compile(r"(\d{1,9}):(\d{1,9})", re.ASCII)
HOW = (
    "Of each field: numbers (1 or 1,3), a quote of the text, START:END, - for none, Enter for what stands in brackets. "
    "=QUOTE is a quote whatever it looks like."
)


def ask_decision(review: ReviewRequested, known: Known, normalise: Normalise, console: Console) -> Decision | None:
    """Ask for the type and every field; None: it is not to be sent after all.

    Raises:
        typer.Abort: the person left, or the input ended.
    """
    label = _ask_type(review, known, console)
    console.print(HOW, style="dim")
    fields: list[DecidedField] = []
    for name in field_names(review, known, label):
        fields += _ask_field(review, name, normalise, console)
    while given := _ask("another field, name=QUOTE or name@START:END; Enter: no", ""):
        try:
            one = FieldGiven.of(given)
            found = place(review, one, normalise)
        except ReviewError as error:
            _tell(console, error)
        else:
            if _is_meant(partial(known.check_fields, [one.name]), "field", console):
                fields.append(found)
    once = {(one.start, one.end, one.name): one for one in fields}
    decision = Decision(label, tuple(once[place] for place in sorted(once)))
    console.print()
    for line in summary(decision):
        console.print(line)
    return decision if typer.confirm("send this?", default=True) else None


def field_names(review: ReviewRequested, known: Known, label: str) -> list[str]:
    """The fields that are asked for: those of the review, then those that documents of the type may have."""
    of_review = [*(one.name for one in review.fields), *review.missing_fields, *(c.name for c in review.candidates)]
    return list(dict.fromkeys((*of_review, *known.fields_of.get(label.partition(".")[0], ()))))


def summary(decision: Decision) -> list[Text]:
    """A decision in lines: the type, then each field with the value that it has."""
    lines = [Text.assemble(("type  ", "dim"), (one_line(decision.label), "bold"))]
    for field in decision.fields:
        shown, place = text_and_value(field.text, field.value), f"  {field.start}:{field.end}"
        lines.append(Text.assemble((f"{one_line(field.name)}  ", "dim"), shown, (place, "dim")))
    return lines if decision.fields else [*lines, Text("no fields", style="dim")]


def _ask_type(review: ReviewRequested, known: Known, console: Console) -> str:
    options = [(review.document_type.label, review.document_type.probability)]
    options += [(one.label, one.probability) for one in review.document_type.alternatives]
    console.print(Text("type", style="bold"))
    for number, (label, probability) in enumerate(options, start=1):
        mark = "  proposed" if number == 1 else ""
        console.print(Text(f"  {number}  {one_line(label)}  {probability:.3f}{mark}"))
    while True:
        given = _ask("number, or another type", "1")
        if not given.isdecimal():
            if _is_meant(partial(known.check_label, given), "type", console):
                return given
        elif 1 <= int(given) <= len(options):
            return options[int(given) - 1][0]
        else:
            console.print(Text(f"give 1 to {len(options)}, or the name of a type", style="red"))


def _is_meant(check: Callable[[], None], what: str, console: Console) -> bool:
    """Whether a name is to be taken: it is known, or the person says so."""
    try:
        check()
    except ReviewError as error:
        _tell(console, error)
        return typer.confirm(f"take it as a new {what}?", default=False)
    return True


def _ask_field(review: ReviewRequested, name: str, normalise: Normalise, console: Console) -> Sequence[DecidedField]:
    """The spans of one field; none, one or several."""
    options = candidates(review, name)
    chosen = {(one.start, one.end) for one in review.fields if one.name == name}
    missing = "  required, and not found" if name in review.missing_fields else ""
    console.print(Text.assemble((one_line(name), "bold"), (missing, "yellow")))
    for number, one in enumerate(options, start=1):
        mark = ("  proposed" if (one.start, one.end) in chosen else "") + generator_mark(review, one)
        where = f"  {one.start}:{one.end}  {one.confidence:.3f}"
        console.print(Text.assemble(f"  {number}  ", text_and_value(one.text, one.value), (where, "dim"), mark))
    numbers = [str(n) for n, one in enumerate(options, start=1) if (one.start, one.end) in chosen]
    while True:
        given = _ask("which", ",".join(numbers) or NONE)
        try:
            spans = _spans(review, name, given, [(one.start, one.end) for one in options], normalise)
        except ReviewError as error:
            _tell(console, error)
        else:
            return [decided(review, name, span, normalise) for span in spans]


def _spans(review: ReviewRequested, name: str, given: str, options: Sequence[Span], normalise: Normalise) -> list[Span]:
    """Raises: ReviewError: what was given is nothing of the text."""
    if given == NONE:
        return []
    if NUMBERS.fullmatch(given):
        numbers = [int(number) for number in given.split(",")]
        if not all(1 <= number <= len(options) for number in numbers):
            raise ReviewError(f"there are {len(options)} to choose from; ={given} takes it as a quote")
        return [options[number - 1] for number in dict.fromkeys(numbers)]
    if match := PLACE.fullmatch(given):
        found = place(review, FieldGiven(name, place=(int(match[1]), int(match[2]))), normalise)
    else:
        found = place(review, FieldGiven(name, quote=given.removeprefix("=").strip() or given), normalise)
    return [(found.start, found.end)]


def _ask(question: str, default: str) -> str:
    """An answer without white space around it; the default where nothing is given."""
    prompt: Callable[..., str] = typer.prompt
    return prompt(question, default=default, show_default=bool(default)).strip() or default


def _tell(console: Console, error: ReviewError) -> None:
    console.print(Text(one_line(str(error)), style="red"))
