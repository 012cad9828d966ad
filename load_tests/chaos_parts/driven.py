"""What a run drives: a service, how its workers are started, what goes in, and what the oracle holds it to."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from docmill_schemas.events import KnowledgeIndexed
from load_tests.chaos_parts.bundles import Shelf
from load_tests.chaos_parts.cluster import Cluster
from load_tests.chaos_parts.coordinator import GROUP
from load_tests.chaos_parts.documents import DEADLY_TEXT, SLOW_S, Document, make_document
from load_tests.chaos_parts.fallback_requests import exemplars, make_request
from load_tests.chaos_parts.fallback_rules import FALLBACK
from load_tests.chaos_parts.generator import DEADLINE_S, TurningGenerator
from load_tests.chaos_parts.oracle import PROCESSOR, Rules

ALTERED_PROCESSOR = (sys.executable, "-m", "tests.integration.altered_processor", "run", "processor")
ALTERED_FALLBACK = (sys.executable, "-m", "tests.integration.letter_fallback", "run", "fallback")
CONTROLS = {
    "one_id": (sys.executable, "-m", "load_tests.chaos_parts.naive_one_id"),
    "ack_first": (sys.executable, "-m", "load_tests.chaos_parts.naive_ack_first"),
}
HOLD_S = 2.0  # before a request that was put back is looked at again
MAX_HOLD_S = 15.0  # about a round: some are answered late, some go to people since the generator is away
BREAKER_OPEN_S = 4.0


class MakeDocument(Protocol):
    """See documents.make_document."""

    def __call__(
        self, seed: int, number: int, paths: int, partitions: int, *, deadly: bool = ..., poison_share: float = ...
    ) -> Document:
        """The document of a number."""
        ...


@dataclass(frozen=True, slots=True)
class Driven:
    """A service under faults.

    Args:
        environment: of the worker in a slot.
        probes: whether it has any.
        knowledge: what knowledge.indexed holds when it starts.
    """

    command: Sequence[str]
    environment: Callable[[Cluster, int], Mapping[str, str]]
    make: MakeDocument = make_document
    rules: Rules = PROCESSOR
    probes: bool = True
    shelf: Shelf | None = None
    generator: TurningGenerator | None = None
    knowledge: Sequence[KnowledgeIndexed] = ()


def the_processor(work: Path) -> Driven:
    """docmill's."""
    shelf = Shelf(work)
    return Driven(ALTERED_PROCESSOR, partial(processor_environment, shelf.link), shelf=shelf)


def a_control(name: str) -> Driven:
    """A naive worker in its place."""
    return Driven(CONTROLS[name], control_environment, probes=False)


def the_fallback(work: Path, generator: TurningGenerator) -> Driven:
    """docmill's, with a handful of exemplars."""
    return Driven(
        ALTERED_FALLBACK,
        partial(fallback_environment, work / "home", generator.url),
        make=make_request,
        rules=FALLBACK,
        generator=generator,
        knowledge=exemplars(),
    )


def processor_environment(bundle: Path, cluster: Cluster, slot: int) -> Mapping[str, str]:
    """Of docmill's worker in a slot. Slices are small, so that there are many transactions to hit."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": cluster.path_to(slot),
        "DOCMILL_DELIVERY": "exactly_once",
        "DOCMILL_GROUP": GROUP,
        "DOCMILL_BUNDLE": str(bundle),
        "DOCMILL_BUNDLE_POLL_S": "0.5",
        "DOCMILL_THREADS": "1",
        "DOCMILL_PARSERS": "1",
        "DOCMILL_HTTP_PORT": "0",
        "DOCMILL_SESSION_TIMEOUT_MS": "6000",
        "DOCMILL_MAX_SLICE_TOKENS": "256",
        "DOCMILL_BROKER_TIMEOUT_S": "300",
        "TEST_SLOW_S": str(SLOW_S),
        "TEST_DEADLY_TEXT": DEADLY_TEXT,
    }


def control_environment(cluster: Cluster, slot: int) -> Mapping[str, str]:
    """Of a naive worker."""
    return {"KAFKA_BOOTSTRAP_SERVERS": cluster.path_to(slot), "CHAOS_SLOT": str(slot)}


def fallback_environment(home: Path, generator_url: str, cluster: Cluster, slot: int) -> Mapping[str, str]:
    """Of docmill's fallback in a slot. Results carry the text, so that the oracle sees whose they are."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": cluster.path_to(slot),
        "DOCMILL_DELIVERY": "exactly_once",
        "DOCMILL_FALLBACK_GROUP": GROUP,
        "DOCMILL_FALLBACK_HTTP_PORT": "0",
        "DOCMILL_HOME": str(home),
        "DOCMILL_AUDIT_SHARE": "0",
        "DOCMILL_INCLUDE_TEXT": "true",
        "DOCMILL_MAX_HOLD_S": str(MAX_HOLD_S),
        "DOCMILL_GENERATOR_URL": generator_url,
        "DOCMILL_GENERATOR_MODEL": "stub",
        "DOCMILL_GENERATOR_DEADLINE_S": str(DEADLINE_S),
        "DOCMILL_SESSION_TIMEOUT_MS": "6000",
        "DOCMILL_MAX_SLICE_TOKENS": "1024",
        "DOCMILL_BROKER_TIMEOUT_S": "300",
        "TEST_SLOW_S": str(SLOW_S),
        "TEST_HOLD_S": str(HOLD_S),
        "TEST_BREAKER_OPEN_S": str(BREAKER_OPEN_S),
    }
