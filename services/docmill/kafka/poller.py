"""FastStream's batch subscriber as the one caller of `getmany`, with its traps closed (docs/decisions/0003-poller.md).

- Its own parser decodes every header and swallows the failure, which drops a whole poll of all partitions: ours
  touches neither headers nor bodies.
- A `reply_to` header would make it publish to a topic of a stranger's choice: `no_reply`.
- It swallows what a handler, a parser or `getmany` raises and polls on, past the records that went missing. So every
  poll is watched: one that fails, or that never reaches the engine, stops the service.
- Between `getmany` and the handler nothing may suspend (worker.py relies on it): parser and decoder are async and
  await nothing, and there is no middleware.
- It would start a producer and an admin client of its own, and create the topic: `consumer_only`.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber

from docmill.kafka.connection import broker_security
from docmill.kafka.engine import AssignmentListener, Engine
from docmill.kafka.watched_consumer import PollWatch, WatchedConsumer
from docmill.settings import Settings

POLL_TIMEOUT_MS = 50  # FastStream sleeps as long again after an empty poll
JOIN_MARGIN_MS = 10_000  # of a rebalance, beyond what the slices in hand may take
ANSWER_MARGIN_MS = 5_000  # of the answer to a JoinGroup, which comes when the rebalance is over
FASTSTREAM_LOG = logging.getLogger("faststream.docmill")


class _Broker(KafkaBroker):
    """FastStream's broker, building watched consumers."""

    def __init__(self, settings: Settings, watch: PollWatch) -> None:
        # At every start it warns that it creates no topics: `docmill topics` does.
        FASTSTREAM_LOG.setLevel(logging.ERROR)
        super().__init__(
            settings.kafka_bootstrap_servers,
            security=broker_security(settings),
            client_id="docmill",
            apply_types=False,
            consumer_only=True,
            # A JoinGroup that went down with its coordinator is asked again then, and none is given up that takes long:
            # aiokafka waits for 40 s, whatever a rebalance may take.
            request_timeout_ms=_rebalance_timeout_ms(settings) + ANSWER_MARGIN_MS,
            logger=FASTSTREAM_LOG,
        )
        self._watch = watch

    async def _connect(self) -> Callable[..., WatchedConsumer]:
        builder = await super()._connect()
        assert isinstance(builder, partial)
        watched = partial(WatchedConsumer, *builder.args, watch=self._watch, **builder.keywords)
        self.config.broker_config.builder = watched
        return watched


class Poller:
    """A FastStream broker; `feed` gives it the one subscriber."""

    def __init__(self, settings: Settings) -> None:
        self._watch = PollWatch(self._failed)
        self.broker: KafkaBroker = _Broker(settings, self._watch)
        self._settings = settings
        self._engine: Engine | None = None
        self._subscriber: BatchSubscriber | None = None

    def feed(self, engine: Engine, topic: str) -> None:
        """Poll `topic` for the engine, once the broker starts."""
        settings = self._settings
        self._engine = engine
        self._subscriber = self.broker.subscriber(
            topic,
            batch=True,
            group_id=settings.group,
            ack_policy=AckPolicy.MANUAL,
            # Only where a partition has no committed offset; `acquire` seeks explicitly, and checks for lost records.
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            batch_timeout_ms=POLL_TIMEOUT_MS,
            session_timeout_ms=settings.session_timeout_ms,
            rebalance_timeout_ms=_rebalance_timeout_ms(settings),
            heartbeat_interval_ms=max(settings.session_timeout_ms // 10, 300),
            max_poll_interval_ms=settings.max_poll_interval_ms,
            listener=AssignmentListener(engine, self.consumer),
            parser=parse_untouched,
            decoder=decode_untouched,
            no_reply=True,
        )
        self._subscriber(self._handle)

    def consumer(self) -> WatchedConsumer:
        """The consumer, from just before its first assignment on."""
        if self._subscriber is None or self._subscriber.consumer is None:
            raise RuntimeError("the poller has not started")
        assert isinstance(self._subscriber.consumer, WatchedConsumer)
        return self._subscriber.consumer

    def idle_s(self) -> float:
        """Seconds since the last poll that succeeded. May be called from any thread."""
        last_s = self._watch.last_s
        return float("inf") if last_s is None else time.monotonic() - last_s

    async def _handle(self, records: Sequence[ConsumerRecord]) -> None:
        self._watch.handed_over()
        assert self._engine is not None
        try:
            self._engine.accept(records)
        except Exception as error:
            self._engine.fail(error)

    def _failed(self, error: BaseException) -> None:
        assert self._engine is not None
        self._engine.fail(error)


async def parse_untouched(records: Sequence[ConsumerRecord]) -> KafkaMessage:
    """Wrap a poll as it is."""
    return KafkaMessage(raw_message=tuple(records), body=b"", consumer=FAKE_CONSUMER)


async def decode_untouched(message: KafkaMessage) -> Any:
    """The records of a poll, nothing decoded."""
    return message.raw_message


def _rebalance_timeout_ms(settings: Settings) -> int:
    return max(settings.session_timeout_ms, int(settings.release_timeout_s * 1000) + JOIN_MARGIN_MS)
