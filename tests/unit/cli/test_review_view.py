"""Open reviews as people and machines read them."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from docmill.cli import review_view
from docmill.cli.review_view import age, id_digits, print_list, print_review, summary_json, text_and_value
from docmill.kafka.read_reviews import ReviewSummary
from docmill_schemas import examples
from docmill_schemas.events import Citation, ExtractedField
from docmill_schemas.review_events import AutomaticResult, QuotedField
from tests.unit.kafka.reviews import review

NOW = examples.TIME + timedelta(hours=3, minutes=20)
PUBLISHED = AutomaticResult(result_id=examples.RESULT_ID, revision=1, decided_by="model")
ESC = "\x1b"


def summary(request_id: str, **changes: Any) -> ReviewSummary:
    return ReviewSummary.of(review(request_id, **changes))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 60 columns with colours."""

    def console() -> Console:
        return Console(highlight=False, width=60, force_terminal=True, color_system="standard")

    monkeypatch.setattr(review_view, "_console", console)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (86400 * 40, "40 d")],
)
def test_ages(seconds: float, shown: str) -> None:
    assert age(examples.TIME + timedelta(seconds=seconds), examples.TIME) == shown


@pytest.mark.parametrize(
    ("ids", "digits"), [([], 8), (["a" * 32], 8), (["a" * 32, "b" * 32], 8), (["a" * 32, "a" * 12 + "b" * 20], 13)]
)
def test_ids_are_shown_as_far_as_they_differ(ids: list[str], digits: int) -> None:
    assert id_digits(ids) == digits


def test_a_list_says_what_is_proposed_and_why_it_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    listed = [summary("ab" * 16), summary("cd" * 16, minutes=170, document_id=f"mail/{ESC}[31mb\nc", reasons=())]
    print_list(listed, 50, NOW, ["ab" * 16, "cd" * 16])
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["request", "age", "document", "type", "why"]
    assert [" ".join(row.split()) for row in rows] == [
        "abababab 3 h receipt-17 receipt 0.980 undecided, missing_field, missing total",
        "cdcdcdcd 30 min mail/ [31mb c receipt 0.980 undecided, missing total",
    ]


def test_a_long_list_says_how_much_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    ids = [f"{n:032x}" for n in range(2000)]
    print_list([summary(one) for one in ids], 2, NOW, ids)
    *_, last_row, more = capsys.readouterr().out.splitlines()
    assert last_row.startswith(ids[1] + " ")  # they differ in their last digit
    assert more == "and 1,998 more: --limit"


def test_an_empty_list_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_list([], 50, NOW, [])
    assert capsys.readouterr().out == "no open reviews\n"


def test_no_column_of_a_list_is_lost_on_a_narrow_terminal(terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    print_list([summary("ab" * 16, document_id="claims/2026/a-very-long-name-of-a-document.pdf")], 50, NOW, ["ab" * 16])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 60
    for part in ("abababab", "3 h", "receipt", "0.980", "undecided,", "missing_field,", "missing total"):
        assert part in shown


def test_a_line_of_json_has_the_summary_and_no_text() -> None:
    line = json.loads(summary_json(summary("ab" * 16, published=PUBLISHED, tenant=None), NOW))
    assert line["request_id"] == "ab" * 16
    assert (line["label"], line["probability"], line["review_reasons"]) == ("receipt", 0.9796, ["undecided"])
    assert (line["age_s"], line["requested_at"]) == (12_000, "2026-11-24T09:30:00+00:00")
    assert line["published"] == {"result_id": examples.RESULT_ID, "revision": 1, "decided_by": "model"}
    assert "tenant" not in line
    assert "Kopitiam" not in json.dumps(line)


def test_a_review_shows_all_that_a_decision_needs(capsys: pytest.CaptureFixture[str]) -> None:
    cited = Citation(passage_id="handbook/4", quote="the amount\npaid")
    print_review(review(published=PUBLISHED, citations=(cited,)), NOW)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    for line in (
        "document receipt-17",
        f"request {examples.REQUEST_ID}",
        "tenant acme",
        "asked undecided, 3 h ago; the decision will be revision 1",
        "type receipt 0.980 else contract.supply 0.002",
        "deferred missing_field",
        "missing total",
        "undecided total: low_confidence",
        "cites handbook/4 ('the amount paid')",
        f"published revision 1, decided by model, result {examples.RESULT_ID}",
        "company Kopitiam Sri Melur 0:18 1 0.997 proposed",
        "date 12/03/2018 = 2018-03-12 19:29 2 0.927 proposed",
        "total RM 41.50 = 41.50 MYR 36:44 3 0.313 or",
        "decided/0c9f receipt 0.813",
        "1 Kopitiam Sri Melur",
        "3 TOTAL RM 41.50",
    ):
        assert line.split() in lines


def test_what_is_not_there_takes_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    bare: dict[str, Any] = {
        "fields": (),
        "candidates": (),
        "similar": (),
        "citations": (),
        "missing_fields": (),
        "reasons": (),
    }
    print_review(review(tenant=None, undecided=(), **bare), NOW)
    names = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert names == {"document", "request", "received", "asked", "type", "1", "2", "3"}


def test_fields_are_marked_in_the_text_each_in_its_colour(terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(review_view, "print_trimmed", lambda console, table: out.write(_rendered(console, table)))
    print_review(review(), NOW)
    shown = out.getvalue()
    assert f"{ESC}[1;30;42mKopitiam Sri Melur{ESC}[0m" in shown  # proposed: filled
    assert f"{ESC}[1;30;46m12/03/2018{ESC}[0m" in shown
    assert f"TOTAL {ESC}[4;35mRM 41.50{ESC}[0m" in shown  # a candidate: underlined
    assert f"{ESC}[1;32mcompany" in shown  # the table says whose colour it is
    assert f"{ESC}[1;35mtotal" in shown


def _rendered(console: Console, table: Any) -> str:
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_a_proposal_shows_where_candidates_overlap_it(terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(review_view, "print_trimmed", lambda console, table: out.write(_rendered(console, table)))
    part = ExtractedField(name="payee", text="Sri", start=9, end=12, confidence=0.1)
    print_review(review(candidates=(part,)), NOW)
    assert f"{ESC}[1;4;30;42mSri" in out.getvalue()


def test_a_text_steers_no_terminal_and_keeps_its_places(capsys: pytest.CaptureFixture[str]) -> None:
    text = f"a{ESC}[2Jb\u202ec\td\r\n\x07[red]Total[/red] :smile: 41.50\u2028end"
    start = text.index("41.50")
    total = ExtractedField(name=f"to{ESC}tal", text="41.50", start=start, end=start + 5, confidence=0.9)
    print_review(review(text=text, fields=(total,), candidates=()), NOW)
    shown = capsys.readouterr().out
    assert not set(shown) & {ESC, "\u202e", "\t", "\r", "\x07", "\u2028"}
    assert "1  a\ufffd[2Jb\ufffdc d" in shown
    assert "2  \ufffd[red]Total[/red] :smile: 41.50 end" in shown
    assert f"{start}:{start + 5}" in shown


def test_of_a_long_text_the_lines_around_its_fields_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"line {n}" for n in range(1, 401)]
    lines[299] = "Total 41.50"
    text = "\n".join(lines)
    start = text.index("41.50")
    total = ExtractedField(name="total", text="41.50", start=start, end=start + 5, confidence=0.9)
    long = review(text=text, fields=(total,), candidates=(), similar=())
    print_review(long, NOW)
    shown = capsys.readouterr().out
    assert "300  Total 41.50" in shown
    numbers = [int(row.split()[0]) for row in shown.splitlines() if row.strip()[:1].isdigit()]
    assert numbers == [*range(1, 41), *range(298, 303)]
    assert [row.strip() for row in shown.splitlines() if row.strip().startswith("…")] == [
        "… 257 lines; docmill review show --full shows them",
        "… 98 lines; docmill review show --full shows them",
    ]
    print_review(long, NOW, full=True)
    full = capsys.readouterr().out
    assert "… " not in full
    assert "400  line 400" in full


def test_a_value_is_shown_where_it_says_more_than_the_text() -> None:
    assert text_and_value("12/03/2018", "2018-03-12").plain == "12/03/2018 = 2018-03-12"
    assert text_and_value("LOT 17,\n JALAN", "LOT 17, JALAN").plain == "LOT 17, JALAN"
    assert text_and_value("x", None).plain == "x"
    assert len(text_and_value("y" * 500, "z" * 500).plain) == 120 + 3 + 120


def test_what_a_generator_thought_and_what_nobody_could_read_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, Any] = {
        "generator_type": f"letter{ESC}[31m",
        "generator_citations": (Citation(passage_id="handbook#4", quote="a letter has no total"),),
        "unread_attachments": ("image/png",),
    }
    print_review(review("ab" * 16, **given), NOW, full=False)
    shown = " ".join(capsys.readouterr().out.split())
    assert "generator letter [31m: handbook#4 ('a letter has no total')" in shown
    assert "unread image/png" in shown
    assert ESC not in shown


def quoted(field: ExtractedField, *citations: Citation) -> QuotedField:
    return QuotedField(**field.model_dump(), citations=citations)


def test_what_a_generator_quoted_says_so_and_is_marked_in_the_text(
    terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(review_view, "print_trimmed", lambda console, table: out.write(_rendered(console, table)))
    total = ExtractedField(name="total", value="41.50 MYR", text="41.50", start=39, end=44, confidence=0.5)
    print_review(review(candidates=(total,), generator_fields=(quoted(total),)), NOW)
    assert f"TOTAL RM {ESC}[4;35m41.50{ESC}[0m" in out.getvalue()  # as other candidates are
    assert ", generator" in out.getvalue()


def test_who_said_a_value_and_what_was_cited_for_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    company, _, total = examples.REVIEW.candidates
    listed = Citation(passage_id=f"vendors{ESC}[2J", quote="Kopitiam")
    given = (quoted(company, listed), quoted(total.model_copy(update={"confidence": 0.65})))
    surer = (*examples.REVIEW.candidates[:2], total.model_copy(update={"confidence": 0.65}))
    print_review(review(candidates=surer, generator_fields=given), NOW)
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "generator company Kopitiam Sri Melur: vendors [2J ('Kopitiam'); total RM 41.50" in shown
    assert "company Kopitiam Sri Melur 0:18 1 0.997 proposed, generator" in shown
    assert "date 12/03/2018 = 2018-03-12 19:29 2 0.927 proposed" in shown
    assert "total RM 41.50 = 41.50 MYR 36:44 3 0.650 or, generator" in shown
