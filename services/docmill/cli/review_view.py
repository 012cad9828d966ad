"""Open reviews as text and as JSON, with the proposals marked in the document. Does not know where they were read."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import cycle, pairwise, takewhile

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from docmill.cli.printable import one_line, print_trimmed, shortened
from docmill.cli.review_text import marks, text_table
from docmill.kafka.read_reviews import ReviewSummary
from docmill_schemas.events import ExtractedField
from docmill_schemas.review_events import ReviewRequested

SHORT_ID = 8  # digits of a request id, more where that is not enough
WIDE = 90  # columns, from which on there is room for all
PIPED_WIDTH = 100_000  # columns as wide as they are: nothing is folded for a file
COLOURS = ("green", "cyan", "magenta", "yellow", "blue", "red")
AGES = (("d", 24 * 3600), ("h", 3600), ("min", 60), ("s", 1))


def summary_json(summary: ReviewSummary, now: datetime) -> str:
    """An open review as its line of `list --json` holds it."""
    found = asdict(summary)
    published = summary.published
    found |= {
        "received_at": summary.received_at.isoformat(),
        "requested_at": summary.requested_at.isoformat(),
        "age_s": round(max(0.0, (now - summary.requested_at).total_seconds())),
        "published": None if published is None else published.model_dump(mode="json"),
    }
    return json.dumps({name: value for name, value in found.items() if value is not None}, ensure_ascii=False)


def print_list(reviews: Sequence[ReviewSummary], limit: int, now: datetime, ids: Iterable[str]) -> None:
    """A table, oldest first; `ids` are those of all open reviews, among which the shown ones must be told apart."""
    if not reviews:
        typer.echo("no open reviews")
        return
    digits = id_digits(ids)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("request", no_wrap=True)
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("document", overflow="fold", min_width=8)
    table.add_column("type", overflow="fold", min_width=8)
    table.add_column("why", overflow="fold", min_width=14)
    for one in reviews[:limit]:
        table.add_row(
            Text(one_line(one.request_id[:digits]), style="bold"),
            age(now, one.requested_at),
            Text(one_line(one.document_id)),
            Text(f"{one_line(one.label)} {one.probability:.3f}"),
            Text(one_line(", ".join([*one.review_reasons, *_why(one)]))),
        )
    print_trimmed(_console(), table)
    if len(reviews) > limit:
        typer.echo(f"and {len(reviews) - limit:,} more: --limit")


def print_review(review: ReviewRequested, now: datetime, *, full: bool = False) -> None:
    """Everything that a decision needs: what is proposed, why it was not published, what is like it, and the text."""
    console = _console()
    for name, fact in _facts(review, now):
        console.print(Text.assemble((f"{name:<10}", "dim"), fact), soft_wrap=not console.is_terminal)
    styles = dict(zip(_names(review), cycle(COLOURS), strict=False))
    if review.fields or review.candidates:
        console.print()
        print_trimmed(console, _fields_table(review, styles, console))
    if review.similar:
        console.print()
        print_trimmed(console, _similar_table(review))
    console.print()
    print_trimmed(console, text_table(review, styles, full=full))


def id_digits(ids: Iterable[str]) -> int:
    """The least number of digits, from SHORT_ID on, that tells all ids apart."""
    ordered = sorted(ids)
    digits = SHORT_ID
    for one, other in pairwise(ordered):
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
        digits = max(digits, shared + 1)
    return digits


def age(now: datetime, then: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = max(0.0, (now - then).total_seconds())
    unit, size = next(((unit, size) for unit, size in AGES if seconds >= size), AGES[-1])
    return f"{seconds // size:.0f} {unit}"


def _why(summary: ReviewSummary) -> list[str]:
    missing = [f"missing {', '.join(summary.missing_fields)}"] if summary.missing_fields else []
    return [*summary.reasons, *missing]


def _facts(review: ReviewRequested, now: datetime) -> list[tuple[str, Text]]:
    """Name and value of each line above the tables."""
    type_ = review.document_type
    others = ", ".join(f"{one_line(one.label)} {one.probability:.3f}" for one in type_.alternatives)
    proposed = Text.assemble((one_line(type_.label), "bold"), f" {type_.probability:.3f}")
    if others:
        proposed.append(f"   else {others}", style="dim")
    why = ", ".join(review.review_reasons)
    asked = f"{why}, {age(now, review.requested_at)} ago; the decision will be revision {review.revision}"
    facts = [
        ("document", Text(one_line(review.document_id))),
        ("request", Text(one_line(review.request_id))),
        ("tenant", Text(one_line(review.tenant or ""))),
        ("received", Text(f"{review.received_at.astimezone():%Y-%m-%d %H:%M:%S}, {one_line(review.media_type)}")),
        ("asked", Text(asked)),
        ("type", proposed),
        ("deferred", Text(one_line(", ".join(review.reasons)))),
        ("missing", Text(one_line(", ".join(review.missing_fields)), style="yellow")),
        ("undecided", Text(one_line("; ".join(review.undecided)), style="yellow")),
        ("cites", Text(one_line("; ".join(_citation(one.passage_id, one.quote) for one in review.citations)))),
    ]
    facts.insert(-1, ("unread", Text(one_line(", ".join(review.unread_attachments)), style="yellow")))
    facts.append(("generator", Text(one_line(_said_by_generator(review)))))
    if review.published is not None:
        result = review.published
        said = f"revision {result.revision}, decided by {result.decided_by}, result {result.result_id}"
        facts.append(("published", Text(one_line(said), style="green")))
    return [(name, fact) for name, fact in facts if fact.plain]


def _said_by_generator(review: ReviewRequested) -> str:
    """The type and the values that it named, each with what it cited for that."""
    said = [] if review.generator_type is None else [(review.generator_type, review.generator_citations)]
    said += [(f"{one.name} {shortened(one.text)}", one.citations) for one in review.generator_fields]
    told = ((what, ", ".join(_citation(one.passage_id, one.quote) for one in cited)) for what, cited in said)
    return "; ".join(f"{what}: {cited}" if cited else what for what, cited in told)


def _citation(passage_id: str, quote: str | None) -> str:
    return passage_id if quote is None else f"{passage_id} ({shortened(quote)!r})"


def _names(review: ReviewRequested) -> list[str]:
    return list(dict.fromkeys(one.name for one in (*review.fields, *review.candidates)))


def _fields_table(review: ReviewRequested, styles: dict[str, str], console: Console) -> Table:
    """Field by field; of one the proposed spans first, then the likeliest."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    wide = console.width >= WIDE
    table.add_column("field", overflow="fold")
    table.add_column("text", overflow="fold", min_width=16)
    table.add_column("place", no_wrap=True)
    if wide:
        table.add_column("line", justify="right", no_wrap=True)
    table.add_column("prob.", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    names = _names(review)
    for one, proposed in sorted(marks(review), key=lambda m: (names.index(m[0].name), not m[1], -m[0].confidence)):
        line = [str(review.text.count("\n", 0, one.start) + 1)] if wide else []
        table.add_row(
            Text(one_line(one.name), style=f"bold {styles[one.name]}"),
            text_and_value(one.text, one.value),
            f"{one.start}:{one.end}",
            *line,
            f"{one.confidence:.3f}",
            Text.assemble(("proposed", "green") if proposed else ("or", "dim"), generator_mark(review, one)),
        )
    return table


def generator_mark(review: ReviewRequested, field: ExtractedField) -> str:
    """What stands behind a place that a generator quoted, too."""
    places = {(one.name, one.start, one.end) for one in review.generator_fields}
    return ", generator" if (field.name, field.start, field.end) in places else ""


def text_and_value(text: str, value: str | None) -> Text:
    """The text of a field, and its value where that is another."""
    shown = Text(shortened(text))
    if value is not None and one_line(value) != one_line(text):
        shown.append(f" = {shortened(value)}", style="dim")
    return shown


def _similar_table(review: ReviewRequested) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("similar document", "type", "cosine"):
        table.add_column(name, overflow="fold")
    for one in review.similar:
        table.add_row(Text(one_line(one.passage_id)), Text(one_line(one.document_type)), f"{one.similarity:.3f}")
    return table


def _console() -> Console:
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PIPED_WIDTH)
