"""`docmill redrive` as a command: which letters its options choose, what it says, and how it ends."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from docmill.cli import app
from docmill.cli.redrive import SHOWN
from docmill.errors import LocalKafkaError
from docmill.kafka import redrive as letters
from docmill.kafka.publish import rejected_record
from docmill.processing import Rejected
from docmill.settings import Settings
from docmill_schemas.reasons import RejectionReason
from tests.unit.cli.conftest import Command
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.fakes import FakeRecord, decode

PREFIX = "p."
RECEIVED, REJECTED, REDRIVEN = (f"{PREFIX}documents.{name}" for name in ("received", "rejected", "redriven"))
OLD, SLOW, LARGE, NEW = "old.txt", "slow.pdf", "large.zip", "new.txt"
REQUEST_OF_NEW = "0123456789abcdef0123456789abcdef"
Redrive = Callable[..., Result]


class FakeTransactions:
    """A producer whose records are on their topics once a transaction is committed."""

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self._sent: list[tuple[str, FakeRecord]] = []

    async def begin_transaction(self) -> None:
        self._sent = []

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes | None, partition: int = 0, headers: Any = ()
    ) -> "asyncio.Future[None]":
        self._sent.append((topic, FakeRecord(value, tuple(headers), key, partition=partition)))
        ack: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ack.set_result(None)
        return ack

    async def commit_transaction(self) -> None:
        for topic, record in self._sent:
            self._broker.append(topic, record)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    """With four dead letters, the oldest first."""

    def producer(settings: Settings, transactional_id: str) -> FakeTransactions:
        return FakeTransactions(made)

    async def start(producer: FakeTransactions, timeout_s: float) -> None: ...
    async def end(producer: FakeTransactions) -> None: ...

    made = FakeBroker()
    made.serve(monkeypatch, letters)
    monkeypatch.setattr(letters, "new_producer", producer)
    monkeypatch.setattr(letters, "start_producer", start)
    for name in ("close_producer", "abandon_producer"):
        monkeypatch.setattr(letters, name, end)
    put_letter(made, OLD, RejectionReason.UNDECODABLE_TEXT, timedelta(days=3))
    put_letter(made, SLOW, RejectionReason.PARSE_TIMEOUT, timedelta(hours=5))
    put_letter(made, LARGE, RejectionReason.ARCHIVE_TOO_LARGE, timedelta(hours=3), docmill_attempt=b"1")
    put_letter(made, NEW, RejectionReason.PARSE_TIMEOUT, timedelta(hours=1), docmill_request_id=REQUEST_OF_NEW.encode())
    return made


def put_letter(broker: FakeBroker, id: str, reason: RejectionReason, age: timedelta, **headers: bytes) -> None:
    """A dead letter of that age, of a document that lies on the topic of received ones."""
    number = len(broker.read(REJECTED))
    came = FakeRecord(b"a letter", tuple(headers.items()), id.encode(), RECEIVED, 0, number)
    made = rejected_record(decode(came), Rejected(reason, "as it happens"))
    at_ms = int((datetime.now(UTC) - age).timestamp() * 1000)
    broker.append(REJECTED, FakeRecord(made.value, tuple(made.headers), made.key, partition=0, timestamp=at_ms))


@pytest.fixture
def redrive(broker: FakeBroker) -> Redrive:
    """Runs `docmill redrive WORDS` on that broker."""
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "here:1", "DOCMILL_TOPIC_PREFIX": PREFIX, "COLUMNS": "200"}

    def run(*words: str) -> Result:
        return CliRunner(env=environ).invoke(app, ["redrive", *words])

    return run


def back(broker: FakeBroker) -> list[str]:
    """The documents that were put back, in their order."""
    return [(record.key or b"").decode() for record in broker.read(RECEIVED)]


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ("--all", [OLD, SLOW, LARGE, NEW]),
        ("--since 2h", [NEW]),
        ("--since 1d", [SLOW, LARGE, NEW]),
        ("--since 999999w", [OLD, SLOW, LARGE, NEW]),
        ("--until 2h", [OLD, SLOW, LARGE]),
        ("--until 1d", [OLD]),
        ("--until 0s", [OLD, SLOW, LARGE, NEW]),
        ("--since 1d --until 2h", [SLOW, LARGE]),
        ("--reason parse_timeout", [SLOW, NEW]),
        ("--reason parse_timeout --reason undecodable_text", [OLD, SLOW, NEW]),
        ("--reason parse_timeout --until 2h", [SLOW]),
        (f"--id {SLOW}", [SLOW]),
        (f"--id {REQUEST_OF_NEW} --id {OLD}", [OLD, NEW]),
        (f"--id {SLOW} --id {OLD} --reason parse_timeout", [SLOW]),
        ("--all --limit 3", [OLD, SLOW, LARGE]),
        ("--reason parse_timeout --limit 1", [SLOW]),
        ("--all --most-attempts 1", [OLD, SLOW, NEW]),
        ("--all --most-attempts 2", [OLD, SLOW, LARGE, NEW]),
    ],
)
def test_what_is_asked_for_goes_back(redrive: Redrive, broker: FakeBroker, words: str, chosen: list[str]) -> None:
    ran = redrive(*words.split())
    assert ran.exit_code == 0, ran.output
    assert back(broker) == chosen
    assert len(broker.read(REDRIVEN)) == len(chosen)
    assert ran.stdout.startswith(f"{len(chosen)} put back (")


def test_a_limit_leaves_the_rest_to_the_next_run(redrive: Redrive, broker: FakeBroker) -> None:
    first = redrive("--all", "--limit", "3")
    assert first.stdout.splitlines() == [
        "3 put back (undecodable_text 1, parse_timeout 1, archive_too_large 1)",
        "there are more: run it again",
    ]
    second = redrive("--all", "--limit", "3")
    assert second.exit_code == 0
    assert second.stdout.splitlines() == ["1 put back (parse_timeout 1)", "3 were back already"]
    assert back(broker) == [OLD, SLOW, LARGE, NEW]


def test_a_dry_run_shows_them_and_changes_nothing(redrive: Redrive, broker: FakeBroker) -> None:
    ran = redrive("--reason", "parse_timeout", "--reason", "archive_too_large", "--dry-run")
    assert ran.exit_code == 0
    title, *rows, told = ran.stdout.splitlines()
    assert title.split() == ["rejected", "at", "document", "reason", "attempt", "from"]
    assert [row.split()[2:] for row in rows] == [
        [SLOW, "parse_timeout", "1", f"{RECEIVED}-0", "offset", "1"],
        [LARGE, "archive_too_large", "2", f"{RECEIVED}-0", "offset", "2"],
        [NEW, "parse_timeout", "1", f"{RECEIVED}-0", "offset", "3"],
    ]
    assert told == "3 would go back (parse_timeout 2, archive_too_large 1)"
    assert back(broker) == []
    assert broker.read(REDRIVEN) == []


def test_a_dry_run_of_many_shows_the_first_and_counts_the_rest(redrive: Redrive, broker: FakeBroker) -> None:
    for number in range(SHOWN):
        put_letter(broker, f"more-{number}.txt", RejectionReason.NO_TEXT, timedelta(hours=1))
    lines = redrive("--all", "--dry-run").stdout.splitlines()
    assert len(lines) == 1 + SHOWN + 2
    assert lines[-2] == "and 4 more"
    assert lines[-1].startswith(f"{SHOWN + 4} would go back (no_text {SHOWN}, ")


@pytest.mark.parametrize("words", ["", "--limit 5", "--most-attempts 1", "--dry-run"])
def test_it_must_be_told_which(redrive: Redrive, broker: FakeBroker, words: str) -> None:
    ran = redrive(*words.split())
    assert ran.exit_code == 2
    assert "say which: --reason, --id, --since, --until, or --all" in ran.output
    assert broker.required == []


def test_a_reason_that_there_is_not_is_named_with_those_there_are(redrive: Redrive, broker: FakeBroker) -> None:
    ran = redrive("--reason", "parse_timeout", "--reason", "too_slow", "--reason", "bad")
    assert ran.exit_code == 2
    assert "no reason: bad, too_slow; there are " in ran.output
    for reason in RejectionReason:
        assert reason.value in ran.output
    assert broker.required == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "2"], "write it as 90s, 30m, 2h, 7d or 1w"),
        (["--until", "yesterday"], "write it as 90s, 30m, 2h, 7d or 1w"),
        (["--id", " "], "must not be empty"),
        (["--all", "--limit", "0"], "Invalid value for '--limit'"),
        (["--all", "--most-attempts", "0"], "Invalid value for '--most-attempts'"),
    ],
    ids=["since", "until", "id", "limit", "most-attempts"],
)
def test_what_an_option_cannot_be_is_told(redrive: Redrive, broker: FakeBroker, words: list[str], said: str) -> None:
    ran = redrive(*words)
    assert ran.exit_code == 2
    assert said in ran.output
    assert broker.required == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--id", "unknown.txt"], "0 put back"),
        (["--id", "unknown.txt", "--dry-run"], "0 would go back"),
        (["--since", "0s"], "0 put back"),
    ],
    ids=["an id", "a dry run", "an age"],
)
def test_nothing_to_put_back_is_exit_code_1(redrive: Redrive, broker: FakeBroker, words: list[str], told: str) -> None:
    ran = redrive(*words)
    assert ran.exit_code == 1
    assert ran.stdout.splitlines()[-1] == told
    assert back(broker) == []


def test_all_of_it_back_already_is_exit_code_1(redrive: Redrive, broker: FakeBroker) -> None:
    assert redrive("--all").exit_code == 0
    again = redrive("--all")
    assert again.exit_code == 1
    assert again.stdout.splitlines() == ["0 put back", "4 were back already"]
    assert back(broker) == [OLD, SLOW, LARGE, NEW]


def test_without_a_broker_it_says_how_to_get_one(docmill: Command) -> None:
    ran = docmill("redrive", "--all")
    assert ran.exit_code == 1
    assert isinstance(ran.exception, LocalKafkaError)
