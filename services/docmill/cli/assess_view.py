"""The figures of an assessment for people: what goes through, why the rest does not, how fast, how right."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from docmill.assessment.report import Report
from docmill.assessment.tally import Counts, Labelled, Share
from docmill.assessment.words import IN_WORDS
from docmill.cli.printable import one_line, print_trimmed
from docmill_schemas.reasons import DeferralReason

FILE_COLUMNS = 120  # of tables that go to no terminal
SHOWN_TYPES = 30
SHOWN_WRONG = 20
SHOWN_LABELS = 10
BUSY_SHARE = 0.25  # of the cores, taken by others
ENOUGH_S = 10.0  # of measuring, below which a speed is hardly one


def print_report(report: Report) -> None:
    """All of it, on stdout."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=FILE_COLUMNS)
    counts = report.counts
    _print_section(console, Text(headline(report), style="bold"), "", _outcomes(counts))
    if counts.labelled is not None:
        _print_section(console, *_rightness(counts.labelled, report.bundle.target_precision))
    if counts.types:
        _print_section(console, _types(counts))
    if counts.fallback_reasons:
        _print_section(console, _reasons("why to the fallback", counts.fallback_reasons, counts))
    if counts.dead_letter_reasons:
        _print_section(console, _reasons("why a dead letter", counts.dead_letter_reasons, counts))
    _print_section(console, *_speed(report), last=True)


def _print_section(console: Console, *parts: RenderableType, last: bool = False) -> None:
    for part in parts:
        print_trimmed(console, part)
    if not last:
        console.print()


def _sentence(text: str, style: str = "") -> Padding:
    """A line of prose below a heading; where it folds, it stays indented."""
    return Padding(Text(text, style=style), (0, 0, 0, 2), expand=False)


def headline(report: Report) -> str:
    """The figure that is asked for first."""
    straight = report.counts.straight_through
    bundle = report.bundle
    return (
        f"{_percent(straight.share)} of {_counted(straight.of, 'document')} would go straight through with "
        f"{bundle.name} {bundle.version}"
    )


def _outcomes(counts: Counts) -> Table:
    table = _table("", "documents", "share", "95 % interval")
    table.add_column("that is", overflow="fold")
    rows = (
        ("straight through", counts.straight_through, "green", "published as they are, without a second look"),
        ("to the fallback", counts.fallback, "yellow", "handed on with the reason why"),
        ("dead letters", counts.dead_letters, "red", "cannot be processed; kept with the reason why"),
    )
    for title, share, style, meaning in rows:
        number, interval = f"{share.documents:,}", _interval(share.interval)
        table.add_row(Text(title, style=style), number, _percent(share.share), interval, meaning)
    if counts.unreadable:
        table.add_row("unreadable", f"{counts.unreadable:,}", "", "", "not counted above: no file or line to send")
    return table


def _types(counts: Counts) -> Table:
    """By the type that the model takes documents for."""
    labelled = counts.labelled is not None
    titles = ("type found", "documents", "straight\nthrough", "share")
    table = _table(*titles, *(("of these\nlabelled", "wrong\ntype") if labelled else ()))
    for label, count in list(counts.types.items())[:SHOWN_TYPES]:
        share = count.straight_through / count.documents
        cells = [label, f"{count.documents:,}", f"{count.straight_through:,}", _percent(share)]
        if labelled:
            cells += [f"{count.labelled_straight_through:,}", f"{count.wrong_straight_through:,}"]
        table.add_row(*cells)
    if (more := len(counts.types) - SHOWN_TYPES) > 0:
        table.add_row(f"and {more} more types: see --json")
    return table


def _reasons(title: str, reasons: Mapping[str, int], counts: Counts) -> Table:
    """The reasons of one kind, with their share of all documents; a document may have several."""
    table = _table(title, "documents", "share")
    table.add_column("that is", overflow="fold")
    for reason, number in reasons.items():
        meaning = IN_WORDS.get(reason, "")
        if reason == DeferralReason.MISSING_FIELD:
            meaning += ": " + ", ".join(f"{name} {n:,}" for name, n in counts.missing_fields.items())
        table.add_row(reason, f"{number:,}", _percent(number / counts.documents), meaning)
    return table


def _rightness(labelled: Labelled, target: float) -> list[RenderableType]:
    """How right the types are, and on how much that rests."""
    wrong, deferred = labelled.wrong_straight_through, labelled.right_in_fallback
    parts: list[RenderableType] = [
        Text.assemble(("Wrong types", "bold"), f" among {_counted(labelled.documents, 'labelled document')}")
    ]
    if wrong.of:
        count = f"{wrong.documents:,} of {wrong.of:,} that went straight through: {_percent(wrong.share)}"
        count += f", 95 % interval {_interval(wrong.interval)}"
        parts += [_sentence(count, "green" if not wrong.documents else "red"), _sentence(_against(wrong, target))]
    else:
        parts.append(_sentence("none of them went straight through, so none could be wrong"))
    if deferred.of:
        parts.append(
            _sentence(
                f"for contrast, the model's opinion of the {deferred.of:,} that went to the fallback was right in "
                f"{deferred.documents:,}: {_percent(deferred.share)}, 95 % interval {_interval(deferred.interval)}"
            )
        )
    if labelled.unknown_labels:
        names = ", ".join(f"{one_line(name)} {n:,}" for name, n in list(labelled.unknown_labels.items())[:SHOWN_LABELS])
        more = ", ..." if len(labelled.unknown_labels) > SHOWN_LABELS else ""
        text = f"labels that the bundle has not, so that whatever it says counts as wrong: {names}{more}; rename those "
        text += "that are another word for one of its own"
        parts.append(_sentence(text, "yellow"))
    parts.append(_sentence("documents that the bundle was trained on flatter it; fields: see docmill evaluate", "dim"))
    if labelled.wrong:
        parts += ["", _wrong(labelled)]
    return parts


def _against(wrong: Share, target: float) -> str:
    """What the count says about the bundle's promise, and no more."""
    low, high = wrong.interval or (0.0, 1.0)
    promise = f"the bundle's target of at most {100 * (1 - target):g} % wrong"
    if high <= 1 - target:
        return f"{promise} is kept, for documents like these"
    if low > 1 - target:
        return f"{promise} is missed: train a bundle on documents like these"
    return f"too few to tell whether {promise} is kept: label more of them"


def _wrong(labelled: Labelled) -> Table:
    table = _table("published as the wrong type", "is", "published as", "probability", numbers=("probability",))
    for one in labelled.wrong[:SHOWN_WRONG]:
        table.add_row(
            Text(one_line(one.document_id), overflow="fold"),
            one_line(one.gold),
            one.published,
            f"{one.probability:.3f}",
        )
    if (more := len(labelled.wrong) - SHOWN_WRONG) > 0:
        table.add_row(f"and {more:,} more: see --json or --csv")
    return table


def _speed(report: Report) -> list[RenderableType]:
    speed, machine = report.speed, report.machine
    parts: list[RenderableType] = [
        Text.assemble(("Speed", "bold"), f" on {machine.processor}"),
        _sentence(
            f"{speed.documents_per_s:,.1f} documents and {speed.tokens_per_s:,.0f} tokens a second with "
            f"{_counted(machine.threads, 'inference thread')} "
            f"({_counted(speed.documents, 'document')} in {speed.seconds:,.1f} s)"
        ),
        _sentence(
            f"about {speed.documents_per_day:,} documents like these a day, around the clock: the pipeline alone, "
            f"without Kafka"
        ),
    ]
    if machine.load_before is not None and machine.load_before > BUSY_SHARE * machine.cores:
        text = f"other work ran beside it (load {machine.load_before:.1f} before the start): alone it would be faster"
        parts.append(_sentence(text, "yellow"))
    if speed.seconds < ENOUGH_S:
        parts.append(
            _sentence(f"measured for less than {ENOUGH_S:g} seconds: give more documents to plan with", "yellow")
        )
    return parts


def _table(first: str, *titles: str, numbers: tuple[str, ...] | None = None) -> Table:
    """A table whose first column is text and whose others are numbers, unless only some are named."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column(first, overflow="fold")
    for title in titles:
        right = numbers is None or title in numbers
        settings: dict[str, Any] = {"justify": "right"} if right else {"overflow": "fold"}
        table.add_column(title, **settings)
    return table


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _interval(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("s" if number != 1 else "")
