"""Documents that people decided, as exemplars on knowledge.updated. Does not know what they are wanted for."""

from docmill.kafka.decode_record import Record, key_text
from docmill.kafka.scan import OnProgress, Scan, scan_clients
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.cloudevents import read_content, read_headers
from docmill_schemas.events import KnowledgeUpdated
from docmill_schemas.reasons import KnowledgeKind
from docmill_schemas.topics import KNOWLEDGE_UPDATED

DECIDED = "decided/"  # and the request id: what the arbiter calls an exemplar


async def read_exemplars(
    settings: Settings, on_progress: OnProgress = lambda what, done, total: None
) -> list[KnowledgeUpdated]:
    """The newest exemplar of each decided request, in the order of their ids.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
    """
    await require_topics(settings, [KNOWLEDGE_UPDATED])
    newest = NewestExemplars()
    async with scan_clients(settings, "docmill-review") as (admin, consumer):
        scan = Scan(settings, admin, consumer, None, on_progress)
        await scan.read("decisions", [KNOWLEDGE_UPDATED], lambda _, record: newest.take(record))
    return [newest.found[passage_id] for passage_id in sorted(newest.found)]


class NewestExemplars:
    """What stands of the decided exemplars among the records that it is handed."""

    def __init__(self) -> None:
        self.found: dict[str, KnowledgeUpdated] = {}

    def take(self, record: Record) -> None:
        """Look at a record; what is no exemplar of a decision is passed over."""
        key = key_text(record.key)
        if key is None or not key.startswith(DECIDED):
            return
        if record.value is None:
            self.found.pop(key, None)
            return
        try:
            data = read_content(read_headers(record.headers), record.value).data
            exemplar = KnowledgeUpdated.model_validate_json(data)
        except (ValueError, RecursionError):
            return
        if exemplar.passage_id == key and exemplar.kind == KnowledgeKind.EXEMPLAR:
            self.found[key] = exemplar
