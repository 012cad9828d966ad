"""`docmill review decide`: a person's decision, sent, and whether it counted."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, assert_never

import typer
from rich.console import Console

from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.cli.printable import one_line
from docmill.cli.review_options import RequestId, find, tell
from docmill.cli.trace import checked_id, progress
from docmill.errors import ReviewError
from docmill.settings import Settings

if TYPE_CHECKING:
    from docmill.cli.review_fields import Decision, FieldGiven, Known
    from docmill.kafka.read_reviews import OpenReview
    from docmill.kafka.scan import Offsets
    from docmill.kafka.send_feedback import Answer
    from docmill_schemas.review_events import ReviewRequested

EXIT_FAILED = 1
MAX_NAME_CHARACTERS = 200  # as arbiter/reviewer.py has it


def _reviewer(text: str) -> str:
    """A name as the arbiter puts it onto the result: of what that leaves out, the terminal would hear nothing."""
    name = " ".join(checked_id(text).split())  # blanks that are none: U+3000, U+00A0
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise typer.BadParameter(f"a name of {MAX_NAME_CHARACTERS} printable characters at most")
    return name


def decide(
    request_id: RequestId,
    label: Annotated[
        str | None, typer.Option("--type", parser=checked_id, metavar="TYPE", help="What the document is.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            metavar="NAME=QUOTE",
            help="A field, by words as they stand there, or NAME@START:END; repeatable.",
        ),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="What is proposed, but for what --type, --field and --without say.")
    ] = False,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="NAME", help="With --confirm: but not this field.")
    ] = None,
    new_names: Annotated[
        bool,
        typer.Option("--new-names", help="Take new names of types and fields though they look like misspelt ones."),
    ] = False,
    reviewer: Annotated[
        str | None,
        typer.Option(parser=_reviewer, metavar="NAME", help="Who decides; goes onto the topics, and onto the result."),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the answer; 0: none.")] = 10.0,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Decides an open review, and says whether this decision counted: of several on one review the first does.

    A decision is the type and all fields: without --confirm there are no others than those given. Without --type and
    --confirm a terminal asks, field by field. A quote that stands in several places is the one that is nearest to a
    candidate of its field.

    Example: `docmill review decide 1a2b3c4d --confirm --field total=41.50 --without date`

    Exit codes: 0 decided, or sent where nobody waits, 1 somebody else had decided first, nobody answered, or there is
    no such review, 2 wrong usage, 130 interrupted.
    """
    asked = label is None and not confirm
    if asked and (field or without or not is_terminal()):
        raise typer.BadParameter("say what it is: --type TYPE with --field NAME=QUOTE, or --confirm what is proposed")
    if without and not confirm:
        raise typer.BadParameter("leaves something out of what is proposed: give --confirm", param_hint="--without")
    given = _fields_given(field or ())
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    from docmill.cli.review_ask import ask_decision, summary
    from docmill.cli.review_bundle import bundle_names
    from docmill.cli.review_fields import combined
    from docmill.cli.review_view import print_review
    from docmill.kafka.send_feedback import note_ends

    names = bundle_names(settings.bundle)
    noted = asyncio.run(note_ends(settings))  # before the review is looked up: see send_feedback
    found = find(settings, request_id)
    review, known = found.review, names.known.with_review(found.review)
    out = Console(highlight=False, markup=False)
    if asked:
        print_review(review, datetime.now(UTC))
        out.print()
        decision = ask_decision(review, known, names.normalise, out)
        if decision is None:
            raise ReviewError("nothing was sent")
        noted = _still_open(settings, review, noted)
    else:
        decision = combined(
            review,
            label=None if label is None else label.strip(),
            confirmed=confirm,
            given=given,
            without=without or (),
            normalise=names.normalise,
        )
        if not new_names:
            _check_names(decision, known)
        for line in summary(decision):
            out.print(line, soft_wrap=True)
    _answer(_give(settings, found, decision, reviewer, noted, wait), found, wait)


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _fields_given(texts: Sequence[str]) -> "list[FieldGiven]":
    """Wrong usage is told before anything is asked of a broker."""
    from docmill.cli.review_fields import FieldGiven

    try:
        return [FieldGiven.of(text) for text in texts]
    except ReviewError as error:
        raise typer.BadParameter(str(error), param_hint="--field") from error


def _check_names(decision: "Decision", known: "Known") -> None:
    try:
        known.check_label(decision.label)
        known.check_fields(one.name for one in decision.fields)
    except ReviewError as error:
        raise ReviewError(f"{error} --new-names takes it as it is") from error


def _still_open(settings: Settings, review: "ReviewRequested", noted: "Offsets") -> "Offsets":
    """Where the topics end now, for the answer to be read from there on: a person may have looked at the review for
    hours. Noted before the last look at the review, as before the first.

    Raises:
        ReviewError: somebody decided it since it was found, or opened it once more in a way that cannot be read.
    """
    from docmill.kafka.decided_meanwhile import decided_meanwhile
    from docmill.kafka.send_feedback import note_ends

    ends = asyncio.run(note_ends(settings))
    with progress() as on_progress:
        decided = asyncio.run(decided_meanwhile(settings, review, noted, on_progress))
    if decided is None:
        return ends
    who = f" by {one_line(decided.reviewer)}" if decided.reviewer else ""
    raise ReviewError(f"it was decided{who} meanwhile, and nothing was sent: docmill trace {review.request_id}")


def _give(
    settings: Settings, found: "OpenReview", decision: "Decision", reviewer: str | None, noted: "Offsets", wait_s: float
) -> "Answer":
    from docmill.kafka.send_feedback import Expected, feedback_on, feedback_record, give_feedback

    feedback = feedback_on(found.review, decision.label, decision.fields, reviewer, datetime.now(UTC))
    record = feedback_record(feedback, found.review, found.trace)
    expected = Expected.of(found.review, feedback, is_late=found.is_late)
    with Console(stderr=True).status("sent, and waiting for the arbiter"):
        return asyncio.run(give_feedback(settings, record, expected, noted, wait_s))


def _answer(answer: "Answer", found: "OpenReview", wait_s: float) -> None:
    """Say whose decision counted; anything but one's own is exit code 1."""
    from docmill.kafka.send_feedback import Answer

    request_id = found.review.request_id
    match answer:
        case Answer.DECIDED:
            typer.echo("decided")
            return
        case Answer.UNANSWERED if wait_s <= 0:
            typer.echo("sent; not waited for")
            return
        case Answer.SOMEBODY_ELSE:
            tell(f"somebody else had decided first: docmill trace {request_id}", "yellow")
        case Answer.CLOSED if found.is_late:
            tell(f"the review, which was opened too late, is ended; revision {found.decided} stays", "yellow")
        case Answer.CLOSED:
            tell(
                f"the review is closed, and its result was not seen within {wait_s:g} s: docmill trace {request_id}",
                "yellow",
            )
        case Answer.UNANSWERED:
            tell(f"not answered within {wait_s:g} s: is `docmill run arbiter` running? The decision is sent", "yellow")
        case _:
            assert_never(answer)
    raise typer.Exit(EXIT_FAILED)
