"""A step is decided as a whole: what, when, under which id."""

from collections import Counter

import pytest

from tests.unit.load.fakes import offer, plan


def test_warm_up_and_counted_part_each_hold_the_rate_and_the_mix() -> None:
    step = plan(offer(rate=10, warm_up_s=3, counted_s=20))
    assert len(step.shipments) == len(step.documents) == 230
    assert step.first_counted == 30
    due = [shipment.due_s for shipment in step.shipments]
    assert due == sorted(due)
    assert due[29] < 3 <= due[30]
    assert due[-1] < 23
    assert Counter(d.kind for d in step.documents[30:]) == {"letter": 160, "book": 40}
    assert Counter(d.kind for d in step.documents[:30]) == {"letter": 24, "book": 6}


def test_every_document_has_an_id_of_its_own_and_its_content() -> None:
    step = plan()
    assert len({shipment.document_id for shipment in step.shipments}) == 100
    for shipment, document in zip(step.shipments, step.documents, strict=True):
        assert (shipment.content, shipment.content_type) == (document.content, document.content_type)
        assert shipment.partition is None


@pytest.mark.parametrize(("rate", "counted"), [(0.01, 1), (0.26, 3)])
def test_the_slowest_rate_sends_something(rate: float, counted: int) -> None:
    step = plan(offer(rate=rate, warm_up_s=0, counted_s=10))
    assert len(step.shipments) == counted
