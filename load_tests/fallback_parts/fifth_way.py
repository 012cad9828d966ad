"""The fifth way of load_tests/fallback_eval.py, put together: an endpoint, a price list, and a source's documents."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.load import load_bundle
from docmill.fallback_service.app import new_generator
from docmill.fallback_service.generators import Asked
from docmill.settings import load_settings
from load_tests import cost
from load_tests.fallback_parts.bundles import full_label
from load_tests.fallback_parts.cheap import Read
from load_tests.fallback_parts.compare import Decided
from load_tests.fallback_parts.corpora import Halves
from load_tests.fallback_parts.deferred_events import (
    EventOf,
    bundle_events,
    cheap_events,
    cheap_known,
    deferred_documents,
)
from load_tests.fallback_parts.exemplars import Values, exemplar_values
from load_tests.fallback_parts.generator_report import GeneratorReport, generator_report
from load_tests.fallback_parts.generator_way import Account, accounts, both_ways, with_threshold
from load_tests.fallback_parts.gold import gold_of
from load_tests.fallback_parts.service import Known, known_of

Vectors = NDArray[np.float32]
NO_VALUES: Values = {}


@dataclass(frozen=True, slots=True)
class FifthWay:
    """Asks one generator. `questions`: of a source, at most; `cores`: see `generator_report`."""

    generator: Asked
    questions: int
    prices: cost.Prices
    model_cpu_s: float
    cores: int | None

    def cheap(self, halves: Halves, vectors: Vectors, read: Read, decided: Decided) -> GeneratorReport | None:
        """In the cheap mode. `decided`: the deferred slice of `read`. None: nothing of it is deferred."""
        events, known = cheap_events(halves, read), cheap_known(halves)
        none = [NO_VALUES] * len(halves.half_b)  # the head knows no fields
        return self._report(halves, vectors, none, read, decided, known, lambda label: label, events)

    def full(
        self, folder: Path, data: Path, halves: Halves, vectors: Vectors, read: Read, decided: Decided
    ) -> GeneratorReport | None:
        """In the full mode, beside the bundle of half A: exemplars have the values that people found.

        Args:
            folder: of that bundle.
            data: folder of the sources.

        Raises:
            BundleError, ConfigurationError: as `read_with_bundles` and `gold_of`.
        """
        bundle = load_bundle(folder)
        indexed = gold_of(bundle, [data], halves.source, "train", halves.half_b)
        values = [exemplar_values(document, indexed.fields) for document in indexed.documents]

        def named(label: str) -> str:
            return full_label(bundle, halves.source, label)

        with bundle_events(bundle) as events:
            return self._report(halves, vectors, values, read, decided, known_of(bundle), named, events)

    def _report(
        self,
        halves: Halves,
        vectors: Vectors,
        values: Sequence[Values],
        read: Read,
        decided: Decided,
        known: Known,
        named: Callable[[str], str],
        event_of: EventOf,
    ) -> GeneratorReport | None:
        deferred = deferred_documents(halves, read)
        if not deferred:
            return None
        policy = with_threshold(decided.policies[0].policy)
        with both_ways(halves, vectors, values, known, named, policy, self.generator) as services:
            of = accounts(
                deferred,
                lambda document: named(document.label or ""),
                event_of,
                services,
                policy,
                self.questions,
                self._tell,
            )
        return generator_report(self.generator.model, policy, decided, of, self.prices, self.model_cpu_s, self.cores)

    def _tell(self, asked: int, account: Account) -> None:
        told = f"{account.outcome}{'' if account.why is None else f' ({account.why})'}"
        print(f"{asked} of {self.questions} questions; {told}, {account.usage.seconds:.0f} s", file=sys.stderr)


@contextmanager
def fifth_way(url: str, model: str, questions: int, prices: Path, cores: int | None) -> Iterator[FifthWay]:
    """Connections to the endpoint for as long as the block lasts.

    Deadline, tokens of an answer, budget and key are the service's own settings (DOCMILL_GENERATOR_...).

    Raises:
        ConfigurationError: a setting is wrong.
        SystemExit: there is no price list, or no load test's file: it says what to do.
    """
    listed = cost.read_prices(prices)
    model_cpu_s, _ = cost.model_cpu_s(cost.LOAD)
    settings = load_settings(
        generator_url=url,
        generator_model=model,
        generator_usd_per_million_input=listed.million_input_tokens,
        generator_usd_per_million_output=listed.million_output_tokens,
    )
    generator = new_generator(settings)
    assert generator is not None  # both are given
    try:
        yield FifthWay(generator, questions, listed, model_cpu_s, cores)
    finally:
        generator.close()
