"""FastStream's batch subscriber as the one caller of `getmany`, with its traps closed (docs/decisions/0003-poller.md).

- Its own parser decodes every header and swallows the failure, which drops a whole poll of all partitions: ours
  touches neither headers nor bodies.
- A `reply_to` header would make it publish to a topic of a stranger's choice: `no_reply`.
- It swallows a handler's exception: the handler hands every one to the engine, which stops the service.
- Between `getmany` and the handler nothing may suspend (worker.py relies on it): parser and decoder are async and
  await nothing, and there is no middleware.
"""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber

from docmill.kafka.engine import AssignmentListener, Engine
from docmill.settings import Settings

POLL_TIMEOUT_MS = 50  # FastStream sleeps as long again after an empty poll


async def parse_untouched(records: Sequence[ConsumerRecord]) -> KafkaMessage:
    """Wrap a poll as it is."""
    return KafkaMessage(raw_message=tuple(records), body=b"", consumer=FAKE_CONSUMER)


async def decode_untouched(message: KafkaMessage) -> Any:
    """The records of a poll, nothing decoded."""
    return message.raw_message


class Poller:
    """A FastStream broker; `feed` gives it the one subscriber."""

    def __init__(self, settings: Settings) -> None:
        self.broker = KafkaBroker(settings.kafka_bootstrap_servers, client_id="docmill", apply_types=False, logger=None)
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
            heartbeat_interval_ms=max(settings.session_timeout_ms // 10, 300),
            max_poll_interval_ms=settings.max_poll_interval_ms,
            listener=AssignmentListener(engine, self.consumer),
            parser=parse_untouched,
            decoder=decode_untouched,
            no_reply=True,
        )
        self._subscriber(self._handle)

    def consumer(self) -> AIOKafkaConsumer:
        """The consumer, from just before its first assignment on."""
        if self._subscriber is None or self._subscriber.consumer is None:
            raise RuntimeError("the poller has not started")
        return self._subscriber.consumer

    def idle_s(self) -> float:
        """Seconds since the last poll; what aiokafka itself compares with max_poll_interval."""
        if self._subscriber is None or self._subscriber.consumer is None:
            return float("inf")
        return float(self._subscriber.consumer._subscription.fetcher_idle_time)

    async def _handle(self, records: Sequence[ConsumerRecord]) -> None:
        assert self._engine is not None
        try:
            self._engine.accept(records)
        except Exception as error:
            self._engine.fail(error)
