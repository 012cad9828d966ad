"""Which reviews are open, and which one is meant; tests/integration/test_review.py has a real broker."""

from dataclasses import replace

import pytest

from docmill.errors import ReviewError
from docmill.kafka import read_reviews as module
from docmill.kafka.read_reviews import (
    ReviewSummary,
    ends_of,
    find_review,
    list_reviews,
    read_review,
    standings,
    the_one,
)
from docmill.kafka.review_end import COUNTS_FOR_MS, UNKNOWN
from docmill.settings import Settings, load_settings
from docmill_schemas.topics import REVIEW
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.fakes import SENT_AT_MS, FakeRecord
from tests.unit.kafka.reviews import TRACE, closed, opened, review

A, B, C = "aa11" + "0" * 28, "aa22" + "0" * 28, "bb33" + "0" * 28


@pytest.fixture
def settings() -> Settings:
    return load_settings(topic_prefix="p.", kafka_bootstrap_servers="here:1")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    made = FakeBroker()
    made.serve(monkeypatch, module)
    return made


async def test_open_reviews_come_oldest_first(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", opened(A, minutes=9), opened(B, minutes=3))
    broker.put("p.", opened(C, minutes=5), partition=1)
    found = await list_reviews(settings)
    assert [one.request_id for one in found.reviews] == [B, C, A]
    assert found.unreadable == ()
    assert broker.required == ["documents.review"]


async def test_a_summary_says_what_the_review_says_but_no_text(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", opened(A))
    [found] = (await list_reviews(settings)).reviews
    asked = review(A)
    assert found == ReviewSummary.of(asked)
    assert (found.label, found.probability, found.review_reasons) == ("receipt", 0.9796, ("undecided",))
    assert (found.reasons, found.missing_fields, found.tenant) == (("missing_field",), ("total",), "acme")
    assert "Kopitiam" not in repr(found)


async def test_what_is_decided_is_not_open_until_it_is_opened_again(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", opened(A), opened(B), closed(A), closed(B), opened(B, revision=2))
    found = await list_reviews(settings)
    assert [(one.request_id, one.revision) for one in found.reviews] == [(B, 2)]
    standing = await standings(settings, "aa")
    assert {key: (one.open is not None, one.has_ended, one.decided) for key, one in standing.items()} == {
        A: (False, True, UNKNOWN),
        B: (True, True, UNKNOWN),
    }


async def test_how_a_request_stands_since_the_topic_ended_somewhere(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", opened(A), closed(A, 2), opened(B), opened(C))
    noted = await ends_of(settings, [REVIEW])
    assert await standings(settings, A, since=noted) == {}
    assert (await standings(settings, A))[A].decided == 2
    broker.put("p.", closed(B, 1), opened(A))
    since = await standings(settings, "aa", since=noted)
    assert (since[A].open is not None, since[A].has_ended, since[A].decided) == (True, False, UNKNOWN)
    assert (since[B].open, since[B].has_ended, since[B].decided) == (None, True, 1)


@pytest.mark.parametrize(("later_ms", "is_late"), [(COUNTS_FOR_MS - 1, True), (COUNTS_FOR_MS, False)])
async def test_a_review_of_a_day_after_the_end_of_one_is_not_late(
    broker: FakeBroker, settings: Settings, later_ms: int, is_late: bool
) -> None:
    """As the arbiter has it, which would else throw away what is shown as open."""
    broker.put("p.", closed(A, 2))
    again = opened(A, revision=2)
    broker.append(
        "p.documents.review", FakeRecord(again.value, tuple(again.headers), again.key, timestamp=SENT_AT_MS + later_ms)
    )
    found = await find_review(settings, A)
    assert (found.is_late, found.decided) == ((True, 2) if is_late else (False, UNKNOWN))


async def test_what_cannot_be_read_is_named_while_it_is_open(broker: FakeBroker, settings: Settings) -> None:
    strange = replace(opened(A), value=b'{"request_id": "of a later docmill"}')
    broker.put("p.", opened(B), strange, replace(strange, key=b"gone"), closed("gone"))
    found = await list_reviews(settings)
    assert ([one.request_id for one in found.reviews], found.unreadable) == ([B], (A,))
    assert (await standings(settings, "aa1"))[A].open is not None
    with pytest.raises(ReviewError, match=f"{A} cannot be read"):
        await find_review(settings, A)


@pytest.mark.parametrize("wanted", [B, "aa2", "aa22"])
async def test_a_review_is_found_by_enough_of_its_request_id(
    broker: FakeBroker, settings: Settings, wanted: str
) -> None:
    broker.put("p.", opened(A), opened(B, document_id="old"), opened(B), opened(C))
    found = await find_review(settings, wanted)
    assert found.review == review(B)
    assert found.trace == TRACE


async def test_too_little_of_an_id_names_those_it_could_be(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", opened(A), opened(B))
    with pytest.raises(ReviewError, match=f"2 open reviews .* begin with 'aa': give more of it .{A}, {B}"):
        await find_review(settings, "aa")


async def test_a_decided_one_and_an_unknown_one_are_told_apart(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", opened(A), opened(B), closed(A))
    with pytest.raises(ReviewError, match="decided already"):
        await find_review(settings, "aa1")
    with pytest.raises(ReviewError, match="docmill review list"):
        await find_review(settings, "cc")
    assert (await find_review(settings, "aa")).review.request_id == B  # the only open one


def test_an_id_in_full_is_meant_even_where_others_begin_with_it() -> None:
    assert the_one("ab", ["abc", "ab"], "reviews") == "ab"
    assert the_one("ab", ["abc"], "reviews") == "abc"
    assert the_one("ab", [], "reviews") is None
    with pytest.raises(ReviewError, match=r"7 reviews .*ab4, \.\.\.\)"):
        the_one("ab", [f"ab{n}" for n in range(7)], "reviews")


def test_a_review_under_the_key_of_another_is_none() -> None:
    record = opened(A)
    assert read_review(FakeRecord(record.value, (), A.encode())) == review(A)
    assert read_review(FakeRecord(record.value, (), B.encode())) is None
    assert read_review(FakeRecord(b"\xff", (), A.encode())) is None
