"""A partition of documents.fallback on a clock by hand: how long a new document waits behind others."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from docmill.fallback_service.generators import Answered, Place
from docmill.fallback_service.resolved import Held
from docmill.fallback_service.retrieve import Retriever
from docmill.generator.client import Generated, GeneratorUnavailableError, Unavailable
from docmill.generator.types import Answer, Ask
from docmill.kafka.put_back import HELD_SINCE, NOT_BEFORE
from docmill.kafka.records_queue import slice_length
from docmill_schemas.events import FallbackRequested
from docmill_schemas.reasons import DeferralReason
from tests.unit.fallback_service.fakes import TEXT, USAGE, Bench, FakeGenerator, bench, fine, plate, record, request
from tests.unit.indexer.fakes import LetterEmbedder
from tests.unit.kafka.fakes import FakeRecord

LOOK_S = 0.2  # tier 1 of a document, at the upper end of what was measured (docs/decisions/0020-fallback-tier-1.md)
SEARCH_S = 0.03  # of it, without the embedding: likewise
COMMIT_S = 0.02
DEADLINE_S = 30.0
SLICE = 16  # documents
MOST_TOKENS = 10**9


@dataclass
class SlowGenerator(FakeGenerator):
    """Answers so many questions within the deadline of a slice, and none of the others.

    `takes_s`: all together; where it has so many `at_once`, these.
    """

    answers: int = 4
    takes_s: float = DEADLINE_S
    at_once: int | None = None
    never_put: Unavailable | None = None  # why no question goes out; that takes no time
    passes: Callable[[float], None] = lambda seconds: None

    def ask_all(self, asks: Sequence[tuple[Place, Ask]], abandoned: Callable[[], bool]) -> list[Answered]:
        self.asked += [ask for _, ask in asks]
        if self.never_put is not None:
            return [GeneratorUnavailableError(self.never_put, "as told") for _ in asks]
        self.passes(self.takes_s * (1 if self.at_once is None else math.ceil(len(asks) / self.at_once)))
        late = GeneratorUnavailableError(Unavailable.TIMEOUT, "as told")
        return [Generated(Answer(), USAGE) if n < self.answers else late for n in range(len(asks))]


@dataclass
class FakePartition:
    """What waits, in the order of offsets; what is put back comes last."""

    of: Bench
    records: deque[FakeRecord] = field(default_factory=deque)
    rewritten: int = 0
    commits: int = 0
    known: dict[str, float] = field(default_factory=dict)  # when a document was decided, or a person asked
    meanwhile: Callable[[], None] = lambda: None  # what happens whenever some time has passed

    def passes(self, seconds: float) -> None:
        self.of.now_s += seconds
        self.meanwhile()

    def add(self, event: FallbackRequested, **more: Any) -> None:
        given: dict[str, Any] = {"timestamp": int(self.of.now_s * 1000), "key": event.document_id.encode()}
        self.records.append(record(event, **(given | more)))

    def hold(self, count: int, due_in_s: float = 0.0) -> None:
        """So many documents that wait for the generator since now."""
        now_ms = int(self.of.now_s * 1000)
        headers = ((HELD_SINCE, str(now_ms).encode()), (NOT_BEFORE, str(now_ms + int(due_in_s * 1000)).encode()))
        for number in range(count):
            self.add(unsure(f"held-{number}"), headers=headers)

    def work(self) -> None:
        """One slice."""
        if not self.records:
            self.passes(0.1)
            return
        count = slice_length(self.records, self.of.slices.passes, MOST_TOKENS, SLICE)
        taken = [self.records.popleft() for _ in range(count)]
        done = self.of.slices.process(taken, False, lambda: False)
        self.passes(COMMIT_S)
        self.commits += 1
        self.of.slices.final(done)
        for one in done:
            if isinstance(one.came, Held):
                [back] = one.publishes
                made = record(back.value, key=back.key, headers=tuple(back.headers))
                self.records.append(FakeRecord(**(vars(made) | {"timestamp": int(self.of.now_s * 1000)})))
                self.rewritten += 1
            else:
                self.known[(one.record.key or b"").decode()] = self.of.now_s

    def until(self, id: str) -> float:
        """Seconds until that document is decided, from now on."""
        began_s = self.of.now_s
        while id not in self.known:
            self.work()
        return self.known[id] - began_s

    def work_for(self, seconds: float) -> None:
        until_s = self.of.now_s + seconds
        while self.of.now_s < until_s:
            self.work()


def unsure(id: str) -> FallbackRequested:
    """A document about which a generator is asked."""
    return request(
        f"{TEXT} {id}",
        (DeferralReason.LOW_FIELD_CONFIDENCE,),
        (plate(0.3),),
        document_id=id,
        request_id=id,
    )


def familiar(id: str) -> FallbackRequested:
    """A document that the index decides."""
    return request(f"{TEXT} {id}", document_id=id, request_id=id)


@contextmanager
def partition(
    folder: Path, monkeypatch: pytest.MonkeyPatch, generator: SlowGenerator, max_hold_s: float = 4 * 3600.0
) -> Iterator[FakePartition]:
    with bench(folder, *(fine(f"f{n}") for n in range(3)), generator=generator, max_hold_s=max_hold_s) as of:
        made, real = FakePartition(of), Retriever.retrieve

        def retrieve(self: Retriever, *of_document: Any) -> Any:
            made.passes(SEARCH_S)
            return real(self, *of_document)

        embed = LetterEmbedder.embed_document

        def embed_document(self: LetterEmbedder, text: str) -> Any:
            made.passes(LOOK_S - SEARCH_S if text.startswith(TEXT) else 0.0)
            return embed(self, text)

        generator.passes = made.passes
        monkeypatch.setattr(Retriever, "retrieve", retrieve)
        monkeypatch.setattr(LetterEmbedder, "embed_document", embed_document)
        monkeypatch.setattr("docmill.fallback_service.holds.time.sleep", made.passes)
        yield made
