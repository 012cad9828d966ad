"""One record of a review to its topic. Does not know what it says."""

import asyncio

from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from docmill.errors import BrokerError, ReviewError
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.refusals import refused
from docmill.kafka.send import ACK_TIMEOUT_S, idempotent_producer
from docmill.kafka.topics import max_message_bytes
from docmill.settings import Settings
from docmill_schemas.topics import TopicSpec

SOURCE = "docmill/review"


async def send_record(settings: Settings, spec: TopicSpec, record: OutgoingRecord, what: str) -> None:
    """Send a record; returns when all in-sync replicas have it. `what` it is, for messages.

    Raises:
        BrokerError: the broker does not answer, or does not take it.
        ConfigurationError: a right is missing.
        ReviewError: it is too large for its topic.
    """
    limit = await max_message_bytes(settings, spec)
    topic = settings.topic_prefix + spec.name
    async with idempotent_producer(settings, limit) as producer:
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                await (await producer.send(topic, record.value, key=record.key, headers=record.headers))
        except MessageSizeTooLargeError:
            raise ReviewError(f"{what} takes {record.size()} bytes, more than the {limit} that {topic} takes") from None
        except TimeoutError:
            raise BrokerError(
                f"no acknowledgement in {ACK_TIMEOUT_S:.0f} s: {what} may or may not be sent; try again, which does no "
                f"harm if it is"
            ) from None
        except KafkaError as error:
            raise refused(f"{what} was not sent", error, topic) from error
