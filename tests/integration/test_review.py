"""`docmill review` on a real broker, with the real arbiter."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from docmill.kafka.topics import create_topics
from docmill.settings import Settings, load_settings
from docmill_schemas import examples
from docmill_schemas.events import DocumentProcessed
from docmill_schemas.review_events import ReviewRequested
from tests.integration.processor_process import ProcessorProcess
from tests.integration.topics import PROCESSED, Sent, Topics
from tests.tiny_bundle import text_of
from tests.unit.kafka.reviews import opened

pytestmark = pytest.mark.kafka

REVIEW, FEEDBACK = "documents.review", "documents.feedback"
ID = examples.REQUEST_ID
PATIENCE_S = 300.0
WAIT_S = "120"
Ran = subprocess.CompletedProcess[str]
Review = Callable[..., Coroutine[Any, Any, Ran]]


@pytest.fixture
async def topics(kafka_bootstrap: str, topic_prefix: str) -> Topics:
    """All topics of a deployment."""
    settings: Settings = load_settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=3)
    await create_topics(settings)
    return Topics(kafka_bootstrap, topic_prefix)


@pytest.fixture
def review(topics: Topics) -> Review:
    """Runs `docmill review WORDS` as a process, as people do."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DOCMILL_", "KAFKA_"))}
    deployment = {"KAFKA_BOOTSTRAP_SERVERS": topics.bootstrap, "DOCMILL_TOPIC_PREFIX": topics.prefix}

    def run(*words: str | Path) -> Ran:
        return subprocess.run(
            [sys.executable, "-m", "docmill", "review", *map(str, words)],
            env={**inherited, **deployment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    return lambda *words: asyncio.to_thread(run, *words)


@contextmanager
def arbiter(topics: Topics, log: Path) -> Iterator[None]:
    """Decides while the block runs."""
    own = {"DOCMILL_ARBITER_GROUP": f"{topics.prefix}arbiter", "DOCMILL_ARBITER_HTTP_PORT": "0"}
    with ProcessorProcess(topics.bootstrap, topics.prefix, log.parent, log, service="arbiter", **own) as process:
        process.ready()
        yield
        assert process.terminate() == 0
    assert "Kopitiam" not in process.log_text


async def ask(topics: Topics, request_id: str = ID, **changes: object) -> None:
    """Open a review, as the fallback does."""
    record = opened(request_id, **changes)
    await topics.send_to(REVIEW, [Sent(record.value, record.key, record.headers)])


async def results(topics: Topics) -> list[DocumentProcessed]:
    """All results, by revision."""
    found = [DocumentProcessed.model_validate_json(record.value) for record in await topics.read(PROCESSED)]
    return sorted(found, key=lambda one: one.revision)


async def test_from_the_list_to_the_next_training_set(topics: Topics, review: Review, tmp_path: Path) -> None:
    """Listed, shown, decided, exported; then opened again, and decided otherwise."""
    await ask(topics)
    [line] = (await review("list", "--json")).stdout.splitlines()
    assert json.loads(line)["request_id"] == ID
    assert "TOTAL RM 41.50" in (await review("show", ID[:8])).stdout
    with arbiter(topics, tmp_path / "arbiter.log"):
        words = ("--confirm", "--field", "total=RM 41.50", "--reviewer", "m.okafor")
        ran = await review("decide", ID[:8], *words, "--wait", WAIT_S)
        assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "decided"), ran.stderr
        [result] = await results(topics)
        assert (result.decided_by, result.revision, len(result.fields)) == ("human", 1, 3)
        assert result.reviewer == "m.okafor"
        assert (await review("list")).stdout == "no open reviews\n"
        again = await review("decide", ID[:8], "--confirm")
        assert (again.returncode, "decided already" in again.stderr) == (1, True)

        reopened = await review("open", ID[:8])
        assert (reopened.returncode, "is gone" in reopened.stderr) == (1, True)  # this document was never sent
        await ask(topics, revision=2)
        corrected = await review("decide", ID, "--type", "contract.supply", "--field", "party=Sri", "--wait", WAIT_S)
        assert corrected.returncode == 0, corrected.stderr
    assert [one.document_type.label for one in await results(topics)] == ["receipt", "contract.supply"]
    wrote = await review("export", tmp_path / "decided.jsonl")
    assert wrote.stdout == f"wrote {tmp_path / 'decided.jsonl'}: 1 of group contract\n", wrote.stderr
    row = json.loads((tmp_path / "decided.jsonl").read_text())
    assert (row["label"], row["text"]) == ("supply", examples.TEXT)
    assert row["entities"] == [{"label": "party", "start": 9, "end": 12, "text": "Sri"}]


async def test_of_two_who_decide_at_once_one_is_told_that_the_other_was_first(
    topics: Topics, review: Review, tmp_path: Path
) -> None:
    await ask(topics)
    async with asyncio.TaskGroup() as group:
        both = [
            group.create_task(review("decide", ID, "--type", label, "--wait", WAIT_S))
            for label in ("receipt", "contract.supply")
        ]
        while len(await topics.read(FEEDBACK)) < 2:  # noqa: ASYNC110 - both have seen it open
            await asyncio.sleep(0.1)
        with arbiter(topics, tmp_path / "arbiter.log"):
            ran = await asyncio.gather(*both)
    assert sorted(one.returncode for one in ran) == [0, 1]
    first, second = sorted(ran, key=lambda one: one.returncode)
    assert first.stdout.splitlines()[-1] == "decided"
    assert second.stderr == f"somebody else had decided first: docmill trace {ID}\n"
    [result] = await results(topics)
    assert result.document_type.label == first.stdout.split()[1]  # of its line `type  ...`


async def test_without_an_arbiter_the_decision_waits_for_one(topics: Topics, review: Review) -> None:
    await ask(topics)
    ran = await review("decide", ID, "--confirm", "--wait", "1")
    assert (ran.returncode, "is `docmill run arbiter` running?" in ran.stderr) == (1, True), ran.stderr
    assert len(await topics.read(FEEDBACK)) == 1
    assert ID[:8] in (await review("list")).stdout


async def test_a_result_of_the_processor_is_opened_with_its_text_parsed_again(
    topics: Topics, review: Review, tiny_bundle: Path, tmp_path: Path
) -> None:
    text = " ".join(text_of("receipt", 3).split())  # as the parser of HTML gives it
    page = Sent(f"<p>{text}</p>".encode(), b"page", [("content-type", b"text/html")])
    with ProcessorProcess(
        topics.bootstrap, topics.prefix, tiny_bundle, tmp_path / "log", DOCMILL_AUDIT_SHARE="0"
    ) as processor:
        await topics.send([page])
        await topics.outcomes(1)
        assert processor.terminate() == 0
    [result] = await results(topics)
    ran = await review("open", result.request_id[:10])
    assert ran.returncode == 0, ran.stderr
    assert f"revision 1 by model, text from {topics.prefix}documents.received" in ran.stdout
    [record] = await topics.read(REVIEW)
    opened_review = ReviewRequested.model_validate_json(record.value)
    assert (opened_review.text, opened_review.media_type, opened_review.revision) == (text, "text/html", 2)
    assert all(opened_review.text[one.start : one.end] == one.text for one in opened_review.fields)
    twice = await review("open", result.request_id)
    assert (twice.returncode, "open already" in twice.stderr) == (1, True)
    with arbiter(topics, tmp_path / "arbiter.log"):
        assert (await review("decide", result.request_id, "--confirm", "--wait", WAIT_S)).returncode == 0
    assert [(one.revision, one.supersedes) for one in await results(topics)] == [(1, None), (2, result.result_id)]
