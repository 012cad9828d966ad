"""Answers are read, compared with what is right, and told; the documents are what they are said to be."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from docmill.fallback.judge import Question, judge
from docmill.fallback.policy import DEFAULT_POLICY
from docmill.fallback.requested import deferred_document, own_fields
from docmill.fallback.types import CodeList, Neighbour
from docmill_schemas import examples
from docmill_schemas.events import BundleRef, Citation, FallbackRequested
from docmill_schemas.ids import sha256_hex
from docmill_schemas.topics import FALLBACK, PROCESSED, REJECTED, REVIEW
from load_tests.answer_parts.desk import Desk, read_answer
from load_tests.answer_parts.documents import (
    CLAIM_LABEL,
    REGISTER,
    Documents,
    holder,
    policy_number,
    register,
    varied,
)
from load_tests.answer_parts.judge import PEOPLE, Answer, Expected, Tally, Verdict, tally, verdict
from load_tests.answer_parts.steps import PARKING
from load_tests.answers import AnswersReport, parse_arguments, print_report
from tests.unit.fallback_service.fakes import Group
from tests.unit.kafka.fakes import FakeRecord

BUNDLE = BundleRef(name="mailroom-en", version="1", sha256=sha256_hex(b"manifest"))
LABELS = (CLAIM_LABEL, "letter", "receipt")
CLAIMS_GROUP = Group(("policy_number", "claimant"), ("policy_number", "claimant"), None)


@pytest.fixture
def documents() -> Documents:
    return Documents(BUNDLE, LABELS, random.Random(0))


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        (Answer(0, None), PEOPLE, Verdict.RIGHT),
        (Answer(0, "fine"), PEOPLE, Verdict.WRONG),
        (Answer(0, None), Expected("fine"), Verdict.LEFT),
        (Answer(0, "fine"), Expected("fine"), Verdict.RIGHT),
        (Answer(0, "bill"), Expected("fine"), Verdict.WRONG),
        (Answer(0, "fine", {"plate": "A 1", "date": "x"}), Expected("fine", {"plate": "A 1"}), Verdict.RIGHT),
        (Answer(0, "fine", {"plate": "B 2"}), Expected("fine", {"plate": "A 1"}), Verdict.WRONG),
        (Answer(0, "fine"), Expected("fine", {"plate": "A 1"}), Verdict.WRONG),
        (Answer(0, "fine", cited=frozenset("ab")), Expected("fine", cites="a"), Verdict.RIGHT),
        (Answer(0, "fine", cited=frozenset("b")), Expected("fine", cites="a"), Verdict.WRONG),
    ],
)
def test_an_answer_is_right_left_to_people_or_wrong(answer: Answer, expected: Expected, right: Verdict) -> None:
    assert verdict(answer, expected) is right


def test_verdicts_are_counted() -> None:
    counted = tally([Verdict.RIGHT, Verdict.LEFT, Verdict.WRONG, Verdict.RIGHT])
    assert counted == Tally(right=2, left=1, wrong=1)
    assert counted.answers == 4


def judged(request: FallbackRequested, lists: tuple[CodeList, ...] = (), near: tuple[Neighbour, ...] = ()) -> Any:
    """By the policy that ships."""
    question = Question(deferred_document(request), request.reasons, own_fields(request), True, near, lists)
    return judge(question, lambda label: CLAIMS_GROUP if label == CLAIM_LABEL else None, DEFAULT_POLICY)


def test_a_claim_is_open_until_the_register_has_its_policy(documents: Documents) -> None:
    def of(policies: range) -> CodeList:
        return CodeList(REGISTER, dict(register(policies).fields))

    claim = documents.claim(4)
    assert not judged(claim).decided
    assert not judged(claim, (of(range(4)),)).decided
    decided = judged(claim, (of(range(5)),))
    assert decided.decided
    assert {one.field: one.text for one in decided.fields} == {"policy_number": policy_number(4), "claimant": holder(4)}
    assert {one.passage_id for one in decided.citations} == {REGISTER}


def test_a_notice_is_open_until_an_exemplar_is_like_it(documents: Documents) -> None:
    notice = documents.notice(0, "acme")
    assert not judged(notice).decided
    assert not judged(notice, near=(Neighbour("x", PARKING, 0.4, {}),)).decided
    decided = judged(notice, near=(Neighbour("x", PARKING, 0.6, {}),))
    assert (decided.decided, decided.label) == (True, PARKING)


def test_no_document_is_embedded_from_memory_and_spans_stand_where_they_say(documents: Documents) -> None:
    made = [documents.claim(3), documents.claim(3), documents.notice(1, "a"), documents.notice(1, "a")]
    made += [documents.stranger("a") for _ in range(40)] + [documents.near_kin("a")]
    assert len({one.text for one in made}) == len({one.request_id for one in made}) == len(made)
    assert not any("PARKING" in one.text for one in made[4:])
    for field in made[0].candidates:
        assert made[0].text[field.start : field.end] == field.text
    assert varied("a1b22", random.Random(0)) == varied("a7b00", random.Random(0)) != "a1b22"
    assert len({holder(policy) for policy in range(8000)}) == 8000


def test_a_result_and_a_question_to_a_person_are_read() -> None:
    cites = (Citation(passage_id="decided/1"), Citation(passage_id="register"))
    result = examples.PROCESSED.model_copy(update={"citations": cites})
    assert read_answer(PROCESSED.name, FakeRecord(result.model_dump_json().encode()), 7.0) == (
        result.request_id,
        Answer(7.0, "receipt", {one.name: one.text for one in result.fields}, frozenset({"decided/1", "register"})),
    )
    asked = examples.REVIEW
    assert read_answer(REVIEW.name, FakeRecord(asked.model_dump_json().encode()), 7.0) == (
        asked.request_id,
        Answer(7.0, None, review=asked),
    )


def test_the_end_of_a_review_is_no_answer_and_a_dead_letter_ends_the_run() -> None:
    assert read_answer(REVIEW.name, FakeRecord(None), 0.0) is None
    with pytest.raises(RuntimeError, match="rejected a request: invalid_event"):
        read_answer(REJECTED.name, FakeRecord(b"x", (("docmill_reason", b"invalid_event"),)), 0.0)


class FakeProducer:
    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    async def send_and_wait(self, topic: str, value: bytes, key: bytes, headers: object) -> None:
        self.sent.append((topic, key))


class FakeConsumer:
    """Has what is put into `polls`, and then nothing for ever."""

    def __init__(self, *polls: Mapping[Any, list[FakeRecord]]) -> None:
        self._polls = list(polls)

    async def getmany(self, timeout_ms: int) -> Mapping[Any, list[FakeRecord]]:
        await asyncio.sleep(0.01)
        return self._polls.pop(0) if self._polls else {}


async def test_who_asked_gets_the_first_answer_and_nobody_elses(documents: Documents) -> None:
    producer, request = FakeProducer(), documents.claim(1)
    partition = type("Partition", (), {"topic": f"p.{PROCESSED.name}"})()
    strange = FakeRecord(examples.PROCESSED.model_dump_json().encode())
    ours = examples.PROCESSED.model_copy(update={"request_id": request.request_id})
    later = ours.model_copy(update={"document_type": ours.document_type.model_copy(update={"label": "later"})})
    own, again = (FakeRecord(one.model_dump_json().encode()) for one in (ours, later))
    desk = Desk(producer, "p.")
    reading = asyncio.create_task(desk.read(FakeConsumer({partition: [strange, own]}, {partition: [again]})))
    answer = await desk.ask(request)
    assert answer.label == "receipt"
    await asyncio.sleep(0.05)  # the second answer comes, and breaks nothing
    assert not reading.done()
    reading.cancel()
    assert producer.sent == [(f"p.{FALLBACK.name}", request.document_id.encode())]


@pytest.mark.parametrize("words", [("--changes", "0"), ("--rows", "0"), ("--rows", "6990", "--changes", "11")])
def test_numbers_that_make_no_sense_are_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(words)
    assert "--changes and --rows are 1 or more, and 7000 at most together" in capsys.readouterr().err
    assert parse_arguments(["--json", "x.json"]).json == Path("x.json")


def test_the_table_shows_times_and_verdicts() -> None:
    changed = {
        "what": "a row added",
        "seconds": tuple(number / 10 for number in range(1, 31)),
        "between": 3,
        "changed": {"right": 50, "left": 8, "wrong": 2},
        "others": {"a paper": {"right": 90, "left": 1, "wrong": 9}, "none": {"right": 9, "left": 0, "wrong": 0}},
    }
    report = AnswersReport.model_validate(
        {
            "docmill": "0",
            "bundle": "mailroom-en 1",
            "embedding": "letters",
            "at": "2026-11-28T12:00:00Z",
            "command": "c",
            "machine": {"cpu": "x", "cores": 2, "vnni": [], "system": "Linux"},
            "load_average": (1.26, 0, 0),
            "load_average_after": (2, 0, 0),
            "every_s": 0.2,
            "rows": 50,
            "changes": [changed],
        }
    )
    out = Console(width=160, record=True)
    print_report(out, report)
    shown = " ".join(out.export_text().replace("│", " ").split())
    assert "a row added 30 1.50 2.90 3.00 50 of 60 8 2 99 of 109" in shown
    assert "Others right, a row added: a paper 90 of 100; none 9 of 9 A document" in shown
    assert "A document every 0.2 s; a code list of 50 rows; mailroom-en 1, letters;" in shown
    assert "neither the old nor the new one: 3; load average 1.3 before, 2.0 after." in shown
