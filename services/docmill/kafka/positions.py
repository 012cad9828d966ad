"""Where a partition is to be read from: the group's committed offset, held against what the log still has."""

from collections.abc import Callable

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import LogTruncatedError, RecordsLostError
from docmill.kafka.crash_marks import CrashMark, read_mark
from docmill.kafka.delivery import Committed
from docmill.kafka.refusals import refused
from docmill.kafka.watched_consumer import WatchedConsumer


class Positions:
    """Asks the broker; every method raises BrokerError where it does not answer."""

    def __init__(self, consumer: Callable[[], WatchedConsumer]) -> None:
        self._consumer = consumer

    async def fetch(self, partition: TopicPartition) -> OffsetAndMetadata | None:
        """The committed offset, as the group's coordinator has it now; None: there is none."""
        try:
            return (await self._consumer().committed_with_metadata(partition)).get(partition)
        except KafkaError as error:
            raise refused(
                f"cannot read the committed offset of {name_of(partition)}", error, topic=partition.topic
            ) from error

    async def locate(self, partition: TopicPartition, found: OffsetAndMetadata | None) -> Committed:
        """A committed offset and its mark; of a group that starts for the first time the start of the log.

        Raises:
            RecordsLostError: the committed offset lies below the start of the log.
            LogTruncatedError: it lies above the end of the log.
        """
        if found is None:
            return Committed(await self._log_start(partition), CrashMark())
        await self.check_log_start(partition, found.offset)
        end = await self._log_end(partition)
        if found.offset > end:
            raise LogTruncatedError(name_of(partition), found.offset, f"the log ends at {end}")
        return Committed(found.offset, read_mark(found.metadata))

    async def check_log_start(self, partition: TopicPartition, offset: int) -> None:
        """Make sure that retention did not delete from `offset` on.

        Raises:
            RecordsLostError: it did.
        """
        start = await self._log_start(partition)
        if offset < start:
            raise RecordsLostError(name_of(partition), offset, start)

    async def _log_start(self, partition: TopicPartition) -> int:
        try:
            start: int = (await self._consumer().beginning_offsets([partition]))[partition]
        except KafkaError as error:
            raise refused(f"cannot read the log start of {name_of(partition)}", error, topic=partition.topic) from error
        return start

    async def _log_end(self, partition: TopicPartition) -> int:
        try:
            end: int = (await self._consumer().end_offsets([partition]))[partition]
        except KafkaError as error:
            raise refused(f"cannot read the log end of {name_of(partition)}", error, topic=partition.topic) from error
        return end


def name_of(partition: TopicPartition) -> str:
    """As Kafka's own logs write it."""
    return f"{partition.topic}-{partition.partition}"
