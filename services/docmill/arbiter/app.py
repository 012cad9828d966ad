"""The arbiter's composition root; what every service is, docmill.kafka.service runs."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from docmill.arbiter.publish import DecisionPublisher
from docmill.arbiter.slices import ArbitrateSlices
from docmill.errors import BrokerError
from docmill.kafka.from_thread import run_in_loop
from docmill.kafka.open_reviews import Found, OpenReviews, new_reviews_consumer
from docmill.kafka.service import checked_cluster, new_metrics, run_service
from docmill.kafka.topics import live_topic
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from docmill_schemas.topics import ARBITER_TOPICS, FEEDBACK, REVIEW, TopicSpec

log = logging.getLogger(__name__)

FOLLOW_EVERY_S = 5.0


async def run_arbiter(settings: Settings) -> None:
    """Run the arbiter until SIGTERM or SIGINT; the slices in hand are finished first.

    Raises:
        DocmillError: it cannot start, or cannot go on.
    """
    settings = arbiter_settings(settings)
    await checked_cluster(settings, ARBITER_TOPICS)
    topic = settings.topic_prefix + REVIEW.name
    reviews = OpenReviews(partial(new_reviews_consumer, settings), partial(live_topic, settings, REVIEW), topic)
    try:
        await reviews.catch_up()
        log.info("%d reviews are open", reviews.count)
        metrics = new_metrics()
        await run_service(settings, Arbiter(settings, reviews, metrics), metrics)
    finally:
        await reviews.close()


def arbiter_settings(settings: Settings) -> Settings:
    """The settings as the engine reads them, with the arbiter's own group and port in their places."""
    return settings.model_copy(update={"group": settings.arbiter_group, "http_port": settings.arbiter_http_port})


class AskedFromThreads:
    """See Reviews: the view of the loop that this is made in."""

    def __init__(self, reviews: OpenReviews) -> None:
        self._reviews = reviews
        self._loop = asyncio.get_running_loop()

    def catch_up(self, abandoned: Callable[[], bool]) -> None:
        """See Reviews."""
        run_in_loop(self._loop, self._reviews.catch_up(), abandoned)

    def find(self, request_id: str, abandoned: Callable[[], bool]) -> Found:
        """See Reviews."""
        return run_in_loop(self._loop, self._reviews.find(request_id), abandoned)


class Arbiter:
    """See Service. To be made in the loop that it runs in."""

    def __init__(self, settings: Settings, reviews: OpenReviews, metrics: Metrics) -> None:
        publisher = DecisionPublisher(f"docmill/{settings.group}", include_text=settings.include_text)
        self._reviews = reviews
        self._work = ArbitrateSlices(AskedFromThreads(reviews), publisher, metrics)

    @property
    def reads(self) -> TopicSpec:
        """Decisions as they come in."""
        return FEEDBACK

    @property
    def work(self) -> ArbitrateSlices:
        """See Service."""
        return self._work

    def begin(self, stop: Callable[[], None]) -> Sequence[Coroutine[Any, Any, None]]:
        """Read documents.review along, so that a decision does not wait for it."""
        return (self._follow(),)

    def observe(self) -> None:
        """There are no gauges of its own."""

    def checks(self) -> Mapping[str, object]:
        """How many reviews wait for people."""
        return {"open_reviews": self._reviews.count}

    def close(self) -> None:
        """Nothing: the view is its maker's to close."""

    async def _follow(self) -> None:
        """A broker that is away is met by the slices too, and they know for how long it may be."""
        while True:
            await asyncio.sleep(FOLLOW_EVERY_S)
            try:
                await self._reviews.catch_up()
            except BrokerError as error:
                log.warning("open reviews are not up to date: %s", error)
