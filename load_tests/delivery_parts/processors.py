"""Processors of one delivery on one broker, each delivery with topics and a group of its own. Knows no figures."""

import contextlib
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docmill.local_kafka import EmbeddedBroker
from docmill_schemas.topics import RECEIVED
from load_tests.delivery_parts.pairs import DeliveryName
from load_tests.local_processor import Processor, create_topics, environment_of


@dataclass(frozen=True, slots=True)
class Side:
    """Where the processors of one delivery work."""

    delivery: DeliveryName
    prefix: str  # of topics
    environment: dict[str, str]

    @property
    def group(self) -> str:
        return f"{self.prefix}bench"

    @property
    def topic(self) -> str:
        return self.prefix + RECEIVED.name


def make_side(broker: EmbeddedBroker, delivery: DeliveryName, partitions: int, threads: int, name: str) -> Side:
    """New topics for a delivery; `name` tells experiments apart."""
    prefix = f"{name}.{delivery}."
    further = {
        "DOCMILL_DELIVERY": delivery,
        "DOCMILL_GROUP": f"{prefix}bench",
        "DOCMILL_PARTITIONS": str(partitions),
        "DOCMILL_THREADS": str(threads),
        "DOCMILL_TOPIC_PREFIX": prefix,
    }
    environment = environment_of(broker.bootstrap_servers, further)
    create_topics(environment)
    return Side(delivery, prefix, environment)


@contextlib.contextmanager
def processor_of(side: Side, log: Path) -> Iterator[Processor]:
    """One more processor, perhaps not ready yet; ended in good order where the block is."""
    processor = Processor(side.environment, log)
    try:
        yield processor
        if processor.is_running:
            processor.stop()
    finally:
        processor.close()


def counted(processor: Processor, sample: str) -> float:
    """A sample without labels of a processor's /metrics."""
    with urllib.request.urlopen(f"{processor.await_url()}/metrics", timeout=5) as answer:
        return parse_sample(answer.read().decode(), sample)


def parse_sample(page: str, sample: str) -> float:
    """The value of a sample without labels.

    Raises:
        LookupError: the page does not have it.
    """
    found = re.search(rf"^{re.escape(sample)} (\S+)$", page, re.MULTILINE)
    if found is None:
        raise LookupError(sample)
    return float(found[1])
