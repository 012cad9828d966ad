"""The roll call of a load test, read off the topics of a real broker."""

import pytest

from docmill.settings import load_settings
from load_tests.roll_call import Compared, call_roll
from tests.integration.topics import FALLBACK, REVIEW, Sent, Topics
from tests.unit.arbiter.fakes import review
from tests.unit.fallback_service.fakes import request

pytestmark = pytest.mark.kafka


async def test_it_reads_all_topics_from_their_beginning(topics: Topics) -> None:
    settings = load_settings(kafka_bootstrap_servers=topics.bootstrap, topic_prefix=topics.prefix)
    await topics.send([Sent(b"text", id.encode()) for id in ("a", "b", "c")])
    deferred = [request(document_id=id, request_id=f"r-{id}") for id in ("a", "b")]
    await topics.send_to(
        FALLBACK, [Sent(one.model_dump_json(exclude_none=True).encode(), one.document_id.encode()) for one in deferred]
    )
    asked = review(request_id="r-a", document_id="a", review_reasons=("undecided",))
    await topics.send_to(REVIEW, [Sent(asked.model_dump_json(exclude_none=True).encode(), b"r-a")])
    roll = await call_roll(settings)
    assert roll.fast_path == Compared(3, ("c",), (), ())
    assert roll.fallback == Compared(2, ("r-b",), (), ())
    assert roll.unreadable == 0
