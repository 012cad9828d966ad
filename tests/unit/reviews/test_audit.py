"""The draw is the same each time, and takes about the share that it is told to."""

import pytest

from docmill.reviews.audit import is_audited
from docmill_schemas.ids import request_id

REQUESTS = [request_id("erp", str(number)) for number in range(20_000)]


def test_none_or_all() -> None:
    assert not any(is_audited(request, 0.0) for request in REQUESTS)
    assert all(is_audited(request, 1.0) for request in REQUESTS)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
def test_about_the_share(share: float) -> None:
    drawn = sum(is_audited(request, share) for request in REQUESTS)
    sigma = (len(REQUESTS) * share * (1 - share)) ** 0.5
    assert abs(drawn - len(REQUESTS) * share) < 4 * sigma  # of this list: it is the same at every run


def test_a_larger_share_takes_all_that_a_smaller_one_takes() -> None:
    few = {request for request in REQUESTS if is_audited(request, 0.05)}
    more = {request for request in REQUESTS if is_audited(request, 0.1)}
    assert few < more


def test_the_draw_never_changes() -> None:
    """An upgrade in between must not draw anew: a redelivery would be asked about once more, or not at all."""
    assert [number for number, request in enumerate(REQUESTS[:600]) if is_audited(request, 0.01)] == [
        79,
        85,
        288,
        365,
        370,
        554,
        588,
    ]
