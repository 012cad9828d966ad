"""A document's text goes into events and nowhere else: the fallback, the arbiter and the indexer.

Each is sent what it can decide, what it cannot read, and what meets a bug whose exception quotes it, with logs at
debug. test_no_text_leaks.py has the processor.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from docmill.bundle.load import default_bundle
from docmill.kafka.put_back import HELD_SINCE
from docmill.kafka.topics import create_topics
from docmill.settings import Settings
from docmill_schemas.events import ExtractedField, KnowledgeUpdated
from docmill_schemas.examples import REVIEW as EXAMPLE
from docmill_schemas.ids import request_id
from docmill_schemas.reasons import DeferralReason
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from tests.integration.leaks import PAGES, QUOTED, TEXT, WORDS, found_in, headers, leaks, metadata, progress
from tests.integration.processor_process import ProcessorProcess
from tests.integration.test_fallback import INDEXED, asked, know
from tests.integration.topics import FALLBACK, FEEDBACK, PROCESSED, REJECTED, REVIEW, Sent, Topics, header
from tests.unit.arbiter.fakes import decided_field, feedback, review
from tests.unit.fallback_service.fakes import request
from tests.unit.generator.endpoint import Reply, endpoint

pytestmark = pytest.mark.kafka
KNOWLEDGE = "knowledge.updated"
PASSWORD = "Grummelhalt"  # in the generator's URL
FINE = f"parking fine for a car {TEXT}"
UNFAMILIAR = f"zebras yawn, zebras yawn, zebras yawn {TEXT}"
NOT_JSON = f'{{"text": "{TEXT}'.encode()
STRANGE_KEYS = json.dumps({TEXT: TEXT}).encode()
ANSWER = {
    "label": {"choice": "receipt", "evidence": [{"source": "S1", "quote": TEXT}]},
    "fields": {"company": {"quote": WORDS[0]}, "total": {"quote": f"{WORDS[1]} {WORDS[0]}"}},
}
STRANGE_ANSWER = {"label": {"choice": TEXT, "evidence": [{"source": TEXT, "quote": TEXT}]}, "fields": {TEXT: TEXT}}
NONSENSE = (
    Reply(f"{TEXT} is no JSON"),
    Reply(json.dumps([TEXT])),
    Reply(json.dumps(STRANGE_ANSWER)),
    Reply(TEXT, finish="length"),
    Reply(refusal=f"nothing is said of {TEXT}"),
    Reply(body=TEXT),
    Reply(body=json.dumps({"error": {"message": f"cannot read {TEXT}"}}), status=400),
    Reply(body=json.dumps({"error": {"message": f"broke down over {TEXT}"}}), status=500),
    Reply(hangs_up=True),
)


@pytest.fixture
async def topics(kafka_bootstrap: str, topic_prefix: str) -> Topics:
    """Of a deployment whose topics are made."""
    await create_topics(Settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=3))
    return Topics(kafka_bootstrap, topic_prefix)


@contextmanager
def running(topics: Topics, folder: Path, service: str, module: str, **environment: str) -> Iterator[ProcessorProcess]:
    """A service in a process of its own, ready, at debug."""
    own = {
        f"DOCMILL_{service.upper()}_GROUP": f"{topics.prefix}{service}",
        f"DOCMILL_{service.upper()}_HTTP_PORT": "0",
        "DOCMILL_HOME": str(folder / "home"),
        "DOCMILL_LOG_LEVEL": "debug",
        "DOCMILL_INCLUDE_TEXT": "true",
        "TEST_QUOTED_TEXT": QUOTED,
    }
    log = folder / "log"
    with ProcessorProcess(
        topics.bootstrap, topics.prefix, default_bundle(), log, module, service, **(own | environment)
    ) as process:
        yield process.ready()


async def places(topics: Topics, process: ProcessorProcess, group: str, publishes: Sequence[str]) -> dict[str, str]:
    """What a service leaves behind besides the values of events. Ends it."""
    pages = [process.page(path) for path in PAGES]
    offsets = await metadata(topics, group)
    assert process.terminate() == 0
    offsets += await metadata(topics, group)
    assert '"docmill":1' in "".join(offsets)
    assert "INFO aiokafka" in process.log_text  # so debug was on
    return {
        "logs": process.log_text,
        "pages": "".join(pages),
        "offsets": "".join(offsets),
        "progress": await progress(topics),
        "headers": await headers(topics, publishes),
    }


def field_of(text: str) -> ExtractedField:
    """A span that a generator is asked about."""
    start = text.index(WORDS[0])
    end = start + len(WORDS[0])
    return ExtractedField(name="company", value=WORDS[0], text=WORDS[0], start=start, end=end, confidence=0.3)


def unsure_of_a_field(number: int) -> Sent:
    event = request(
        FINE,
        (DeferralReason.LOW_FIELD_CONFIDENCE,),
        (field_of(FINE),),
        request_id=f"{number:032x}",
        document_id=f"doc-{number}",
        missing_fields=("total",),
    )
    return Sent(event.model_dump_json(exclude_none=True).encode(), key=event.document_id.encode())


def outcomes_of(process: ProcessorProcess) -> float:
    """How many requests the fallback is through with."""
    results = process.metric("docmill_results_published_total") + process.metric("docmill_dead_letters_total")
    audits = process.metric("docmill_review_total", reason="audit")
    return results + process.metric("docmill_review_total") - audits


async def test_no_word_of_a_document_leaves_the_fallback_but_in_events(topics: Topics, tmp_path: Path) -> None:
    """A generator is asked: at first its answers are nonsense that quotes the document, then they can be read."""
    await know(topics, "f1", "f2", text=FINE)
    for label in ("zebra", "bed"):  # of two minds, so that a generator's word counts, and is waited for
        await know(topics, label, text=UNFAMILIAR, label=label)
    requests = [
        asked(1, FINE),
        *(asked(number, f"{UNFAMILIAR} {number}") for number in range(2, 8)),
        asked(8, UNFAMILIAR, candidates=(field_of(UNFAMILIAR),)),
        unsure_of_a_field(9),
    ]
    broken = {
        b"bug": asked(20, f"{TEXT} {QUOTED}").value,
        b"not-json": NOT_JSON,
        b"strange-keys": STRANGE_KEYS,
        b"no-text": asked(21, FINE).value.replace(b'"text":', b'"text":[],"words":'),  # type: ignore[union-attr]
        b"plain": TEXT.encode(),
    }
    sent = [*requests, *(Sent(value, key) for key, value in broken.items())]
    with endpoint(*NONSENSE, Reply(json.dumps(ANSWER))) as at:
        settings = {
            "DOCMILL_GENERATOR_URL": at.base_url.replace("http://", f"http://somebody:{PASSWORD}@"),
            "DOCMILL_GENERATOR_MODEL": "m",
            "DOCMILL_AUDIT_SHARE": "1",
            "TEST_HOLD_S": "1",
            "TEST_BREAKER_OPEN_S": "1",
        }
        module = "tests.integration.letter_fallback"
        with running(topics, tmp_path, "fallback", module, **settings) as process:
            await topics.send_to(INDEXED, [Sent(TEXT.encode(), key=b"unreadable")])
            process.wait_for(lambda: process.metric("docmill_index_unreadable_total") == 1, "unreadable")
            await topics.send_to(FALLBACK, sent)
            process.wait_for(lambda: outcomes_of(process) == len(sent), "all decided")
            found = await places(topics, process, "fallback", (PROCESSED, REVIEW, REJECTED, FALLBACK))
    assert len(at.asked) > len(NONSENSE)  # so each was said
    assert found_in(json.dumps(at.asked))  # where it belongs, as in the events
    assert found_in("".join(record.value.decode() for record in await topics.read(REVIEW)))
    rejected = {record.key: header(record, "docmill_reason") for record in await topics.read(REJECTED)}
    assert rejected == dict.fromkeys(broken, "invalid_event") | {b"bug": "internal_error"}
    assert any(header(record, HELD_SINCE) for record in await topics.read(FALLBACK))  # put back meanwhile
    assert "unexpected ValueError at letter_indexer.py" in found["logs"]
    assert 'HTTP Request: POST 127.0.0.1 "HTTP/1.0 500' in found["logs"]  # what a generator answers is told
    assert leaks(found) == {}
    assert PASSWORD not in "".join(found.values())


def reviewed(number: int, text: str) -> ReviewRequested:
    return review(request_id=request_id("leaks", str(number)), text=f"{EXAMPLE.text}\n{text}")


def decided(on: ReviewRequested, **more: object) -> FeedbackGiven:
    fields = (decided_field(on, "company", WORDS[0], value=WORDS[1]),)
    return feedback(**{"request_id": on.request_id, "feedback_id": on.request_id[:8], "fields": fields, **more})


async def test_no_word_of_a_document_leaves_the_arbiter_but_in_events(topics: Topics, tmp_path: Path) -> None:
    reviews = [reviewed(number, TEXT) for number in range(3)]
    bug, unreadable, unasked = reviewed(10, f"{TEXT} {QUOTED}"), reviewed(11, TEXT), reviewed(12, TEXT)
    asked_of_people = [Sent(one.model_dump_json().encode(), one.request_id.encode()) for one in (*reviews, bug)]
    await topics.send_to(REVIEW, [*asked_of_people, Sent(STRANGE_KEYS, unreadable.request_id.encode())])
    elsewhere = ({"name": "company", "text": TEXT, "start": 0, "end": len(TEXT)},)
    expected = {
        "accepted": [decided(reviews[0])],
        "already_decided": [decided(reviews[0], feedback_id="second")],
        "refused": [
            decided(reviews[1], fields=elsewhere),
            decided(reviews[1], document_type=f" {TEXT}"),
            decided(bug),
            decided(unreadable),
        ],
        "no_review": [decided(unasked), decided(reviews[2], revision=2)],
    }
    decisions = [
        Sent(one.model_dump_json().encode(), one.request_id.encode()) for of in expected.values() for one in of
    ]
    broken = [Sent(value, reviews[2].request_id.encode()) for value in (NOT_JSON, STRANGE_KEYS, TEXT.encode())]
    fields = json.dumps(json.loads(decisions[0].value or b"") | {"fields": [{TEXT: TEXT}, TEXT]}).encode()
    broken.append(Sent(fields, decisions[0].key))
    counts = {outcome: len(of) for outcome, of in expected.items()}
    counts["refused"] += len(broken)
    with running(topics, tmp_path, "arbiter", "tests.integration.altered_arbiter") as process:
        await topics.send_to(FEEDBACK, [*decisions, *broken])
        for outcome, count in counts.items():
            process.wait_for(
                lambda outcome=outcome, count=count: (
                    process.metric("docmill_decisions_total", outcome=outcome) == count
                ),  # type: ignore[misc]
                f"{count} {outcome}",
            )
        found = await places(topics, process, "arbiter", (PROCESSED, REVIEW, KNOWLEDGE))
    assert found_in("".join(record.value.decode() for record in await topics.read(PROCESSED)))  # where it belongs
    assert found_in("".join(record.value.decode() for record in await topics.read(KNOWLEDGE)))
    assert "unexpected ValueError at altered_arbiter.py" in found["logs"]
    assert "cannot be read" in found["logs"]
    assert leaks(found) == {}


async def test_no_word_of_a_text_leaves_the_indexer_but_in_events(topics: Topics, tmp_path: Path) -> None:
    """Nor of a source text, of which an exemplar is a document's."""
    policy = KnowledgeUpdated(passage_id="policy", kind="policy", title=TEXT, text=FINE)
    exemplar = KnowledgeUpdated(
        passage_id="exemplar",
        kind="exemplar",
        text=UNFAMILIAR,
        document_type="zebra",
        fields={"company": (TEXT,)},
        metadata={"entities": TEXT},
    )
    bug = KnowledgeUpdated(passage_id="bug", kind="policy", text=f"{TEXT} {QUOTED}")
    good = [
        *(Sent(one.model_dump_json().encode(), one.passage_id.encode()) for one in (policy, exemplar)),
        Sent(None, b"policy"),
    ]
    broken = [
        Sent(bug.model_dump_json().encode(), b"bug"),
        Sent(policy.model_dump_json().encode(), b"another"),
        Sent(NOT_JSON, b"not-json"),
        Sent(STRANGE_KEYS, b"strange-keys"),
        Sent(TEXT.encode(), b"plain"),
        Sent(policy.model_copy(update={"fields": {TEXT: TEXT}}).model_dump_json(warnings=False).encode(), b"policy"),
    ]
    with running(topics, tmp_path, "indexer", "tests.integration.letter_indexer") as process:
        await topics.send_to(KNOWLEDGE, [*good, *broken])
        for outcome, count in {"indexed": 2, "deleted": 1, "refused": len(broken)}.items():
            process.wait_for(
                lambda o=outcome, n=count: process.metric("docmill_knowledge_records_total", outcome=o) == n,  # type: ignore[misc]
                f"{count} {outcome}",
            )
        found = await places(topics, process, "indexer", (INDEXED,))
    assert found_in("".join((record.value or b"").decode() for record in await topics.read(INDEXED)))
    assert "unexpected ValueError at letter_indexer.py" in found["logs"]
    assert leaks(found) == {}
