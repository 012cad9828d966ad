"""An outcome as one line of a terminal."""

from datetime import UTC, datetime

from docmill.cli.tail import COLUMNS, cells
from docmill.kafka.outcomes import Observed, OutcomeKind

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_a_result() -> None:
    outcome = Observed(
        kind=OutcomeKind.FALLBACK,
        at=AT,
        request_id="r",
        document_id="d",
        label="receipt",
        probability=0.98765,
        fields=(("date", "2024-05-03"), ("total", "x" * 100)),
        reasons=("missing_field", "not_certified"),
        detail="missing company",
        latency_s=1.234,
    )
    assert cells(outcome) == (
        AT.astimezone().strftime("%H:%M:%S"),
        "d",
        "fallback",
        "receipt",
        "0.988",
        f"date=2024-05-03; total={'x' * 57}...",
        "missing_field, not_certified: missing company",
        "1.23 s",
    )
    assert len(cells(outcome)) == len(COLUMNS)


def test_what_is_not_known_is_empty_and_no_stranger_steers_the_terminal() -> None:
    outcome = Observed(OutcomeKind.REJECTED, AT, None, "a\tb\x1b[2J\nc", detail="line\r\nend")
    assert cells(outcome)[1:] == ("a b [2J c", "rejected", "", "", "", "line end", "")


def test_nor_does_a_stranger_on_the_topic() -> None:
    outcome = Observed(OutcomeKind.PROCESSED, AT, "r", "d", "re\x1b[2Jceipt", 0.5, (("to\ttal", "1\u009b2"),))
    assert cells(outcome)[3:6] == ("re [2Jceipt", "0.500", "to tal=1 2")
