"""What the arbiter is to the engine."""

import asyncio
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from docmill.arbiter import app as app_module
from docmill.arbiter.app import Arbiter, arbiter_settings
from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka.open_reviews import Found
from docmill.settings import Settings
from docmill.telemetry.metrics import DecisionOutcome, Metrics
from docmill_schemas.topics import ARBITER_TOPICS
from tests.unit.arbiter.fakes import REQUEST_ID, feedback_record, review_record


class FakeOpenReviews:
    """One open review, in the loop; its next looks fail with what is in `errors`."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.looks = 0
        self.count = 1
        self.looked = asyncio.Event()

    async def catch_up(self) -> None:
        self.looks += 1
        self.looked.set()
        if self.errors:
            raise self.errors.pop(0)

    async def find(self, request_id: str) -> Found:
        return Found(review_record() if request_id == REQUEST_ID else None, None)


def arbiter_of(reviews: FakeOpenReviews) -> Arbiter:
    return Arbiter(Settings(group="test"), cast(Any, reviews), Metrics(CollectorRegistry()))


def test_the_engine_sees_the_arbiters_own_group_and_port() -> None:
    settings = arbiter_settings(Settings(arbiter_group="claims-arbiter", arbiter_http_port=0))
    assert (settings.group, settings.http_port) == ("claims-arbiter", 0)
    both = Settings()
    assert arbiter_settings(both).http_port not in (both.http_port, both.indexer_http_port, both.fallback_http_port)
    assert arbiter_settings(both).group not in (both.group, both.indexer_group)


async def test_what_it_says_and_reads() -> None:
    arbiter = arbiter_of(FakeOpenReviews())
    assert arbiter.reads.name == "documents.feedback"
    assert arbiter.reads in ARBITER_TOPICS
    assert arbiter.checks() == {"open_reviews": 1}
    arbiter.observe()
    arbiter.close()


async def test_its_work_asks_the_loop_from_a_thread() -> None:
    arbiter = arbiter_of(FakeOpenReviews())
    [done] = await asyncio.to_thread(arbiter.work.process, [feedback_record()], False, lambda: False)
    assert done.outcome is DecisionOutcome.ACCEPTED
    assert dict(done.publishes[0].headers)["ce_source"] == b"docmill/test"


async def test_a_broker_that_is_away_is_the_engines_to_judge() -> None:
    arbiter = arbiter_of(FakeOpenReviews(BrokerError("away")))
    with pytest.raises(BrokerError, match="away"):
        await asyncio.to_thread(arbiter.work.process, [feedback_record()], False, lambda: False)


async def test_it_reads_along_and_a_broker_that_is_away_does_not_stop_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "FOLLOW_EVERY_S", 0)
    reviews = FakeOpenReviews(BrokerError("away"))
    [follow] = arbiter_of(reviews).begin(lambda: None)
    following = asyncio.create_task(follow)
    async with asyncio.timeout(5):
        while reviews.looks < 3:
            reviews.looked.clear()
            await reviews.looked.wait()
    following.cancel()
    await asyncio.wait({following})
    assert following.cancelled()


async def test_a_right_that_is_missing_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "FOLLOW_EVERY_S", 0)
    [follow] = arbiter_of(FakeOpenReviews(ConfigurationError("a right is missing"))).begin(lambda: None)
    async with asyncio.timeout(5):
        with pytest.raises(ConfigurationError):
            await follow
