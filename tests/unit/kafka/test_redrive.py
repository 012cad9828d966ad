"""Which dead letters go back, and as what."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from aiokafka.errors import IllegalOperation, ProducerFenced, TopicAuthorizationFailedError

from docmill.cli.redrive import _tell
from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka import redrive
from docmill.kafka.decode_record import decode_record
from docmill.kafka.publish import rejected_record
from docmill.kafka.redrive import Letter, Lost, Redrive, Selection, batches, headers_of, read_letter
from docmill.processing import Rejected
from docmill.settings import Settings
from docmill_schemas.reasons import RejectionReason
from tests.unit.kafka.fakes import SENT_AT, FakeRecord, Headers, decode, record

WHY = Rejected(RejectionReason.PARSE_TIMEOUT, "10 s")


def letter_record(of: FakeRecord, **changes: Any) -> FakeRecord:
    """The dead letter of a record, as it lies on its topic."""
    outgoing = rejected_record(decode(of), WHY)
    made = FakeRecord(outgoing.value, tuple(outgoing.headers), outgoing.key, "documents.rejected", 2, 40)
    return replace(made, **changes)


def letter(of: FakeRecord | None = None, **changes: Any) -> Letter:
    read = read_letter(letter_record(of or record(key=b"claim-1")), "")
    assert read is not None
    return replace(read, **changes)


def test_a_letter_says_where_it_came_from() -> None:
    found = letter()
    assert found.place == f"documents.rejected/2/40/{found.record.timestamp}"
    assert (found.reason, found.document_id, found.attempt) == ("parse_timeout", "claim-1", 1)
    assert (found.origin.topic, found.origin.partition, found.origin_offset) == ("documents.received", 3, 1)
    assert found.at == SENT_AT
    assert not found.value_omitted


def test_what_the_fallback_set_aside_goes_back_to_the_fallback() -> None:
    strange = letter_record(record())
    from_fallback = (*strange.headers, ("docmill_origin_topic", b"claims.documents.fallback"))
    found = read_letter(replace(strange, headers=from_fallback), "claims.")
    assert found is not None
    assert found.origin.topic == "claims.documents.fallback"


@pytest.mark.parametrize(
    "header",
    [
        ("docmill_origin_topic", b"payments"),  # a stranger's header must never choose a topic
        ("docmill_origin_partition", b"-1"),
        ("docmill_origin_offset", "\u0663".encode()),
        ("docmill_attempt", b"many"),
        ("docmill_reason", b""),
        ("docmill_request_id", b""),
    ],
)
def test_what_is_no_letter_of_this_deployment_is_left_alone(header: tuple[str, bytes]) -> None:
    strange = letter_record(record())
    assert read_letter(replace(strange, headers=(*strange.headers, header)), "") is None
    assert read_letter(strange, "claims.") is None
    assert read_letter(record(), "") is None


@pytest.mark.parametrize("headers", [[], [("content-type", b"text/html"), ("twice", b"1"), ("twice", None)]])
def test_what_goes_back_is_what_came_and_keeps_its_request(headers: Headers) -> None:
    came = record(b"a letter", headers, key=b"claim-1")
    first = decode(came)
    found = letter(came)
    back = FakeRecord(found.record.value, tuple(headers_of(found, found.record)), found.record.key, offset=77)
    again = decode_record(back, "cluster", 1000)
    assert (back.value, back.key) == (came.value, came.key)
    assert [one for one in back.headers if not one[0].startswith("docmill_")] == list(came.headers)
    assert again.request_id == first.request_id
    assert again.document_id == first.document_id
    assert again.attempt == first.attempt + 1 == 2


def test_a_bare_record_keeps_the_request_that_its_first_place_gave_it() -> None:
    came = record(b"a letter")
    found = letter(came)
    back = FakeRecord(found.record.value, tuple(headers_of(found, found.record)), None, offset=900)
    assert decode(back).request_id == decode(came).request_id != decode(replace(came, offset=900)).request_id


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), True),
        (Selection(reasons=frozenset({"parse_timeout", "no_text"})), True),
        (Selection(reasons=frozenset({"no_text"})), False),
        (Selection(ids=frozenset({"claim-1"})), True),
        (Selection(ids=frozenset({"claim"})), False),
        (Selection(since=SENT_AT), True),
        (Selection(since=SENT_AT + timedelta(seconds=1)), False),
        (Selection(until=SENT_AT), False),
        (Selection(until=SENT_AT + timedelta(seconds=1)), True),
        (Selection(most_attempts=1), True),
        (Selection(ids=frozenset({"claim-1"}), reasons=frozenset({"no_text"})), False),
    ],
)
def test_a_selection_narrows(selection: Selection, wanted: bool) -> None:
    assert selection.wants(letter()) is wanted


def test_letters_are_selected_by_request_and_by_attempt() -> None:
    found = letter()
    assert Selection(ids=frozenset({found.request_id})).wants(found)
    assert not Selection(most_attempts=1).wants(replace(found, attempt=2))
    assert Selection(until=datetime.now(UTC)).wants(found)


def test_a_transaction_is_bounded_by_letters_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "TRANSACTION_LETTERS", 3)
    monkeypatch.setattr(redrive, "TRANSACTION_BYTES", 10)
    small, large = letter(record(b"abc", key=b"k")), letter(record(b"abcdefghijkl", key=b"k"))
    assert [len(batch) for batch in batches([small] * 7)] == [3, 3, 1]
    assert [len(batch) for batch in batches([small, large, small])] == [1, 1, 1]
    assert list(batches([])) == []


class FakeProducer:
    """Knows topics that may not be written: the ack of a record for one fails, and the next send finds that illegal."""

    def __init__(self, forbidden: str = "", commit: BaseException | None = None, hangs_at: str = "") -> None:
        self.forbidden, self.commit, self.hangs_at = forbidden, commit, hangs_at
        self.sent: list[str] = []
        self.ended = False
        self._txn_manager = None

    async def _pass(self, step: str) -> None:
        if step == self.hangs_at:
            await asyncio.Event().wait()

    async def begin_transaction(self) -> None:
        await self._pass("begin")

    async def send(self, topic: str, value: object, **_: object) -> "asyncio.Future[None]":
        await self._pass("send")
        if self.forbidden in self.sent:
            raise IllegalOperation("in the state ABORTABLE_ERROR")
        self.sent.append(topic)
        ack: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if topic == self.forbidden:
            ack.set_exception(TopicAuthorizationFailedError())
        elif self.hangs_at != "ack":
            ack.set_result(None)
        return ack

    async def commit_transaction(self) -> None:
        await self._pass("commit")
        if self.commit is not None:
            raise self.commit
        self.ended = True


async def put_back(producer: FakeProducer, timeout_s: float = 5.0) -> Redrive:
    found = Redrive(put_back=7)
    settings = Settings(broker_timeout_s=timeout_s)
    await redrive._put_back(cast(Any, producer), cast(Any, None), [letter(), letter()], settings, found)
    return found


async def test_each_letter_goes_back_with_its_note() -> None:
    producer = FakeProducer()
    assert (await put_back(producer)).put_back == 9
    assert producer.sent == ["documents.received", "documents.redriven"] * 2
    assert producer.ended


@pytest.mark.parametrize("topic", ["documents.received", "documents.redriven"])
async def test_the_right_that_is_missing_is_told_and_not_what_came_of_it(topic: str) -> None:
    producer = FakeProducer(forbidden=topic)
    with pytest.raises(
        ConfigurationError, match=f"after 7 letters that are back.* a right is missing, on topic {topic}:"
    ):
        await put_back(producer)
    assert not producer.ended


@pytest.mark.parametrize("step", ["begin", "send", "ack", "commit"])
async def test_no_step_waits_without_end(step: str) -> None:
    with pytest.raises(BrokerError, match=r"run it again: what is back is in the ledger.*no answer within 0\.01 s"):
        await put_back(FakeProducer(hangs_at=step), timeout_s=0.01)


async def test_another_run_that_has_begun_is_told() -> None:
    with pytest.raises(BrokerError, match="ProducerFenced"):
        await put_back(FakeProducer(commit=ProducerFenced()))


class FakeConsumer:
    """Holds one record."""

    def __init__(self, held: FakeRecord) -> None:
        self.held = held

    def assign(self, partitions: object) -> None: ...
    def seek(self, partition: object, offset: int) -> None: ...

    async def beginning_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, self.held.offset)

    async def end_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, self.held.offset + 1)

    async def getmany(self, partition: Any, **_: object) -> dict[Any, list[FakeRecord]]:
        return {partition: [self.held]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, None), ({"offset": 2}, Lost.GONE), ({"timestamp": 5}, Lost.REPLACED)],
    ids=["there", "retention", "a topic made anew"],
)
async def test_what_is_at_the_origin_now(changes: dict[str, Any], expected: Lost | None) -> None:
    came = record(b"large", key=b"claim-1")
    at_origin = replace(came, **changes)
    found = await redrive._record_of(letter(came, value_omitted=True), cast(Any, FakeConsumer(at_origin)))
    assert found == (at_origin if expected is None else expected)


def test_letters_that_cannot_go_back_are_told_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    other = letter(record(key=b"claim-2"))
    _tell(Redrive(wanted=[letter(), other], gone=[letter()], replaced=[other]), dry_run=False)
    told = capsys.readouterr().out.splitlines()
    assert told[1:] == [
        "1 had no value, and retention took it at its origin: claim-1",
        "1 had no value, and its origin is another record now, of a topic that was made anew: claim-2",
    ]
