"""What a mailroom meets in its second year: records that kill, brokers that restart, replicas that come and go."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from docmill.local_kafka import embedded_broker
from tests.integration.processor_process import SOON_MISSED, ProcessorProcess, Start
from tests.integration.topics import FALLBACK, PROCESSED, REJECTED, Sent, Topics, header, keys, receipt
from tests.tiny_bundle import text_of

pytestmark = pytest.mark.kafka

ALTERED = "tests.integration.altered_processor"
DEADLY_TEXT = "do not open"
DEATHS_OF_A_KILLER = 1  # the next owner tries it in a child: trial.py
SLOW_TEXT = "take your time"
REPLICAS = 2


async def test_a_record_that_kills_the_process_costs_one_death(topics: Topics, start: Start) -> None:
    """Two replicas, restarted as Kubernetes would, however often they die."""
    killer = Sent(f"{text_of('receipt', 500)} {DEADLY_TEXT}".encode(), b"killer", partition=0)
    records = [receipt(n, partition=n % 3) for n in range(60)]
    await topics.send([*records[:30], killer, *records[30:]])

    def replica() -> ProcessorProcess:
        return start(module=ALTERED, TEST_DEADLY_TEXT=DEADLY_TEXT)

    replicas = [replica() for _ in range(REPLICAS)]
    deaths = 0
    try:
        async with asyncio.timeout(120):
            while len(await topics.read(REJECTED)) == 0:
                for number, one in enumerate(replicas):
                    if one.process.poll() is not None:
                        assert one.process.returncode == -9, one.log_text
                        deaths += 1
                        replicas[number] = replica()
                await asyncio.sleep(0.1)
        outcomes = await topics.outcomes(61)
        await topics.all_committed(f"{topics.prefix}processor", 61)
        for one in replicas:
            assert one.terminate() == 0
    finally:
        for one in replicas:
            one.process.kill()
    assert deaths == DEATHS_OF_A_KILLER
    (letter,) = outcomes[REJECTED]
    assert letter.key == b"killer"
    assert letter.value == killer.value
    assert header(letter, "docmill_reason") == "process_killed"
    assert set(keys(outcomes[PROCESSED])) == {f"receipt-{n}" for n in range(60)}


async def test_kills_at_the_same_slow_record_condemn_nobody(topics: Topics, start: Start) -> None:
    """As a liveness probe or a memory limit would kill, again and again, whoever reads this document."""
    slow = Sent(f"{text_of('receipt', 500)} {SLOW_TEXT}".encode(), b"slow", partition=0)
    await topics.send([slow, *(receipt(n, partition=0) for n in range(10))])
    for _ in range(4):
        with start(module=ALTERED, TEST_SLOW_S="60", **SOON_MISSED) as killed:
            killed.ready()
            killed.process.kill()
            killed.process.wait()
    with start() as processor:
        await topics.all_committed(f"{topics.prefix}processor", 11)
        assert processor.terminate() == 0
    assert await topics.read(REJECTED) == []
    assert set(keys(await topics.read(PROCESSED))) == {"slow", *(f"receipt-{n}" for n in range(10))}


async def test_a_zombie_moves_no_offset_back(topics: Topics, start: Start) -> None:
    """Frozen past its session while idle; meanwhile another replica does all there is, and leaves."""
    group = f"{topics.prefix}processor"
    await topics.send([receipt(n) for n in range(20)])
    with start() as zombie:
        zombie.ready()
        await topics.all_committed(group, 20)
        zombie.process.send_signal(signal.SIGSTOP)
        await topics.send([receipt(n) for n in range(20, 120)])
        with start() as other:
            await topics.all_committed(group, 120)
            assert other.terminate() == 0
        zombie.process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(60):
            while zombie.metric("docmill_rebalances_total") < 2:
                assert sum((await topics.committed(group)).values()) == 120
        await topics.send([receipt(120)])
        await topics.all_committed(group, 121)
        assert zombie.terminate() == 0
    # Before it learns that it is out it may work on a slice; what it sends is fenced.
    assert keys((await topics.outcomes(121))[PROCESSED]) == sorted(f"receipt-{n}" for n in range(121))


async def test_a_broker_that_restarts_costs_time_and_nothing_else(
    topic_prefix: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    """Killed while the processor works through a backlog; the same process goes on."""
    with embedded_broker(ephemeral=True) as broker:
        topics = Topics(broker.bootstrap_servers, topic_prefix)
        await topics.create()
        await topics.send([receipt(n) for n in range(300)])
        log = tmp_path / "processor.log"
        with ProcessorProcess(
            topics.bootstrap, topics.prefix, tiny_bundle, log, DOCMILL_MAX_SLICE_TOKENS="256"
        ) as processor:
            for kill in (broker.kill, broker.stop):
                consumed = processor.ready().metric("docmill_records_consumed_total")
                processor.wait_for(
                    lambda c=consumed: processor.metric("docmill_records_consumed_total") > c,  # type: ignore[misc]
                    "at work",
                )
                kill()
                broker.start()
                await topics.send([receipt(n) for n in range(300, 400)])
            await topics.all_committed(f"{topics.prefix}processor", 500)
            outcomes = await topics.outcomes(500)
            assert processor.terminate() == 0
    sent = [*range(400), *range(300, 400)]
    assert keys(outcomes[PROCESSED]) == sorted(f"receipt-{n}" for n in sent)
    assert outcomes[REJECTED] == []


async def test_the_poll_interval_holds_while_a_slice_takes_longer(topics: Topics, start: Start) -> None:
    """A member that does not poll in time leaves the group: its slice would be done again, for ever."""
    await topics.send(
        [Sent(f"{text_of('contract', n)} {SLOW_TEXT}".encode(), b"contract", partition=0) for n in range(4)]
    )
    with start(module=ALTERED, TEST_SLOW_S="2", DOCMILL_MAX_POLL_INTERVAL_MS="3000") as slow:
        slow.ready()
        await topics.all_committed(f"{topics.prefix}processor", 4)  # one slice of eight seconds
        assert slow.metric("docmill_slice_documents_count") == 1
        assert slow.metric("docmill_rebalances_total") == 1
        assert slow.terminate() == 0
    assert len(await topics.read(FALLBACK)) + len(await topics.read(PROCESSED)) == 4


async def test_thirty_joins_and_leaves_lose_nothing(topics: Topics, start: Start) -> None:
    """Ten times three replicas come and go beside one that stays; every third time one of them is killed."""
    group = f"{topics.prefix}processor"
    sent = killed = 0
    with start(DOCMILL_MAX_SLICE_TOKENS="256") as stays:
        stays.ready()
        for round_ in range(10):
            guests = [start(DOCMILL_MAX_SLICE_TOKENS="256", **SOON_MISSED) for _ in range(3)]
            await topics.send([receipt(n) for n in range(sent, sent + 60)])
            sent += 60
            for guest in guests:
                guest.ready()
            await topics.send([receipt(n) for n in range(sent, sent + 60)])
            sent += 60
            if round_ % 3 == 2:
                guests[0].process.kill()
                guests[0].process.wait()
                killed += 1
            for guest in guests[1 if round_ % 3 == 2 else 0 :]:
                assert guest.terminate() == 0, guest.log_text[-2000:]
        await topics.all_committed(group, sent)
        assert stays.terminate() == 0
    assert killed == 3
    counts = Counter(keys((await topics.outcomes(sent))[PROCESSED]))
    assert set(counts) == {f"receipt-{n}" for n in range(sent)}
    assert await topics.read(REJECTED) == []
