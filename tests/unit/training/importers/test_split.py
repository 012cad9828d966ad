from collections import Counter

import pytest

from docmill.training.importers.split import split
from docmill.training.row import LabelledRow
from tests.unit.training.corpora import rows, written

ROWS = [
    LabelledRow.model_validate(r) for label, n in (("a", 40), ("b", 20), (None, 10), ("c", 2)) for r in rows(label, n)
]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_each_label_gives_its_share_and_nothing_is_lost(share: float) -> None:
    train, validation = split(ROWS, share)
    assert sorted(r.id for r in (*train, *validation)) == sorted(r.id for r in ROWS)
    expected = {label: round(share * n) for label, n in (("a", 40), ("b", 20), (None, 10), ("c", 2))}
    assert Counter(r.label for r in validation) == {label: n for label, n in expected.items() if n}


def test_the_order_is_kept_and_does_not_matter() -> None:
    train, validation = split(ROWS, 0.2)
    places = [ROWS.index(r) for r in train]
    assert places == sorted(places)
    again = split(list(reversed(ROWS)), 0.2)
    assert {r.id for r in again[1]} == {r.id for r in validation}


def test_alike_documents_stay_together() -> None:
    form = written(1, 60)
    alike = [LabelledRow(id=f"form-{n}", text=f"{form} {n}", label="a") for n in range(6)]
    for share in (0.1, 0.2, 0.3, 0.5):
        _, validation = split([*alike, *ROWS], share)
        assert sum(r.id.startswith("form-") for r in validation) in (0, 6)


def test_nothing_to_split() -> None:
    assert split([], 0.2) == ([], [])
