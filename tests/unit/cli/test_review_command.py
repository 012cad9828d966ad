"""`docmill review` with a broker written by hand: what is asked for, what is sent, what is said, and the exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError
from typer.testing import CliRunner, Result

from docmill.arbiter.reviewer import MAX_REVIEWER_CHARACTERS
from docmill.cli import app, review_ask, review_decide
from docmill.cli.review_fields import Decision
from docmill.errors import BundleError, ConfigurationError, LocalKafkaError, ReviewError
from docmill.kafka import (
    decided_meanwhile,
    find_text,
    open_correction,
    read_exemplars,
    read_reviews,
    send_feedback,
    send_record,
)
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.send_feedback import Answer
from docmill_schemas import examples
from docmill_schemas.events import DocumentType, ExtractedField
from docmill_schemas.examples import REQUEST_ID
from docmill_schemas.reasons import ReviewReason
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from tests.unit.cli.conftest import Command
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.reviews import closed, exemplar, exemplar_record, human_result, opened, result, result_record

A, B = "aa11" + "0" * 28, "bb22" + "0" * 28
SHORT = REQUEST_ID[:6]
Review = Callable[..., Result]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    made = FakeBroker()
    modules = (decided_meanwhile, find_text, open_correction, read_exemplars, read_reviews, send_feedback, send_record)
    made.serve(monkeypatch, *modules)
    return made


@pytest.fixture
def review(tmp_path: Path) -> Review:
    """Runs `docmill review WORDS`."""

    def run(*words: str | Path, input: str | None = None, **environment: str) -> Result:
        environ = {"KAFKA_BOOTSTRAP_SERVERS": "here:1", "DOCMILL_TOPIC_PREFIX": "p.", "COLUMNS": "200"}
        runner = CliRunner(env=environ | environment)
        return runner.invoke(app, ["review", *(str(word) for word in words)], input=input)

    return run


def answering(broker: FakeBroker, *, counts: bool = True) -> None:
    """An arbiter that answers the decision which is sent, or another one."""

    def on_sent(topic: str) -> None:
        if topic == "p.documents.feedback":
            feedback = decision(broker)
            other = feedback.model_copy(update={"feedback_id": "another"})
            broker.put("p.", closed(), human_result(feedback if counts else other))

    broker.on_sent = on_sent


def decision(broker: FakeBroker) -> FeedbackGiven:
    """The one that was sent."""
    [record] = broker.read("p.documents.feedback")
    return FeedbackGiven.model_validate_json(record.value or b"")


def spans(feedback: FeedbackGiven) -> list[tuple[str, str, str | None]]:
    return [(one.name, one.text, one.value) for one in feedback.fields]


# What is wrong usage is told before anything is asked of a broker.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "--reason", "urgent"], "no reason: urgent; there are audit, correction"),
        (["list", "--limit", "0"], "--limit"),
        (["show"], "REQUEST_ID"),
        (["show", " "], "must not be empty"),
        (["decide", "ab"], "say what it is: --type TYPE"),
        (["decide", "ab", "--field", "total=1"], "say what it is: --type TYPE"),
        (["decide", "ab", "--type", "receipt", "--field", "total"], "write name=QUOTE"),
        (["decide", "ab", "--type", "receipt", "--without", "total"], "give --confirm"),
        (["decide", "ab", "--type", " "], "must not be empty"),
        (["decide", "ab", "--confirm", "--reviewer", " "], "must not be empty"),
        (["decide", "ab", "--confirm", "--reviewer", "m\u200b.okafor"], "200 printable characters"),
        (["decide", "ab", "--confirm", "--reviewer", "m" * (MAX_REVIEWER_CHARACTERS + 1)], "200 printable characters"),
        (["decide", "ab", "--confirm", "--wait", "-1"], "--wait"),
        (["export"], "FILE.jsonl"),
    ],
)
def test_wrong_usage_says_what_to_give(docmill: Command, words: list[str], said: str) -> None:
    ran = docmill("review", *words)
    assert ran.exit_code == 2
    assert said in " ".join(ran.output.replace("│", " ").split())


@pytest.mark.parametrize("words", [["list"], ["show", "ab"], ["decide", "ab", "--confirm"], ["open", "ab"]])
def test_without_a_broker_it_says_so(docmill: Command, words: list[str]) -> None:
    ran = docmill("review", *words)
    assert ran.exit_code == 1
    assert isinstance(ran.exception, LocalKafkaError)


# list


def typed(label: str) -> DocumentType:
    return DocumentType(label=label, probability=0.5)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [A, B, REQUEST_ID]),
        (["--limit", "2"], [A, B]),
        (["--reason", "audit"], [A]),
        (["--reason", "audit", "--reason", "undecided"], [A, B, REQUEST_ID]),
        (["--reason", "correction"], []),
        (["--type", "medical"], [A]),
        (["--type", "medical.imaging_report"], [A]),
        (["--type", "med"], []),
        (["--tenant", "acme"], [A, REQUEST_ID]),
        (["--tenant", "acme", "--type", "receipt"], [REQUEST_ID]),
    ],
)
def test_a_list_is_narrowed(broker: FakeBroker, review: Review, words: list[str], expected: list[str]) -> None:
    imaging = typed("medical.imaging_report")
    broker.put("p.", opened(minutes=9), opened(A, review_reasons=(ReviewReason.AUDIT,), document_type=imaging))
    broker.put("p.", opened(B, minutes=5, tenant=None))
    ran = review("list", "--json", *words)
    assert ran.exit_code == 0, ran.output
    assert [json.loads(line)["request_id"] for line in ran.stdout.splitlines()] == expected


def test_a_list_for_people(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened(), opened(A), OutgoingRecord("documents.review", B.encode(), b"of a later one", []))
    ran = review("list", "--type", "receipt", "--limit", "1")
    assert ran.exit_code == 0
    assert REQUEST_ID[:8] in ran.stdout
    assert "and 1 more: --limit" in ran.stdout
    assert f"1 open reviews are not of this docmill and cannot be read: {B}" in ran.stderr
    assert "Kopitiam" not in ran.output


def test_an_empty_list_is_no_failure(broker: FakeBroker, review: Review) -> None:
    assert (review("list").exit_code, review("list").stdout) == (0, "no open reviews\n")


# show


def test_a_review_is_shown_by_the_beginning_of_its_id(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened(), opened(A))
    ran = review("show", f" {SHORT.upper()} ")
    assert ran.exit_code == 0, ran.output
    assert "TOTAL RM 41.50" in ran.stdout
    as_json = review("show", SHORT, "--json")
    assert ReviewRequested.model_validate_json(as_json.stdout) == examples.REVIEW


def test_a_long_text_is_shown_in_full_when_asked(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened(text=examples.TEXT + "more\n" * 500))
    assert "--full shows them" in review("show", SHORT).stdout
    assert "503  more" in review("show", SHORT, "--full").stdout


@pytest.mark.parametrize(("revision", "is_late"), [(1, True), (2, True), (3, False)])
def test_a_review_that_was_opened_too_late_is_told(
    broker: FakeBroker, review: Review, revision: int, is_late: bool
) -> None:
    broker.put("p.", closed(revision=2), opened(revision=revision))
    ran = review("show", SHORT)
    assert ran.exit_code == 0
    assert ("opened too late: revision 2 of it is decided" in ran.stderr) is is_late
    assert "too late" not in ran.stdout


def test_a_review_that_is_not_open_is_told(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened(), closed())
    ran = review("show", SHORT)
    assert ran.exit_code == 1
    assert isinstance(ran.exception, ReviewError)
    assert "decided already" in str(ran.exception)


# decide


def test_a_confirmed_proposal_is_sent_and_answered(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened(revision=3))
    answering(broker)
    ran = review("decide", SHORT, "--confirm", "--reviewer", " M.\u3000Okafor ")
    assert (ran.exit_code, ran.stdout.splitlines()[-1]) == (0, "decided"), ran.output
    sent = decision(broker)
    assert (sent.request_id, sent.revision, sent.document_type) == (REQUEST_ID, 3, "receipt")
    assert (sent.reviewer, len(sent.feedback_id)) == ("M. Okafor", 32)
    assert spans(sent) == [(one.name, one.text, one.value) for one in examples.REVIEW.fields]
    for line in ("type  receipt", "company  Kopitiam Sri Melur  0:18", "date  12/03/2018 = 2018-03-12  19:29"):
        assert line in ran.stdout


def test_a_decision_by_quotes_has_the_values_of_the_bundle(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened(candidates=()))
    answering(broker)
    quotes = ("--field", "total=RM 41.50", "--field", "date@19:29", "--field", "note=Melur")
    ran = review("decide", SHORT, "--type", "reciept", *quotes, "--new-names")
    assert ran.exit_code == 0, ran.output
    sent = decision(broker)
    assert sent.document_type == "reciept"
    expected = [("note", "Melur", None), ("date", "12/03/2018", "2018-03-12"), ("total", "RM 41.50", "41.50 MYR")]
    assert spans(sent) == expected


def test_parts_of_a_proposal_are_changed(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened())
    answering(broker)
    changed = ("--field", "total=41.50", "--without", "date", "--type", "contract.supply")
    assert review("decide", SHORT, "--confirm", *changed).exit_code == 0
    sent = decision(broker)
    assert (sent.document_type, [one.name for one in sent.fields]) == ("contract.supply", ["company", "total"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--type", "reciept"], r"did you mean 'receipt'\? --new-names takes it as it is"),
        (["--confirm", "--field", "totl=41.50"], r"no field 'totl' .*did you mean 'total'\? --new-names"),
        (["--confirm", "--field", "total=41.51"], "does not stand in the text"),
        (["--confirm", "--without", "total"], "nothing is proposed for total"),
    ],
)
def test_what_cannot_be_meant_is_not_sent(broker: FakeBroker, review: Review, words: list[str], said: str) -> None:
    broker.put("p.", opened())
    ran = review("decide", SHORT, *words)
    assert ran.exit_code == 1
    with pytest.raises(ReviewError, match=said):
        raise ran.exception or AssertionError("nothing raised")
    assert broker.read("p.documents.feedback") == []


def test_somebody_else_had_decided_first(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened())
    answering(broker, counts=False)
    ran = review("decide", SHORT, "--confirm")
    assert ran.exit_code == 1
    assert ran.stderr == f"somebody else had decided first: docmill trace {REQUEST_ID}\n"
    assert "decided\n" not in ran.stdout


def test_nobody_answers(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened())
    ran = review("decide", SHORT, "--confirm", "--wait", "0.05")
    assert ran.exit_code == 1
    assert ran.stderr == "not answered within 0.05 s: is `docmill run arbiter` running? The decision is sent\n"
    assert decision(broker).document_type == "receipt"


def test_a_review_that_closes_without_a_result(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened())
    broker.on_sent = lambda topic: broker.put("p.", closed())
    ran = review("decide", SHORT, "--confirm", "--wait", "0.05")
    assert ran.exit_code == 1
    assert "the review is closed, and its result was not seen within 0.05 s: docmill trace" in ran.stderr


def test_a_decision_on_a_review_that_was_opened_too_late_ends_it(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", closed(revision=2), opened(revision=2))
    broker.on_sent = lambda topic: broker.put("p.", closed(revision=2))
    ran = review("decide", SHORT, "--confirm")
    assert ran.exit_code == 1
    assert ran.stderr.splitlines()[-1] == "the review, which was opened too late, is ended; revision 2 stays"


def test_who_does_not_wait_is_told_that_it_is_sent(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened())
    ran = review("decide", SHORT, "--confirm", "--wait", "0")
    assert (ran.exit_code, ran.stdout.splitlines()[-1]) == (0, "sent; not waited for")


def test_a_decision_whose_acknowledgement_was_lost_is_the_same_when_it_is_sent_again(
    broker: FakeBroker, review: Review
) -> None:
    broker.put("p.", opened())
    assert review("decide", SHORT, "--confirm", "--wait", "0").exit_code == 0
    first = decision(broker)
    broker.on_sent = lambda topic: broker.put("p.", closed(revision=1), human_result(first))
    ran = review("decide", SHORT, "--confirm")
    assert (ran.exit_code, ran.stdout.splitlines()[-1]) == (0, "decided"), ran.output
    assert len(broker.read("p.documents.feedback")) == 2


def test_a_right_that_is_missing_is_named(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", opened())
    broker.refusal = TopicAuthorizationFailedError()
    ran = review("decide", SHORT, "--confirm")
    assert isinstance(ran.exception, ConfigurationError)
    assert "documents.feedback" in str(ran.exception)


def test_a_bundle_that_is_none_is_told_before_anything_is_read(
    broker: FakeBroker, review: Review, tmp_path: Path
) -> None:
    ran = review("decide", SHORT, "--confirm", DOCMILL_BUNDLE=str(tmp_path / "nowhere"))
    assert isinstance(ran.exception, BundleError)
    assert broker.required == []


def test_on_a_terminal_it_asks(broker: FakeBroker, review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_decide, "is_terminal", lambda: True)
    lone = ExtractedField(name="total", text="41.50", start=39, end=44, confidence=0.2)
    broker.put("p.", opened(fields=(), candidates=(lone,)))
    answering(broker)
    answers = {
        "type": "1",
        "total": "1",
        "company": "Kopitiam",
        "date": "-",
        "address": "-",
        "another": "",
        "send": "y",
    }
    ran = review("decide", SHORT, input="\n".join(answers.values()) + "\n")
    assert ran.exit_code == 0, ran.output
    assert "TOTAL RM 41.50" in ran.stdout  # the review itself
    assert ran.stdout.splitlines()[-1] == "decided"
    assert [(one.name, one.text) for one in decision(broker).fields] == [("company", "Kopitiam"), ("total", "41.50")]


def while_it_is_asked(broker: FakeBroker, monkeypatch: pytest.MonkeyPatch, *records: OutgoingRecord) -> None:
    """On a terminal, these records come while the person thinks."""

    def ask(asked: ReviewRequested, *_: object) -> Decision:
        broker.put("p.", *records)
        return Decision("receipt", ())

    monkeypatch.setattr(review_decide, "is_terminal", lambda: True)
    monkeypatch.setattr(review_ask, "ask_decision", ask)


@pytest.mark.parametrize(
    ("reviewer", "said"),
    [("m.okafor\x1b[31m", "it was decided by m.okafor [31m meanwhile"), (None, "it was decided meanwhile")],
    ids=["named", "nameless"],
)
def test_what_was_decided_while_a_person_was_asked_is_told_and_nothing_is_sent(
    broker: FakeBroker, review: Review, monkeypatch: pytest.MonkeyPatch, reviewer: str | None, said: str
) -> None:
    broker.put("p.", opened())
    while_it_is_asked(broker, monkeypatch, human_result(examples.FEEDBACK, reviewer=reviewer), closed(revision=1))
    ran = review("decide", SHORT)
    assert ran.exit_code == 1
    assert str(ran.exception) == f"{said}, and nothing was sent: docmill trace {REQUEST_ID}"
    assert broker.read("p.documents.feedback") == []


def test_what_came_while_a_person_was_asked_is_not_read_for_the_answer(
    broker: FakeBroker, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be hours of it, and the answer is waited for only so long."""
    noted: list[Any] = []

    async def give(settings: object, record: object, expected: object, since: object, wait_s: float) -> Answer:
        noted.append(since)
        return Answer.DECIDED

    broker.put("p.", opened())
    while_it_is_asked(broker, monkeypatch, *[result_record(result(request_id=B))] * 500)
    monkeypatch.setattr(send_feedback, "give_feedback", give)
    assert review("decide", SHORT).exit_code == 0
    assert noted[0][TopicPartition("p.documents.processed", 0)] == 500


def test_a_decision_that_is_thought_better_of_is_not_sent(
    broker: FakeBroker, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_decide, "is_terminal", lambda: True)
    broker.put("p.", opened(fields=(), candidates=(), missing_fields=()))
    ran = review("decide", SHORT, input="1\n-\n-\n-\n-\n\nn\n")
    assert (ran.exit_code, str(ran.exception)) == (1, "nothing was sent")
    assert broker.read("p.documents.feedback") == []


# open


def test_a_published_result_is_opened_and_then_decided(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", result_record(result(text=examples.TEXT)))
    ran = review("open", SHORT)
    assert ran.stdout.splitlines() == [
        "opened: receipt-17, revision 1 by model, text from p.documents.processed",
        f"next: docmill review decide {REQUEST_ID}",
    ]
    answering(broker)
    assert review("decide", SHORT, "--confirm").exit_code == 0
    assert decision(broker).revision == 2


def test_what_is_open_is_not_opened_again(broker: FakeBroker, review: Review) -> None:
    broker.put("p.", result_record(result(text=examples.TEXT)), opened())
    ran = review("open", SHORT)
    assert ran.exit_code == 1
    assert f"a review of it is open already: docmill review show {REQUEST_ID}" in str(ran.exception)


# export


def exported(broker: FakeBroker, *numbered: Any) -> None:
    broker.put("p.", *map(exemplar_record, numbered))


def test_decisions_of_one_group_are_written(broker: FakeBroker, review: Review, tmp_path: Path) -> None:
    exported(broker, exemplar(1), exemplar(2), exemplar(3, metadata={}))
    ran = review("export", tmp_path / "decided.jsonl")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout == f"wrote {tmp_path / 'decided.jsonl'}: 2 of group receipt, left out 1\n"
    assert ran.stderr == f"left out: {exemplar(3).passage_id}: it does not say where its fields stand\n"
    rows = [json.loads(line) for line in (tmp_path / "decided.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [exemplar(1).passage_id, exemplar(2).passage_id]


def test_several_groups_take_a_choice(broker: FakeBroker, review: Review, tmp_path: Path) -> None:
    exported(broker, exemplar(1), exemplar(2, "medical.imaging_report"), exemplar(3, "medical.operative_report"))
    ran = review("export", tmp_path / "decided.jsonl")
    assert ran.exit_code == 1
    assert "several groups (medical 2, receipt 1): give --group" in str(ran.exception)
    assert not (tmp_path / "decided.jsonl").exists()
    assert "2 of group medical" in review("export", tmp_path / "decided.jsonl", "--group", "medical").stdout


@pytest.mark.parametrize(("numbered", "shown"), [((), "none"), ((exemplar(1),), "receipt 1")], ids=["none", "others"])
def test_nothing_to_write_is_told(
    broker: FakeBroker, review: Review, tmp_path: Path, numbered: tuple[Any, ...], shown: str
) -> None:
    exported(broker, *numbered)
    ran = review("export", tmp_path / "decided.jsonl", "--group", "claim")
    assert ran.exit_code == 1
    assert str(ran.exception) == f"no decision to write; decisions by group of types: {shown}"
    assert not (tmp_path / "decided.jsonl").exists()


def test_a_file_that_cannot_be_written_is_told(broker: FakeBroker, review: Review, tmp_path: Path) -> None:
    exported(broker, exemplar(1))
    (tmp_path / "file").write_text("")
    ran = review("export", tmp_path / "file" / "decided.jsonl")
    assert isinstance(ran.exception, ConfigurationError)
