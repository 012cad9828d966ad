"""Words that nothing but the documents of a test holds, and the places besides events where they might turn up."""

import base64
from collections.abc import Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient

from tests.integration.topics import PROGRESS, Topics

WORDS = ("Quillfenwick", "Marrowbine", "Ostrelanthe")
TEXT = " ".join(WORDS)
DEADLY, QUOTED = "Thrennodyne", "Velspargo"  # see altered_processor.py
PAGES = ("/metrics", "/readyz", "/livez")


def spellings() -> list[str]:
    """The words, and what they look like encoded, in lower case."""
    plain = [word.lower() for word in (*WORDS, DEADLY, QUOTED)]
    coded = [base64.b64encode(TEXT[offset:].encode()).decode()[:16].lower() for offset in range(3)]
    return [*plain, *coded, *(word.encode().hex() for word in WORDS)]


def found_in(text: str) -> list[str]:
    return [spelling for spelling in spellings() if spelling in text.lower()]


def leaks(places: Mapping[str, str]) -> dict[str, list[str]]:
    """Of each place the words in it; places without any are left out."""
    return {place: words for place, text in places.items() if (words := found_in(text))}


async def metadata(topics: Topics, group: str) -> list[str]:
    """What a group has committed beside the offsets; `group` without the test's prefix."""
    admin = AIOKafkaAdminClient(bootstrap_servers=topics.bootstrap)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(f"{topics.prefix}{group}")
    finally:
        await admin.close()
    return [str(entry.metadata) for entry in offsets.values()]


async def progress(topics: Topics) -> str:
    """All of documents.progress."""
    records = await topics.read(PROGRESS)
    assert records, "exactly once commits there"
    return repr([(record.key, record.value, record.headers) for record in records])


async def headers(topics: Topics, names: Iterable[str]) -> str:
    """Of all records of these topics."""
    found = [[record.headers for record in await topics.read(name)] for name in names]
    assert all(found), "each of them holds something"
    return repr(found)
