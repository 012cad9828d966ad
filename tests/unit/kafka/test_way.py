"""Steps by hand to the way of a request, and to what it has come to."""

from datetime import UTC, datetime, timedelta

import pytest

from docmill.kafka.steps import (
    Asked,
    DeadLetter,
    Decision,
    Deferred,
    NoEvent,
    Processed,
    Received,
    ReviewEnded,
    Step,
    What,
)
from docmill.kafka.way import Group, State, Verdict, Way, clock, judge, length_of_time, ways

CAME = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
NOW = CAME + timedelta(hours=3)
RECEIVED = Received("text/plain", 8, "scanner", 1)
RESULT = Processed("receipt", 0.99, "model", 1, 3)
DEFERRED = Deferred("receipt", 0.5, ("missing_field",), ("total",))
ASKED = Asked(("undecided",), 1, "receipt", 0.6, ("document_type: no_neighbours",))
AUDIT = Asked(("audit",), 2, "receipt", 0.99, ())
BY_HUMAN = Processed("receipt", 1.0, "human", 1, 3)
LETTER = DeadLetter("no_text", "8 bytes hold no text", 1)
GROUP = Group("processors", {3: 5}, members=1)


def step(what: What, after_s: float = 0.0, request: str | None = "r", offset: int = 10, **other: object) -> Step:
    fields: dict[str, object] = {
        "at": CAME + timedelta(seconds=after_s),
        "topic": "documents.received" if isinstance(what, Received) else "documents.outcome",
        "partition": 3,
        "offset": offset,
        "request_id": request,
        "document_id": "d",
        "what": what,
        "received_at": None if isinstance(what, NoEvent) else CAME,
    }
    return Step(**(fields | other))  # type: ignore[arg-type]


def way(*steps: Step) -> Way:
    [found] = ways(steps)
    return found


def verdict(*steps: Step, group: Group | None = GROUP) -> Verdict:
    return judge(way(*steps), group, NOW)


def test_requests_are_kept_apart_the_oldest_first_their_steps_in_the_order_of_time() -> None:
    steps = [
        step(RESULT, 9, "late"),
        step(RECEIVED, 8, "late", correlation_id="c-2"),
        step(RECEIVED, 0, "early", offset=1),
        step(DEFERRED, 0, "early", traceparent="00-1"),
    ]
    early, late = ways(steps)
    assert (early.request_id, [s.what for s in early.steps]) == ("early", [RECEIVED, DEFERRED])
    assert (late.request_id, [s.what for s in late.steps]) == ("late", [RECEIVED, RESULT])
    assert (early.traceparent, early.correlation_id) == ("00-1", None)
    assert (late.traceparent, late.correlation_id) == (None, "c-2")


def test_the_documents_own_record_knows_its_id_best() -> None:
    found = way(step(RECEIVED, document_id="from JSON"), step(LETTER, 1, document_id="from the key"))
    assert found.document_id == "from JSON"


def test_times_count_from_the_documents_own_record_or_from_what_its_outcome_says_of_it() -> None:
    result = step(RESULT, 1.5)
    assert way(step(RECEIVED), result).after_received_s(result) == 1.5
    assert way(result).after_received_s(result) == 1.5
    odd = step(NoEvent("what?"), 1.5)
    assert way(odd).after_received_s(odd) is None


def test_straight_through() -> None:
    assert verdict(step(RECEIVED), step(RESULT, 0.21)) == Verdict(State.PUBLISHED, "straight through in 0.21 s")
    assert verdict(step(RESULT, 0.21)).text == "straight through in 0.21 s"  # its own record is past its retention


def test_clocks_that_differ_give_no_time() -> None:
    assert verdict(step(RECEIVED), step(RESULT, -4)).text == "straight through (the senders' clocks differ)"


def test_waiting_in_the_fallback() -> None:
    told = verdict(step(RECEIVED), step(DEFERRED, 3600))
    assert told.state is State.IN_FALLBACK
    assert told.text == f"waits in the fallback since {clock(CAME + timedelta(hours=1))} (2 h)"


def test_a_document_that_a_person_is_asked_about_waits_for_that_person_and_not_in_the_fallback() -> None:
    told = verdict(step(RECEIVED), step(DEFERRED, 1), step(ASKED, 3600))
    assert told.state is State.IN_REVIEW
    assert told.text == f"a person is asked (undecided) since {clock(CAME + timedelta(hours=1))} (2 h), revision 1"
    assert verdict(step(ASKED, 3600)).state is State.IN_REVIEW  # all else is past its retention


@pytest.mark.parametrize(("revision", "after_s", "is_of_it"), [(1, 5400, True), (2, 5400, False), (1, 1800, False)])
def test_a_decision_that_the_arbiter_has_not_come_to_is_told(revision: int, after_s: float, is_of_it: bool) -> None:
    sent = Decision("receipt", revision, 3, "anna")
    told = verdict(step(RECEIVED), step(DEFERRED, 1), step(ASKED, 3600), step(sent, after_s))
    assert told.state is State.IN_REVIEW
    note = f"; a decision was sent on {clock(CAME + timedelta(seconds=after_s))}: `docmill run arbiter` has not come"
    assert (note in told.text) is is_of_it


def test_a_decided_review_is_a_result_like_any_other() -> None:
    steps = (
        step(RECEIVED),
        step(DEFERRED, 1),
        step(ASKED, 3, offset=4),
        step(Decision("receipt", 1, 3, None), 59),
        step(BY_HUMAN, 60),
        step(ReviewEnded(), 60, offset=5),
    )
    assert verdict(*steps) == Verdict(State.PUBLISHED, "decided by human in 1 min")
    assert [type(s.what).__name__ for s in way(*reversed(steps)).steps][-2:] == ["Processed", "ReviewEnded"]


def test_the_end_of_a_review_that_is_hidden_for_a_moment_is_known_by_the_result_of_a_person() -> None:
    assert verdict(step(ASKED, 3), step(BY_HUMAN, 60)) == Verdict(State.PUBLISHED, "decided by human in 1 min")
    of_another_revision = Processed("receipt", 1.0, "human", 2, 3)
    correction = Asked(("correction",), 3, "receipt", 1.0, ())
    assert "revision 3" in verdict(step(of_another_revision, 9), step(correction, 10)).text


def test_an_audit_that_is_open_is_told_beside_the_result_and_one_that_is_decided_is_not() -> None:
    since = clock(CAME + timedelta(hours=1))
    told = verdict(step(RECEIVED), step(RESULT, 0.21), step(AUDIT, 3600, offset=4))
    assert told.state is State.PUBLISHED
    assert told.text == f"straight through in 0.21 s; an audit of it is open since {since} (2 h), revision 2"
    human = Processed("receipt", 1.0, "human", 2, 3)
    ended = (step(human, 7200), step(ReviewEnded(), 7200, offset=5))
    assert verdict(step(RESULT, 0.21), step(AUDIT, 3600, offset=4), *ended).text == "decided by human in 2 h"
    again = verdict(step(RESULT, 0.21), step(AUDIT, 9000, offset=6), *ended)  # the document was sent again
    assert again.text.startswith("decided by human in 2 h; an audit of it is open since ")


def test_a_result_that_is_held_for_wrong_says_so() -> None:
    correction = Asked(("correction",), 2, "receipt", 0.99, ())
    told = verdict(step(RESULT, 1), step(correction, 3600))
    assert "; a person is asked about it (correction) since " in told.text


def test_a_review_that_was_opened_too_late_asks_for_nothing() -> None:
    correction = Asked(("correction",), 2, "receipt", 0.99, (), opened_late=True)
    told = verdict(step(RESULT, 1), step(correction, 3600))
    assert told.text.endswith("), revision 2, opened too late: a decision only ends it")


def test_copies_of_a_result_are_to_be_told_apart_by_their_revision_too() -> None:
    told = verdict(step(RECEIVED), step(RESULT, 1), step(RESULT, 2, offset=11))
    assert [note.endswith("count one for each (request_id, decided_by, revision)") for note in told.notes] == [True]


def test_a_review_that_ended_is_decided_though_the_result_is_gone() -> None:
    told = verdict(step(DEFERRED, 1), step(ASKED, 3, offset=4), step(ReviewEnded(), 60, offset=5))
    assert told.state is State.PUBLISHED
    assert told.text.startswith(f"decided by human on {clock(CAME + timedelta(minutes=1))}; the result is past")
    assert verdict(step(ReviewEnded(), 60), step(DEFERRED, 61)).state is State.IN_FALLBACK  # it was sent again
    assert verdict(step(ReviewEnded(), 60), step(RECEIVED, 61)).state is State.WAITING


def test_a_decision_alone_is_told_as_such() -> None:
    told = verdict(step(Decision("receipt", 1, 3, None), document_id=""))
    assert (told.state, told.text) == (State.NO_OUTCOME, "a decision on it is all that is on the topics")


def test_what_does_not_name_the_document_names_no_way() -> None:
    found = way(step(ASKED, 1, document_id="d-7"), step(ReviewEnded(), 2, document_id=""))
    assert found.document_id == "d-7"
    assert way(step(ReviewEnded(), 2, document_id="")).document_id == ""


def test_what_the_fallback_could_not_read_is_a_dead_letter_and_waits_for_nothing() -> None:
    letter = DeadLetter("internal_error", "unexpected exception", 1)
    assert verdict(step(RECEIVED), step(DEFERRED, 1), step(letter, 2)).state is State.REJECTED
    assert verdict(step(RECEIVED), step(letter, 1), step(DEFERRED, 2)).state is State.IN_FALLBACK  # it was put back


def test_decided_after_the_fallback() -> None:
    decided = Processed("receipt", 0.8, "retrieval", 2, 3)
    assert verdict(step(RECEIVED), step(DEFERRED, 1), step(decided, 184)) == Verdict(
        State.PUBLISHED, "decided by retrieval in 3 min 4 s"
    )


def test_the_latest_revision_counts_not_the_latest_record() -> None:
    human = Processed("receipt", 1.0, "human", 3, 3)
    assert verdict(step(RECEIVED), step(human, 60), step(RESULT, 90)).text == "decided by human in 1 min"


def test_a_dead_letter() -> None:
    told = verdict(step(RECEIVED), step(LETTER, 1))
    assert told.state is State.REJECTED
    assert told.text.startswith("dead letter: no_text: 8 bytes hold no text. ")
    assert "redrive" in told.text


def test_a_redriven_document_is_under_way_again() -> None:
    again = step(Received("text/plain", 8, "scanner", 2), 60, offset=20)
    told = verdict(step(RECEIVED), step(LETTER, 1), again)
    assert (told.state, told.notes) == (State.WAITING, ())
    assert verdict(step(RECEIVED), step(LETTER, 1), again, step(RESULT, 61)).state is State.PUBLISHED
    second = step(DeadLetter("no_text", "still", 2), 61)
    assert verdict(step(RECEIVED), step(LETTER, 1), again, second).text.startswith("dead letter: no_text: still")


@pytest.mark.parametrize(
    ("group", "told"),
    [
        (Group("g", {3: 10}, 1), "received, no outcome yet: it is the next record that g reads of partition 3"),
        (Group("g", {3: 9}, 1), "received, no outcome yet: g has 1 record of partition 3 to read before it"),
        (Group("g", {3: 4, 1: 99}, 1), "received, no outcome yet: g has 6 records of partition 3 to read before it"),
        (Group("g", {1: 99}, 1), "received, no outcome yet: g has committed nothing on partition 3 so far"),
    ],
)
def test_a_document_that_waits_says_for_what(group: Group, told: str) -> None:
    assert verdict(step(RECEIVED), group=group) == Verdict(State.WAITING, told)


def test_a_group_without_a_processor_is_named() -> None:
    told = verdict(step(RECEIVED), group=Group("g", {}, 0))
    assert told.state is State.WAITING
    assert "no processor runs in that group: start one with `docmill run processor`" in told.text


def test_a_document_that_was_passed_without_an_outcome_is_not_called_waiting() -> None:
    told = verdict(step(RECEIVED), group=Group("g", {3: 11}, 1))
    assert told.state is State.NO_OUTCOME
    assert "g has committed past it (offset 11 of partition 3)" in told.text


def test_without_the_right_to_see_the_group_nothing_is_claimed() -> None:
    told = verdict(step(RECEIVED), group=None)
    assert told.state is State.NO_OUTCOME
    assert "DescribeGroup" in told.text


def test_of_a_document_sent_twice_the_later_record_is_the_one_that_waits() -> None:
    told = verdict(step(RECEIVED, offset=2), step(RECEIVED, 5, offset=7), group=Group("g", {3: 5}, 1))
    assert "g has 2 records of partition 3 to read before it" in told.text
    assert told.notes == ("received 2 times with the same ce_source and ce_id: its sender sent it again",)


def test_a_result_delivered_twice_is_named_as_such() -> None:
    told = verdict(step(RECEIVED), step(RESULT, 1), step(RESULT, 2, offset=11))
    assert told.text == "straight through in 1.00 s"
    [note] = told.notes
    assert note.startswith("result of model (revision 1) published 2 times: under at_least_once")
    deferred = verdict(step(RECEIVED), step(DEFERRED, 1), step(DEFERRED, 2))
    assert deferred.notes[0].startswith("handed to the fallback 2 times: ")
    letters = verdict(step(RECEIVED), step(LETTER, 1), step(LETTER, 2))
    assert letters.notes[0].startswith("dead letter of attempt 1 published 2 times: ")


def test_two_results_of_a_document_sent_twice_are_no_redelivery() -> None:
    told = verdict(step(RECEIVED), step(RECEIVED, 1, offset=11), step(RESULT, 2), step(RESULT, 3))
    assert told.notes == ("received 2 times with the same ce_source and ce_id: its sender sent it again",)


def test_revisions_are_no_duplicates() -> None:
    steps = [step(RECEIVED), step(RESULT, 1), step(Processed("receipt", 0.8, "retrieval", 2, 3), 2)]
    assert verdict(*steps).notes == ()


def test_a_record_that_is_no_event() -> None:
    told = verdict(step(NoEvent("not a processed event: ValueError"), request=None))
    assert told.state is State.UNREADABLE
    assert told.text.endswith("not a processed event: ValueError")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0.00 s"),
        (0.214, "0.21 s"),
        (12.34, "12.3 s"),
        (60, "1 min"),
        (184.9, "3 min 4 s"),
        (3600, "1 h"),
        (2 * 3600 + 200, "2 h 3 min"),
        (86_400 * 3 + 3600 * 5, "3 d 5 h"),
    ],
)
def test_lengths_of_time(seconds: float, told: str) -> None:
    assert length_of_time(seconds) == told
