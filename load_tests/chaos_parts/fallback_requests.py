"""Numbered requests to the fallback, each made of the seed and its number alone. Does not send them.

Half are like exemplars of one type (`exemplars`), so that the index decides them; the others are like some of two
types, so that a generator is asked about them, and waited for where it is away. A third holds a text over which the
altered fallback takes its time, so that a slice lasts long enough to be hit. One in a hundred is no request.
"""

import hashlib
from collections.abc import Sequence
from random import Random
from zlib import crc32

from docmill.indexer.embed import embed_source
from docmill_schemas.events import KnowledgeIndexed, KnowledgeUpdated
from docmill_schemas.reasons import DeferralReason
from load_tests.chaos_parts.documents import POISON_SHARE, SLOW_SHARE, SLOW_TEXT, Document
from load_tests.chaos_parts.fallback_rules import request_id_of
from load_tests.chaos_parts.ledger import Entry, Expected
from tests.unit.fallback_service.fakes import request
from tests.unit.indexer.fakes import LetterEmbedder

KNOWN, UNKNOWN = "parking fine for a car", "zebras yawn"
LABEL, TORN = "parking_fine", ("zebra", "bed")
EXEMPLARS = 5
KNOWN_SHARE = 1 / 2


def make_request(
    seed: int, number: int, paths: int, partitions: int, *, deadly: bool = False, poison_share: float = POISON_SHARE
) -> Document:
    """The request of a number; all of a path go to one partition.

    Raises:
        ValueError: a deadly one is asked for; nobody has the fallback die of a text.
    """
    if deadly:
        raise ValueError("no request kills the fallback")
    random = Random(f"{seed}:{number}")
    path = f"inbox/{random.randrange(paths):03}"
    text = f"{KNOWN if random.random() < KNOWN_SHARE else UNKNOWN} {number}"
    if random.random() < SLOW_SHARE:
        text = f"{text} {SLOW_TEXT}"
    unfamiliar = (DeferralReason.UNFAMILIAR_DOCUMENT,)
    event = request(text, unfamiliar, request_id=request_id_of(number), document_id=path)
    value: bytes | None = event.model_dump_json(exclude_none=True).encode()
    expected = Expected.RESULT
    if random.random() < poison_share:
        value, expected = random.choice((f"no request {number}".encode(), b"", None)), Expected.DEAD_LETTER
    sha256 = hashlib.sha256(value or b"").hexdigest()
    return Document(Entry(number, path, crc32(path.encode()) % partitions, sha256, expected), value)


def exemplars() -> Sequence[KnowledgeIndexed]:
    """What the index knows, as the indexer would publish it, with the vectors of the altered fallback."""
    known = [(KNOWN, LABEL)] * EXEMPLARS + [(UNKNOWN, label) for label in TORN]
    sources = (
        KnowledgeUpdated(passage_id=f"exemplar-{n}", kind="exemplar", text=text, document_type=label)
        for n, (text, label) in enumerate(known)
    )
    embedder = LetterEmbedder()
    return [embed_source(source, embedder) for source in sources]
