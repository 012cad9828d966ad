"""Who went in and who came out, told by the records themselves: the fallback's own, and a processor's by hand."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docmill.fallback_service.holds import HOLD_S
from docmill.generator.client import Unavailable
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.read_paths import SourceDocument
from docmill.kafka.received_record import received_record
from load_tests.roll_call import Compared, RollCall
from tests.unit.fallback_service.fakes import Bench, FakeGenerator, bench, fine, record, request
from tests.unit.kafka.fakes import FakeRecord

DEFERRED, RESULTS, REVIEWS = "documents.fallback", "documents.processed", "documents.review"


@pytest.fixture
def of(tmp_path: Path) -> Iterator[Bench]:
    """A fallback that publishes fines, and asks people about the rest."""
    with bench(tmp_path, *(fine(f"f{n}") for n in range(3)), generator=FakeGenerator(), audit_share=1.0) as made:
        yield made


def as_record(topic: str, outgoing: OutgoingRecord) -> FakeRecord:
    return FakeRecord(outgoing.value, tuple(outgoing.headers), outgoing.key, topic)


def sent(id: str) -> FakeRecord:
    document = SourceDocument(id, b"text", "text/plain")
    return as_record("documents.received", received_record(document, "load", id, datetime.now(UTC)))


def deferred(id: str, text: str = "parking fine of 12 March") -> FakeRecord:
    return record(request(text, document_id=id, request_id=f"r-{id}"), topic=DEFERRED, key=id.encode())


def decided(of: Bench, *records: FakeRecord) -> list[FakeRecord]:
    """What the fallback publishes for these, audits too."""
    done = of.slices.process(records, False, lambda: False)
    return [as_record(one.topic, one) for resolved in done for one in resolved.publishes]


def by_the_model(of: Bench, id: str) -> list[FakeRecord]:
    """A result of the processor, and a review to audit it."""
    result, audit = decided(of, deferred(id))
    said = json.loads(result.value or b"") | {"decided_by": "model"}
    return [FakeRecord(json.dumps(said).encode(), result.headers, result.key, RESULTS), audit]


def dead_letter(id: str, origin: str) -> FakeRecord:
    said = {"request_id": f"r-{id}", "origin_topic": origin, "reason": "encrypted_document", "detail": "x"}
    headers = tuple((f"docmill_{name}", value.encode()) for name, value in said.items())
    return FakeRecord(b"as received", headers, id.encode(), "documents.rejected")


def rolled(*records: FakeRecord) -> RollCall:
    roll = RollCall()
    for one in records:
        roll.take(one.topic, one)
    return roll


def test_who_came_out_once_is_all_right_on_whatever_topic(of: Bench) -> None:
    unlike = deferred("review", "zzz")
    roll = rolled(
        *map(sent, ("model", "known", "review", "broken", "late")),
        *by_the_model(of, "model"),
        deferred("known"),
        *decided(of, deferred("known")),
        unlike,
        *decided(of, unlike),
        FakeRecord(None, (), b"r-review", REVIEWS),  # decided by somebody
        dead_letter("broken", "documents.received"),
        deferred("late"),
        dead_letter("late", "documents.fallback"),
    )
    assert (roll.fast_path, roll.fallback) == (Compared(5, (), (), ()), Compared(3, (), (), ()))
    assert (roll.fast_path.told(), roll.unreadable) == ("all once", 0)


def test_who_was_put_back_has_gone_in_once_and_not_come_out(of: Bench, tmp_path: Path) -> None:
    unlike = deferred("held", "zzz")
    (tmp_path / "away").mkdir()
    torn = [fine(f"torn-{label}", "zzz", label) for label in ("fine", "notice")]  # a word would count
    with bench(tmp_path / "away", *torn, generator=FakeGenerator(Unavailable.TIMEOUT)) as away:
        [back] = decided(away, unlike)
    assert back.topic == DEFERRED
    assert rolled(sent("held"), unlike, back).fallback == Compared(1, ("r-held",), (), ())
    of.now_s += HOLD_S
    assert rolled(sent("held"), unlike, back, *decided(of, back)).fallback == Compared(1, (), (), ())


def test_a_loss_and_a_double_do_not_make_up_for_each_other(of: Bench) -> None:
    both = [deferred("a"), deferred("b")]
    roll = rolled(sent("a"), sent("b"), *both, *decided(of, both[0]), *decided(of, both[0]))
    assert roll.fast_path.holds
    assert roll.fallback == Compared(2, ("r-b",), ("r-a",), ())
    assert not roll.fallback.holds
    assert roll.fallback.told() == "1 lost (r-b), 1 more than once (r-a)"


def test_on_the_fast_path_likewise_and_who_never_went_in_is_told(of: Bench) -> None:
    roll = rolled(sent("a"), sent("b"), deferred("a"), deferred("a"), *decided(of, deferred("stranger")))
    assert roll.fast_path == Compared(2, ("b",), ("a",), ())
    assert roll.fallback == Compared(2, ("r-a",), (), ("r-stranger",))


@pytest.mark.parametrize("topic", [DEFERRED, RESULTS, REVIEWS, "documents.received"])
def test_a_record_that_names_nobody_is_counted(topic: str) -> None:
    assert rolled(FakeRecord(b"{}", (), None, topic)).unreadable == 1
