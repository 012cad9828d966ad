"""The oracle of load_tests/chaos.py can fail: each thing that it counts is done to a small read-out, and seen."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from load_tests.chaos_parts.ledger import ENTRIES_FILE, Entry, Expected, Ledger, LedgerWriter, read_ledger
from load_tests.chaos_parts.oracle import DEAD_LETTER_TOPIC, INPUT_TOPIC, NUMBER_HEADER, RESULT_TOPICS, Verdict, judge
from load_tests.chaos_parts.read_out import ReadRecord

WITNESS = ("ledger", "read_out", "oracle", "fallback_rules")
PROCESSED, FALLBACK = RESULT_TOPICS
POISON, NEVER_SENT = 5, 9
PATH = "inbox/001"
Change = Callable[[list[ReadRecord]], None]


def entry(number: int) -> Entry:
    expected = Expected.DEAD_LETTER if number == POISON else Expected.RESULT
    return Entry(number, PATH, 0, hashlib.sha256(content(number)).hexdigest(), expected)


def content(number: int) -> bytes:
    return b"" if number == POISON else f"document {number}".encode()


def received(number: int) -> ReadRecord:
    """At twice its number: offsets have gaps."""
    return ReadRecord(INPUT_TOPIC, 0, 2 * number, PATH.encode(), content(number), {NUMBER_HEADER: str(number)})


def result(number: int, topic: str = PROCESSED) -> ReadRecord:
    event = {"document_id": PATH, "content_sha256": hashlib.sha256(content(number)).hexdigest()}
    headers = {NUMBER_HEADER: str(number)}
    return ReadRecord(topic, 1, 3 * number, PATH.encode(), json.dumps(event).encode(), headers)


def dead_letter(number: int) -> ReadRecord:
    origin = {
        "docmill_origin_topic": INPUT_TOPIC,
        "docmill_origin_partition": "0",
        "docmill_origin_offset": str(2 * number),
        "docmill_reason": "empty_value",
    }
    headers = {NUMBER_HEADER: str(number), **origin}
    return ReadRecord(DEAD_LETTER_TOPIC, 1, number, PATH.encode(), content(number), headers)


def verdict_after(*changes: Change) -> Verdict:
    """Nine documents, one of them poison, one never acknowledged and never arrived; then something is done to them."""
    ledger = Ledger({number: entry(number) for number in range(10)}, frozenset(range(NEVER_SENT)))
    outcomes = [
        result(number, FALLBACK if number % 2 else PROCESSED) for number in range(NEVER_SENT) if number != POISON
    ]
    outcomes.append(dead_letter(POISON))
    for change in changes:
        change(outcomes)
    return judge(ledger, [received(number) for number in range(NEVER_SENT)], outcomes)


def at(outcomes: list[ReadRecord], number: int) -> int:
    return next(n for n, record in enumerate(outcomes) if record.headers[NUMBER_HEADER] == str(number))


def delete(outcomes: list[ReadRecord]) -> None:
    del outcomes[at(outcomes, 4)]


def double(outcomes: list[ReadRecord]) -> None:
    outcomes.append(replace(outcomes[at(outcomes, 4)], offset=100))


def alter_value(outcomes: list[ReadRecord]) -> None:
    outcomes[at(outcomes, 4)] = replace(result(4), value=result(6).value)


def cut_value(outcomes: list[ReadRecord]) -> None:
    outcomes[at(outcomes, 4)] = replace(result(4), value=b'{"document_id"')


def alter_key(outcomes: list[ReadRecord]) -> None:
    outcomes[at(outcomes, 4)] = replace(result(4), key=b"inbox/002")


def alter_number(outcomes: list[ReadRecord]) -> None:
    outcomes[at(outcomes, 4)] = replace(result(4), headers={NUMBER_HEADER: "77"})


def alter_dead_letter(outcomes: list[ReadRecord]) -> None:
    outcomes[at(outcomes, POISON)] = replace(dead_letter(POISON), value=b"x")


def alter_origin(outcomes: list[ReadRecord]) -> None:
    letter = dead_letter(POISON)
    headers = {**letter.headers, "docmill_origin_offset": "3"}
    outcomes[at(outcomes, POISON)] = replace(letter, headers=headers)


def swap(outcomes: list[ReadRecord]) -> None:
    one, other = at(outcomes, 4), at(outcomes, 6)
    first, second = outcomes[one], outcomes[other]
    outcomes[one], outcomes[other] = replace(second, offset=first.offset), replace(first, offset=second.offset)


def condemn(outcomes: list[ReadRecord]) -> None:
    outcomes[at(outcomes, 4)] = dead_letter(4)


def let_through(outcomes: list[ReadRecord]) -> None:
    outcomes[at(outcomes, POISON)] = result(POISON)


def test_what_is_right_holds() -> None:
    verdict = verdict_after()
    assert verdict.holds, verdict
    assert (verdict.accepted, verdict.unacknowledged, verdict.results) == (9, 1, 8)
    assert verdict.dead_letters == {"empty_value": 1}


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        (delete, {"lost": 1}),
        (double, {"duplicated": 1}),
        (alter_value, {"corrupt": 1}),
        (cut_value, {"corrupt": 1}),
        (alter_key, {"corrupt": 1}),
        (alter_number, {"corrupt": 1, "lost": 1}),
        (alter_dead_letter, {"corrupt": 1}),
        (alter_origin, {"corrupt": 1}),
        (swap, {"out of order within a path": 1}),
        (condemn, {"innocent dead letters": 1}),
        (let_through, {"poison let through": 1}),
    ],
)
def test_what_is_wrong_is_seen(change: Change, counted: dict[str, int]) -> None:
    verdict = verdict_after(change)
    assert not verdict.holds
    assert {name: count for name, count in verdict.faults.items() if count} == counted


def test_a_result_that_was_lost_and_another_doubled_are_not_even() -> None:
    def both(outcomes: list[ReadRecord]) -> None:
        double(outcomes)
        del outcomes[at(outcomes, 6)]

    verdict = verdict_after(both)
    assert (verdict.lost, verdict.duplicated) == ([6], [4])


def test_a_document_on_the_topic_needs_its_outcome_though_nobody_acknowledged_it() -> None:
    ledger = Ledger({0: entry(0), 1: entry(1)}, frozenset({0}))
    records = [received(0), received(1)]
    assert judge(ledger, records, [result(0), result(1)]).holds
    assert judge(ledger, records, [result(0)]).lost == [1]
    assert judge(ledger, records[:1], [result(0)]).holds


def test_an_accepted_document_that_is_not_even_on_the_topic_is_lost() -> None:
    assert judge(Ledger({0: entry(0)}, frozenset({0})), [], []).lost == [0]


def by_bundle(number: int, sha256: str) -> ReadRecord:
    """A result that names its bundle."""
    record = result(number)
    return replace(record, value=json.dumps({**json.loads(record.value or b""), "bundle": {"sha256": sha256}}).encode())


def test_who_decided_must_have_been_meant_to() -> None:
    ledger = Ledger({0: entry(0), 1: entry(1), POISON: entry(POISON)}, frozenset({0, 1, POISON}))
    records = [received(0), received(1), received(POISON)]
    outcomes = [by_bundle(0, "a"), by_bundle(1, "b"), dead_letter(POISON)]
    verdict = judge(ledger, records, outcomes, frozenset("ab"))
    assert verdict.holds, verdict
    assert verdict.bundles == {"a": 1, "b": 1}
    assert len(judge(ledger, records, outcomes, frozenset("a")).corrupt) == 1
    assert len(judge(ledger, records, [result(0), *outcomes[1:]], frozenset("ab")).corrupt) == 1  # it names none


def test_nothing_at_all_proves_nothing() -> None:
    assert not judge(Ledger({}, frozenset()), [], []).holds


def test_the_ledger_goes_on_and_cuts_off_what_was_never_whole(tmp_path: Path) -> None:
    with LedgerWriter(tmp_path) as writer:
        writer.write([entry(0), entry(POISON)])
        writer.acknowledge([0])
    with (tmp_path / ENTRIES_FILE).open("ab") as file:
        file.write(b'{"number": 6')
    with LedgerWriter(tmp_path) as writer:
        writer.write([entry(7)])
        writer.acknowledge([7])
    ledger = read_ledger(tmp_path)
    assert ledger.entries == {0: entry(0), POISON: entry(POISON), 7: entry(7)}
    assert ledger.acknowledged == {0, 7}


def test_the_witness_imports_nothing_of_docmill() -> None:
    imports = ", ".join(f"load_tests.chaos_parts.{module}" for module in WITNESS)
    code = f"import sys, {imports}; print([name for name in sys.modules if name.startswith('docmill')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
