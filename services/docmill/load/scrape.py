"""Fetches processors' /metrics. Does not read them."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Sequence

from docmill.errors import ConfigurationError

TIMEOUT_S = 5.0


async def scrape(urls: Sequence[str]) -> list[str]:
    """The pages, in the order of the addresses, fetched on threads: the schedule of a load test goes on meanwhile.

    Raises:
        ConfigurationError: one does not answer; says which.
    """
    return list(await asyncio.gather(*(asyncio.to_thread(_fetch, url) for url in urls)))


def _fetch(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"{url} is no address of metrics: like http://127.0.0.1:9108/metrics")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return str(answer.read().decode())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{url} does not answer: {error}") from error
