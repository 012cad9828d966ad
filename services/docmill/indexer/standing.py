"""Which source texts stand on knowledge.updated now, for whom and of when. Does not know which files there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from docmill.indexer.read import Deletion, read_record
from docmill.kafka.decode_record import Record
from docmill.kafka.scan import Scan, scan_clients
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.events import KnowledgeUpdated
from docmill_schemas.topics import KNOWLEDGE_UPDATED

FROM_FILE = "file"  # in the metadata of what is a file by itself: its id

RID_OF_IT = "docs/knowledge.md, 'A record that stops add and repair', says how to be rid of it"
WAY_OUT = f"add --anew without --prune does not read it, nor does remove --ids; {RID_OF_IT}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a source text is, but for its words."""

    kind: str
    document_type: str | None = None
    tenant: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    is_file: bool = False  # added by `docmill index add` of a file. Somebody else's is none, however its id begins


def standing_of(updated: KnowledgeUpdated) -> Standing:
    """The same of an event."""
    return Standing(
        kind=updated.kind,
        document_type=updated.document_type,
        tenant=updated.tenant,
        valid_from=updated.valid_from,
        valid_until=updated.valid_until,
        is_file=updated.metadata.get(FROM_FILE) == updated.passage_id,
    )


def files_below(standing: Mapping[str, Standing], folders: tuple[str, ...]) -> list[str]:
    """The ids, sorted, of what was added of files of these folders, for whomever.

    Args:
        folders: as the ids of their files begin: `handbook/`; the root: nothing.
    """
    return sorted(one for one, what in standing.items() if what.is_file and one.startswith(folders))


class StandingSources:
    """What stands under each id, record after record."""

    def __init__(self) -> None:
        self.found: dict[str, Standing] = {}

    def take(self, topic: str, record: Record) -> None:
        """See Scan.read. A record that is refused changes nothing, here as in the index."""
        read = read_record(record)
        if isinstance(read, Deletion):
            self.found.pop(read.passage_id, None)
        elif isinstance(read, KnowledgeUpdated):
            self.found[read.passage_id] = standing_of(read)


async def standing_sources(settings: Settings) -> Mapping[str, Standing]:
    """Read the topic from its start to the end that it has now.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
        ConfigurationError: a right is missing.
    """
    await require_topics(settings, [KNOWLEDGE_UPDATED])
    sources = StandingSources()
    async with scan_clients(settings, "docmill-index") as (admin, consumer):
        scan = Scan(settings, admin, consumer, None, lambda *_: None, WAY_OUT)
        await scan.read("files", [KNOWLEDGE_UPDATED], sources.take)
    return sources.found
