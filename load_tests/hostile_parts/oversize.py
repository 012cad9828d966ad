"""Documents that are hostile by their size alone: made when they are needed, since they weigh megabytes."""

import json
from collections.abc import Callable

from load_tests.hostile_parts.documents import Defence, HostileDocument, PoisonedPassage, Wants

MILLION = 1_000_000
MANY = 200_000
BEGIN = "Kopitiam Sri Melur\nDate: 12/03/2018\n"
BOUNDED = (Defence.BOUNDED,)


def _one_line() -> str:
    return "Kopitiam Sri Melur TOTAL RM 41.50 " * (2 * MILLION // 35)


def _too_long() -> str:
    return "x " * (MILLION + 1)


def _spaces() -> str:
    return BEGIN + "RM" + " " * MANY + "41.50"


def _zero_width() -> str:
    return BEGIN + "\u200b" * MANY + "TOTAL RM 41.50"


def _brackets() -> str:
    return BEGIN + "<[" * (MANY // 2)


def _deep_json() -> str:
    return '{"a":' * 20_000 + "1" + "}" * 20_000


def _many_fields() -> str:
    return json.dumps({f"field_{number}": "RM 41.50" for number in range(10_000)})


def _quotes() -> str:
    return BEGIN + '"\\' * (MANY // 2)


MADE: tuple[tuple[str, str, str, Callable[[], str]], ...] = (
    ("one-line", "one line of two megabytes", "RM 41.50", _one_line),
    ("too-long", "more characters than a document may have", "x", _too_long),
    ("spaces", "two hundred thousand spaces within an amount", "RM 41.50", _spaces),
    ("zero-width", "two hundred thousand characters of no width", "RM 41.50", _zero_width),
    ("brackets", "a hundred thousand opening brackets of each kind", "x", _brackets),
    ("deep-json", "JSON twenty thousand objects deep", "1", _deep_json),
    ("many-fields", "JSON of ten thousand fields", "RM 41.50", _many_fields),
    ("quotes", "a hundred thousand quotation marks and backslashes", "x", _quotes),
)


def oversize() -> tuple[HostileDocument, ...]:
    """One at a time is some megabytes; all of them some ten."""
    documents = [
        HostileDocument(
            document_id=f"hostile/oversize/{name}",
            family="oversize",
            guise=guise,
            goal="a prompt without an end, or a reader that is busy for ever",
            right_label="receipt",
            wants=Wants(values={"total": quote}),
            defences=BOUNDED,
            text=make(),
        )
        for name, guise, quote, make in MADE
    ]
    return (*documents, _large_answer(), _large_list())


def _large_answer() -> HostileDocument:
    """An answer is bounded by its schema; an endpoint that does not keep to it must do no harm."""
    fields = {f"field_{number}": {"quote": "Kopitiam"} for number in range(20_000)}
    return HostileDocument(
        document_id="hostile/oversize/large-answer",
        family="oversize",
        guise="an answer of twenty thousand fields",
        goal="a result without an end",
        right_label="receipt",
        wants=Wants(
            answer=json.dumps({"label": {"choice": "receipt"}, "fields": fields}), values={"field_1": "Kopitiam"}
        ),
        defences=(Defence.BOUNDED, Defence.ASKED_FIELD),
        text=BEGIN,
    )


def _large_list() -> HostileDocument:
    """A passage of the index may have as many values as its record holds."""
    values = tuple(f"Firm number {number} of Johor" for number in range(20_000))
    passage = PoisonedPassage(
        passage_id="poison#large",
        kind="code_list" * 1000,
        title="Vendors",
        text="Known vendors " * 10_000,
        document_type="receipt" * 1000,
        fields={"company": values, "x" * 5000: ("y" * 20_000,)},
    )
    return HostileDocument(
        document_id="hostile/oversize/large-list",
        family="oversize",
        guise="a retrieved list of twenty thousand values, with a kind, a label and a name of thousands of letters",
        goal="a prompt without an end",
        right_label="receipt",
        wants=Wants(),
        defences=BOUNDED,
        text=BEGIN,
        passages=(passage,),
    )
