"""A decision asked for on a terminal, answered by hand."""

from collections.abc import Sequence

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from docmill.cli.review_ask import ask_decision, field_names, summary
from docmill.cli.review_fields import Decision, Known, proposed
from docmill_schemas.examples import FIELDS
from docmill_schemas.review_events import QuotedField, ReviewRequested
from tests.unit.kafka.reviews import review

KNOWN = Known(
    labels=frozenset({"receipt", "medical.imaging_report"}),
    fields=frozenset({"company", "date", "total", "diagnosis", "medications"}),
    fields_of={"receipt": ("company", "date", "total"), "medical": ("diagnosis", "medications")},
)
ASKED = review()
NO_OTHER, SEND = "", "y"


def kind(name: str, text: str) -> str | None:
    return f"<{text}>" if name == "total" else None


def answer(of: ReviewRequested, *lines: str) -> tuple[Result, list[Decision | None]]:
    """What the terminal showed, and the decision that the answers add up to."""
    decisions: list[Decision | None] = []
    app = typer.Typer()

    @app.command()
    def ask() -> None:
        console = Console(highlight=False, markup=False, width=100)
        decisions.append(ask_decision(of, KNOWN.with_review(of), kind, console))

    return CliRunner().invoke(app, [], input="".join(f"{line}\n" for line in lines)), decisions


def decision(*lines: str, of: ReviewRequested = ASKED) -> Decision:
    result, [found] = answer(of, *lines)
    assert found is not None, result.output
    return found


def fields(found: Decision) -> Sequence[tuple[str, str, str | None]]:
    return [(one.name, one.text, one.value) for one in found.fields]


def test_enter_all_along_takes_the_proposal() -> None:
    assert decision("", "", "", "", NO_OTHER, SEND) == Decision("receipt", proposed(ASKED))


def test_what_is_asked_shows_what_there_is_to_choose_from() -> None:
    result, _ = answer(ASKED, "", "", "", "", NO_OTHER, SEND)
    for shown in (
        "  1  receipt  0.980  proposed",
        "  2  contract.supply  0.002",
        "  1  Kopitiam Sri Melur  0:18  0.997  proposed",
        "  1  12/03/2018 = 2018-03-12  19:29  0.927  proposed",
        "total  required, and not found",
        "  1  RM 41.50 = 41.50 MYR  36:44  0.313\n",
        "which [-]",
    ):
        assert shown in result.output


def test_a_candidate_a_quote_a_place_and_none() -> None:
    found = decision("2", "=Sri", "-", "1", "payee@9:12", NO_OTHER, SEND)
    assert found.label == "contract.supply"
    assert fields(found) == [("company", "Sri", None), ("payee", "Sri", None), ("total", "RM 41.50", "41.50 MYR")]
    assert fields(decision("", "19:29", "2018", "41.50", NO_OTHER, SEND)) == [
        ("company", "12/03/2018", None),
        ("date", "2018", None),
        ("total", "41.50", "<41.50>"),
    ]


def test_who_is_asked_sees_what_a_generator_quoted_and_enter_does_not_take_it() -> None:
    quoted = QuotedField(**ASKED.candidates[2].model_dump())
    result, [found] = answer(ASKED.model_copy(update={"generator_fields": (quoted,)}), "", "", "", "", NO_OTHER, SEND)
    assert "  1  RM 41.50 = 41.50 MYR  36:44  0.313, generator\n" in result.output
    assert found == Decision("receipt", proposed(ASKED))


def test_several_values_of_one_field_by_their_numbers() -> None:
    of = review(candidates=(*ASKED.candidates, FIELDS[2].model_copy(update={"start": 39, "text": "41.50"})))
    found = decision("", "", "", "1, 2,1", NO_OTHER, SEND, of=of)
    assert [(one.name, one.start) for one in found.fields if one.name == "total"] == [("total", 36), ("total", 39)]


def test_a_number_that_is_no_choice_is_asked_again_lest_a_slip_becomes_a_quote() -> None:
    result, [found] = answer(ASKED, "", "12", "1,2", "=12", "2018", "-", NO_OTHER, SEND)
    assert found is not None
    assert fields(found) == [("company", "12", None), ("date", "2018", None)]
    assert "there are 1 to choose from; =12 takes it as a quote" in result.output
    assert "=1,2 takes it as a quote" in result.output


def test_a_number_may_be_quoted_though_it_is_a_choice() -> None:
    of = review(
        text="x 1 y", candidates=(), fields=(FIELDS[0].model_copy(update={"text": "x", "end": 1, "value": None}),)
    )
    asked_of_receipts = ("-", "-")  # total, which is missing, and date
    assert fields(decision("", "1", *asked_of_receipts, NO_OTHER, SEND, of=of)) == [("company", "x", None)]
    assert fields(decision("", "=1", *asked_of_receipts, NO_OTHER, SEND, of=of)) == [("company", "1", None)]


def test_what_stands_nowhere_is_asked_again() -> None:
    result, [found] = answer(ASKED, "", "Kopitam", "KOPITIAM", "99:100", "Kopitiam", "-", "-", NO_OTHER, SEND)
    assert found is not None
    assert fields(found) == [("company", "Kopitiam", None)]
    assert "'Kopitam' does not stand in the text so: quote it word for word" in result.output
    assert "but as 'Kopitiam': that is company@0:8" in result.output
    assert "no place of the text" in result.output


def test_a_type_that_looks_misspelt_is_asked_about_and_a_new_one_is_not() -> None:
    result, [found] = answer(ASKED, "9", "reciept", "n", "letter", "-", "-", "-", NO_OTHER, SEND)
    assert found == Decision("letter", ())
    assert "give 1 to 2, or the name of a type" in result.output
    assert "no type 'reciept' is known so far; did you mean 'receipt'?" in result.output


def test_a_name_that_looks_misspelt_may_be_meant() -> None:
    found = decision("reciept", "y", "-", "-", "-", "compny=Sri", "y", NO_OTHER, SEND)
    assert (found.label, fields(found)) == ("reciept", [("compny", "Sri", None)])


def test_a_known_type_is_taken_and_its_fields_are_asked_for() -> None:
    found = decision("medical.imaging_report", "-", "-", "-", "Kopitiam", "", NO_OTHER, SEND)
    assert found.label == "medical.imaging_report"
    assert fields(found) == [("diagnosis", "Kopitiam", None)]
    assert field_names(ASKED, KNOWN, "medical.imaging_report") == [
        "company", "date", "total", "diagnosis", "medications",
    ]  # fmt: skip


def test_a_further_field_is_checked_as_others_are() -> None:
    further = ("nonsense", "payee=Melaka", "compny=Sri", "n", "company=Melur")
    result, [found] = answer(ASKED, "", "-", "-", "-", *further, NO_OTHER, SEND)
    assert found is not None
    assert fields(found) == [("company", "Melur", None)]
    for said in ("write name=QUOTE", "'Melaka' does not stand in the text", "no field 'compny' is known so far"):
        assert said in result.output


def test_a_decision_that_is_not_sent() -> None:
    result, decisions = answer(ASKED, "", "", "", "", NO_OTHER, "n")
    assert decisions == [None]
    assert "Kopitiam Sri Melur  0:18" in result.output


def test_who_leaves_sends_nothing() -> None:
    result, decisions = answer(ASKED, "", "")
    assert decisions == []
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("of", "lines"),
    [
        (Decision("receipt", ()), ["type  receipt", "no fields"]),
        (
            Decision("a\x1b[2J", proposed(ASKED)),
            ["type  a [2J", "company  Kopitiam Sri Melur  0:18", "date  12/03/2018 = 2018-03-12  19:29"],
        ),
    ],
)
def test_a_decision_in_lines(of: Decision, lines: list[str]) -> None:
    assert [line.plain for line in summary(of)] == lines
