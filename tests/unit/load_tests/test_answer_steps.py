"""A change is timed until an answer shows it; what cannot be measured ends the run."""

import asyncio
import json
import random
from typing import Any

import pytest

from docmill.arbiter.exemplar import PASSAGE_PREFIX
from docmill.kafka.publish import OutgoingRecord
from docmill_schemas import examples
from docmill_schemas.events import BundleRef, FallbackRequested
from docmill_schemas.ids import sha256_hex
from docmill_schemas.topics import FEEDBACK, KNOWLEDGE_UPDATED
from load_tests.answer_parts import measure
from load_tests.answer_parts.documents import CLAIM_LABEL, REGISTER, Documents
from load_tests.answer_parts.judge import PEOPLE, Answer, Expected, Tally, total
from load_tests.answer_parts.measure import MOST_UNANSWERED, Step, by_kind, first_right, time_step
from load_tests.answer_parts.steps import PARKING, notice_steps, prepare, register_steps

BUNDLE = BundleRef(name="mailroom-en", version="1", sha256=sha256_hex(b"manifest"))
LABELS = (CLAIM_LABEL, "letter", "receipt")
DELAY_S = 0.1


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "EVERY_S", 0.01)
    monkeypatch.setattr(measure, "PATIENCE_S", 5.0)


@pytest.fixture
def documents() -> Documents:
    return Documents(BUNDLE, LABELS, random.Random(0))


class FakeServices:
    """Indexer, arbiter and fallback: what is sent counts `delay_s` later. `spoils`: what a stranger is published as."""

    def __init__(self, delay_s: float = DELAY_S, spoils: str | None = None) -> None:
        self._delay_s = delay_s
        self._spoils = spoils
        self._exemplars: dict[str, tuple[str | None, str]] = {}  # tenant and label, by passage
        self._register: frozenset[str] = frozenset()
        self._asked: dict[str, FallbackRequested] = {}
        self.topics: list[str] = []

    async def send(self, record: OutgoingRecord) -> None:
        self.topics.append(record.topic)
        asyncio.get_running_loop().call_later(self._delay_s, self._apply, record)

    async def ask(self, request: FallbackRequested) -> Answer:
        self._asked[request.request_id] = request
        await asyncio.sleep(0)
        at_s = asyncio.get_running_loop().time()
        if request.fields:
            values = {field.name: field.text for field in request.fields}
            if values["policy_number"] in self._register:
                return Answer(at_s, CLAIM_LABEL, values, frozenset({REGISTER}))
        for passage, (tenant, label) in self._exemplars.items():
            if tenant == request.tenant and is_notice(request):
                return Answer(at_s, label, {}, frozenset({passage}))
            if tenant == request.tenant and self._spoils is not None:
                return Answer(at_s, self._spoils, {}, frozenset({passage}))
        review = examples.REVIEW.model_copy(update={"request_id": request.request_id})
        return Answer(at_s, None, review=review)

    def _apply(self, record: OutgoingRecord) -> None:
        assert record.key is not None
        key = record.key.decode()
        if record.value is None:
            del self._exemplars[key]
            return
        said = json.loads(record.value)
        if record.topic == FEEDBACK.name:
            self._exemplars[PASSAGE_PREFIX + key] = self._asked[key].tenant, said["document_type"]
        elif key == REGISTER:
            self._register = frozenset(said["fields"]["policy_number"])
        else:
            self._exemplars[key] = said["tenant"], said["document_type"]


def is_notice(request: FallbackRequested) -> bool:
    return any(word in request.text for word in ("PARKING", "Parking Charge", "PENALTY CHARGE"))


async def all_steps(services: FakeServices, documents: Documents, rounds: int = 2) -> tuple[Any, ...]:
    await prepare(services.ask, services.send, documents, rows=5)
    timed = []
    for number in range(rounds):
        for step in (
            *notice_steps(documents, services.send, number),
            *register_steps(documents, services.send, number, 5),
        ):
            timed.append(await time_step(services.ask, step, 0))
    return by_kind(timed)


async def test_each_change_is_timed_until_an_answer_shows_it_and_all_are_right(documents: Documents) -> None:
    services = FakeServices()
    found = await all_steps(services, documents)
    assert [one.what for one in found] == [
        "a person's decision",
        "its exemplar's type corrected",
        "its exemplar deleted",
        "a row added to a code list",
        "that row taken off it",
    ]
    assert all(seconds >= DELAY_S for one in found for seconds in one.seconds)
    assert {len(one.seconds) for one in found} == {2}
    assert {(one.changed.left, one.changed.wrong, one.between) for one in found} == {(0, 0, 0)}
    assert [one.changed.right for one in found] == [12, 12, 12, 8, 8]
    assert [total(one.others.values()) for one in found] == [
        Tally(right=right, left=0, wrong=0) for right in (12, 12, 12, 8, 8)
    ]
    assert services.topics.count(FEEDBACK.name) == 2
    assert services.topics.count(KNOWLEDGE_UPDATED.name) == 2 + 2 * 4


async def test_a_stranger_that_is_published_by_one_exemplar_is_wrong(documents: Documents) -> None:
    found = await all_steps(FakeServices(spoils=PARKING), documents, rounds=1)
    papers = ("any other paper", "the nearest other paper")
    assert [[one.others[name].wrong for name in papers] for one in found[:3]] == [[3, 1], [3, 1], [0, 0]]
    assert [total(one.others.values()).wrong for one in found] == [4, 4, 0, 0, 0]
    assert [one.changed.wrong for one in found] == [0] * 5


def step(documents: Documents, **more: Any) -> Step:
    async def nothing(asked: Answer) -> None:
        pass

    given: dict[str, Any] = {
        "what": "a change",
        "first": documents.claim(1),
        "make": nothing,
        "next_document": lambda: documents.claim(1),
        "before": PEOPLE,
        "after": Expected("new"),
        "changed": (),
        "others": {},
    }
    return Step(**(given | more))


async def test_what_is_answered_the_new_way_before_cannot_be_timed(documents: Documents) -> None:
    async def ask(request: FallbackRequested) -> Answer:
        return Answer(0.0, "new")

    with pytest.raises(SystemExit, match="a change: before it new is published where a question to a person was"):
        await time_step(ask, step(documents), 0)


async def test_a_change_that_never_shows_ends_the_run(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "PATIENCE_S", 0.1)

    async def ask(request: FallbackRequested) -> Answer:
        return Answer(0.0, None)

    with pytest.raises(SystemExit, match="no result new in 0 s: a service is gone, or the machine is too busy"):
        await time_step(ask, step(documents), 0)


async def test_answers_that_are_neither_old_nor_new_are_counted(documents: Documents) -> None:
    labels = iter([None, "strange", None, "strange", "new"])

    async def ask(request: FallbackRequested) -> Answer:
        return Answer(asyncio.get_running_loop().time(), next(labels))

    timed = await time_step(ask, step(documents), 0)
    assert timed.between == 2
    assert (timed.changed, timed.others) == (Tally(right=0, left=0, wrong=0), {})


async def test_a_fallback_that_falls_behind_is_not_buried(documents: Documents) -> None:
    unanswered, most = set[str](), 0
    free = asyncio.Event()

    async def ask(request: FallbackRequested) -> Answer:
        nonlocal most
        unanswered.add(request.request_id)
        most = max(most, len(unanswered))
        await free.wait()
        unanswered.remove(request.request_id)
        return Answer(1.0, "new")

    asyncio.get_running_loop().call_later(0.5, free.set)  # time for fifty
    answer, seen = await first_right(ask, lambda: documents.claim(1), Expected("new"))
    assert (answer.at_s, len(seen), most) == (1.0, MOST_UNANSWERED, MOST_UNANSWERED)
