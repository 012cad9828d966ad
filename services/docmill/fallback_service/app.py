"""The fallback's composition root; what every service is, docmill.kafka.service runs."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import default_bundle, load_bundle
from docmill.bundle.watch import BundleWatch, Finding
from docmill.embedder.packaged import packaged_embedder
from docmill.errors import BundleError, ConfigurationError, DependencyError
from docmill.fallback.judge import GroupOfFields
from docmill.fallback.policy import DEFAULT_POLICY, Policy, policy_from_json
from docmill.fallback_service.believe import Believer
from docmill.fallback_service.generators import Asked, GeneratorThread
from docmill.fallback_service.publish import Publisher
from docmill.fallback_service.remembered_vectors import RememberedVectors
from docmill.fallback_service.retrieve import DocumentEmbedder, Retriever
from docmill.fallback_service.slices import FallbackSlices, Surroundings
from docmill.fallback_service.whole_copy import WholeCopy
from docmill.generator.breaker import Breaker
from docmill.generator.budget import Budget
from docmill.generator.client import Generator, Options
from docmill.generator.prompt import PROMPT_VERSION
from docmill.index.place import own_copy
from docmill.index.types import LocalIndex
from docmill.kafka.follow_for_ever import CopyProgress, follow_for_ever
from docmill.kafka.follow_index import catch_up
from docmill.kafka.service import checked_cluster, new_metrics, run_service
from docmill.pipeline.normalise import normalise
from docmill.secret_files import read_named, read_secret
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from docmill_schemas.ids import sha256_hex
from docmill_schemas.topics import FALLBACK, FALLBACK_TOPICS, TopicSpec

log = logging.getLogger(__name__)

FAILURES = 5  # in a row, after which the generator is left alone
OPEN_S = 30.0
BUDGET_PERIOD_S = 24 * 3600.0
PURPOSE = "fallback"  # of the copy of the index
COUNT_EVERY_S = 2.0
BUNDLE_POLL_S = 5.0  # where the processors look only when they are told to


async def run_fallback(
    settings: Settings,
    make_embedder: Callable[[Settings], DocumentEmbedder] | None = None,
    make_generator: Callable[[Settings], Asked | None] | None = None,
) -> None:
    """Run the fallback until SIGTERM or SIGINT; the slices in hand are finished first.

    It decides no document before its copy of the index has come to the end that the topic had at the start; nor, where
    the copy is made anew meanwhile, before it has come to the end that the topic had then.

    Args:
        make_embedder: default: `packaged_embedder`.
        make_generator: default: `new_generator`.

    Raises:
        DocmillError: it cannot start, or cannot go on.
    """
    settings = fallback_settings(settings)
    cluster = await checked_cluster(settings, FALLBACK_TOPICS)
    policy = read_policy(settings.fallback_policy)
    bundle = await asyncio.to_thread(load_bundle, settings.bundle or default_bundle())
    embedder = await asyncio.to_thread(make_embedder or packaged_embedder, settings)
    try:
        with own_copy(settings.topic_prefix, PURPOSE) as index:
            log.info("the copy of the index is brought up to date")
            await catch_up(settings, index, embedder.embedding)
            metrics = new_metrics()
            generator = (make_generator or new_generator)(settings)
            if generator is not None and settings.delivery != "exactly_once":
                log.warning("at_least_once: what a generator that is away cannot answer goes to people at once")
            service = Fallback(settings, cluster, bundle, policy, embedder, index, generator, metrics)
            await run_service(settings, service, metrics)
    finally:
        embedder.close()


def fallback_settings(settings: Settings) -> Settings:
    """The settings as the engine reads them, with the fallback's own group and port in their places."""
    own = {"group": settings.fallback_group, "http_port": settings.fallback_http_port}
    return settings.model_copy(update=own)


def read_policy(file: Path | None) -> Policy:
    """The policy of a file, or the one that ships.

    Raises:
        ConfigurationError: the file cannot be read, or holds no policy.
    """
    if file is None:
        return DEFAULT_POLICY
    content = read_named("DOCMILL_FALLBACK_POLICY", file)
    try:
        return policy_from_json(content.decode())
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"DOCMILL_FALLBACK_POLICY: {file} is not UTF-8") from error


def new_generator(settings: Settings) -> GeneratorThread | None:
    """The generator that the settings name; None: they name none.

    Raises:
        ConfigurationError: openai is not installed, or the key's file cannot be read.
    """
    if settings.generator_url is None or settings.generator_model is None:
        return None
    options = Options(
        base_url=settings.generator_url,
        model=settings.generator_model,
        api_key=_api_key(settings),
        deadline_s=settings.generator_deadline_s,
        at_once=settings.generator_at_once,
        max_tokens=settings.generator_max_tokens,
        usd_per_million_input=settings.generator_usd_per_million_input,
        usd_per_million_output=settings.generator_usd_per_million_output,
    )
    breaker = Breaker(FAILURES, OPEN_S, time.monotonic)
    budget = Budget(settings.generator_tokens_per_day, settings.generator_usd_per_day, BUDGET_PERIOD_S, time.monotonic)
    return GeneratorThread(lambda: Generator(options, breaker, budget), lambda: breaker.state, options.model)


def _api_key(settings: Settings) -> str:
    if settings.generator_api_key is not None:
        return settings.generator_api_key.get_secret_value()
    if settings.generator_api_key_file is not None:
        return read_secret("DOCMILL_GENERATOR_API_KEY_FILE", settings.generator_api_key_file)
    return "none"


class Fallback:
    """See Service."""

    def __init__(
        self,
        settings: Settings,
        cluster_id: str,
        bundle: Bundle,
        policy: Policy,
        embedder: DocumentEmbedder,
        index: LocalIndex,
        generator: Asked | None,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._bundle = bundle
        self._policy = policy
        self._embedder = embedder
        self._index = index
        self._copy = WholeCopy(index)
        self._complete_at_ms: int | None = None  # of the copy; None: it was not looked at yet
        self._generator = generator
        self._metrics = metrics
        metrics.expect(bundle.spec.labels)
        metrics.serve(bundle.name, bundle.version, bundle.sha256)
        self._work = FallbackSlices(
            Surroundings(
                cluster_id=cluster_id,
                retriever=Retriever(RememberedVectors(embedder), self._copy),
                policy=policy,
                group_of=self._group_of,
                believer=Believer(policy, self._normalise),
                labels=lambda: self._bundle.spec.labels,
                bundle_sha256=lambda: self._bundle.sha256,
                publisher=Publisher(f"docmill/{settings.group}", self._decision_version, settings.include_text),
                generator=generator,
                max_hold_s=settings.max_hold_s if settings.delivery == "exactly_once" else 0.0,
                audit_share=settings.audit_share,
                wait_for_index=self._copy.wait,
            ),
            metrics,
        )

    @property
    def reads(self) -> TopicSpec:
        """What the fast model is not sure of."""
        return FALLBACK

    @property
    def work(self) -> FallbackSlices:
        """See Service."""
        return self._work

    def begin(self, stop: Callable[[], None]) -> Sequence[Coroutine[Any, Any, None]]:
        """Keep the copy of the index in step, count what it holds, and follow the bundle that the processors take."""
        copy, embedding = self._copy, self._embedder.embedding
        known = copy.progress
        follow = follow_for_ever(self._settings, self._index, embedding, self._followed, copy.begun_anew, known)
        return (follow, self._look_at_copy(), self._follow_bundle())

    def observe(self) -> None:
        """How old the copy is, whether the generator is left alone, and how long the oldest document waits for it."""
        if self._complete_at_ms is not None:
            self._metrics.index_age.set(max(0.0, time.time() - self._complete_at_ms / 1000))
        self._metrics.generator_open.set(1 if self._generator is not None and self._generator.away else 0)
        self._metrics.oldest_held.set(self._work.oldest_wait_s())

    def checks(self) -> Mapping[str, object]:
        """The bundle whose types and fields it knows, how the copy stands, and the generator. None makes it unready.

        With the broker or the generator away it goes on deciding from what it has; a copy that is made anew is waited
        for, and `index_problem` says so.
        """
        return {
            "bundle": f"{self._bundle.name} {self._bundle.version}",
            "policy_threshold": self._policy.threshold,
            "embedding": self._embedder.embedding.name,
            "index_ready": self._copy.progress.ready,
            "index_problem": self._copy.problem,
            "generator": None if self._generator is None else self._generator.model,
            "generator_away": self._generator is not None and self._generator.away,
        }

    def close(self) -> None:
        """See Service. Index and embedder are their maker's to close."""
        if self._generator is not None:
            self._generator.close()

    async def _look_at_copy(self) -> None:
        """In a thread, since searches are not to be waited for here; a copy that is away is met by the slices."""
        while True:
            with suppress(DependencyError):
                await asyncio.to_thread(self._count_copy)
            await asyncio.sleep(COUNT_EVERY_S)

    def _count_copy(self) -> None:
        self._metrics.index_passages.set(self._index.stats().passages)
        state = self._index.state()
        if state is not None:
            self._complete_at_ms = state.complete_at_ms

    async def _follow_bundle(self) -> None:
        """The processors may take another one while they run; of its types and fields this must know, too.

        A SIGHUP is not needed: what is read is small. One that cannot be read is left alone, and the one before stays.
        """
        watch = BundleWatch(self._bundle.folder, self._bundle.sha256)
        while True:
            await asyncio.sleep(self._settings.bundle_poll_s or BUNDLE_POLL_S)
            if await asyncio.to_thread(watch.look) is not Finding.TRY:
                continue
            try:
                bundle = await asyncio.to_thread(load_bundle, watch.folder)
            except BundleError as error:
                watch.tried()
                log.error("the bundle in %s cannot be used, the one before goes on: %s", watch.folder, error)
                continue
            self._bundle = bundle
            self._metrics.expect(bundle.spec.labels)
            self._metrics.serve(bundle.name, bundle.version, bundle.sha256)
            watch.took(bundle.sha256)
            log.info("bundle %s %s", bundle.name, bundle.version)

    def _followed(self, progress: CopyProgress) -> None:
        self._metrics.index_unreadable.inc(progress.unreadable - self._copy.progress.unreadable)
        self._copy.followed(progress)

    def _decision_version(self) -> str:
        model = "" if self._generator is None else self._generator.model
        embedding = self._embedder.embedding.sha256
        parts = (self._bundle.sha256, self._policy.to_json(), embedding, model, PROMPT_VERSION)
        return sha256_hex("\n".join(parts).encode())

    def _group_of(self, label: str) -> GroupOfFields | None:
        return self._bundle.spec.group_of(label) if label in self._bundle.spec.labels else None

    def _normalise(self, name: str, text: str) -> str | None:
        for field in self._bundle.spec.fields:
            if field.name == name:
                return normalise(field.kind, text, day_first=field.day_first)
        return None
