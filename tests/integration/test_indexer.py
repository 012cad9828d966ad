"""The indexer on a real broker: what is added is found in a copy, what is removed is gone, a kill doubles nothing."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from docmill.embedder.make import made_embedder
from docmill.embedder.paths import cache_folder, packaged_weights
from docmill.errors import EmbedderError
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.staleness import StaleReason
from docmill.kafka.follow_for_ever import CopyProgress, follow_for_ever
from docmill.kafka.follow_index import IndexFollower, catch_up, index_follower
from docmill.kafka.send_knowledge import send_knowledge
from docmill.kafka.topics import create_topics
from docmill.settings import Settings
from docmill_schemas.events import KnowledgeUpdated
from docmill_schemas.topics import KNOWLEDGE_INDEXED, KNOWLEDGE_UPDATED
from tests.integration.letter_indexer import SLOW_TEXT
from tests.integration.processor_process import PATIENCE_S, ProcessorProcess
from tests.integration.topics import Sent, Topics
from tests.unit.index.fakes import EMBEDDING, query

pytestmark = pytest.mark.kafka
PASSAGES = 12


@pytest.fixture
async def settings(kafka_bootstrap: str, topic_prefix: str) -> Settings:
    """Of a deployment whose topics are made."""
    made = Settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=3)
    await create_topics(made)
    return made


def started(
    settings: Settings, log: Path, module: str = "tests.integration.letter_indexer", **environment: str
) -> ProcessorProcess:
    """The indexer in a process of its own."""
    own = {"DOCMILL_INDEXER_GROUP": f"{settings.topic_prefix}indexer", "DOCMILL_INDEXER_HTTP_PORT": "0"}
    servers, prefix = settings.kafka_bootstrap_servers, settings.topic_prefix
    return ProcessorProcess(servers, prefix, log.parent, log, module, "indexer", **own, **environment)


@contextmanager
def indexer(settings: Settings, log: Path, *module: str, **environment: str) -> Iterator[ProcessorProcess]:
    """The same, ready; ended with the block."""
    with started(settings, log, *module, **environment) as process:
        yield process.ready()


def policy(passage_id: str, text: str) -> KnowledgeUpdated:
    return KnowledgeUpdated(passage_id=passage_id, kind="policy", text=text)


def found(index: SqliteIndex, text: str) -> list[str]:
    """Passages in which a word stands, best first."""
    return [hit.passage_id for hit in index.search(query(text)) if hit.score.text_rank is not None]


async def until_found(follower: IndexFollower, index: SqliteIndex, text: str, expected: list[str]) -> float:
    """Follow until a search finds just this; the seconds that it took."""
    began_s = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while found(index, text) != expected:
            await follower.step()
    return time.monotonic() - began_s


async def test_added_then_searchable_then_removed_then_gone(settings: Settings, tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "copy.sqlite")
    with indexer(settings, tmp_path / "log") as process:
        async with index_follower(settings, index, EMBEDDING) as follower:
            assert follower.rebuilt is StaleReason.NEW
            assert follower.ready  # nothing is there yet
            sent = await send_knowledge(
                settings, [policy("a", "Zebras are insured."), policy("b", "Yaks are not.")], "test"
            )
            assert [one.problem for one in sent] == [None, None]
            await until_found(follower, index, "zebras", ["a"])
            await until_found(follower, index, "yaks", ["b"])
            sent = await send_knowledge(settings, [policy("a", "Xerus are insured.")], "test")
            took_s = await until_found(follower, index, "xerus", ["a"])
            print(f"a new version was found {took_s:.2f} s after it was acknowledged")
            assert found(index, "zebras") == []
            await send_knowledge(settings, ["a"], "test")
            await until_found(follower, index, "xerus", [])
            assert found(index, "yaks") == ["b"]
        # No record of ours: seen in the figures, and what follows it is indexed.
        topics = Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)
        await topics.send_to(KNOWLEDGE_UPDATED.name, [Sent(b"a secret that is no JSON", key=b"b")])
        await send_knowledge(settings, [policy("c", "Wombats too.")], "test")
        process.wait_for(lambda: process.metric("docmill_knowledge_records_total", outcome="refused") == 1, "refused")
        process.wait_for(lambda: process.metric("docmill_knowledge_records_total", outcome="indexed") == 4, "indexed")
        assert "secret" not in process.log_text
        assert await catch_up(settings, index, EMBEDDING) is None  # it went on from where it was
        assert found(index, "wombats") == ["c"]
        assert found(index, "yaks") == ["b"]
        status, said = process.readiness()
        assert (status, said["checks"]["embedding"]) == (200, "letters")
        assert process.terminate() == 0
    index.close()
    with started(settings, tmp_path / "other.log", TEST_OTHER_EMBEDDING="1") as other:
        assert other.exit_code() == 1
        assert "knowledge.indexed holds vectors of letters 000000000000" in other.log_text


async def test_an_indexer_that_is_killed_and_started_anew_leaves_each_passage_once(
    settings: Settings, tmp_path: Path
) -> None:
    topics = Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)
    slow = [policy(f"p{n}", f"Zebra {n}: {SLOW_TEXT}.") for n in range(PASSAGES)]
    await send_knowledge(settings, slow, "test")
    one_a_slice = {"DOCMILL_MAX_SLICE_TOKENS": "256", "DOCMILL_MAX_QUEUE_RECORDS": "2"}
    with indexer(settings, tmp_path / "killed.log", TEST_SLOW_S="0.3", **one_a_slice) as first:
        first.wait_for(lambda: first.metric("docmill_knowledge_records_total", outcome="indexed") >= 2, "begun")
        first.process.kill()
        first.process.wait()
    before = len(await topics.read(KNOWLEDGE_INDEXED.name))
    assert 2 <= before < PASSAGES
    index = SqliteIndex(tmp_path / "copy.sqlite")
    with indexer(settings, tmp_path / "log") as second:
        async with index_follower(settings, index, EMBEDDING) as follower:
            async with asyncio.timeout(PATIENCE_S):
                while index.stats().passages < PASSAGES:
                    await follower.step()
        assert second.terminate() == 0
        assert "its records are read again" in second.log_text
    published = Counter(record.key.decode() for record in await topics.read(KNOWLEDGE_INDEXED.name))
    assert published == {f"p{n}": 1 for n in range(PASSAGES)}
    assert index.stats().chunks == PASSAGES
    index.close()


@pytest.mark.parametrize("step", ["sent:7", "ended:7"])
async def test_it_may_die_before_and_after_a_transaction_ends(settings: Settings, tmp_path: Path, step: str) -> None:
    """Three partitions are marked first; then it dies in one of its first slices."""
    topics = Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)
    long = "is as good as a horse " * 60  # one fills a slice
    await send_knowledge(settings, [policy(f"p{n}", f"Zebra {n} {long}") for n in range(PASSAGES)], "test")
    one_a_slice = {"DOCMILL_MAX_SLICE_TOKENS": "256"}
    with started(settings, tmp_path / "killed.log", DOCMILL_FAILPOINT=step, **one_a_slice) as first:
        assert first.exit_code() == -signal.SIGKILL
    assert 0 < len(await topics.read(KNOWLEDGE_INDEXED.name)) < PASSAGES
    index = SqliteIndex(tmp_path / "copy.sqlite")
    with indexer(settings, tmp_path / "log"):
        async with index_follower(settings, index, EMBEDDING) as follower, asyncio.timeout(PATIENCE_S):
            while index.stats().passages < PASSAGES:
                await follower.step()
    published = Counter(record.key.decode() for record in await topics.read(KNOWLEDGE_INDEXED.name))
    assert published == {f"p{n}": 1 for n in range(PASSAGES)}
    index.close()


async def delete_topic(settings: Settings, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics([settings.topic_prefix + name])
    finally:
        await admin.close()


async def made_anew(settings: Settings) -> None:
    """Make the topic that was deleted: the broker deletes it by and by."""
    async with asyncio.timeout(PATIENCE_S):
        while not any(made.created for made in await create_topics(settings)):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def test_a_topic_made_anew_makes_the_copy_anew(settings: Settings, tmp_path: Path) -> None:
    """Under the same name, with another id: nothing of the old one may be found any more."""
    index = SqliteIndex(tmp_path / "copy.sqlite")
    with indexer(settings, tmp_path / "log"):
        async with index_follower(settings, index, EMBEDDING) as follower:
            await send_knowledge(settings, [policy("a", "Zebras are insured.")], "test")
            await until_found(follower, index, "zebras", ["a"])
    assert await catch_up(settings, index, EMBEDDING) is None
    await delete_topic(settings, KNOWLEDGE_INDEXED.name)
    await made_anew(settings)
    assert await catch_up(settings, index, EMBEDDING) is StaleReason.TOPIC_CHANGED
    assert found(index, "zebras") == []
    index.close()


@contextlib.asynccontextmanager
async def followed(settings: Settings, index: SqliteIndex, hear: Callable[[CopyProgress], None]) -> AsyncIterator[None]:
    """In the background, as the fallback does."""
    task = asyncio.create_task(follow_for_ever(settings, index, EMBEDDING, hear))
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_copy_is_followed_through_bad_records_and_a_topic_made_anew(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A service that follows needs no restart: it says what is wrong, and goes on where it was."""
    topics = Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)
    index = SqliteIndex(tmp_path / "copy.sqlite")
    told = [CopyProgress()]
    news = asyncio.Event()

    def hear(progress: CopyProgress) -> None:
        told.append(progress)
        news.set()

    async def until(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                news.clear()
                await news.wait()

    async with followed(settings, index, hear):
        with indexer(settings, tmp_path / "log") as process:
            await send_knowledge(settings, [policy("a", "Zebras are insured."), policy("b", "Yaks are not.")], "test")
            await until(lambda: found(index, "zebras") == ["a"] and found(index, "yaks") == ["b"])
            await topics.send_to(KNOWLEDGE_INDEXED.name, [Sent(b"a secret that is no JSON", key=b"a")])
            await until(lambda: told[-1].unreadable == 1)
            assert found(index, "zebras") == []
            assert "secret" not in caplog.text
            await send_knowledge(settings, [policy("a", "Zebras are insured.")], "test")
            await until(lambda: found(index, "zebras") == ["a"])
            assert found(index, "yaks") == ["b"]
            assert process.terminate() == 0
        with indexer(settings, tmp_path / "again.log"):  # a bad record does not stop its start
            pass
        await delete_topic(settings, KNOWLEDGE_INDEXED.name)
        await until(lambda: told[-1].problem is not None)
        await made_anew(settings)
        await until(lambda: told[-1].rebuilt is StaleReason.TOPIC_CHANGED and told[-1].ready)
        assert told[-1].problem is None
        assert found(index, "yaks") == []
    index.close()


async def test_what_is_gone_from_a_folder_is_pruned(settings: Settings, tmp_path: Path) -> None:
    """And nothing else, however its id begins."""
    topics = Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)
    handbook = tmp_path / "handbook"
    handbook.mkdir()
    for name in ("payments.md", "animals.md"):
        (handbook / name).write_text(f"# {name}", encoding="utf-8")
    add = ("add", str(handbook), "--root", str(tmp_path))
    docmill(settings, tmp_path, *add)
    await send_knowledge(settings, [policy("handbook/decided", "Not of a file.")], "test")
    (handbook / "animals.md").unlink()
    said = docmill(settings, tmp_path, *add, "--prune")
    assert said.splitlines() == ["published 1, failed 0", "deleted handbook/animals.md", "deleted 1, failed 0"]
    last = {record.key: record.value for record in await topics.read(KNOWLEDGE_UPDATED.name)}
    assert {key for key, value in last.items() if value is None} == {b"handbook/animals.md"}
    assert last.keys() == {b"handbook/animals.md", b"handbook/payments.md", b"handbook/decided"}
    assert "deleted 0, failed 0" in docmill(settings, tmp_path, *add, "--prune")


async def test_added_again_without_its_options_a_file_keeps_its_kind_and_days(
    settings: Settings, tmp_path: Path
) -> None:
    topics = Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook/payments.md").write_text("# Payments", encoding="utf-8")
    add = ("add", str(tmp_path / "handbook"), "--root", str(tmp_path))
    docmill(settings, tmp_path, *add, "--kind", "playbook", "--valid-from", "2027-01-01")
    docmill(settings, tmp_path, *add, "--prune")
    docmill(settings, tmp_path, *add, "--anew")
    values = [record.value for record in await topics.read(KNOWLEDGE_UPDATED.name)]
    said = [KnowledgeUpdated.model_validate_json(value) for value in values if value is not None]
    day = date(2027, 1, 1)
    assert [(one.kind, one.valid_from) for one in said] == [("playbook", day), ("playbook", day), ("policy", None)]


def docmill(settings: Settings, data: Path, *words: str) -> str:
    """Run a command that must succeed; what it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DOCMILL_", "KAFKA_"))}
    own = {"KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers, "XDG_DATA_HOME": str(data)}
    ran = subprocess.run(
        [sys.executable, "-m", "docmill", "index", *words, "--topic-prefix", settings.topic_prefix],
        env={**inherited, **own},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 5,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


async def test_the_commands_with_the_packaged_embedder(settings: Settings, tmp_path: Path) -> None:
    """Added, found by its meaning where no word is shared, removed."""
    try:
        made_embedder(packaged_weights(), cache_folder())
    except EmbedderError as error:
        pytest.skip(str(error))
    handbook = tmp_path / "handbook"
    handbook.mkdir()
    (handbook / "payments.md").write_text("# Payments\n\nClaims below 500 euros are settled at once.", encoding="utf-8")
    (handbook / "animals.md").write_text("# Animals\n\nZebras and yaks cannot be insured.", encoding="utf-8")
    with indexer(settings, tmp_path / "log", "docmill") as process:
        assert "published 2, failed 0" in docmill(settings, tmp_path, "add", str(handbook), "--root", str(tmp_path))
        process.wait_for(lambda: process.metric("docmill_knowledge_records_total", outcome="indexed") == 2, "indexed")
        _, first, *_ = docmill(settings, tmp_path, "search", "how soon is a small damage reimbursed").splitlines()
        assert first.split()[:2] == ["1", "handbook/payments.md"]
        assert "2 (policy 2)" in docmill(settings, tmp_path, "stats")
        assert "deleted 1" in docmill(settings, tmp_path, "remove", "handbook/payments.md")
        process.wait_for(lambda: process.metric("docmill_knowledge_records_total", outcome="deleted") == 1, "deleted")
        assert "payments.md" not in docmill(settings, tmp_path, "search", "how soon is a small damage reimbursed")
        assert "1 (policy 1)" in docmill(settings, tmp_path, "stats", "--refresh")
        shutil.rmtree(handbook)
        gone = docmill(settings, tmp_path, "remove", str(handbook), "--root", str(tmp_path))
        assert gone == "deleted handbook/animals.md\ndeleted 1, failed 0\n"
        assert process.terminate() == 0
