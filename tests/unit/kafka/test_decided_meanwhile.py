"""Whether a review is still open when a person is done with it, and who was faster."""

from dataclasses import replace

import pytest

from docmill.errors import ReviewError
from docmill.kafka import decided_meanwhile as module
from docmill.kafka import read_reviews, send_feedback
from docmill.kafka.decided_meanwhile import DecidedMeanwhile, decided_meanwhile
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.send_feedback import note_ends
from docmill.settings import Settings, load_settings
from docmill_schemas.examples import FEEDBACK
from docmill_schemas.reasons import DecidedBy
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.reviews import closed, human_result, opened, result, result_record, review

SECOND = FEEDBACK.model_copy(update={"revision": 2})


@pytest.fixture
def settings() -> Settings:
    return load_settings(topic_prefix="p.", kafka_bootstrap_servers="here:1")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    made = FakeBroker()
    made.serve(monkeypatch, module, read_reviews, send_feedback)
    return made


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ((), None),
        ((opened("another"), closed("another", 2)), None),
        ((opened(revision=2),), None),  # by two people at once
        ((closed(revision=1), opened(revision=2)), None),  # noted before it was found
        ((human_result(SECOND, reviewer="m.okafor"), closed(revision=2)), DecidedMeanwhile("m.okafor")),
        (
            (human_result(SECOND, reviewer="m.okafor"), closed(revision=2), opened(revision=2)),
            DecidedMeanwhile("m.okafor"),
        ),
        ((human_result(SECOND), closed()), DecidedMeanwhile(None)),
        ((closed(revision=2),), DecidedMeanwhile(None)),
        (
            (human_result(SECOND, reviewer="m.okafor"), closed(revision=2), opened(revision=3)),
            DecidedMeanwhile("m.okafor"),
        ),
        ((human_result(FEEDBACK, reviewer="of before"), closed(revision=2)), DecidedMeanwhile(None)),
    ],
    ids=["nothing", "another", "again", "found", "decided", "late", "nameless", "unseen", "reopened", "older"],
)
async def test_what_came_since_says_whether_it_is_open(
    broker: FakeBroker, settings: Settings, came: tuple[OutgoingRecord, ...], told: DecidedMeanwhile | None
) -> None:
    broker.put("p.", human_result(SECOND, reviewer="long before"), closed(revision=2))
    noted = await note_ends(settings)
    broker.put("p.", *came)
    assert await decided_meanwhile(settings, review(revision=2), noted) == told


async def test_one_that_was_opened_once_more_and_cannot_be_read_is_not_called_decided(
    broker: FakeBroker, settings: Settings
) -> None:
    noted = await note_ends(settings)
    broker.put("p.", replace(opened(), value=b'{"request_id": "of a later docmill"}'))
    with pytest.raises(ReviewError, match=r"cannot be read: it may be of a later docmill .* nothing was sent"):
        await decided_meanwhile(settings, review(), noted)


async def test_no_result_is_read_where_it_is_open(
    broker: FakeBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = await note_ends(settings)
    broker.put("p.", result_record(result(decided_by=DecidedBy.MODEL)))
    monkeypatch.setattr(module, "scan_clients", None)
    assert await decided_meanwhile(settings, review(), noted) is None
