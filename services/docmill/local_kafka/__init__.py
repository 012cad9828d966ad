"""A real Apache Kafka on a developer's machine: detached for `docmill kafka`, or a child for tests and demos.

Tests and chaos never ask ``bootstrap_servers``, which may name a production cluster; they hold their own:

    with embedded_broker() as broker:
        AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
"""

from docmill.local_kafka.broker import EmbeddedBroker, embedded_broker
from docmill.local_kafka.control import bootstrap_servers

__all__ = ["EmbeddedBroker", "bootstrap_servers", "embedded_broker"]
