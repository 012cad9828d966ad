"""A broker that goes away for good: an idle replica says so, and ends."""

from pathlib import Path

import pytest

from docmill.local_kafka import embedded_broker
from tests.integration.processor_process import ProcessorProcess
from tests.integration.topics import Topics

pytestmark = pytest.mark.kafka


async def test_an_idle_replica_ends_when_its_broker_does_not_come_back(
    topic_prefix: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    with embedded_broker(ephemeral=True) as broker:
        topics = Topics(broker.bootstrap_servers, topic_prefix)
        await topics.create()
        log = tmp_path / "log"
        with ProcessorProcess(
            topics.bootstrap, topics.prefix, tiny_bundle, log, DOCMILL_BROKER_TIMEOUT_S="8"
        ) as processor:
            processor.ready()
            broker.kill()
            assert processor.exit_code() == 1
            lines = processor.log_text.splitlines()
    assert "has not answered for" in processor.log_text
    assert "no broker answers at" in processor.log_text
    assert len(lines) < 100, "the same lines again and again"
