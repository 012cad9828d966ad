"""What goes straight through at each target, and why not."""

from dataclasses import replace
from pathlib import Path

import pytest

from docmill.bundle.manifest import Certificate, Policy
from docmill.evaluation.wilson import wilson
from docmill.training.report.content import Straight
from docmill.training.report.straight import reason, spec_at, straight_rows
from tests.unit.training.report.fakes import TEXTS, opinion, right, sources, tiny_spec, without_total


def certificate(what: str, target: float, threshold: float | None, decisions: int = 500) -> Certificate:
    accepted = 0 if threshold is None else decisions
    return Certificate.model_validate(
        {
            "group": "receipt",
            "target": target,
            "what": what,
            "threshold": threshold,
            "decisions": decisions,
            "accepted": accepted,
            "correct": accepted,
            "accepted_share": accepted / decisions,
        }
    )


def policy(*certified: Certificate) -> Policy:
    return Policy(target_precision=0.9, confidence_level=0.95, certified=certified)


CERTIFIED = (
    certificate("type", 0.9, 0.5),
    certificate("field", 0.9, 0.5),
    certificate("type", 0.95, 0.8),
    certificate("field", 0.95, 0.95),
    certificate("type", 0.99, None),
    certificate("field", 0.99, 0.99, 40),
)


@pytest.fixture
def rows(tmp_path: Path) -> list[Straight]:
    receipts, _ = sources(tmp_path)
    wrong = opinion(TEXTS[4], "receipt", found=[("company", "ACME"), ("date", "01"), ("total", "$5.05")])
    opinions = [right(TEXTS[0], confidence=0.97), right(TEXTS[1]), right(TEXTS[2], probability=0.6)]
    return list(
        straight_rows(
            receipts, [*opinions, without_total(TEXTS[3]), wrong, None], "receipt", tiny_spec(), policy(*CERTIFIED)
        )
    )


def test_a_row_a_target(rows: list[Straight]) -> None:
    assert [row.target for row in rows] == [0.9, 0.95, 0.99]
    assert {(row.source, row.group, row.documents) for row in rows} == {("tills", "receipt", 6)}


def test_each_target_has_its_own_thresholds(rows: list[Straight]) -> None:
    assert [row.straight for row in rows] == [4, 1, 0]
    assert rows[0].rate == pytest.approx(4 / 6)
    assert rows[0].rate_interval == wilson(4, 6)


def test_right_is_type_and_every_required_field(rows: list[Straight]) -> None:
    assert (rows[0].known, rows[0].right) == (4, 3)
    assert (rows[0].precision, rows[0].precision_interval) == (0.75, wilson(3, 4))
    assert (rows[2].precision, rows[2].precision_interval) == (None, None)


def test_a_document_that_is_known_to_be_of_another_type_is_wrong(tmp_path: Path) -> None:
    """Where it is not known of what type one is, nobody can say whether it is right."""
    receipts, _ = sources(tmp_path)
    opinions = [right(text) for text in TEXTS[:4]]
    for is_other, known, precision in ((True, 4, 0.5), (False, 2, 1.0)):
        documents = [
            replace(of, label=None, label_is_unknown=True, is_of_other_type=is_other) if n in (0, 2) else of
            for n, of in enumerate(receipts.documents)
        ]
        of_types = replace(receipts, documents=tuple(documents))
        row = next(straight_rows(of_types, [*opinions, None, None], "receipt", tiny_spec(), policy(*CERTIFIED)))
        assert (row.straight, row.known, row.precision) == (4, known, precision)


def test_reasons_are_counted_over_documents(rows: list[Straight]) -> None:
    assert rows[0].deferrals == {"missing_field": 1}
    assert rows[1].deferrals == {"low_field_confidence": 4, "low_type_confidence": 1, "missing_field": 1}
    assert rows[2].deferrals["not_certified"] == 5


def test_a_vetoed_label_stays_vetoed_at_every_target(tmp_path: Path) -> None:
    receipts, _ = sources(tmp_path)
    spec = tiny_spec()
    vetoed = {"receipt": replace(spec.groups["receipt"], vetoed=frozenset({"receipt"}))}
    opinions = [right(text) for text in TEXTS]
    rows = straight_rows(receipts, opinions, "receipt", replace(spec, groups=spec.groups | vetoed), policy(*CERTIFIED))
    assert [row.straight for row in rows] == [0, 0, 0]


def test_a_group_without_required_fields_needs_no_threshold_of_fields() -> None:
    spec = spec_at(tiny_spec(), CERTIFIED, 0.9)
    assert (spec.groups["receipt"].type_threshold, spec.groups["receipt"].field_threshold) == (0.5, 0.5)
    assert spec.groups["complaint"].field_threshold is None


def test_a_group_with_thresholds_needs_no_reason() -> None:
    assert reason(policy(*CERTIFIED), "receipt", 0.95) is None


def test_too_few_decisions_are_told_with_how_many_it_takes() -> None:
    told = reason(policy(certificate("field", 0.99, None, 40)), "receipt", 0.99)
    assert told == (
        "required fields: 40 held-out decisions are too few, 299 without an error would be needed to certify 0.99"
    )


def test_a_failed_first_step_is_told_with_its_counts() -> None:
    told = reason(policy(certificate("type", 0.9, None, 500)), "receipt", 0.9)
    assert told == (
        "types: no threshold reaches 0.9 with 95% confidence, since of the 61 surest of 500 held-out decisions at "
        "least 3 are wrong"
    )


def test_a_target_that_nothing_was_certified_at() -> None:
    assert reason(policy(), "receipt", 0.9) == "nothing was certified at this target"
