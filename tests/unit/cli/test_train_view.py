from dataclasses import replace

import pytest

from docmill.cli.train_view import SHOWN_SUSPECTS, print_report
from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality_gate import QualityReport, SourceCount, SuspectLabel


def finding(severity: Severity, examples: int = 0, **changes: object) -> Finding:
    values: dict[str, object] = {
        "severity": severity,
        "code": Code.SPAN_EDGE,
        "where": "post",
        "what": "spans that begin or end with white space",
        "do": "cut it off",
        "count": 1234,
        "unit": "spans",
        "total": 56789,
        "examples": tuple(Example(f"id-{n}", "party 0:4", "secret words") for n in range(examples)),
    }
    return Finding(**(values | changes))  # type: ignore[arg-type]


def suspect(number: int, **changes: object) -> SuspectLabel:
    values: dict[str, object] = {
        "document_id": f"id-{number}",
        "source": "post",
        "given": "letter.storm",
        "suggested": "letter.theft",
        "given_probability": 0.1,
        "suggested_probability": 0.9,
        "margin": 0.8,
        "excerpt": "secret words",
    }
    return SuspectLabel(**(values | changes))  # type: ignore[arg-type]


def shown(capsys: pytest.CaptureFixture[str], *findings: Finding, suspects: tuple[SuspectLabel, ...] = ()) -> str:
    sources = (SourceCount("post", "letter", 1200, 30, 4, 56789),)
    print_report(QualityReport("letters", "0.1.0", sources, findings, suspects))
    return capsys.readouterr().out


def test_counts_of_sources_and_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [" ".join(line.split()) for line in shown(capsys).splitlines()]
    assert lines[0] == "letters 0.1.0: 1,200 training and 30 validation documents"
    assert "post letter 1,200 30 4 56,789" in lines
    assert lines[-1] == "may be trained on: nothing to say against it"


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [
        ([Severity.NOTE], "may be trained on: nothing to say against it"),
        ([Severity.WARN, Severity.NOTE], "may be trained on, with 1 warning"),
        ([Severity.WARN, Severity.WARN], "may be trained on, with 2 warnings"),
        ([Severity.REFUSE, Severity.WARN], "refused: 1 finding to settle first"),
    ],
)
def test_the_verdict(capsys: pytest.CaptureFixture[str], severities: list[Severity], verdict: str) -> None:
    assert shown(capsys, *map(finding, severities)).splitlines()[-1] == verdict


def test_a_finding_tells_where_what_how_many_for_example_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, finding(Severity.WARN, examples=5))
    assert "1,234 of 56,789  post: spans that begin or end with white space  [span_edge]" in out
    assert "id-0 (party 0:4), id-1 (party 0:4), id-2 (party 0:4) and 2 more" in out
    assert "→ cut it off" in out


def test_a_note_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, finding(Severity.NOTE, examples=5, total=None, where=""))
    assert "  1,234  spans that begin or end with white space  [span_edge]" in out
    assert "id-0" not in out
    assert "cut it off" not in out


def test_severities_stand_under_their_headings(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, *map(finding, Severity))
    assert out.index("Refused  ") < out.index("Warnings  ") < out.index("Notes  ")
    assert "Refused" not in shown(capsys, finding(Severity.WARN))


def test_suspects_are_shown_worst_first_and_not_all(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, suspects=tuple(map(suspect, range(SHOWN_SUSPECTS + 4))))
    rows = [line.split() for line in out.splitlines() if "letter.storm" in line]
    assert len(rows) == SHOWN_SUSPECTS
    assert rows[0] == ["id-0", "letter.storm", "theft", "0.80"]
    assert "and 4 more: see --json" in out


def test_text_of_documents_and_control_characters_never_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = Example("id\x1b[2J", "a\nb\x07", "secret words")
    out = shown(
        capsys,
        replace(finding(Severity.REFUSE), where="po\x1bst", examples=(evil,)),
        suspects=(suspect(1, document_id="x\x1b]0;y", given="letter.\x1ba", suggested="letter.\x1bb"),),
    )
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "secret" not in out


def test_a_page_is_100_columns_wide(capsys: pytest.CaptureFixture[str]) -> None:
    long = finding(Severity.WARN, examples=9, what="spans " * 40, do="cut " * 50, where="source" * 9)
    wide = suspect(1, document_id="i" * 90, given="letter." + "g" * 60, suggested="letter." + "s" * 60)
    assert max(map(len, shown(capsys, long, suspects=(wide,)).splitlines())) <= 100
