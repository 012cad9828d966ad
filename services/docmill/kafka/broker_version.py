"""Whether brokers are new enough for what a delivery needs."""

from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import KafkaError
from aiokafka.protocol.transaction import EndTxnRequest

from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka.connection import client_options
from docmill.kafka.refusals import explained
from docmill.settings import Settings

END_TXN_OF_4_0 = 5  # version of the request that came with it (KIP-890)


async def require_exactly_once(settings: Settings) -> None:
    """Make sure that every broker is of 4.0 or later.

    Earlier ones make a transaction's offsets visible some time after its end, and aiokafka cannot ask to wait for that
    (OffsetFetch with require_stable, KIP-447): a partition could be read again from an offset that is being replaced.

    Raises:
        BrokerError: no broker answers.
        ConfigurationError: one is older; says what to do.
    """
    servers = settings.kafka_bootstrap_servers
    client = AIOKafkaClient(**client_options(settings), client_id="docmill")
    try:
        await client.bootstrap()
        for broker in client.cluster.brokers():
            if not await client.ready(broker.nodeId):
                raise BrokerError(f"broker {broker.nodeId} of {servers} does not answer")
            connection = client._conns[broker.nodeId, ConnectionGroup.DEFAULT]
            _, newest = connection._versions.get(EndTxnRequest.API_KEY, (0, 0))
            if newest < END_TXN_OF_4_0:
                raise ConfigurationError(
                    f"broker {broker.nodeId} of {servers} is older than Kafka 4.0, where the offsets of a transaction "
                    f"become visible too late for exactly_once: set DOCMILL_DELIVERY=at_least_once, or upgrade it"
                )
    except KafkaError as error:
        raise await explained(settings, error) from error
    finally:
        await client.close()
