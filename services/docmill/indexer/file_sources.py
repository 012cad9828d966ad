"""Which source texts on knowledge.updated are files, as they stand now. Does not know which files there are."""

from docmill.indexer.read import Deletion, read_record
from docmill.indexer.sources import FROM_FILE
from docmill.kafka.decode_record import Record
from docmill.kafka.scan import Scan, scan_clients
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.events import KnowledgeUpdated
from docmill_schemas.topics import KNOWLEDGE_UPDATED


class FileSources:
    """The ids of files, record after record. Ids that somebody else sends are none, however they begin."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def take(self, topic: str, record: Record) -> None:
        """See Scan.read. A record that is refused changes nothing, here as in the index."""
        read = read_record(record)
        if isinstance(read, Deletion):
            self.ids.discard(read.passage_id)
        elif isinstance(read, KnowledgeUpdated):
            if read.metadata.get(FROM_FILE) == read.passage_id:
                self.ids.add(read.passage_id)
            else:
                self.ids.discard(read.passage_id)


async def file_sources(settings: Settings) -> frozenset[str]:
    """Read the topic from its start to the end that it has now.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
        ConfigurationError: a right is missing.
    """
    await require_topics(settings, [KNOWLEDGE_UPDATED])
    found = FileSources()
    async with scan_clients(settings, "docmill-index") as (admin, consumer):
        await Scan(settings, admin, consumer, None, lambda *_: None).read("files", [KNOWLEDGE_UPDATED], found.take)
    return frozenset(found.ids)
