"""What knowledge.indexed holds though no source text stands for it: a deletion that the indexer never saw.

It goes on from its own offsets. Was it away for longer than knowledge.updated keeps deletions, or was that topic made
anew, then what was deleted stays in the index, and in every copy of it, for good. Does not delete it.
"""

from docmill.kafka.decode_record import Record
from docmill.kafka.scan import OnProgress, Scan, scan_clients
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.topics import KNOWLEDGE_INDEXED, KNOWLEDGE_UPDATED


class StandingKeys:
    """Keys whose last record has a value, whatever it is: a refused record deletes nothing."""

    def __init__(self) -> None:
        self._found: set[tuple[int, bytes]] = set()  # by partition: another client may have put a key into two

    def take(self, topic: str, record: Record) -> None:
        """See Scan.read."""
        if record.key:
            place = (record.partition, record.key)
            (self._found.discard if record.value is None else self._found.add)(place)

    @property
    def keys(self) -> frozenset[bytes]:
        """Of all partitions."""
        return frozenset(key for _, key in self._found)


async def left_over(settings: Settings, on_progress: OnProgress = lambda what, done, total: None) -> list[str]:
    """Passage ids that the index holds and that are to go, sorted.

    The index is read first: what is added meanwhile then stands before it is missed.

    Raises:
        BrokerError: the broker does not answer, or a topic is missing.
        ConfigurationError: a right is missing.
    """
    await require_topics(settings, [KNOWLEDGE_INDEXED, KNOWLEDGE_UPDATED])
    indexed, updated = StandingKeys(), StandingKeys()
    async with scan_clients(settings, "docmill-index") as (admin, consumer):
        scan = Scan(settings, admin, consumer, None, on_progress)
        await scan.read("the index", [KNOWLEDGE_INDEXED], indexed.take)
        await scan.read("source texts", [KNOWLEDGE_UPDATED], updated.take)
    return sorted(filter(None, map(_passage_id, indexed.keys - updated.keys)))


def _passage_id(key: bytes) -> str | None:
    """None: copies have nothing under such a key."""
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None
