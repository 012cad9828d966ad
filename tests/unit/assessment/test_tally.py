"""Documents by hand, counted."""

import pytest

from docmill.assessment.tally import Counts, Gold, GoldKind, Row, Share, Tally, TypeCount, Went, WrongType
from docmill.evaluation.wilson import wilson


def row(label: str | None, went: Went, gold: Gold | str | None = None, **fields: object) -> Row:
    if isinstance(gold, str):
        gold = Gold(gold, GoldKind.LABEL)
    known: dict[str, object] = {
        "document_id": "d",
        "media_type": "text/plain",
        "bytes": 1,
        "probability": None if label is None else 0.9,
    }
    return Row(went=went, label=label, gold=gold, **(known | fields))  # type: ignore[arg-type]


def counted(*rows: Row, unreadable: int = 0) -> Counts:
    tally = Tally()
    for one in rows:
        tally.add(one)
    for _ in range(unreadable):
        tally.add_unreadable()
    assert tally.documents == len(rows)
    return tally.counts()


STRAIGHT, FALLBACK, DEAD = Went.STRAIGHT_THROUGH, Went.FALLBACK, Went.DEAD_LETTER


@pytest.mark.parametrize(
    ("gold", "label", "correct"),
    [
        (None, "receipt", None),
        (Gold("receipt", GoldKind.LABEL), None, None),
        (Gold("receipt", GoldKind.LABEL), "receipt", True),
        (Gold("contract.license", GoldKind.LABEL), "contract.lease", False),
        (Gold("contract", GoldKind.GROUP), "contract.lease", True),
        (Gold("contract", GoldKind.GROUP), "receipt", False),
        (Gold("contract", GoldKind.LABEL), "contract.lease", False),
        (Gold("invoice", GoldKind.UNKNOWN), "receipt", False),
    ],
)
def test_right_and_wrong(gold: Gold | None, label: str | None, correct: bool | None) -> None:
    assert row(label, FALLBACK, gold).correct is correct


def test_routes_reasons_and_types_are_counted() -> None:
    counts = counted(
        row("receipt", STRAIGHT),
        row("receipt", STRAIGHT),
        row("receipt", FALLBACK, reasons=("missing_field", "low_field_confidence"), missing_fields=("total", "date")),
        row("letter", FALLBACK, reasons=("missing_field",), missing_fields=("total",)),
        row(None, DEAD, reasons=("no_text",)),
        unreadable=3,
    )
    assert (counts.documents, counts.unreadable) == (5, 3)
    assert counts.straight_through == Share(2, 5, 0.4, wilson(2, 5))
    assert (counts.fallback.documents, counts.dead_letters.documents) == (2, 1)
    assert counts.fallback_reasons == {"missing_field": 2, "low_field_confidence": 1}
    assert list(counts.missing_fields.items()) == [("total", 2), ("date", 1)]
    assert counts.dead_letter_reasons == {"no_text": 1}
    assert list(counts.types.items()) == [("receipt", TypeCount(3, 2, 0, 0)), ("letter", TypeCount(1, 0, 0, 0))]
    assert counts.labelled is None


def test_errors_are_counted_among_the_labelled_ones_alone() -> None:
    counts = counted(
        row("receipt", STRAIGHT, "receipt"),
        row("receipt", STRAIGHT, "letter", document_id="wrong one", probability=0.987),
        row("receipt", STRAIGHT),
        row("receipt", FALLBACK, "receipt"),
        row("receipt", FALLBACK, "letter"),
        row("receipt", FALLBACK, "letter"),
        row(None, DEAD, "letter"),
    )
    assert counts.types == {"receipt": TypeCount(6, 3, 2, 1)}
    labelled = counts.labelled
    assert labelled is not None
    assert labelled.documents == 6
    assert labelled.wrong_straight_through == Share(1, 2, 0.5, wilson(1, 2))
    assert labelled.right_in_fallback == Share(1, 3, 1 / 3, wilson(1, 3))
    assert labelled.wrong == (WrongType("wrong one", "letter", "receipt", 0.987),)
    assert labelled.unknown_labels == {}


def test_a_label_that_the_bundle_has_not_makes_whatever_is_published_wrong() -> None:
    invoice = Gold("invoice", GoldKind.UNKNOWN)
    labelled = counted(row("receipt", STRAIGHT, invoice), row("receipt", FALLBACK, invoice)).labelled
    assert labelled is not None
    assert labelled.unknown_labels == {"invoice": 2}
    assert labelled.wrong_straight_through.documents == 1
    assert labelled.right_in_fallback.documents == 0


def test_of_nothing_there_is_no_share() -> None:
    counts = counted(unreadable=1)
    assert counts.straight_through == Share(0, 0, None, None)
    labelled = counted(row(None, DEAD, "receipt")).labelled
    assert labelled is not None
    assert labelled.wrong_straight_through == Share(0, 0, None, None)
