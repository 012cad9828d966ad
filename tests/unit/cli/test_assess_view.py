"""Figures as people read them: nothing claimed that the counts do not bear."""

import pytest

from docmill.assessment.report import BundleUsed, MachineUsed, Report
from docmill.assessment.run import Speed
from docmill.assessment.tally import Gold, GoldKind, Row, Tally, Went
from docmill.cli.assess_view import SHOWN_TYPES, SHOWN_WRONG, print_report

BUNDLE = BundleUsed("mailroom-en", "0.1.0", "0" * 64, target_precision=0.9)


def row(
    number: int, went: Went, label: str | None = "receipt", gold: Gold | str | None = None, **fields: object
) -> Row:
    known: dict[str, object] = {
        "document_id": f"d-{number}",
        "media_type": "text/plain",
        "bytes": 1,
        "probability": 0.91,
        "gold": Gold(gold, GoldKind.LABEL) if isinstance(gold, str) else gold,
    }
    return Row(went=went, label=label, **(known | fields))  # type: ignore[arg-type]


def shown(capsys: pytest.CaptureFixture[str], *rows: Row, **report: object) -> str:
    tally = Tally()
    for one in rows:
        tally.add(one)
    known: dict[str, object] = {
        "bundle": BUNDLE,
        "counts": tally.counts(),
        "speed": Speed.measured(tally.documents, 1000, 20.0),
        "machine": MachineUsed("a processor", 2, 2, 0.0),
    }
    print_report(Report(**(known | report)))  # type: ignore[arg-type]
    out = capsys.readouterr().out
    assert not any(line.endswith(" ") for line in out.splitlines())
    return " ".join(out.split())


def labelled(right: int, wrong: int) -> list[Row]:
    rows = [row(n, Went.STRAIGHT_THROUGH, gold="receipt") for n in range(right)]
    return rows + [row(right + n, Went.STRAIGHT_THROUGH, gold="letter") for n in range(wrong)]


def test_the_headline_and_what_becomes_of_documents(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(
        capsys,
        row(1, Went.STRAIGHT_THROUGH),
        row(2, Went.FALLBACK, reasons=("missing_field", "not_certified"), missing_fields=("total",)),
        row(3, Went.FALLBACK, "letter", reasons=("of_a_later_version",)),
        row(4, Went.DEAD_LETTER, None, reasons=("no_text",)),
    )
    assert out.startswith("25.0 % of 4 documents would go straight through with mailroom-en 0.1.0")
    assert "straight through 1 25.0 % 4.6 to 69.9 %" in out
    assert "missing_field 1 25.0 % a required field was not found: total 1" in out
    assert "of_a_later_version 1 25.0 %" in out
    assert "no_text 1 25.0 % no text in it; a scan needs OCR first" in out
    assert "receipt 2 1 50.0 %" in out
    assert "unreadable" not in out


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (4, 0, "0 of 4 that went straight through: 0.0 %, 95 % interval 0.0 to 49.0 %"),
        (4, 0, "too few to tell whether the bundle's target of at most 10 % wrong is kept: label more of them"),
        (200, 4, "4 of 204 that went straight through: 2.0 %, 95 % interval 0.8 to 4.9 %"),
        (200, 4, "the bundle's target of at most 10 % wrong is kept, for documents like these"),
        (40, 40, "the bundle's target of at most 10 % wrong is missed: train a bundle on documents like these"),
    ],
)
def test_errors_come_with_what_they_prove(
    capsys: pytest.CaptureFixture[str], right: int, wrong: int, told: str
) -> None:
    assert told in shown(capsys, *labelled(right, wrong))


def test_deferred_documents_are_told_for_contrast(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, row(1, Went.FALLBACK, gold="receipt"), row(2, Went.FALLBACK, gold="letter"))
    assert "none of them went straight through, so none could be wrong" in out
    assert "the model's opinion of the 2 that went to the fallback was right in 1: 50.0 %" in out


def test_wrong_ones_are_listed_up_to_a_length(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, *labelled(0, SHOWN_WRONG + 3))
    assert "d-0 letter receipt 0.910" in out
    assert f"d-{SHOWN_WRONG} " not in out
    assert "and 3 more: see --json or --csv" in out


def test_types_are_listed_up_to_a_length(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, *(row(n, Went.FALLBACK, f"type.{n}") for n in range(SHOWN_TYPES + 2)))
    assert "and 2 more types: see --json" in out


def test_unknown_labels_are_named_and_no_stranger_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    gold = [Gold(f"own\x1b[2J{n}", GoldKind.UNKNOWN) for n in range(12)]
    out = shown(capsys, *(row(n, Went.STRAIGHT_THROUGH, gold=g) for n, g in enumerate(gold)))
    assert "whatever it says counts as wrong: own [2J0 1, own [2J1 1," in out
    assert ", ...; rename those" in out
    assert "\x1b" not in out


def test_a_speed_says_what_it_is_of(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, row(1, Went.FALLBACK), speed=Speed.measured(1000, 500_000, 40.0))
    assert "Speed on a processor" in out
    assert "25.0 documents and 12,500 tokens a second with 2 inference threads (1,000 documents in 40.0 s)" in out
    assert "about 2,200,000 documents like these a day, around the clock: the pipeline alone, without Kafka" in out
    assert "measured for less" not in out
    assert "other work" not in out


def test_a_speed_that_is_hardly_one_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    speed, machine = Speed.measured(1, 10, 0.1), MachineUsed("a processor", 2, 1, 1.8)
    out = shown(capsys, row(1, Went.FALLBACK), speed=speed, machine=machine)
    assert "1 inference thread (1 document in 0.1 s)" in out
    assert "measured for less than 10 seconds" in out
    assert "other work ran beside it (load 1.8 before the start)" in out
    unknown = MachineUsed("a processor", 2, 1, None)
    assert "other work" not in shown(capsys, row(1, Went.FALLBACK), machine=unknown)
