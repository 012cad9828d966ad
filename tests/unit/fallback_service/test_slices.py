"""A slice of documents.fallback: what each request comes to, and what the metrics learn of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import AbandonedError, IndexUnavailableError
from docmill.fallback_service.generators import Answered
from docmill.fallback_service.holds import (
    CLOCKS_S,
    EARLY_PER_S,
    EARLY_PER_S_BEFORE_OTHERS,
    HOLD_S,
    LONGEST_HOLD_S,
    LONGEST_PAUSE_S,
    LOOK_S,
    PAUSE_S,
)
from docmill.fallback_service.publish import Publisher
from docmill.fallback_service.resolved import Resolved
from docmill.fallback_service.slices import MOST_QUESTIONS
from docmill.generator.client import Unavailable
from docmill.generator.types import Answer, Evidence, Refusal, Refused, Value
from docmill.index.types import Passage
from docmill.kafka.put_back import HELD_SINCE, NOT_BEFORE, PUT_BACK_AT
from docmill.processing import Rejected
from docmill_schemas.events import DocumentProcessed
from docmill_schemas.reasons import DecidedBy, DeferralReason, RejectionReason, ReviewReason
from docmill_schemas.review_events import ReviewRequested
from tests.unit.fallback_service.fakes import (
    BUNDLE,
    NOW_S,
    REQUEST_ID,
    TEXT,
    USAGE,
    Bench,
    FakeGenerator,
    Group,
    bench,
    fine,
    plate,
    record,
    request,
)
from tests.unit.index.fakes import changes, passage
from tests.unit.kafka.fakes import FakeRecord

FINES = tuple(fine(f"f{i}") for i in range(3))
SURE_OF_TYPE = (DeferralReason.LOW_FIELD_CONFIDENCE,)
TORN = (fine("torn-1"), fine("torn-2", label="notice"))  # alike, and of two minds: a generator's word counts
TRACED = (("traceparent", b"00-1-2-01"), ("ce_id", b"e"), ("ce_source", b"s"))


def one(of: Bench, *records: Any) -> Resolved:
    [resolved] = of.slices.process([*records] or [record()], False, lambda: False)
    return resolved


def event(resolved: Resolved, position: int = 0) -> Any:
    value = resolved.publishes[position].value
    assert value is not None
    return json.loads(value)


def sample(of: Bench, name: str, **labels: str) -> float:
    found = of.metrics.registry.get_sample_value(f"docmill_{name}", labels)
    return 0.0 if found is None else found


def test_what_the_index_knows_is_published_with_citations(tmp_path: Path) -> None:
    with bench(tmp_path, *FINES) as of:
        resolved = one(of, record(headers=TRACED))
        [outgoing] = resolved.publishes
        result = DocumentProcessed.model_validate_json(outgoing.value or b"")
        assert outgoing.topic == "documents.processed"
        assert outgoing.key == b"doc-1"
        assert (result.document_type.label, result.decided_by, result.revision) == ("fine", DecidedBy.RETRIEVAL, 1)
        assert [cited.passage_id for cited in result.citations] == ["f0", "f1", "f2"]
        assert result.reasons == (DeferralReason.UNFAMILIAR_DOCUMENT,)
        assert result.tenant == "acme"
        assert result.timings_ms.keys() == {"infer", "retrieve", "judge"}
        assert result.text is None
        headers = dict(outgoing.headers)
        assert headers["traceparent"] == b"00-1-2-01"
        assert headers["ce_id"] == result.result_id.encode()
        assert headers["ce_source"] == b"docmill/test"
        of.slices.final([resolved])
        assert sample(of, "results_published_total", doc_type="other", decided_by="retrieval") == 1
        assert sample(of, "end_to_end_latency_seconds_count") == 1
        assert sample(of, "records_consumed_total") == 1


def test_the_same_request_gives_the_same_result(tmp_path: Path) -> None:
    with bench(tmp_path, *FINES) as of:
        ids = {event(one(of, record()))["result_id"] for _ in range(2)}
        assert len(ids) == 1


def test_another_decision_is_another_result(tmp_path: Path) -> None:
    """Else who drops what he has seen by its id would keep the old one of a request that is sent again."""

    def result_id(of: Bench) -> str:
        return str(event(one(of, record()))["result_id"])

    corrected = (replace(passage, document_type="parking_notice") for passage in FINES)
    with bench(tmp_path / "before", *FINES) as before, bench(tmp_path / "after", *corrected) as after:
        ids = {result_id(before), result_id(after)}
        before.version = "of another bundle"
        assert len({*ids, result_id(before)}) == 3


def test_what_it_is_not_sure_of_a_person_is_asked(tmp_path: Path) -> None:
    with bench(tmp_path) as of:
        resolved = one(of, record(request(candidates=(plate(0.3),), missing_fields=("plate",))))
        [outgoing] = resolved.publishes
        review = ReviewRequested.model_validate_json(outgoing.value or b"")
        assert (outgoing.topic, outgoing.key) == ("documents.review", REQUEST_ID.encode())
        assert review.review_reasons == (ReviewReason.UNDECIDED,)
        assert (review.text, review.revision, review.published) == (TEXT, 1, None)
        assert review.document_type.label == "receipt"
        assert "document_type: no_neighbours" in review.undecided
        assert review.candidates == (plate(0.3),)
        assert review.missing_fields == ("plate",)
        of.slices.final([resolved])
        assert sample(of, "review_total", reason="undecided") == 1
        assert sample(of, "fallback_abstentions_total", reason="no_neighbours") == 1


def test_a_list_that_is_added_to_the_index_changes_what_is_decided(tmp_path: Path) -> None:
    asked = request(reasons=SURE_OF_TYPE, candidates=(plate(0.6),), fields=(plate(0.6),))
    plates = passage("plates", "fine", kind="code_list", fields=(("plate", ("FINE",)),))
    with bench(tmp_path) as of:
        assert event(one(of, record(asked)))["undecided"] == ["plate: low_confidence"]
        of.index.apply(changes([plates]))
        result = event(one(of, record(asked)))
        assert (result["decided_by"], result["document_type"]["label"]) == ("retrieval", "receipt")
        assert result["citations"] == [{"passage_id": "plates", "quote": "FINE"}]
        assert result["fields"][0]["confidence"] == pytest.approx(0.92)


def test_who_is_alike_is_shown_to_the_person(tmp_path: Path) -> None:
    with bench(tmp_path, fine("f", "parking fine", "fine"), fine("r", TEXT, "receipt")) as of:
        similar = event(one(of))["similar"]
        assert [(one["passage_id"], one["document_type"]) for one in similar] == [("r", "receipt"), ("f", "fine")]


def test_a_generator_is_asked_only_about_what_is_open(tmp_path: Path) -> None:
    generator = FakeGenerator()
    with bench(tmp_path, *FINES, generator=generator) as of:
        one(of)
        assert generator.asked == []
        one(of, record(request(reasons=SURE_OF_TYPE, candidates=(plate(0.3),))))
        [ask] = generator.asked
        assert (ask.labels, ask.fields) == ((), ("plate",))


def test_what_a_generator_bears_out_is_published_as_its_own_and_paid_for(tmp_path: Path) -> None:
    said = Answer(values=(Value("plate", 8, 12, (Evidence("f0", "parking fine"),)),), refused=())
    with bench(tmp_path, *FINES, generator=FakeGenerator(said)) as of:
        resolved = one(of, record(request(reasons=SURE_OF_TYPE, candidates=(plate(0.85),), fields=(plate(0.85),))))
        result = event(resolved)
        assert result["decided_by"] == "generator"
        assert [(one["name"], one["text"], one["confidence"]) for one in result["fields"]] == [("plate", "fine", 0.925)]
        assert result["citations"] == [{"passage_id": "f0", "quote": "parking fine"}]
        assert result["cost"] == {"tokens": 120, "usd": 0.5}
        assert result["timings_ms"]["generate"] == 250
        of.slices.final([resolved])
        assert sample(of, "llm_tokens_total", kind="prompt") == USAGE.prompt_tokens
        assert sample(of, "cost_usd_total", decided_by="generator") == 0.5
        assert sample(of, "generator_questions_total", outcome="answered") == 1


def test_what_only_the_model_and_a_generator_say_is_published_with_a_passage_or_by_a_person(tmp_path: Path) -> None:
    said = Answer(values=(Value("plate", 8, 12),))
    asked = request(reasons=SURE_OF_TYPE, candidates=(plate(0.85),), fields=(plate(0.85),))
    with bench(tmp_path, fine("f"), generator=FakeGenerator(said)) as of:  # no exemplar of its type: nothing to cite
        resolved = one(of, record(asked))
        review = event(resolved)
        assert (review["review_reasons"], review["undecided"]) == (["undecided"], ["document: uncited"])
        assert [(one["text"], one["confidence"]) for one in review["fields"]] == [("fine", 0.925)]
        assert review["cost"] == {"tokens": 120, "usd": 0.5}
        of.slices.final([resolved])
        assert sample(of, "fallback_abstentions_total", reason="uncited") == 1
        of.index.apply(changes([fine("r", label="receipt")], first=1))
        result = event(one(of, record(asked)))
        assert (result["decided_by"], result["citations"]) == ("generator", [{"passage_id": "r"}])


def test_what_a_generator_quotes_of_an_open_field_is_shown_to_the_person(tmp_path: Path) -> None:
    said = Answer(values=(Value("plate", 8, 12, (Evidence("f0", "parking fine"),)),))
    for found, confidence in (((plate(0.3),), 0.65), ((plate(0.3, "parking"),), 0.5)):
        asked = request(reasons=SURE_OF_TYPE, candidates=found, missing_fields=("plate",))
        with bench(tmp_path, *FINES, generator=FakeGenerator(said)) as of:
            review = ReviewRequested.model_validate(event(one(of, record(asked))))
        assert review.undecided == ("plate: low_confidence",)
        [quoted] = review.generator_fields
        assert (quoted.text, quoted.start, quoted.confidence) == ("fine", 8, confidence)
        assert [cited.passage_id for cited in quoted.citations] == ["f0"]
        assert review.candidates[0] == plate(confidence)
        assert {one.text for one in review.candidates} == {"fine", *(one.text for one in found)}
        assert review.fields == ()


def test_a_person_who_audits_a_generator_sees_what_it_said(tmp_path: Path) -> None:
    said = Answer(values=(Value("plate", 8, 12, (Evidence("f0", "parking fine"),)),))
    asked = request(reasons=SURE_OF_TYPE, candidates=(plate(0.85),), fields=(plate(0.85),))
    with bench(tmp_path, *FINES, generator=FakeGenerator(said), audit_share=1.0) as of:
        resolved = one(of, record(asked))
        result, review = event(resolved), event(resolved, 1)
    assert result["decided_by"] == "generator"
    assert (review["fields"], review["candidates"]) == (result["fields"], result["fields"])
    assert [(one["text"], one["confidence"]) for one in review["generator_fields"]] == [("fine", 0.925)]


def test_what_was_not_believed_of_an_answer_is_counted_and_costs_all_the_same(tmp_path: Path) -> None:
    said = Answer(refused=(Refused("label", Refusal.UNKNOWN_LABEL),))
    with bench(tmp_path, generator=FakeGenerator(said)) as of:
        resolved = one(of)
        assert event(resolved)["cost"] == {"tokens": 120, "usd": 0.5}
        of.slices.final([resolved])
        assert sample(of, "generator_refusals_total", reason="unknown_label") == 1


OF_THE_DOCUMENT = {Unavailable.UNANSWERABLE, Unavailable.NONSENSE}


@pytest.mark.parametrize("why", [one for one in Unavailable if one not in OF_THE_DOCUMENT])
def test_while_the_generator_is_out_of_reach_a_request_waits_behind_the_others(
    tmp_path: Path, why: Unavailable
) -> None:
    with bench(tmp_path, *TORN, generator=FakeGenerator(why)) as of:
        asked = record(headers=TRACED)
        resolved = one(of, asked)
        [outgoing] = resolved.publishes
        assert (outgoing.topic, outgoing.key, outgoing.value) == ("documents.fallback", asked.key, asked.value)
        headers = dict(outgoing.headers)
        assert headers | dict(TRACED) == headers
        assert headers[HELD_SINCE] == str(int(NOW_S * 1000)).encode()
        assert headers[NOT_BEFORE] == str(int((NOW_S + HOLD_S) * 1000)).encode()
        of.slices.final([resolved])
        assert sample(of, "fallback_held_total") == 1
        assert sample(of, "generator_questions_total", outcome=why.value) == 1
        assert sample(of, "end_to_end_latency_seconds_count") == 0


@pytest.mark.parametrize("why", sorted(OF_THE_DOCUMENT))
def test_what_the_document_itself_makes_unanswerable_waits_for_nothing(tmp_path: Path, why: Unavailable) -> None:
    with bench(tmp_path, generator=FakeGenerator(why)) as of:
        resolved = one(of)
        said = event(resolved)
        assert (said["review_reasons"], said["undecided"][-1]) == (["undecided"], f"generator: {why.value}")
        assert said["cost"] == {"tokens": 120, "usd": 0.5}
        of.slices.final([resolved])
        assert sample(of, "generator_questions_total", outcome=why.value) == 1
        assert sample(of, "generator_questions_total", outcome="answered") == 0


def test_nobody_waits_for_a_word_that_would_not_count(tmp_path: Path) -> None:
    """No exemplar is like it, for which no generator's word makes up."""
    with bench(tmp_path, generator=FakeGenerator(Unavailable.UNREACHABLE, away=True)) as of:
        said = event(one(of))
        assert (said["review_reasons"], said["undecided"][-1]) == (["undecided"], "generator: unreachable")


def held(since_s: float, not_before_s: float = 0.0) -> Any:
    headers = ((HELD_SINCE, str(int(since_s * 1000)).encode()), (NOT_BEFORE, str(int(not_before_s * 1000)).encode()))
    return record(headers=headers)


def test_it_keeps_the_time_since_which_it_waits(tmp_path: Path) -> None:
    with bench(tmp_path, *TORN, generator=FakeGenerator(Unavailable.TIMEOUT)) as of:
        [outgoing] = one(of, held(NOW_S - 50)).publishes
        assert [value for name, value in outgoing.headers if name == HELD_SINCE] == [
            str(int((NOW_S - 50) * 1000)).encode()
        ]
        assert len(outgoing.headers) == 3


@pytest.mark.parametrize(("waited_s", "max_hold_s"), [(51, 50), (50, 50), (0, 0)])
def test_who_has_waited_long_enough_goes_to_a_person(tmp_path: Path, waited_s: float, max_hold_s: float) -> None:
    with bench(tmp_path, *TORN, generator=FakeGenerator(Unavailable.TIMEOUT), max_hold_s=max_hold_s) as of:
        said = event(one(of, held(NOW_S - waited_s)))
        assert (said["review_reasons"], said["undecided"][-1]) == (["generator_away"], "generator: timeout")


def test_while_the_generator_is_left_alone_who_waits_costs_nothing_and_the_index_goes_on_deciding(
    tmp_path: Path,
) -> None:
    generator = FakeGenerator(Unavailable.BREAKER_OPEN, away=True)
    with bench(tmp_path, *FINES, generator=generator) as of:
        assert one(of, held(NOW_S - 50)).publishes[0].topic == "documents.fallback"
        assert generator.asked == []
        assert event(one(of))["decided_by"] == "retrieval"


def test_what_came_back_is_decided_by_what_the_index_knows_now(tmp_path: Path) -> None:
    with bench(tmp_path, *FINES, generator=FakeGenerator(Unavailable.TIMEOUT)) as of:
        assert event(one(of, held(NOW_S - 50)))["decided_by"] == "retrieval"


def test_a_time_to_come_holds_nothing_for_ever(tmp_path: Path) -> None:
    with bench(tmp_path, *TORN, generator=FakeGenerator(Unavailable.TIMEOUT, away=True)) as of:
        assert event(one(of, held(NOW_S + 1_000_000)))["review_reasons"] == ["generator_away"]


@pytest.mark.parametrize("away", [True, False])
def test_a_clock_that_is_a_little_behind_sends_nobody_to_a_person(tmp_path: Path, away: bool) -> None:
    """Set back, or another replica's; it keeps the lesser of both times, so that it waits no longer for that."""
    with bench(tmp_path, *TORN, generator=FakeGenerator(Unavailable.BREAKER_OPEN, away=away)) as of:
        [outgoing] = one(of, held(NOW_S + HOLD_S - 0.1)).publishes
        assert outgoing.topic == "documents.fallback"
        assert dict(outgoing.headers)[HELD_SINCE] == str(int(NOW_S * 1000)).encode()


def test_where_nothing_may_wait_a_clock_that_is_a_little_behind_changes_nothing(tmp_path: Path) -> None:
    with bench(tmp_path, *TORN, generator=FakeGenerator(Unavailable.TIMEOUT), max_hold_s=0.0) as of:
        assert event(one(of, held(NOW_S + 0.5)))["review_reasons"] == ["generator_away"]


def test_who_gets_no_turn_waits_behind_the_others(tmp_path: Path) -> None:
    generator = FakeGenerator()
    with bench(tmp_path, *TORN, generator=generator) as of:
        done = of.slices.process([record() for _ in range(MOST_QUESTIONS + 2)], False, lambda: False)
        assert [one.publishes[0].topic for one in done] == [
            *["documents.review"] * MOST_QUESTIONS,
            *["documents.fallback"] * 2,
        ]
        assert len(generator.asked) == MOST_QUESTIONS


def test_a_slice_has_no_more_documents_than_may_be_asked_about(tmp_path: Path) -> None:
    with bench(tmp_path) as of:
        assert of.slices.most_records == MOST_QUESTIONS


def test_a_reason_of_a_later_docmill_says_nothing_of_the_type_for_sure(tmp_path: Path) -> None:
    said = json.loads(request(reasons=SURE_OF_TYPE).model_dump_json(exclude_none=True))
    with bench(tmp_path) as of:
        later = json.dumps(said | {"reasons": ["of_a_later_docmill"]}).encode()
        assert event(one(of, record(later)))["reasons"] == ["not_certified"]
        for wrong in ("low_type_confidence", [], [7]):
            broken = json.dumps(said | {"reasons": wrong}).encode()
            assert dict(one(of, record(broken)).publishes[0].headers)["docmill_reason"] == b"invalid_event"
    # Where fields have no threshold NOT_CERTIFIED alone leaves a certified type as it is.
    with bench(tmp_path, group=Group(field_threshold=None)) as of:
        plain = json.dumps(said | {"reasons": ["not_certified"]}).encode()
        assert parts_undecided(of, later) == {"document_type", "plate"}
        assert parts_undecided(of, plain) == {"plate"}


def parts_undecided(of: Bench, request: bytes) -> set[str]:
    return {part.partition(":")[0] for part in event(one(of, record(request)))["undecided"]}


def test_of_another_bundle_it_is_not_known_what_must_be_there(tmp_path: Path) -> None:
    other = BUNDLE.model_copy(update={"sha256": "c" * 64})
    sure: dict[str, Any] = {"reasons": SURE_OF_TYPE, "candidates": (plate(0.99),), "fields": (plate(0.99),)}
    with bench(tmp_path, fine("r", "zebras yawn", "receipt")) as of:
        assert event(one(of, record(request(**sure))))["decided_by"] == "retrieval"
        assert event(one(of, record(request(**sure, bundle=other))))["review_reasons"] == ["undecided"]


def test_what_a_generator_thought_and_what_nobody_could_read_is_shown_to_the_person(tmp_path: Path) -> None:
    said = Answer("letter", (Evidence("f0", "parking fine"),))
    with bench(tmp_path, fine("f0", label="receipt"), generator=FakeGenerator(said)) as of:
        asked = request(reasons=(*SURE_OF_TYPE, DeferralReason.LOW_TYPE_CONFIDENCE))
        shown = event(one(of, record(asked)))
        assert shown["generator_type"] == "letter"
        assert shown["generator_citations"] == [{"passage_id": "f0", "quote": "parking fine"}]
        shown = event(one(of, record(request(unread_attachments=("image/png",)))))
        assert shown["unread_attachments"] == ["image/png"]


def test_it_is_known_how_long_the_oldest_has_waited(tmp_path: Path) -> None:
    generator = FakeGenerator(Unavailable.TIMEOUT)
    with bench(tmp_path, *TORN, generator=generator) as of:
        resolved = one(of, held(NOW_S - 50))
        assert of.slices.oldest_wait_s() == 0  # not before it is committed
        of.slices.final([resolved])
        of.now_s += 3
        assert of.slices.oldest_wait_s() == pytest.approx(53, abs=1)
        generator.said = Answer()
        [outgoing] = resolved.publishes
        of.now_s += HOLD_S
        of.slices.final([one(of, record(headers=tuple(outgoing.headers)))])
        assert of.slices.oldest_wait_s() == 0


@contextmanager
def counted_sleep(of: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The clock goes on by what is slept."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        of.now_s += seconds

    with monkeypatch.context() as patched:
        patched.setattr("docmill.fallback_service.holds.time.sleep", sleep)
        yield slept


@pytest.mark.parametrize("due_in_s", [0.5, 10.0])
def test_where_nobody_is_due_a_moment_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, due_in_s: float) -> None:
    generator = FakeGenerator()
    with bench(tmp_path, generator=generator) as of, counted_sleep(of, monkeypatch) as slept:
        early = held(NOW_S - 50, NOW_S + due_in_s)
        outgoing = one(of, early).publishes[0]
        assert sum(slept) == pytest.approx(min(due_in_s, PAUSE_S), abs=LOOK_S)
        if due_in_s < PAUSE_S:
            assert len(generator.asked) == 1
        else:  # the same once more, and it is due when it was
            assert (generator.asked, outgoing.value) == ([], early.value)
            assert dict(outgoing.headers) == dict(early.headers) | {PUT_BACK_AT: b"%d" % (of.now_s * 1000)}


@pytest.mark.parametrize(
    ("count", "due_in_s", "pause_s"), [(40, 10.0, 40 / EARLY_PER_S), (120, 10.0, 10.0), (200, 25.0, LONGEST_PAUSE_S)]
)
def test_the_more_wait_the_longer_nobody_looks_at_them_until_they_are_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, due_in_s: float, pause_s: float
) -> None:
    with bench(tmp_path, generator=FakeGenerator(away=True)) as of, counted_sleep(of, monkeypatch) as slept:
        early = [held(NOW_S - 50, NOW_S + due_in_s) for _ in range(count)]
        assert all(map(of.slices.passes, early))
        of.slices.process(early, False, lambda: False)
        assert sum(slept) == pytest.approx(pause_s, abs=LOOK_S)


@pytest.mark.parametrize(("waited_s", "hold_s"), [(0, 15), (119, 15), (160, 20), (240, 30), (9_000, 30)])
@pytest.mark.parametrize("away", [True, False])
def test_the_longer_one_has_waited_the_more_seldom_it_is_looked_at(
    tmp_path: Path, waited_s: float, hold_s: float, away: bool
) -> None:
    """While it is left alone, and after an attempt that failed."""
    generator = FakeGenerator(Unavailable.TIMEOUT, away=away)
    with bench(tmp_path, *TORN, generator=generator, max_hold_s=10_000) as of:
        [outgoing] = one(of, held(NOW_S - waited_s)).publishes
        assert dict(outgoing.headers)[NOT_BEFORE] == b"%d" % ((NOW_S + hold_s) * 1000)
        of.now_s += 1
        assert of.slices.passes(record(headers=tuple(outgoing.headers)))


def test_who_only_passes(tmp_path: Path) -> None:
    generator = FakeGenerator()
    due, early, new = held(NOW_S - 50), held(NOW_S - 50, NOW_S + 10), record()
    too_long, strange = held(NOW_S - 101, NOW_S + 10), held(NOW_S - 50, NOW_S + 10_000)
    soon = held(NOW_S - 100 + LONGEST_PAUSE_S, NOW_S + 10)  # too long by the time at which a slice has paused
    ahead = held(NOW_S + CLOCKS_S + 1)  # of no clock that is nearly right
    all_of_them = (new, due, early, too_long, soon, strange, ahead)
    with bench(tmp_path, generator=generator) as of:
        assert [of.slices.passes(one) for one in all_of_them] == [0, 0, 1, 0, 0, 0, 0]
        generator.away = True
        assert [of.slices.passes(one) for one in all_of_them] == [0, 1, 1, 0, 0, 1, 0]
    (tmp_path / "none").mkdir()
    with bench(tmp_path / "none") as of:
        assert not of.slices.passes(early)


def test_many_who_passed_when_the_generator_was_away_are_no_larger_slice_once_it_is_back(tmp_path: Path) -> None:
    generator = FakeGenerator(away=True)
    with bench(tmp_path, generator=generator) as of:
        due = [held(NOW_S - 50) for _ in range(MOST_QUESTIONS + 5)]
        assert all(map(of.slices.passes, due))
        generator.away = False  # before the slice is worked on
        done = of.slices.process(due, False, lambda: False)
        assert len(generator.asked) == MOST_QUESTIONS
        back = [one for one in done if one.publishes[0].topic == "documents.fallback"]
        assert [one.record for one in back] == due[MOST_QUESTIONS:]
        for one in back:  # due at once
            assert dict(one.publishes[0].headers)[NOT_BEFORE] == b"%d" % (of.now_s * 1000)
        assert sample(of, "stage_duration_seconds_count", stage="retrieve") == 0
        of.slices.final(done)
        assert sample(of, "stage_duration_seconds_count", stage="retrieve") == MOST_QUESTIONS


@pytest.mark.parametrize("away", [True, False])
def test_what_has_no_document_was_never_put_back(tmp_path: Path, away: bool) -> None:
    """A record without key and value could not be sent."""
    headers = ((HELD_SINCE, b"%d" % ((NOW_S - 50) * 1000)), (NOT_BEFORE, b"%d" % ((NOW_S + 10) * 1000)))
    empty = FakeRecord(None, headers, topic="t.documents.fallback")
    with bench(tmp_path, generator=FakeGenerator(away=away)) as of:
        assert not of.slices.passes(empty)
        assert dict(one(of, empty).publishes[0].headers)["docmill_reason"] == b"empty_value"


@pytest.mark.parametrize("behind_s", [0.001, 14.0])
def test_a_clock_that_is_behind_makes_nobody_due_before_his_time(tmp_path: Path, behind_s: float) -> None:
    """Another replica put it back, with the longest hold."""
    with bench(tmp_path, generator=FakeGenerator(), max_hold_s=1000) as of:
        assert of.slices.passes(held(NOW_S - 500, NOW_S + LONGEST_HOLD_S + behind_s))


@pytest.mark.parametrize("away", [True, False])
def test_many_who_have_waited_for_too_long_meanwhile_are_no_larger_slice(tmp_path: Path, away: bool) -> None:
    """While the index was made anew, say: the others come when they are next, and are asked about if it is back."""
    generator = FakeGenerator(away=True)
    with bench(tmp_path, generator=generator, max_hold_s=100) as of:
        waits = [held(NOW_S - 50) for _ in range(MOST_QUESTIONS + 5)]
        assert all(map(of.slices.passes, waits))
        generator.away = away
        of.now_s += 51
        done = of.slices.process(waits, False, lambda: False)
        topics = [one.publishes[0].topic for one in done]
        assert topics == ["documents.review"] * MOST_QUESTIONS + ["documents.fallback"] * 5
        again = [record(headers=tuple(one.publishes[0].headers)) for one in done[MOST_QUESTIONS:]]
        assert not any(map(of.slices.passes, again))
        assert len(generator.asked) == MOST_QUESTIONS
        assert {one.publishes[0].topic for one in of.slices.process(again, False, lambda: False)} == {
            "documents.review"
        }


@pytest.mark.parametrize("new", [True, False])
def test_who_cannot_wait_is_looked_at_before_those_who_lie_before_him_and_are_due_meanwhile(
    tmp_path: Path, new: bool
) -> None:
    """Either he is new, or he has waited for too long."""
    generator = FakeGenerator()
    with bench(tmp_path, generator=generator) as of:
        before = [held(NOW_S - 50) for _ in range(40)]
        own = [record() if new else held(NOW_S - 101) for _ in range(MOST_QUESTIONS - 1)]
        done = of.slices.process([*before, *own], False, lambda: False)
        topics = [one.publishes[0].topic for one in done]
        assert topics[40:] == ["documents.review"] * (MOST_QUESTIONS - 1)
        assert topics[:40] == ["documents.review"] + ["documents.fallback"] * 39  # there was room for one
        assert len(generator.asked) == MOST_QUESTIONS


def test_a_pause_for_others_sake_ends_when_those_before_are_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the slice counts as one that computes meanwhile, since others do."""
    with bench(tmp_path, generator=FakeGenerator()) as of, counted_sleep(of, monkeypatch) as slept:
        early = [held(NOW_S - 50, NOW_S + 0.5) for _ in range(200)]
        of.slices.process([*early, record()], False, lambda: of.slices.pausing > 0)
        assert sum(slept) == pytest.approx(0.5)


def test_who_passes_is_not_read(tmp_path: Path) -> None:
    """It goes round as it is, and is a dead letter once somebody looks at it."""
    due = record(b"broken", headers=((HELD_SINCE, b"%d" % ((NOW_S - 50) * 1000)),))
    generator = FakeGenerator(away=True)
    with bench(tmp_path, generator=generator) as of:
        [outgoing] = one(of, due).publishes
        assert (outgoing.topic, outgoing.value) == ("documents.fallback", b"broken")
        generator.away = False
        assert dict(one(of, due).publishes[0].headers)["docmill_reason"] == b"invalid_event"


@pytest.mark.parametrize("set_by_s", [-600.0, 600.0])
def test_a_time_of_day_that_is_set_in_a_pause_makes_it_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_by_s: float
) -> None:
    slept: list[float] = []
    with bench(tmp_path, generator=FakeGenerator()) as of:

        def sleep(seconds: float) -> None:
            assert len(slept) < 100
            slept.append(seconds)
            of.now_s += seconds
            of.set_by_s = set_by_s

        monkeypatch.setattr("docmill.fallback_service.holds.time.sleep", sleep)
        one(of, held(NOW_S - 50, NOW_S + 10))
        assert sum(slept) == pytest.approx(PAUSE_S, abs=LOOK_S)


def test_a_pause_that_nobody_waits_for_is_given_up(tmp_path: Path) -> None:
    with bench(tmp_path, generator=FakeGenerator()) as of:
        with pytest.raises(AbandonedError):
            of.slices.process([held(NOW_S - 50, NOW_S + 10)], False, lambda: True)
        assert of.slices.pausing == 0


def test_a_slice_pauses_only_while_it_lets_time_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it waits for answers it does not: of the generator all slices have a share."""
    pausing: list[int] = []

    class Looks(FakeGenerator):
        def ask_all(self, *of_slice: Any) -> list[Answered]:
            pausing.append(of.slices.pausing)
            return super().ask_all(*of_slice)

    with bench(tmp_path, generator=Looks()) as of:

        def sleep(seconds: float) -> None:
            pausing.append(of.slices.pausing)
            of.now_s += seconds

        monkeypatch.setattr("docmill.fallback_service.holds.time.sleep", sleep)
        one(of, held(NOW_S - 50, NOW_S + 0.3))
        assert pausing == [1, 1, 0]
        assert of.slices.pausing == 0


def test_who_is_new_does_not_wait_until_others_are_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(tmp_path, *FINES, generator=FakeGenerator()) as of, counted_sleep(of, monkeypatch) as slept:
        done = of.slices.process([held(NOW_S - 50, NOW_S + 10), record()], False, lambda: False)
        assert [one.publishes[0].topic for one in done] == ["documents.fallback", "documents.processed"]
        assert sum(slept) == pytest.approx(1 / EARLY_PER_S_BEFORE_OTHERS)
        slept.clear()
        of.slices.process([record(), *[held(NOW_S - 50, NOW_S + 10)] * 8], False, lambda: False)
        assert slept == []
        many = [*[held(NOW_S - 50, NOW_S + 10)] * 64, record()]
        of.slices.process(many, False, lambda: False)
        assert sum(slept) == pytest.approx(64 / EARLY_PER_S_BEFORE_OTHERS)


def test_a_time_that_nobody_here_wrote_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far = held(NOW_S - 50, NOW_S + 10_000)
    strange = record(headers=((NOT_BEFORE, str(int((NOW_S + 10) * 1000)).encode()),))
    with bench(tmp_path, generator=FakeGenerator()) as of, counted_sleep(of, monkeypatch) as slept:
        assert [event(one(of, each))["review_reasons"] for each in (far, strange)] == [["undecided"]] * 2
        assert slept == []


def test_without_a_generator_nobody_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken out of the settings while documents waited."""
    with bench(tmp_path) as of, counted_sleep(of, monkeypatch) as slept:
        assert event(one(of, held(NOW_S - 50, NOW_S + 10)))["review_reasons"] == ["undecided"]
        assert slept == []


def test_a_drawn_result_goes_to_a_person_too(tmp_path: Path) -> None:
    with bench(tmp_path, *FINES, audit_share=1.0) as of:
        resolved = one(of)
        result, review = event(resolved), event(resolved, 1)
        assert review["review_reasons"] == ["audit"]
        assert review["published"] == {"result_id": result["result_id"], "revision": 1, "decided_by": "retrieval"}
        assert review["revision"] == 2
        assert review["document_type"]["label"] == "fine"
        of.slices.final([resolved])
        assert sample(of, "review_total", reason="audit") == 1


def test_the_text_rides_along_where_it_is_asked_for(tmp_path: Path) -> None:
    with bench(tmp_path, *FINES, include_text=True) as of:
        assert event(one(of))["text"] == TEXT


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, RejectionReason.EMPTY_VALUE),
        (b"", RejectionReason.EMPTY_VALUE),
        (b"a letter", RejectionReason.INVALID_EVENT),
        (b'{"text": "secret"}', RejectionReason.INVALID_EVENT),
    ],
)
def test_what_is_no_request_is_a_dead_letter(tmp_path: Path, value: bytes | None, reason: RejectionReason) -> None:
    with bench(tmp_path) as of:
        resolved = one(of, FakeRecord(value, key=b"doc-1", topic="t.documents.fallback", offset=7))
        [outgoing] = resolved.publishes
        assert (outgoing.topic, outgoing.value) == ("documents.rejected", value)
        headers = dict(outgoing.headers)
        assert headers["docmill_reason"] == reason.value.encode()
        assert headers["docmill_origin_topic"] == b"t.documents.fallback"
        assert b"secret" not in b"".join(filter(None, headers.values()))
        assert resolved.unexpected is None
        of.slices.final([resolved])
        assert sample(of, "dead_letters_total", reason=reason.value) == 1


def test_an_exception_that_nobody_foresaw_is_one_documents_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(tmp_path, *FINES) as of:
        real = of.slices._of.publisher.__class__.processed

        def broken(self: Any, event: Any, *more: Any) -> Any:
            if event.document_id == "broken":
                raise ZeroDivisionError("secret")
            return real(self, event, *more)

        monkeypatch.setattr(of.slices._of.publisher.__class__, "processed", broken)
        first, second = of.slices.process([record(request(document_id="broken")), record()], False, lambda: False)
        letter = dict(first.publishes[0].headers)
        assert letter["docmill_request_id"] == REQUEST_ID.encode()  # that of the document, not of the event
        assert first.unexpected is not None
        assert "ZeroDivisionError" in first.unexpected
        assert "secret" not in first.unexpected
        assert event(second)["decided_by"] == "retrieval"


def test_an_index_that_does_not_answer_is_no_documents_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(tmp_path) as of:

        def locked(self: Any, *_: Any) -> Any:
            raise IndexUnavailableError("locked")

        monkeypatch.setattr("docmill.fallback_service.retrieve.Retriever.retrieve", locked)
        with pytest.raises(IndexUnavailableError):
            one(of)


def test_a_slice_that_nobody_waits_for_is_given_up(tmp_path: Path) -> None:
    with bench(tmp_path) as of, pytest.raises(AbandonedError):
        of.slices.process([record()], False, lambda: True)


def test_a_review_of_the_largest_request_fits_its_topic_if_need_be_without_its_trimmings(tmp_path: Path) -> None:
    text = "".join(chr(0x4E00 + i % 20_000) for i in range(1_300_000))  # 3.9 MB of what hardly shrinks
    with bench(tmp_path) as of:
        resolved = one(of, record(request(text=text)))
        assert resolved.publishes[0].topic in {"documents.review", "documents.rejected"}
        assert isinstance(resolved.came, ReviewRequested)


@pytest.mark.parametrize(("passages", "what"), [((), "review"), (FINES, "result")])
def test_what_fits_no_topic_is_a_dead_letter_of_its_own_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passages: tuple[Passage, ...], what: str
) -> None:
    """No request that fits its own topic is so large, as far as is known: this is what stands against the rest."""
    monkeypatch.setattr(Publisher, f"{what}_record", lambda self, record, event, now: None)
    with bench(tmp_path, *passages) as of:
        resolved = one(of)
        [outgoing] = resolved.publishes
        headers = dict(outgoing.headers)
        assert (outgoing.topic, headers["docmill_reason"]) == ("documents.rejected", b"text_too_large")
        assert headers["docmill_request_id"] == REQUEST_ID.encode()
        assert isinstance(resolved.came, Rejected)
        assert resolved.came.detail == f"no {what} of it fits its topic"
        of.slices.final([resolved])
        assert sample(of, "dead_letters_total", reason="text_too_large") == 1


def test_a_result_is_not_lost_to_an_audit_that_fits_no_topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Publisher, "review_record", lambda self, record, event, now: None)
    with bench(tmp_path, *FINES, audit_share=1.0) as of:
        resolved = one(of)
        assert [outgoing.topic for outgoing in resolved.publishes] == ["documents.processed"]
        assert resolved.audit is None
