"""The fallback on a real broker: decided from the index, asked of people, held while the generator is away."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from docmill.bundle.load import default_bundle
from docmill.fallback_service.app import FAILURES
from docmill.fallback_service.slices import MOST_QUESTIONS
from docmill.indexer.embed import embed_source
from docmill.kafka.topics import create_topics
from docmill.settings import Settings
from docmill_schemas.events import FallbackRequested, KnowledgeUpdated
from docmill_schemas.reasons import DeferralReason
from tests.integration.processor_process import PATIENCE_S, SOON_MISSED, ProcessorProcess
from tests.integration.topics import FALLBACK, PROCESSED, REJECTED, REVIEW, Sent, Topics, header
from tests.unit.fallback_service.fakes import request
from tests.unit.generator.endpoint import Reply, endpoint
from tests.unit.indexer.fakes import LetterEmbedder

pytestmark = pytest.mark.kafka
INDEXED = "knowledge.indexed"
FINE, UNHEARD_OF = "parking fine for a car", "zebras yawn"
TORN = "my quay box"  # of two minds are those who decided its like: a generator's word counts
UNFAMILIAR = (DeferralReason.UNFAMILIAR_DOCUMENT,)
ABSTAINS = json.dumps({"label": {"choice": "abstain", "evidence": []}})


@pytest.fixture
async def topics(kafka_bootstrap: str, topic_prefix: str) -> Topics:
    """Of a deployment whose topics are made."""
    await create_topics(Settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=3))
    return Topics(kafka_bootstrap, topic_prefix)


@contextmanager
def fallback(topics: Topics, folder: Path, **environment: str) -> Iterator[ProcessorProcess]:
    """The fallback in a process of its own, ready."""
    own = {
        "DOCMILL_FALLBACK_GROUP": f"{topics.prefix}fallback",
        "DOCMILL_FALLBACK_HTTP_PORT": "0",
        "DOCMILL_HOME": str(folder / "home"),
        "DOCMILL_AUDIT_SHARE": "0",
        "TEST_HOLD_S": "2",
    }
    log = folder / f"log-{len(list(folder.glob('log-*')))}"
    module = "tests.integration.letter_fallback"
    with ProcessorProcess(
        topics.bootstrap, topics.prefix, default_bundle(), log, module, "fallback", **(own | environment)
    ) as process:
        yield process.ready()


async def know(
    topics: Topics, *ids: str, text: str = FINE, label: str = "parking_fine", embedding: str | None = None
) -> None:
    """Exemplars in the index's topic, as the indexer would publish them; of another embedding, where one is named."""
    events = [
        embed_source(KnowledgeUpdated(passage_id=id, kind="exemplar", text=text, document_type=label), LetterEmbedder())
        for id in ids
    ]
    if embedding is not None:
        other = events[0].embedding.model_copy(update={"name": embedding})
        events = [event.model_copy(update={"embedding": other}) for event in events]
    await topics.send_to(
        INDEXED, [Sent(e.model_dump_json(exclude_none=True).encode(), key=e.passage_id.encode()) for e in events]
    )


async def know_torn(topics: Topics) -> None:
    """Exemplars like TORN, of two types."""
    await know(topics, "t1", text=TORN, label="box")
    await know(topics, "t2", text=TORN, label="quay")


def asked(number: int, text: str, **more: Any) -> Sent:
    event = request(text, UNFAMILIAR, request_id=f"{number:032x}", document_id=f"doc-{number}", **more)
    return Sent(event.model_dump_json(exclude_none=True).encode(), key=event.document_id.encode())


def ids(records: Sequence[Any]) -> list[str]:
    return sorted(json.loads(record.value)["document_id"] for record in records)


async def test_what_the_index_knows_is_decided_and_what_it_learns_counts_from_then_on(
    topics: Topics, tmp_path: Path
) -> None:
    await know(topics, "f1", "f2")
    await topics.send_to(FALLBACK, [asked(1, FINE), asked(2, UNHEARD_OF), Sent(b"no request", key=b"doc-3")])
    with fallback(topics, tmp_path) as process:
        came = await topics.read_at_least(3, PROCESSED, REVIEW, REJECTED)
        [result], [review], [dead] = came[PROCESSED], came[REVIEW], came[REJECTED]
        decided = json.loads(result.value)
        assert (decided["document_id"], decided["decided_by"]) == ("doc-1", "retrieval")
        assert decided["document_type"]["label"] == "parking_fine"
        assert {cited["passage_id"] for cited in decided["citations"]} == {"f1", "f2"}
        assert json.loads(review.value)["text"] == UNHEARD_OF
        assert review.key == f"{2:032x}".encode()
        assert header(dead, "docmill_reason") == "invalid_event"
        await know(topics, "z1", "z2", text=UNHEARD_OF, label="zebra")
        process.wait_for(lambda: process.metric("docmill_index_passages") == 4, "four passages")
        await topics.send_to(FALLBACK, [asked(4, UNHEARD_OF)])
        came = await topics.read_at_least(2, PROCESSED)
        assert [json.loads(one.value)["document_type"]["label"] for one in came[PROCESSED]].count("zebra") == 1
        process.wait_for(lambda: process.metric("docmill_results_published_total", decided_by="retrieval") == 2, "2")
        assert process.readiness()[1]["checks"]["index_ready"] is True
        assert process.terminate() == 0
    assert FINE not in process.log_text
    assert UNHEARD_OF not in process.log_text


async def test_while_the_generator_is_down_nothing_is_lost_and_the_index_goes_on_deciding(
    topics: Topics, tmp_path: Path
) -> None:
    """Those that wait go round in slices that are larger than any that are looked at; and it is killed, twice, most
    likely while such a slice pauses.
    """
    await know(topics, "f1", "f2")
    await know_torn(topics)
    count = 3 * 2 * MOST_QUESTIONS  # on three partitions
    with endpoint(Reply(hangs_up=True)) as down:
        settings = {"DOCMILL_GENERATOR_URL": down.base_url, "DOCMILL_GENERATOR_MODEL": "m"}
        await topics.send_to(FALLBACK, [asked(n, TORN) for n in range(count)])
        for number in (1000, 1001):
            with fallback(topics, tmp_path, **settings, **SOON_MISSED) as process:
                process.wait_for(lambda p=process: p.metric("docmill_fallback_held_total") >= count, "all are held")  # type: ignore[misc]
                process.wait_for(lambda p=process: larger_slices(p) > 3, "large slices")  # type: ignore[misc]
                process.wait_for(lambda p=process: p.metric("docmill_generator_unavailable") == 1, "the breaker opens")  # type: ignore[misc]
                await topics.send_to(FALLBACK, [asked(number, FINE)])
                came = await topics.read_at_least(number - 999, PROCESSED)
                assert ids(came[PROCESSED]) == [f"doc-{n}" for n in range(1000, number + 1)]
                assert (await topics.read_at_least(0, REVIEW)) == {REVIEW: []}
                process.process.send_signal(signal.SIGKILL)
                process.process.wait(PATIENCE_S)
    with endpoint(Reply(ABSTAINS)) as back:
        settings = {"DOCMILL_GENERATOR_URL": back.base_url, "DOCMILL_GENERATOR_MODEL": "m"}
        with fallback(topics, tmp_path, **settings):
            came = await topics.read_at_least(count + 2, PROCESSED, REVIEW)
    assert ids(came[PROCESSED]) == ["doc-1000", "doc-1001"]
    assert ids(came[REVIEW]) == sorted(f"doc-{n}" for n in range(count))
    assert {json.loads(one.value)["review_reasons"][0] for one in came[REVIEW]} == {"undecided"}
    assert all(json.loads(one.value)["cost"]["tokens"] == 120 for one in came[REVIEW])


def larger_slices(process: ProcessorProcess) -> float:
    """Than any that is looked at."""
    largest = f"{MOST_QUESTIONS}.0"
    return process.metric("docmill_slice_documents_count") - process.metric(
        "docmill_slice_documents_bucket", le=largest
    )


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [(Reply(ABSTAINS, delay_s=30.0), "timeout"), (Reply("no JSON"), "nonsense")],
    ids=["slow", "nonsense"],
)
async def test_one_that_is_slow_or_talks_nonsense_is_left_alone_and_the_metrics_say_so(
    topics: Topics, tmp_path: Path, reply: Reply, outcome: str
) -> None:
    """What was asked before it was left alone: of the document itself nonsense is, and a person decides."""
    await know(topics, "f1", "f2")
    await know_torn(topics)
    count = 3 * MOST_QUESTIONS
    with endpoint(reply) as at:
        settings = {
            "DOCMILL_GENERATOR_URL": at.base_url,
            "DOCMILL_GENERATOR_MODEL": "m",
            "DOCMILL_GENERATOR_DEADLINE_S": "1",
        }
        await topics.send_to(FALLBACK, [asked(n, TORN) for n in range(count)])
        with fallback(topics, tmp_path, **settings) as process:
            process.wait_for(lambda: process.metric("docmill_generator_unavailable") == 1, "the breaker opens")
            process.wait_for(
                lambda: process.metric("docmill_generator_questions_total", outcome=outcome) >= FAILURES, "are counted"
            )
            assert process.metric("docmill_generator_questions_total", outcome="answered") == 0
            await topics.send_to(FALLBACK, [asked(1000, FINE)])
            came = await topics.read_at_least(1, PROCESSED)
            assert ids(came[PROCESSED]) == ["doc-1000"]
            process.wait_for(
                lambda: process.metric("docmill_fallback_held_total") + process.metric("docmill_review_total") >= count,
                "all are held, or with a person",
            )
            reviews = (await topics.read_at_least(0, REVIEW))[REVIEW]
    assert len(reviews) < count / 2
    assert {json.loads(one.value)["undecided"][-1] for one in reviews} <= {"generator: nonsense"}


async def test_a_generator_that_stays_away_for_too_long_leaves_it_to_people(topics: Topics, tmp_path: Path) -> None:
    await know_torn(topics)
    with endpoint(Reply(hangs_up=True)) as down:
        settings = {
            "DOCMILL_GENERATOR_URL": down.base_url,
            "DOCMILL_GENERATOR_MODEL": "m",
            "DOCMILL_MAX_HOLD_S": "5",
        }
        await topics.send_to(FALLBACK, [asked(1, TORN), asked(2, TORN)])
        with fallback(topics, tmp_path, **settings) as process:
            process.wait_for(lambda: process.metric("docmill_fallback_held_total") >= 2, "held at first")
            came = await topics.read_at_least(2, REVIEW)
    assert ids(came[REVIEW]) == ["doc-1", "doc-2"]
    assert {json.loads(one.value)["review_reasons"][0] for one in came[REVIEW]} == {"generator_away"}


async def test_a_generator_that_is_slow_loses_nothing(topics: Topics, tmp_path: Path) -> None:
    """Killed twice while what is asked waits, and shared with another replica at the end."""
    await know(topics, "f1", "f2")
    await know_torn(topics)
    count = 12
    with endpoint(Reply(ABSTAINS, delay_s=30.0)) as at:
        settings = {
            "DOCMILL_GENERATOR_URL": at.base_url,
            "DOCMILL_GENERATOR_MODEL": "m",
            "DOCMILL_GENERATOR_DEADLINE_S": "0.5",
            "DOCMILL_MAX_HOLD_S": "10",
        }
        await topics.send_to(FALLBACK, [asked(n, FINE if n % 2 else TORN) for n in range(count)])
        for _ in range(2):
            with fallback(topics, tmp_path, **settings, **SOON_MISSED) as process:
                process.wait_for(lambda: process.metric("docmill_records_consumed_total") >= 1, "at work")
                process.process.send_signal(signal.SIGKILL)
                process.process.wait(PATIENCE_S)
        with fallback(topics, tmp_path, **settings), fallback(topics, tmp_path, **settings):
            came = await topics.read_at_least(count, PROCESSED, REVIEW)
    assert Counter(ids(came[PROCESSED])) == Counter(f"doc-{n}" for n in range(1, count, 2))
    assert Counter(ids(came[REVIEW])) == Counter(f"doc-{n}" for n in range(0, count, 2))


async def test_killed_and_started_again_each_request_comes_out_once(topics: Topics, tmp_path: Path) -> None:
    await know(topics, "f1", "f2")
    count = 60
    await topics.send_to(FALLBACK, [asked(n, FINE if n % 2 else UNHEARD_OF) for n in range(count)])
    for _ in range(3):
        with fallback(topics, tmp_path, DOCMILL_MAX_SLICE_TOKENS="1024", **SOON_MISSED) as process:
            process.wait_for(lambda: process.metric("docmill_records_consumed_total") >= 1, "at work")
            process.process.send_signal(signal.SIGKILL)
            process.process.wait(PATIENCE_S)
    with fallback(topics, tmp_path):
        came = await topics.read_at_least(count, PROCESSED, REVIEW)
    assert Counter(ids(came[PROCESSED])) == Counter(f"doc-{n}" for n in range(1, count, 2))
    assert Counter(ids(came[REVIEW])) == Counter(f"doc-{n}" for n in range(0, count, 2))


async def test_two_replicas_on_a_machine_share_the_work_and_have_a_copy_each(topics: Topics, tmp_path: Path) -> None:
    await know(topics, "f1")
    with fallback(topics, tmp_path) as first, fallback(topics, tmp_path) as second:
        first.wait_for(lambda: first.metric("docmill_assigned_partitions") < 3, "sharing")
        await topics.send_to(FALLBACK, [asked(n, FINE) for n in range(30)])
        came = await topics.read_at_least(30, PROCESSED)
        assert Counter(ids(came[PROCESSED])) == Counter(f"doc-{n}" for n in range(30))
        second.wait_for(lambda: second.metric("docmill_index_passages") == 1, "its own copy")
        made = sorted(path.name for path in (tmp_path / "home").rglob("*.sqlite"))
        assert made == [f"{topics.prefix}fallback-0.sqlite", f"{topics.prefix}fallback-1.sqlite"]
    assert FallbackRequested.model_validate_json(asked(1, FINE).value or b"")


async def made_anew(topics: Topics, name: str) -> None:
    """Delete a topic and make it once more: the broker deletes it by and by."""
    admin = AIOKafkaAdminClient(bootstrap_servers=topics.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topics.prefix + name])
    finally:
        await admin.close()
    settings = Settings(kafka_bootstrap_servers=topics.bootstrap, topic_prefix=topics.prefix, partitions=3)
    async with asyncio.timeout(PATIENCE_S):
        while not any(made.created for made in await create_topics(settings)):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def test_while_its_copy_is_made_anew_nothing_is_decided(topics: Topics, tmp_path: Path) -> None:
    """The index is filled wrongly, so its copy is emptied and gets no further; then rightly."""
    await know(topics, "f1", "f2")
    with fallback(topics, tmp_path) as process:
        process.wait_for(lambda: process.metric("docmill_index_passages") == 2, "two passages")
        process.process.send_signal(signal.SIGSTOP)  # an empty topic would be whole: it must not look between the two
        await made_anew(topics, INDEXED)
        await know(topics, "f1", "f2", embedding="another")
        process.process.send_signal(signal.SIGCONT)
        process.wait_for(lambda: process.readiness()[1]["checks"]["index_ready"] is False, "made anew")
        await topics.send_to(FALLBACK, [asked(1, FINE), asked(2, UNHEARD_OF)])
        process.wait_for(lambda: process.metric("docmill_consumer_lag_records") == 2, "both wait")
        said = process.readiness()[1]["checks"]["index_problem"]
        assert said.startswith("it is made anew (topic_changed), and nothing is decided until then")
        assert process.metric("docmill_records_consumed_total") == 0
        assert await topics.read_at_least(0, PROCESSED, REVIEW) == {PROCESSED: [], REVIEW: []}
        process.process.send_signal(signal.SIGSTOP)
        await made_anew(topics, INDEXED)
        await know(topics, "f1", "f2")
        process.process.send_signal(signal.SIGCONT)
        came = await topics.read_at_least(2, PROCESSED, REVIEW)
        assert (ids(came[PROCESSED]), ids(came[REVIEW])) == (["doc-1"], ["doc-2"])
        assert {cited["passage_id"] for cited in json.loads(came[PROCESSED][0].value)["citations"]} == {"f1", "f2"}
        assert process.readiness()[1]["checks"]["index_ready"] is True
        assert process.metric("docmill_index_age_seconds") < PATIENCE_S
        assert process.terminate() == 0
