"""A broker with TLS, SCRAM, client certificates and ACLs: docmill needs no more than docs/security.md lists, and says
what is wrong where it is given less.
"""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docmill.index.sqlite_index import SqliteIndex
from docmill.kafka.follow_index import catch_up
from docmill.kafka.topics import create_topics
from docmill.settings import load_settings
from docmill_schemas import examples
from docmill_schemas.review_events import ReviewRequested
from docmill_schemas.topics import KNOWLEDGE_INDEXED, OWN_TOPICS, TOPICS
from tests.integration.processor_process import ProcessorProcess
from tests.integration.rights import Right, grant, rights, subjects, user_of
from tests.integration.scram import change_password
from tests.integration.secured_broker import MTLS_USER, PLAIN_USER, SHA256_USER, SecuredBroker, secured_broker
from tests.integration.topics import FALLBACK, PROCESSED, REJECTED, REVIEW, Sent, Topics, keys, receipt
from tests.tiny_bundle import text_of
from tests.unit.arbiter.fakes import feedback
from tests.unit.index.fakes import EMBEDDING

pytestmark = pytest.mark.kafka
PROCESSOR = "docmill run processor"
INDEXER = "docmill run indexer"
FALLBACK_SERVICE = "docmill run fallback"
ARBITER = "docmill run arbiter"
REVIEW_COMMANDS = "docmill review "
LETTER_INDEXER, LETTER_FALLBACK = "tests.integration.letter_indexer", "tests.integration.letter_fallback"
ROTATED_USER = "rotated"  # whose password changes
PATIENCE_S = 180.0
MIXED = [
    receipt(1),
    Sent(text_of("contract", 1).encode(), key=b"contract"),
    Sent(b"\xff\x00\x01\x02\x81", key=b"bytes"),
]


@pytest.fixture(scope="module")
def broker() -> Iterator[SecuredBroker]:
    with secured_broker([ROTATED_USER, *(user_of(what) for what in subjects())]) as running:
        yield running


def docmill(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as its user would."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DOCMILL_", "KAFKA_"))}
    return subprocess.run(
        [sys.executable, "-m", "docmill", *arguments],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def without_secrets(broker: SecuredBroker, text: str) -> str:
    """The text, once it is sure that it holds none of the broker's secrets, nor a part of one."""
    for secret in (broker.password, broker.key_password):
        assert secret not in text
        assert secret[5:17] not in text
    return text


async def test_a_deployment_with_no_more_rights_than_the_page_lists(
    broker: SecuredBroker, topic_prefix: str, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every service and command of the page, each as a user of its own that has its rows and nothing else."""
    group = f"{topic_prefix}processor"
    for what in subjects():
        await grant(broker.admin, user_of(what), rights(what), topic_prefix, group)
    document = tmp_path / "a-receipt.txt"
    document.write_text(text_of("receipt", 7), encoding="utf-8")
    done = {PROCESSOR}

    def run(what: str, *arguments: str) -> str:
        done.add(what)
        environment = {"DOCMILL_TOPIC_PREFIX": topic_prefix, "DOCMILL_GROUP": group}
        command = what.removeprefix("docmill ").split()
        ran = docmill({**broker.scram(user_of(what)), **environment}, *command, *arguments)
        assert ran.returncode == 0, f"{what}: {ran.stdout}{ran.stderr}"
        return without_secrets(broker, ran.stdout + ran.stderr)

    assert run("docmill topics create", "--partitions", "2").count("created") == len((*TOPICS, *OWN_TOPICS))
    assert "configuration not checked" in " ".join(run("docmill topics verify").split())
    await Topics(broker.admin, topic_prefix).send(MIXED)
    user, log = user_of(PROCESSOR), tmp_path / "log"
    settings = broker.scram(user, DOCMILL_LOG_LEVEL="debug", DOCMILL_AUDIT_SHARE="1")
    with ProcessorProcess(broker.admin, topic_prefix, tiny_bundle, log, **settings) as processor:
        processor.ready()
        assert "sent 1" in run("docmill publish", str(document))
        assert "processed 1" in run("docmill publish --wait", str(document))
        short = ("--rate", "3", "--duration", "2", "--warm-up", "0", "--grace", "60", "--target-p95", "60")
        assert "Held 3 documents/s" in run("docmill load", *short, "--documents", str(document))
        everything = str(len(MIXED) + 1 + 1 + 6)  # topic after topic, in no order of theirs
        assert "bytes" in run("docmill tail", "--from-beginning", "--limit", everything, "--timeout", "60")
        assert "straight through" in run("docmill trace", "receipt-1")
        assert "1 would go back" in run("docmill redrive --dry-run", "--all")
        assert "1 put back" in run("docmill redrive", "--all")
        assert processor.terminate() == 0
    own = {"DOCMILL_INDEXER_GROUP": f"{group}-indexer", "DOCMILL_INDEXER_HTTP_PORT": "0"}
    log, settings = tmp_path / "indexer.log", {**broker.scram(user_of(INDEXER)), **own}
    with ProcessorProcess(
        broker.admin, topic_prefix, tiny_bundle, log, LETTER_INDEXER, "indexer", **settings
    ) as indexer:
        indexer.ready()
        done.add(INDEXER)
        assert "published 1" in run("docmill index add", str(document), "--root", str(tmp_path))
        indexer.wait_for(lambda: indexer.metric("docmill_knowledge_records_total", outcome="indexed") == 1, "indexed")
        # Of the search, what asks the broker: with the embedding of these vectors, which no package has.
        search = "docmill index search"
        for name, value in {**broker.scram(user_of(search)), "DOCMILL_TOPIC_PREFIX": topic_prefix}.items():
            monkeypatch.setenv(name, value)
        index = SqliteIndex(tmp_path / "copy.sqlite")
        await catch_up(load_settings(), index, EMBEDDING)
        assert index.stats().passages == 1
        index.close()
        done.add(search)
        # Left over beside one that is not, so that the Write right of repair is needed.
        await Topics(broker.admin, topic_prefix).send_to(KNOWLEDGE_INDEXED.name, [Sent(b"nothing", key=b"left-over")])
        assert "deleted 1, failed 0" in run("docmill index repair", "--delete")
        assert "deleted 1" in run("docmill index remove", "a-receipt.txt")
        indexer.wait_for(lambda: indexer.metric("docmill_knowledge_records_total", outcome="deleted") == 2, "deleted")
        (tmp_path / "handbook").mkdir()
        document.rename(tmp_path / "handbook" / document.name)
        pruned = run("docmill index add --prune", str(tmp_path / "handbook"), "--root", str(tmp_path))
        assert "published 1, failed 0" in pruned
        assert "deleted 0, failed 0" in pruned
        assert indexer.terminate() == 0
    without_secrets(broker, indexer.log_text)
    own = {
        "DOCMILL_FALLBACK_GROUP": f"{group}-fallback",
        "DOCMILL_FALLBACK_HTTP_PORT": "0",
        "DOCMILL_HOME": str(tmp_path / "home"),
    }
    await Topics(broker.admin, topic_prefix).send_to(FALLBACK, [Sent(b"no request", key=b"x")])
    log, settings = tmp_path / "fallback.log", {**broker.scram(user_of(FALLBACK_SERVICE)), **own}
    with ProcessorProcess(
        broker.admin, topic_prefix, tiny_bundle, log, LETTER_FALLBACK, "fallback", **settings
    ) as fallback:
        fallback.ready()
        done.add(FALLBACK_SERVICE)
        fallback.wait_for(lambda: fallback.metric("docmill_dead_letters_total", reason="invalid_event") == 1, "refused")
        assert fallback.terminate() == 0
    without_secrets(broker, fallback.log_text)
    own = {"DOCMILL_ARBITER_GROUP": f"{group}-arbiter", "DOCMILL_ARBITER_HTTP_PORT": "0"}
    reviews = await Topics(broker.admin, topic_prefix).read(REVIEW)
    asked = ReviewRequested.model_validate_json(reviews[0].value)
    decision = feedback(request_id=asked.request_id, revision=asked.revision, fields=())
    sent = Sent(decision.model_dump_json().encode(), key=asked.request_id.encode())
    await Topics(broker.admin, topic_prefix).send_to("documents.feedback", [sent])
    log, settings = tmp_path / "arbiter.log", {**broker.scram(user_of(ARBITER)), **own}
    with ProcessorProcess(broker.admin, topic_prefix, tiny_bundle, log, service="arbiter", **settings) as arbiter:
        arbiter.ready()
        done.add(ARBITER)
        arbiter.wait_for(lambda: arbiter.metric("docmill_decisions_total", outcome="accepted") == 1, "accepted")
        assert arbiter.terminate() == 0
    without_secrets(broker, arbiter.log_text)
    assert done == {what for what in subjects() if not what.startswith(REVIEW_COMMANDS)}
    text = without_secrets(broker, processor.log_text)
    assert f"Authenticated as {user} via SCRAM-SHA-512" in text  # so debug was on
    assert "configuration not checked: needs the right DescribeConfigs" in text


async def test_reviews_with_no_more_rights_than_the_page_lists(
    broker: SecuredBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """Each command as a user of its own, on a result whose text is on documents.received alone."""
    commands = [what for what in subjects() if what.startswith(REVIEW_COMMANDS)]
    await create_topics(load_settings(kafka_bootstrap_servers=broker.admin, topic_prefix=topic_prefix, partitions=2))
    for what in commands:
        await grant(broker.admin, user_of(what), rights(what), topic_prefix, "")
    topics, text = Topics(broker.admin, topic_prefix), examples.TEXT.encode()
    result = examples.PROCESSED.model_copy(update={"received_at": datetime.now(UTC) - timedelta(minutes=1)})
    request = [("ce_source", examples.SENDER.encode()), ("ce_id", examples.EVENT_ID.encode())]
    await topics.send([Sent(text, b"receipt-17", [*request, ("content-type", b"text/plain")])])
    await topics.send_to(PROCESSED, [Sent(result.model_dump_json().encode(), b"receipt-17")])
    done = set()

    async def run(what: str, *arguments: str) -> str:
        done.add(what)
        given = {**broker.scram(user_of(what)), "DOCMILL_TOPIC_PREFIX": topic_prefix}
        ran = await asyncio.to_thread(docmill, given, *what.removeprefix("docmill ").split(), *arguments)
        assert ran.returncode == 0, f"{what}: {ran.stdout}{ran.stderr}"
        return without_secrets(broker, ran.stdout + ran.stderr)

    request_id = examples.REQUEST_ID
    assert f"text from {topic_prefix}documents.received" in await run("docmill review open", request_id)
    assert request_id[:8] in await run("docmill review list")
    assert "TOTAL RM 41.50" in await run("docmill review show", request_id)
    own = {"DOCMILL_ARBITER_GROUP": f"{topic_prefix}arbiter", "DOCMILL_ARBITER_HTTP_PORT": "0"}
    with ProcessorProcess(broker.admin, topic_prefix, tmp_path, tmp_path / "log", service="arbiter", **own) as arbiter:
        arbiter.ready()
        assert "decided" in await run("docmill review decide", request_id, "--confirm", "--wait", "60")
    assert "1 of group receipt" in await run("docmill review export", str(tmp_path / "decided.jsonl"))
    assert done == set(commands)


async def test_a_certificate_is_a_user_too(
    broker: SecuredBroker, topic_prefix: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    """mTLS, with the rows that are good to have, and the key's password in a file."""
    group = f"{topic_prefix}processor"
    topics = Topics(broker.admin, topic_prefix)
    await topics.create()
    granted = [*rights(PROCESSOR), *rights(PROCESSOR, good_to_have=True)]
    await grant(broker.admin, MTLS_USER, granted, topic_prefix, group)
    await topics.send(MIXED)
    secret = tmp_path / "key-password"
    secret.write_text(f"{broker.key_password}\n", encoding="utf-8")
    settings = broker.mtls(DOCMILL_SSL_KEY_PASSWORD_FILE=str(secret))
    del settings["DOCMILL_SSL_KEY_PASSWORD"]
    with ProcessorProcess(broker.admin, topic_prefix, tiny_bundle, tmp_path / "log", **settings) as processor:
        outcomes = await topics.outcomes(3)
        assert processor.terminate() == 0
    assert [keys(outcomes[topic]) for topic in (PROCESSED, FALLBACK, REJECTED)] == [
        ["receipt-1"],
        ["contract"],
        ["bytes"],
    ]
    assert "not checked" not in without_secrets(broker, processor.log_text)


async def test_at_least_once_needs_no_transactional_id(
    broker: SecuredBroker, topic_prefix: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    """Nor documents.progress: the rows of the processor without those that the page says are not for this delivery."""
    delivery = "at_least_once"
    group, user = f"{topic_prefix}processor", user_of(PROCESSOR)
    topics = Topics(broker.admin, topic_prefix)
    await topics.create()
    needed = [row for row in rights(PROCESSOR) if row.note != f"not with `DOCMILL_DELIVERY={delivery}`"]
    assert [row.resource for row in rights(PROCESSOR) if row not in needed] == ["topic", "transactional id"]
    await grant(broker.admin, user, needed, topic_prefix, group)
    await topics.send(MIXED)
    settings = broker.scram(user, DOCMILL_DELIVERY=delivery)
    with ProcessorProcess(broker.admin, topic_prefix, tiny_bundle, tmp_path / "log", **settings) as processor:
        await topics.all_committed(group, len(MIXED))
        assert processor.terminate() == 0
    assert sum(map(len, (await topics.outcomes(0)).values())) == len(MIXED)


async def test_a_dry_run_of_redrive_may_not_put_back(broker: SecuredBroker, topic_prefix: str) -> None:
    """Its rows are less than those of redrive: with them nothing can go back."""
    what = "docmill redrive --dry-run"
    user, settings = user_of(what), {"DOCMILL_TOPIC_PREFIX": topic_prefix}
    await asyncio.to_thread(
        docmill, {"KAFKA_BOOTSTRAP_SERVERS": broker.admin, **settings}, "topics", "create", "--partitions", "1"
    )
    await grant(broker.admin, user, rights(what), topic_prefix, "")
    ran = await asyncio.to_thread(docmill, {**broker.scram(user), **settings}, "redrive", "--all")
    assert ran.returncode == 1, ran.stdout
    assert f"Write on transactional id {topic_prefix}docmill-redrive" in without_secrets(broker, ran.stderr)


async def test_a_password_that_changes_while_the_processor_runs(
    broker: SecuredBroker, topic_prefix: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    """Connections last; at the next one it is refused, says so and ends; with the new password nothing is lost."""
    group, new_password = f"{topic_prefix}processor", f"hush-{secrets.token_hex(12)}"
    topics = Topics(broker.admin, topic_prefix)
    await topics.create()
    await grant(broker.admin, ROTATED_USER, rights(PROCESSOR), topic_prefix, group)
    settings = broker.scram(ROTATED_USER, DOCMILL_BROKER_TIMEOUT_S="10")
    with ProcessorProcess(broker.admin, topic_prefix, tiny_bundle, tmp_path / "before", **settings) as before:
        before.ready()
        await topics.send([receipt(n, partition=n % 3) for n in range(9)])
        await topics.all_committed(group, 9)
        await change_password(broker.admin, ROTATED_USER, new_password)
        await topics.send([receipt(n, partition=n % 3) for n in range(9, 18)])
        await topics.all_committed(group, 18)
        before.process.send_signal(signal.SIGSTOP)  # so that it meets no silent broker, but one that refuses it
        await asyncio.to_thread(broker.restart)
        await topics.send([receipt(n, partition=n % 3) for n in range(18, 27)])
        before.process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(before.process.wait, PATIENCE_S) == 1
    [error] = [line for line in before.log_text.splitlines() if line.startswith("error: ")]
    assert f"does not take the user {ROTATED_USER} with this password" in error
    settings["DOCMILL_SASL_PASSWORD"] = new_password
    with ProcessorProcess(broker.admin, topic_prefix, tiny_bundle, tmp_path / "after", **settings) as after:
        await topics.all_committed(group, 27)
        assert after.terminate() == 0
    assert keys((await topics.outcomes(27))[PROCESSED]) == sorted(f"receipt-{n}" for n in range(27))
    assert new_password not in without_secrets(broker, before.log_text + after.log_text)


def lacking(row: Right, *, seen: bool) -> list[Right]:
    """The processor's rights without one row; `seen`: but with the right to describe what it is about."""
    others = [right for right in rights(PROCESSOR) if right != row]
    return [*others, replace(row, operations=("Describe",))] if seen else others


# What may not be described is as good as not there: one case of that will do.
@pytest.mark.parametrize(
    ("row", "seen"),
    [(rights(PROCESSOR)[0], False), *((row, True) for row in rights(PROCESSOR))],
    ids=lambda value: value.name if isinstance(value, Right) else {True: "seen", False: "unseen"}[value],
)
async def test_a_right_that_is_missing_is_named(
    broker: SecuredBroker, topic_prefix: str, tiny_bundle: Path, tmp_path: Path, row: Right, seen: bool
) -> None:
    """It ends at once, says what it lacks, and has committed nothing that depends on it."""
    group, user = f"{topic_prefix}processor", user_of(PROCESSOR)
    topics = Topics(broker.admin, topic_prefix)
    await topics.create(partitions=1)
    await grant(broker.admin, user, lacking(row, seen=seen), topic_prefix, group)
    await topics.send(MIXED)
    settings = broker.scram(user, DOCMILL_AUDIT_SHARE="1")  # so that each right is needed
    with ProcessorProcess(broker.admin, topic_prefix, tiny_bundle, tmp_path / "log", **settings) as processor:
        assert processor.process.wait(PATIENCE_S) == 1
    text = without_secrets(broker, processor.log_text)
    [error] = [line for line in text.splitlines() if line.startswith("error: ")]
    assert row.name.format(prefix=topic_prefix, group=group) in error
    assert "docs/security.md" in error or "this user has no right on it" in error
    assert text.count("Traceback") <= 1, text  # aiokafka's own, where its sender fails
    assert sum(map(len, (await topics.outcomes(0)).values())) == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"DOCMILL_SASL_PASSWORD": "hush-wrong"}, "does not take the user"),
        ({"DOCMILL_SASL_MECHANISM": "SCRAM-SHA-256"}, "has credentials for SCRAM-SHA-256"),
        ({"DOCMILL_SSL_CAFILE": "stranger.pem"}, "set DOCMILL_SSL_CAFILE to a PEM file with the authority that did"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "ELSEWHERE"}, "shows a certificate of another name"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "MTLS"}, "set DOCMILL_SSL_CERTFILE and DOCMILL_SSL_KEYFILE"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "CLEAR"}, "DOCMILL_SECURITY_PROTOCOL to what"),
        ({"DOCMILL_SECURITY_PROTOCOL": "SSL"}, "DOCMILL_SASL_USERNAME, DOCMILL_SASL_PASSWORD: without effect"),
    ],
    ids=["password", "mechanism", "authority", "name", "certificate", "protocol", "contradiction"],
)
def test_what_is_wrong_with_a_connection_is_said(broker: SecuredBroker, changed: dict[str, str], said: str) -> None:
    given = broker.scram(user_of("docmill tail"), **changed)
    if (listener := changed.get("KAFKA_BOOTSTRAP_SERVERS")) is not None:
        given["KAFKA_BOOTSTRAP_SERVERS"] = broker.at(listener)
    if (file := changed.get("DOCMILL_SSL_CAFILE")) is not None:
        given["DOCMILL_SSL_CAFILE"] = str(broker.folder / file)
    ran = docmill(given, "tail", "--timeout", "1")
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert said in ran.stderr
    assert "hush-" not in without_secrets(broker, ran.stdout + ran.stderr)


def test_the_processor_says_it_too_and_in_few_lines(broker: SecuredBroker, tiny_bundle: Path, tmp_path: Path) -> None:
    settings = broker.scram(user_of(PROCESSOR), DOCMILL_SASL_PASSWORD="hush-wrong", DOCMILL_LOG_LEVEL="debug")
    with ProcessorProcess(broker.admin, "", tiny_bundle, tmp_path / "log", **settings) as processor:
        assert processor.process.wait(PATIENCE_S) == 1
    text = without_secrets(broker, processor.log_text)
    assert "does not take the user run-processor" in text
    assert "hush-" not in text
    assert "Traceback" not in text
    assert len(text.splitlines()) < 5


@pytest.mark.parametrize(
    ("user", "changed"),
    [
        (SHA256_USER, {"DOCMILL_SASL_MECHANISM": "SCRAM-SHA-256"}),
        (PLAIN_USER, {"DOCMILL_SASL_MECHANISM": "PLAIN"}),
        ("publish", {"KAFKA_BOOTSTRAP_SERVERS": "ELSEWHERE", "DOCMILL_SSL_CHECK_HOSTNAME": "false"}),
        ("publish", {"KAFKA_BOOTSTRAP_SERVERS": "CLEAR", "DOCMILL_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}),
    ],
    ids=["sha256", "plain", "any-name", "clear"],
)
async def test_other_ways_in(
    broker: SecuredBroker, topic_prefix: str, tmp_path: Path, user: str, changed: dict[str, str]
) -> None:
    await Topics(broker.admin, topic_prefix).create(partitions=1)
    await grant(broker.admin, user, rights("docmill publish"), topic_prefix, "")
    given = broker.scram(user, **changed, DOCMILL_TOPIC_PREFIX=topic_prefix)
    if (listener := changed.get("KAFKA_BOOTSTRAP_SERVERS")) is not None:
        given["KAFKA_BOOTSTRAP_SERVERS"] = broker.at(listener)
    if given["DOCMILL_SECURITY_PROTOCOL"] == "SASL_PLAINTEXT":
        del given["DOCMILL_SSL_CAFILE"]
    (tmp_path / "a.txt").write_text(text_of("receipt", 1), encoding="utf-8")
    ran = await asyncio.to_thread(docmill, given, "publish", str(tmp_path / "a.txt"))
    assert ran.returncode == 0, ran.stderr
    assert "sent 1" in ran.stdout
