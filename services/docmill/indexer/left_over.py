"""What knowledge.indexed holds though no source text stands for it: a deletion that the indexer never saw.

It goes on from its own offsets. Was it away for longer than knowledge.updated keeps deletions, or was that topic made
anew, then what was deleted stays in the index, and in every copy of it, for good. Does not delete it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from docmill.indexer.standing import RID_OF_IT
from docmill.kafka.decode_record import Record
from docmill.kafka.scan import OnProgress, Scan, scan_clients
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.reasons import KnowledgeKind
from docmill_schemas.topics import KNOWLEDGE_INDEXED, KNOWLEDGE_UPDATED

UNKNOWN = "of no known kind"


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What is to go, and how much there is."""

    kinds: Mapping[str, str]  # by passage id, sorted
    held: int  # passages in the index, with these

    @property
    def counts(self) -> Mapping[str, int]:
        """How many there are of each kind, sorted."""
        return dict(sorted(Counter(self.kinds.values()).items()))

    @property
    def doubt(self) -> str | None:
        """Why these may be what is to be kept, and knowledge.updated what has lost it; None: all looks plain."""
        if 2 * len(self.kinds) > self.held:
            return f"{len(self.kinds)} of the {self.held} passages of the index would go: is knowledge.updated whole?"
        if exemplars := self.counts.get(KnowledgeKind.EXEMPLAR, 0):
            return f"exemplars ({exemplars}) would go: was knowledge.updated made anew, they stand nowhere else."
        return None


class StandingKeys:
    """Keys whose last record has a value, whatever it is: a refused record deletes nothing."""

    def __init__(self, kind_of: Callable[[bytes], str] = lambda value: UNKNOWN) -> None:
        self._kind_of = kind_of
        self._found: dict[tuple[int, bytes], str] = {}  # by partition: another client may have put a key into two

    def take(self, topic: str, record: Record) -> None:
        """See Scan.read."""
        if not record.key:
            return
        place = (record.partition, record.key)
        if record.value is None:
            self._found.pop(place, None)
        else:
            self._found[place] = self._kind_of(record.value)

    @property
    def kinds(self) -> Mapping[bytes, str]:
        """The kind of each key of all partitions."""
        return {key: kind for (_, key), kind in self._found.items()}


async def left_over(settings: Settings, on_progress: OnProgress = lambda what, done, total: None) -> LeftOver:
    """What the index holds and is to go.

    The index is read first: what is added meanwhile then stands before it is missed.

    Raises:
        BrokerError: the broker does not answer, or a topic is missing.
        ConfigurationError: a right is missing.
    """
    await require_topics(settings, [KNOWLEDGE_INDEXED, KNOWLEDGE_UPDATED])
    indexed, updated = StandingKeys(_kind_of), StandingKeys()
    async with scan_clients(settings, "docmill-index") as (admin, consumer):
        scan = Scan(settings, admin, consumer, None, on_progress, RID_OF_IT)
        await scan.read("the index", [KNOWLEDGE_INDEXED], indexed.take)
        await scan.read("source texts", [KNOWLEDGE_UPDATED], updated.take)
    held, standing = indexed.kinds, updated.kinds
    found = ((_passage_id(key), kind) for key, kind in held.items() if key not in standing)
    return LeftOver(dict(sorted((one, kind) for one, kind in found if one is not None)), len(held))


class _Passage(BaseModel):
    """All that is read of one here."""

    kind: str


def _kind_of(value: bytes) -> str:
    try:
        kind = _Passage.model_validate_json(value).kind
    except ValidationError:
        return UNKNOWN
    return kind if kind in set(KnowledgeKind) else UNKNOWN


def _passage_id(key: bytes) -> str | None:
    """None: copies have nothing under such a key."""
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None
