"""The demo's second half: what counts as a notice that was decided from the index."""

from typing import Any

import pytest

from samples.demo_new_kind import LABEL, tell_learning


def result(**other: Any) -> dict[str, Any]:
    """The published result of the sixth notice, as it should be but for `other`."""
    return {
        "document_id": "parking/sixth",
        "document_type": {"label": LABEL, "probability": 0.97},
        "decided_by": "retrieval",
        "citations": [{"passage_id": "exemplar/1"}, {"passage_id": "exemplar/2"}],
        "reasons": ["unsure_type"],
    } | other


def test_a_notice_from_the_index_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    tell_learning(result())
    printed = capsys.readouterr().out
    assert "exemplar/2" in printed
    assert f"As it should be: parking/sixth is {LABEL}, decided by retrieval, 2 citations." in printed


@pytest.mark.parametrize(
    "other",
    [
        {"decided_by": "human"},
        {"decided_by": "model"},
        {"citations": []},
        {"document_type": {"label": "receipt", "probability": 0.97}},
    ],
    ids=["by a person", "by the model", "cites nothing", "another type"],
)
def test_any_other_ends_the_demo(other: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="decided by retrieval, 1 citation or more"):
        tell_learning(result(**other))
    assert "As it should be" not in capsys.readouterr().out
