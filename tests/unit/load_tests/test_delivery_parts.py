"""The pure parts of `make bench`: turns and pairs, /proc, the spreading of a backlog, the trickle, the tables."""

import os
import socket
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

from docmill.kafka.outcomes import OutcomeKind
from docmill.load.documents import LoadDocument
from docmill.load.machine import Machine
from load_tests.delivery_parts.backlog import spread_over
from load_tests.delivery_parts.commits import CommitCost
from load_tests.delivery_parts.membership import Change, Holding, Trickle
from load_tests.delivery_parts.pairs import (
    AT_LEAST_ONCE,
    DELIVERIES,
    EXACTLY_ONCE,
    DeliveryName,
    Round,
    Spread,
    medians,
    pair_up,
    ratios,
    spread,
    transaction_cost,
    turns,
)
from load_tests.delivery_parts.proc import (
    TICKS,
    connections_to,
    cpu_seconds,
    main_thread_cpu_seconds,
    parse_autogroup,
    parse_stat,
    parse_status,
    parse_tcp,
    resident_bytes,
    share_priority,
)
from load_tests.delivery_parts.processors import parse_sample
from load_tests.delivery_parts.report import DeliveryReport, LoadResult, print_report
from load_tests.report import write_report

linux = pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="reads /proc of Linux")
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 0100007F:C001 0100007F:2384 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0 20 4 30 10 -1
   2: 0100007F:C002 0100007F:2384 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0 20 4 30 10 -1
   3: 0100007F:2384 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 14 1 0 20 4 30 10 -1
   4: 0100007F:C003 0100007F:2384 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
"""


def round_of(delivery: DeliveryName, seconds: float, cpu_s: float = 4.0) -> Round:
    return Round(delivery, documents=100, seconds=seconds, cpu_s=cpu_s, loop_cpu_s=0.1, broker_cpu_s=1.0, slices=10)


def test_turns_are_balanced_and_every_other_block_begins_with_the_other_delivery() -> None:
    for block in (0, 1):
        order = turns(block)
        assert order[0] == DELIVERIES[block]
        places = [[n for n, delivery in enumerate(order) if delivery == one] for one in DELIVERIES]
        # Neither a drift nor one that bends favours anybody: sums of places and of their squares are the same.
        assert sum(places[0]) == sum(places[1])
        assert sum(n * n for n in places[0]) == sum(n * n for n in places[1])
        pair_up([round_of(delivery, 1.0) for delivery in order])  # each with the other one


def test_ratios_are_of_neighbours_whichever_came_first() -> None:
    rounds = [
        round_of(EXACTLY_ONCE, 16.0),
        round_of(AT_LEAST_ONCE, 8.0),
        round_of(AT_LEAST_ONCE, 20.0),
        round_of(EXACTLY_ONCE, 20.0),
    ]
    assert ratios(rounds, lambda r: r.documents_per_s) == Spread(0.75, 0.5, 1.0)
    assert medians(rounds, AT_LEAST_ONCE, lambda r: r.seconds) == Spread(14.0, 8.0, 20.0)


def test_a_transaction_costs_what_its_event_loop_and_its_broker_take_more() -> None:
    plain = Round(AT_LEAST_ONCE, 100, seconds=8.0, cpu_s=9.0, loop_cpu_s=0.1, broker_cpu_s=1.0, slices=10)
    transactional = Round(EXACTLY_ONCE, 100, seconds=8.0, cpu_s=99.0, loop_cpu_s=0.12, broker_cpu_s=1.08, slices=10)
    cost = transaction_cost([transactional, plain])
    assert cost.worker_ms == pytest.approx(2.0)
    assert cost.broker_ms == pytest.approx(8.0)
    assert cost.worker_share == pytest.approx(2.0 / 900.0)
    assert cost.both_share == pytest.approx(10.0 / 1000.0)


@pytest.mark.parametrize("deliveries", [[EXACTLY_ONCE, EXACTLY_ONCE], [EXACTLY_ONCE]])
def test_what_is_no_pair_is_refused(deliveries: list[DeliveryName]) -> None:
    with pytest.raises(ValueError, match=r"no pair|shorter"):
        pair_up([round_of(delivery, 1.0) for delivery in deliveries])


def test_the_median_of_an_even_number_lies_between() -> None:
    assert spread([3.0, 1.0, 2.0, 4.0]) == Spread(2.5, 1.0, 4.0)


def test_processor_time_is_found_behind_a_name_of_any_kind() -> None:
    numbers = " ".join(["S", *map(str, range(1, 11)), str(3 * TICKS), str(TICKS), "7", "8"])
    assert parse_stat(f"4711 (a) b (c d) {numbers}\n") == 4.0


def test_resident_memory_is_given_in_kib() -> None:
    assert parse_status("Name:\tpython\nVmHWM:\t  2048 kB\nVmRSS:\t   1024 kB\n") == 1024 * 1024
    with pytest.raises(ValueError, match="ended"):
        parse_status("Name:\tzombie\n")


def test_connections_are_established_and_go_to_the_port() -> None:
    assert parse_tcp(TCP, 0x2384) == {12, 13}
    assert parse_tcp(TCP, 0xC001) == {14}


def test_the_priority_of_a_session() -> None:
    assert parse_autogroup("/autogroup-644 nice -15\n") == -15
    assert parse_autogroup("/autogroup-1 nice 0\n") == 0


def test_a_process_of_no_group_has_no_priority_to_share(tmp_path: Path) -> None:
    """As in the containers of some CI systems, where the file is there and empty."""
    assert parse_autogroup("") is None
    for pid in ("self", "4711"):
        (tmp_path / pid).mkdir()
    (tmp_path / "self" / "autogroup").write_text("")
    share_priority(4711, tmp_path)
    assert not (tmp_path / "4711" / "autogroup").exists()
    (tmp_path / "self" / "autogroup").write_text("/autogroup-644 nice -11\n")
    share_priority(4711, tmp_path)
    assert (tmp_path / "4711" / "autogroup").read_text() == "-11"


@linux
def test_a_process_sees_its_own_connections_and_nobody_elses() -> None:
    pid = os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert connections_to(pid, port) == 0
        with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            assert connections_to(pid, port) == 2
            assert connections_to(os.getppid(), port) == 0
    assert cpu_seconds(pid) >= main_thread_cpu_seconds(pid) > 0
    assert resident_bytes(pid) > 1024 * 1024


def test_a_backlog_is_spread_evenly_and_whole() -> None:
    documents = [LoadDocument("receipts", b"x" * size, "text/plain", size) for size in (500, 1, 2, 3, 490, 10, 9, 30)]
    backlog = spread_over(documents, 3, Random(1))
    assert sorted(len(d.content) for of_one in backlog for d in of_one) == sorted(len(d.content) for d in documents)
    assert [sum(len(d.content) for d in of_one) for of_one in backlog] == [500, 490, 55]
    assert backlog == spread_over(documents, 3, Random(1))


def test_documents_alike_are_spread_over_all_partitions() -> None:
    backlog = spread_over([LoadDocument("receipts", b"", "text/plain", 0)] * 64, 64, Random(1))
    assert [len(of_one) for of_one in backlog] == [1] * 64


def test_the_longest_wait_is_that_of_documents_sent_in_between() -> None:
    trickle = Trickle()
    for index, (sent_s, came_s) in enumerate([(1.0, 9.0), (2.0, 2.5), (3.0, 4.5), (5.0, 9.0)]):
        trickle.sent(index, sent_s)
        trickle.came(str(index).encode(), OutcomeKind.FALLBACK, came_s)
    trickle.came(b"1", OutcomeKind.PROCESSED, 100.0)  # decided again
    assert trickle.longest_wait_s(2.0, 4.0) == 1.5
    assert trickle.longest_wait_s(6.0, 7.0) == 0.0
    trickle.sent(4, 10.0)
    assert trickle.waiting() == [4]


def test_a_sample_is_found_by_its_whole_name() -> None:
    page = "docmill_rebalances_total 3.0\nother_docmill_slices 1.0\ndocmill_slices 2e1\n"
    assert parse_sample(page, "docmill_slices") == 20.0
    with pytest.raises(LookupError):
        parse_sample(page, "docmill_slice")


def test_the_report_says_what_the_ratio_is_and_is_written_whole(tmp_path: Path) -> None:
    change = Change(3.1, 1.5, 0.7)
    report = DeliveryReport(
        docmill="1",
        bundle="mailroom-en 1",
        at=datetime(2026, 11, 28, tzinfo=UTC),
        command="python -m load_tests.bench_delivery",
        machine=Machine("a CPU", 2, (), "Linux"),
        threads=2,
        load_average=(1.0, 1.0, 1.0),
        load_average_after=(2.0, 2.0, 2.0),
        loads=(
            LoadResult(
                name="mail",
                mix="receipts=1",
                documents=100,
                partitions=6,
                mean_characters=700.0,
                rounds=(round_of(EXACTLY_ONCE, 10.0), round_of(AT_LEAST_ONCE, 9.9)),
            ),
        ),
        commits=(CommitCost(EXACTLY_ONCE, 8, 2.5, 4.0, 5.0), CommitCost(AT_LEAST_ONCE, 8, 1.2, 1.0, 3.0)),
        holdings=(Holding(EXACTLY_ONCE, 64, 130, 164.0, 172.0, change, change, 0),),
    )
    text = StringIO()
    print_report(Console(file=text, width=200), report)
    assert "mail: exactly_once does 0.990 of the documents/s of at_least_once" in text.getvalue()
    assert "130" in text.getvalue()
    path = tmp_path / "delivery.json"
    write_report(report, path, indent=1)
    assert DeliveryReport.model_validate_json(path.read_bytes()) == report
