"""What the oracle holds the fallback to: each thing that it counts is done to a small read-out, and seen."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from load_tests.chaos_parts.fallback_rules import FALLBACK, HELD_HEADER, PROCESSED_TOPIC, REQUESTS_TOPIC, REVIEW_TOPIC
from load_tests.chaos_parts.ledger import Entry, Expected, Ledger
from load_tests.chaos_parts.oracle import DEAD_LETTER_TOPIC, NUMBER_HEADER, Verdict, judge
from load_tests.chaos_parts.read_out import ReadRecord

PATH, NUMBERS = "inbox/001", range(8)
POISON, WAITED = 5, 3  # no request; put back twice, and into another partition than it was sent to
REVIEWED = (2, WAITED)
END = {0: 100, 1: 100}  # up to where all was read


def request(number: int) -> bytes:
    if number == POISON:
        return b"no request"
    text = f"text {number}"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    said = {
        "request_id": f"{number:032x}",
        "document_id": PATH,
        "content_sha256": sha256,
        "text_sha256": sha256,
        "text": text,
    }
    return json.dumps(said | {"reasons": ["unfamiliar_document"]}).encode()


def entry(number: int) -> Entry:
    expected = Expected.DEAD_LETTER if number == POISON else Expected.RESULT
    return Entry(number, PATH, 0, hashlib.sha256(request(number)).hexdigest(), expected)


def sent(number: int) -> ReadRecord:
    headers = {NUMBER_HEADER: str(number)}
    return ReadRecord(REQUESTS_TOPIC, 0, number, PATH.encode(), request(number), headers)


def put_back(number: int, offset: int) -> ReadRecord:
    headers = {NUMBER_HEADER: str(number), HELD_HEADER: "1000", "docmill_not_before": "3000"}
    return replace(sent(number), partition=1, offset=offset, headers=headers)


def result(number: int) -> ReadRecord:
    event = {**json.loads(request(number)), "revision": 1}
    headers = {NUMBER_HEADER: str(number)}
    return ReadRecord(PROCESSED_TOPIC, 1, 3 * number, PATH.encode(), json.dumps(event).encode(), headers)


def review(number: int) -> ReadRecord:
    return replace(result(number), topic=REVIEW_TOPIC, key=f"{number:032x}".encode())


def dead_letter(number: int) -> ReadRecord:
    origin = {"topic": REQUESTS_TOPIC, "partition": "0", "offset": str(number)}
    headers = {f"docmill_origin_{name}": value for name, value in origin.items()}
    return replace(sent(number), topic=DEAD_LETTER_TOPIC, headers={NUMBER_HEADER: str(number), **headers})


@dataclass
class ReadOut:
    """All topics as they must be after a run: eight requests, one of them none, one put back twice."""

    inputs: list[ReadRecord] = field(
        default_factory=lambda: [*map(sent, NUMBERS), put_back(WAITED, 4), put_back(WAITED, 8)]
    )
    outcomes: dict[int, ReadRecord] = field(
        default_factory=lambda: {
            n: dead_letter(n) if n == POISON else review(n) if n in REVIEWED else result(n) for n in NUMBERS
        }
    )
    further: list[ReadRecord] = field(default_factory=list)  # outcomes too many
    committed: dict[int, int] = field(default_factory=lambda: dict(END))

    def verdict(self) -> Verdict:
        ledger = Ledger({number: entry(number) for number in NUMBERS}, frozenset(NUMBERS))
        outcomes = [*self.outcomes.values(), *self.further]
        return judge(ledger, self.inputs, outcomes, None, FALLBACK, self.committed)


Change = Callable[[ReadOut], None]


def lose_result(of: ReadOut) -> None:
    del of.outcomes[4]


def lose_waiting(of: ReadOut) -> None:
    """Its last copy was read, and nothing came of it."""
    del of.outcomes[WAITED]


def double_result(of: ReadOut) -> None:
    of.further.append(replace(result(4), offset=99))


def double_review(of: ReadOut) -> None:
    of.further.append(replace(review(2), offset=99))


def decide_and_ask(of: ReadOut) -> None:
    """Once by the index, once by a person: of one request that is one outcome too many."""
    of.further.append(replace(review(4), offset=99))


def leave_waiting(of: ReadOut) -> None:
    """A second copy of what has its outcome already: it would come out again."""
    of.inputs.append(put_back(WAITED, 100))


def never_read(of: ReadOut) -> None:
    del of.outcomes[WAITED]
    of.committed[1] = 8


def nobody_read(of: ReadOut) -> None:
    of.committed.clear()


def alter_text(of: ReadOut) -> None:
    event = {**json.loads(request(4)), "text": "text 6"}
    of.outcomes[4] = replace(result(4), value=json.dumps(event).encode())


def alter_request_id(of: ReadOut) -> None:
    event = {**json.loads(request(4)), "request_id": f"{6:032x}"}
    of.outcomes[4] = replace(result(4), value=json.dumps(event).encode())


def without_text(of: ReadOut) -> None:
    event = json.loads(request(4))
    del event["text"]
    of.outcomes[4] = replace(result(4), value=json.dumps(event).encode())


def swap_values(of: ReadOut) -> None:
    of.outcomes[4] = replace(result(4), value=result(6).value)


def alter_key(of: ReadOut) -> None:
    of.outcomes[2] = replace(review(2), key=PATH.encode())


def end_review(of: ReadOut) -> None:
    """A record without a value, which means that a person decided."""
    of.outcomes[2] = replace(review(2), value=None)


def alter_waiting(of: ReadOut) -> None:
    of.inputs[-1] = replace(of.inputs[-1], value=request(4))


def alter_waiting_key(of: ReadOut) -> None:
    of.inputs[-1] = replace(of.inputs[-1], key=b"inbox/002")


def wait_as_nobody(of: ReadOut) -> None:
    of.inputs[-1] = replace(of.inputs[-1], headers={HELD_HEADER: "1000"})


def condemn(of: ReadOut) -> None:
    of.outcomes[4] = dead_letter(4)


def swap_places(of: ReadOut) -> None:
    of.outcomes[4], of.outcomes[6] = replace(result(4), offset=18), replace(result(6), offset=12)


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        (lose_result, {"lost": 1}),
        (lose_waiting, {"lost": 1}),
        (double_result, {"duplicated": 1}),
        (double_review, {"duplicated": 1}),
        (decide_and_ask, {"duplicated": 1}),
        (leave_waiting, {"left waiting": 1}),
        (never_read, {"lost": 1, "left waiting": 1}),
        (nobody_read, {"left waiting": 2}),
        (alter_text, {"corrupt": 1}),
        (alter_request_id, {"corrupt": 1}),
        (without_text, {"corrupt": 1}),
        (swap_values, {"corrupt": 1}),
        (alter_key, {"corrupt": 1}),
        (end_review, {"corrupt": 1}),
        (alter_waiting, {"corrupt": 1}),
        (alter_waiting_key, {"corrupt": 1}),
        (wait_as_nobody, {"corrupt": 1}),
        (condemn, {"innocent dead letters": 1}),
        (swap_places, {"out of order within a path": 1}),
    ],
)
def test_what_is_wrong_is_seen(change: Change, counted: dict[str, int]) -> None:
    read_out = ReadOut()
    change(read_out)
    verdict = read_out.verdict()
    assert not verdict.holds
    assert {name: count for name, count in verdict.faults.items() if count} == counted


def test_what_is_right_holds_and_what_was_put_back_is_no_outcome() -> None:
    verdict = ReadOut().verdict()
    assert verdict.holds, verdict
    assert (verdict.accepted, verdict.records, verdict.put_back, verdict.results) == (8, 8, 2, 7)
    assert verdict.results_by_topic == {PROCESSED_TOPIC: 5, REVIEW_TOPIC: 2}
    assert sum(verdict.dead_letters.values()) == 1


def test_what_waited_has_no_place_among_the_others() -> None:
    read_out = ReadOut()
    read_out.outcomes[WAITED] = replace(result(WAITED), offset=50)
    assert read_out.verdict().holds


def test_without_those_that_waited_the_header_is_not_looked_for() -> None:
    """The processor puts nothing back: whoever sets that header on its input is a sender like any other."""
    document = ReadRecord("documents.received", 0, 0, PATH.encode(), b"x", {NUMBER_HEADER: "0", HELD_HEADER: "1"})
    ledger = Ledger({0: Entry(0, PATH, 0, hashlib.sha256(b"x").hexdigest(), Expected.RESULT)}, frozenset({0}))
    verdict = judge(ledger, [document], [])
    assert (verdict.records, verdict.put_back, verdict.lost) == (1, None, [0])
    assert "left waiting" not in verdict.faults
