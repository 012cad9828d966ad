"""Pages of metrics are fetched; what does not answer is named."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter

from docmill.errors import ConfigurationError
from docmill.load.scrape import scrape
from docmill.telemetry.http import Probe, ProbeServer


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a processor's pages."""
    registry = CollectorRegistry()
    Counter("things_total", "a counter", registry=registry).inc(3)
    probe = Probe(True, {})
    running = ProbeServer("127.0.0.1", 0, registry, live=lambda: probe, ready=lambda: probe)
    yield f"http://127.0.0.1:{running.port}"
    running.close()


async def test_pages_come_in_the_order_of_their_addresses(server: str) -> None:
    metrics, live = await scrape([f"{server}/metrics", f"{server}/livez"])
    assert "things_total 3.0" in metrics
    assert '"ok": true' in live
    assert await scrape([]) == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("127.0.0.1:9108/metrics", "127.0.0.1:9108/metrics is no address of metrics: like http"),
        ("file:///etc/hostname", "is no address of metrics"),
        ("http://127.0.0.1:1/metrics", "http://127.0.0.1:1/metrics does not answer"),
        ("http://[::1/metrics", "does not answer"),
    ],
)
async def test_what_does_not_answer_is_told(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        await scrape([url])
    assert told in str(error.value)


async def test_a_page_that_is_not_there_is_told(server: str) -> None:
    with pytest.raises(ConfigurationError, match="/nothing does not answer: HTTP Error 404"):
        await scrape([f"{server}/nothing"])
