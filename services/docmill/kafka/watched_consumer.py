"""aiokafka's consumer; a failed poll stops the service instead of losing records (docs/decisions/0003-poller.md).

Does not know who polls it, or what becomes of the records.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    KafkaError,
    UnknownMemberIdError,
    UnsupportedCodecError,
)
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError, DocmillError, PollError, whereabouts
from docmill.kafka.refusals import refused
from docmill.kafka.stop_consumer import stop_consumer

NO_GENERATION = -1


class PollWatch:
    """Sees to it that every polled record reaches the engine, or that the service stops."""

    def __init__(self, fail: Callable[[BaseException], None]) -> None:
        self.last_s: float | None = None  # monotonic time at which the last poll succeeded
        self.failed = False
        self._fail = fail
        self._on_its_way = 0

    def check_handed_over(self) -> None:
        """Before a poll: nothing of the one before may be on its way still.

        Raises: PollError: FastStream swallowed it.
        """
        if self._on_its_way:
            raise PollError(f"{self._on_its_way} polled records never reached the engine; see FastStream's error above")

    def polled(self, records: int) -> None:
        """A poll succeeded."""
        self.last_s = time.monotonic()
        self._on_its_way = records

    def handed_over(self) -> None:
        """The engine has the poll, or knows that it cannot have it."""
        self._on_its_way = 0

    def fail(self, error: Exception) -> None:
        """Stop the service."""
        self.failed = True
        self._fail(error)


class WatchedConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """A consumer whose failed polls stop the service.

    `getmany` takes partition after partition, and moves the position of each as it takes it. Where a later one cannot
    be read (a corrupt batch, a header's name that is not UTF-8), the records of those before it are gone.
    """

    def __init__(self, *topics: str, watch: PollWatch, **options: Any) -> None:
        super().__init__(*topics, **options)
        self._watch = watch

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """As aiokafka's, but empty once a poll failed: FastStream would restart its loop at once, again and again."""
        if self._watch.failed:
            return {}
        try:
            self._watch.check_handed_over()
            polled: dict[TopicPartition, list[ConsumerRecord]] = await super().getmany(
                *partitions, timeout_ms=timeout_ms, max_records=max_records
            )
            if self._fetcher.error_future.done() and not self._closed:
                raise BrokerError("the task that fetches records has died; see aiokafka's error above")
        except ConsumerStoppedError:
            raise
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            # Not this task was cancelled: it is what aiokafka's own has ended of. FastStream takes no notice of it, and
            # would poll no more.
            self._watch.fail(BrokerError("the task that keeps this member in its group has been cancelled"))
            return {}
        except Exception as error:
            self._watch.fail(self._explained(error))
            return {}
        self._watch.polled(sum(map(len, polled.values())))
        return polled

    async def start(self) -> None:
        """As aiokafka's, with commits of no generation refused.

        A member that was thrown out of its group forgets its generation, and aiokafka then commits as somebody outside
        of any; the broker takes that as soon as the group is empty, however far others have come.
        """
        try:
            await super().start()
        except BaseException:
            await stop_consumer(self)  # its connections; FastStream forgets it
            raise
        coordinator, commit = self._coordinator, self._coordinator._do_commit_offsets

        async def commit_as_member(assignment: Any, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
            if coordinator.generation == NO_GENERATION:
                raise UnknownMemberIdError
            await commit(assignment, offsets)

        coordinator._do_commit_offsets = commit_as_member

    async def committed_with_metadata(self, *partitions: TopicPartition) -> dict[TopicPartition, OffsetAndMetadata]:
        """The group's committed offsets with their metadata, which `committed` drops; absent where there is none.

        Raises:
            KafkaError: the broker does not answer.
        """
        found = await self._coordinator.fetch_committed_offsets(partitions)
        return {partition: committed for partition, committed in found.items() if committed.offset >= 0}

    async def confirm_membership(self) -> None:
        """Ask the group's coordinator whether this member is still one, in the generation that it knows.

        Raises:
            KafkaError: it is not, or the coordinator does not answer.
        """
        coordinator = self._coordinator
        if coordinator.generation == NO_GENERATION or not await coordinator._do_heartbeat():
            raise UnknownMemberIdError("not a member of the group, as far as its coordinator says")

    def position_now(self, partition: TopicPartition) -> int | None:
        """The offset that the next poll reads from, without waiting for anything; None: it is not known."""
        assignment = self._subscription.subscription and self._subscription.subscription.assignment
        if assignment is None or partition not in assignment.tps:
            return None
        state = assignment.state_value(partition)
        return state.position if state.has_valid_position else None

    def _explained(self, error: Exception) -> DocmillError:
        if isinstance(error, DocmillError):
            return error
        unreadable = isinstance(error, CorruptRecordException | UnsupportedCodecError)
        if isinstance(error, KafkaError) and not unreadable:
            return refused("polling failed", error)
        # aiokafka forgets what it took: the first that is left is the one it stumbled over.
        where = next(iter(self._fetcher._records), None)
        name = "a partition" if where is None else f"{where.topic}-{where.partition}"
        what = repr(error) if unreadable else whereabouts(error)  # a decoder's message quotes what it stumbled over
        explained = PollError(
            f"{name} holds records that cannot be read: {what}. Nothing was skipped; find the first of them from "
            f"the group's committed offset on, and set the offset past it (kafka-consumer-groups.sh --reset-offsets)"
        )
        explained.__cause__ = error
        return explained
