"""What the fallback is to the engine, and what its settings come to."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from docmill.bundle.load import default_bundle, load_bundle
from docmill.errors import AbandonedError, ConfigurationError, IndexUnavailableError
from docmill.fallback.policy import DEFAULT_POLICY
from docmill.fallback_service.app import Fallback, fallback_settings, new_generator, read_policy
from docmill.fallback_service.resolved import Held, Resolved
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.staleness import StaleReason
from docmill.kafka.follow_for_ever import CopyProgress
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from docmill_schemas.events import DocumentProcessed
from tests.tiny_bundle import build_tiny_bundle
from tests.unit.fallback_service.fakes import FakeGenerator, fine, record
from tests.unit.index.fakes import SOURCE, changes
from tests.unit.indexer.fakes import LetterEmbedder

PATIENCE_S = 60.0


def test_the_engine_sees_the_fallbacks_own_group_and_port() -> None:
    settings = fallback_settings(Settings(fallback_group="claims-fallback", fallback_http_port=0))
    assert (settings.group, settings.http_port) == ("claims-fallback", 0)
    ports = [Settings.model_fields[n].default for n in Settings.model_fields if n.endswith("http_port")]
    assert len(set(ports)) == len(ports)


def test_the_policy_is_the_one_that_ships_or_that_of_a_file(tmp_path: Path) -> None:
    assert read_policy(None) == DEFAULT_POLICY
    file = tmp_path / "policy.json"
    file.write_text(DEFAULT_POLICY.to_json())
    assert read_policy(file) == DEFAULT_POLICY


@pytest.mark.parametrize("content", [b"\xff", b"{}", b"no policy"])
def test_a_file_that_is_no_policy_refuses_to_start(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "policy.json"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError):
        read_policy(file)
    with pytest.raises(ConfigurationError, match=r"DOCMILL_FALLBACK_POLICY: .* cannot be read"):
        read_policy(tmp_path / "missing")


def test_without_an_endpoint_there_is_no_generator() -> None:
    assert new_generator(Settings()) is None


@pytest.mark.parametrize("from_file", [True, False])
def test_the_generators_key_comes_from_a_file_or_the_environment(tmp_path: Path, from_file: bool) -> None:
    file = tmp_path / "key"
    file.write_text("hush\n")
    key = {"generator_api_key_file": file} if from_file else {"generator_api_key": SecretStr("hush")}
    made = new_generator(Settings(generator_url="http://127.0.0.1:9/v1", generator_model="m", **key))
    assert made is not None
    assert made.model == "m"
    assert made._generator._client.api_key == "hush"
    assert not made.away
    made.close()


def test_a_key_file_that_is_missing_refuses_to_start(tmp_path: Path) -> None:
    settings = Settings(generator_url="http://x/v1", generator_model="m", generator_api_key_file=tmp_path / "none")
    with pytest.raises(ConfigurationError, match="DOCMILL_GENERATOR_API_KEY_FILE"):
        new_generator(settings)


def test_what_it_says_and_how_it_ends(tmp_path: Path) -> None:
    generator, metrics = FakeGenerator(away=True), Metrics(CollectorRegistry())
    index = SqliteIndex(tmp_path / "copy.sqlite")
    index.rebuild(SOURCE, 0)
    index.apply(changes([fine("f")]), complete_at_ms=1000)
    bundle = load_bundle(default_bundle())
    fallback = Fallback(Settings(), "cluster", bundle, DEFAULT_POLICY, LetterEmbedder(), index, generator, metrics)
    assert fallback.reads.name == "documents.fallback"
    fallback._followed(CopyProgress(unreadable=2))
    fallback._followed(CopyProgress(ready=True, unreadable=3, problem="the broker is away"))
    fallback._count_copy()
    fallback.observe()
    checks = fallback.checks()
    assert (checks["index_ready"], checks["index_problem"]) == (True, "the broker is away")
    assert (checks["generator"], checks["generator_away"]) == ("by-hand", True)
    assert metrics.registry.get_sample_value("docmill_index_unreadable_total") == 3
    assert metrics.registry.get_sample_value("docmill_generator_unavailable") == 1
    assert (metrics.registry.get_sample_value("docmill_index_age_seconds") or 0) > 1_000_000
    assert metrics.registry.get_sample_value("docmill_fallback_oldest_held_seconds") == 0
    since_ms = int((time.time() - 100) * 1000)
    fallback.work.final([Resolved(record(), Held(since_ms, since_ms, since_ms + 15_000), ())])
    fallback.observe()
    assert (metrics.registry.get_sample_value("docmill_fallback_oldest_held_seconds") or 0) >= 100
    fallback.close()
    assert generator.closed
    index.close()


def test_a_copy_that_is_made_anew_is_waited_for_and_its_age_is_its_own(tmp_path: Path) -> None:
    index, metrics = SqliteIndex(tmp_path / "copy.sqlite"), Metrics(CollectorRegistry())
    index.rebuild(SOURCE, 0)
    index.apply(changes([fine("f0"), fine("f1")]), complete_at_ms=1000)
    fallback = Fallback(
        Settings(), "cluster", load_bundle(default_bundle()), DEFAULT_POLICY, LetterEmbedder(), index, None, metrics
    )

    def age_s() -> float:
        fallback._count_copy()
        fallback.observe()
        return metrics.registry.get_sample_value("docmill_index_age_seconds") or 0

    assert fallback.checks()["index_ready"] is True
    assert age_s() > 1_000_000
    fallback._copy.begun_anew(StaleReason.TOPIC_CHANGED)
    index.rebuild(SOURCE, int(time.time() * 1000) - 60_000)
    assert 60 <= age_s() < 1000  # of the copy that there is, from when it was begun
    fallback._followed(CopyProgress(missing=2, rebuilt=StaleReason.TOPIC_CHANGED, problem="the broker is away"))
    checks = fallback.checks()
    assert checks["index_ready"] is False
    assert str(checks["index_problem"]).startswith("it is made anew (topic_changed), and nothing is decided until then")
    with pytest.raises(AbandonedError):
        fallback.work.process([record()], False, lambda: True)
    looks: list[bool] = []

    def whole_after_some_looks() -> bool:
        looks.append(True)
        if len(looks) == 2:
            index.apply(changes([fine("f0"), fine("f1")]), complete_at_ms=int(time.time() * 1000))
            fallback._followed(CopyProgress(ready=True, rebuilt=StaleReason.TOPIC_CHANGED))
        return False

    [resolved] = fallback.work.process([record()], False, whole_after_some_looks)
    assert len(looks) >= 2
    assert isinstance(resolved.came, DocumentProcessed)
    assert {cited.passage_id for cited in resolved.came.citations} == {"f0", "f1"}
    assert age_s() < 60
    index.close()


def test_a_slice_in_hand_when_the_copy_is_emptied_is_given_back(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "copy.sqlite")
    index.rebuild(SOURCE, 0)
    fallback = Fallback(
        Settings(),
        "cluster",
        load_bundle(default_bundle()),
        DEFAULT_POLICY,
        LetterEmbedder(),
        index,
        None,
        Metrics(CollectorRegistry()),
    )
    asked: list[bool] = []

    def emptied_meanwhile() -> bool:
        asked.append(True)
        if len(asked) == 2:  # before the second document
            fallback._copy.begun_anew(StaleReason.TOPIC_CHANGED)
        return False

    with pytest.raises(IndexUnavailableError, match="not whole"):
        fallback.work.process([record(), record()], False, emptied_meanwhile)
    index.close()


def test_it_knows_the_fields_of_the_bundles_types_and_of_no_others(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "copy.sqlite")
    bundle, metrics = load_bundle(default_bundle()), Metrics(CollectorRegistry())
    fallback = Fallback(Settings(), "cluster", bundle, DEFAULT_POLICY, LetterEmbedder(), index, None, metrics)
    of_bundle = {"name": bundle.name, "version": bundle.version, "sha256": bundle.sha256}
    assert metrics.registry.get_sample_value("docmill_bundle_info", of_bundle) == 1
    receipts = fallback._group_of("receipt")
    assert receipts is not None
    assert "total" in receipts.required
    assert fallback._group_of("parking_fine") is None
    assert fallback._group_of("receipt.unheard_of") is None
    assert fallback._normalise("total", "RM 41.50") == "41.50 MYR"
    assert fallback._normalise("plate", "KL 1") is None
    index.close()


async def test_it_follows_the_bundle_of_the_processors_and_its_results_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "bundle"
    versions = {version: build_tiny_bundle(tmp_path / version, version) for version in ("1", "2", "broken")}
    (versions["broken"] / "tokenizer.json").write_text("{}")
    folder.symlink_to(versions["1"])

    def point_to(version: str) -> None:
        (tmp_path / "next").symlink_to(versions[version])
        (tmp_path / "next").replace(folder)

    index, metrics = SqliteIndex(tmp_path / "copy.sqlite"), Metrics(CollectorRegistry())
    index.rebuild(SOURCE, 0)
    index.apply(changes([fine("f0"), fine("f1")]))
    settings = Settings(bundle_poll_s=0.01)
    fallback = Fallback(
        settings, "cluster", load_bundle(folder), DEFAULT_POLICY, LetterEmbedder(), index, None, metrics
    )

    def result_id() -> str:
        [resolved] = fallback.work.process([record()], False, lambda: False)
        assert isinstance(resolved.came, DocumentProcessed)
        return resolved.came.result_id

    async def until(there: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not there():  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.01)

    first = result_id()
    following = asyncio.create_task(fallback._follow_bundle())
    try:
        point_to("broken")
        await until(lambda: "cannot be used, the one before goes on" in caplog.text)
        assert (fallback.checks()["bundle"], result_id()) == ("tiny-en 1", first)
        point_to("2")
        await until(lambda: fallback.checks()["bundle"] == "tiny-en 2")
    finally:
        following.cancel()
        await asyncio.wait([following])
    assert caplog.text.count("cannot be used") == 1  # a folder is tried once
    labels = {"name": "tiny-en", "version": "2", "sha256": load_bundle(versions["2"]).sha256}
    assert metrics.registry.get_sample_value("docmill_bundle_info", labels) == 1
    assert result_id() != first  # another decision
    index.close()
