"""The changes that are measured, and what documents must be answered before and after each. Sends nothing by itself."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from docmill.arbiter.exemplar import PASSAGE_PREFIX
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.received_record import new_event_id
from docmill.kafka.send_feedback import feedback_on, feedback_record
from docmill.kafka.send_knowledge import deleted_record, updated_record
from docmill_schemas.events import FallbackRequested, KnowledgeUpdated
from load_tests.answer_parts.documents import (
    CLAIM_LABEL,
    REGISTER,
    SOURCE,
    Documents,
    exemplar_of,
    holder,
    policy_number,
    register,
)
from load_tests.answer_parts.judge import PEOPLE, Answer, Expected
from load_tests.answer_parts.measure import Ask, Judged, Step, first_right, patiently

PARKING, TRAFFIC = "notice.parking", "notice.traffic"  # no bundle knows them
KEPT, KEPT_TENANT, KEPT_FORM = "kept/notice", "kept", 0  # an exemplar that no change is about
NOBODY = "nobody"  # a tenant for whom nothing is known
CLAIMS = 4  # on the policy of a change, that are judged
STRANGERS, LISTED, UNLISTED = 3, 2, 2  # others that are asked about after each change
DECISION, CORRECTION, DELETION = "a person's decision", "its exemplar's type corrected", "its exemplar deleted"
ADDED, TAKEN_OFF = "a row added to a code list", "that row taken off it"
NEVER_LISTED = 7000  # policies from here on

Send = Callable[[OutgoingRecord], Awaitable[None]]  # returns when it is acknowledged


async def send_knowledge(send: Send, change: KnowledgeUpdated | str) -> None:
    """A source text, or the deletion of an id."""
    event_id = new_event_id()
    if isinstance(change, str):
        await send(deleted_record(change, SOURCE, event_id))
    else:
        await send(updated_record(change, SOURCE, event_id, datetime.now(UTC)))


async def prepare(ask: Ask, send: Send, documents: Documents, rows: int) -> None:
    """What is known before the first change: the register, and an exemplar of a tenant of its own.

    Raises:
        SystemExit: the fallback does not answer by them.
    """
    await send_knowledge(send, register(range(rows)))
    await send_knowledge(send, exemplar_of(documents.notice(KEPT_FORM, KEPT_TENANT), KEPT, PARKING))
    kept = Expected(PARKING, cites=KEPT)
    await patiently(first_right(ask, lambda: documents.claim(0), listed(0)), "result of a claim that is listed")
    await patiently(first_right(ask, lambda: documents.notice(KEPT_FORM, KEPT_TENANT), kept), "result of a notice")


def notice_steps(documents: Documents, send: Send, number: int) -> tuple[Step, ...]:
    """A person decides a notice of a new tenant; its exemplar gets another type; it is deleted.

    The next documents are of the form that was decided; those that are judged are of all forms.
    """
    tenant = f"tenant-{number}"
    decided = documents.notice(number, tenant)
    passage = PASSAGE_PREFIX + decided.request_id
    parking, traffic = (Expected(label, cites=passage) for label in (PARKING, TRAFFIC))

    async def decide(asked: Answer) -> None:
        assert asked.review is not None
        decision = feedback_on(asked.review, PARKING, (), "answers", datetime.now(UTC))
        await send(feedback_record(decision, asked.review, []))

    async def correct(asked: Answer) -> None:
        await send_knowledge(send, exemplar_of(decided, passage, TRAFFIC))

    async def delete(asked: Answer) -> None:
        await send_knowledge(send, passage)

    def others() -> dict[str, list[Judged]]:
        return {
            "any other paper": [(documents.stranger(tenant), PEOPLE) for _ in range(STRANGERS)],
            "the nearest other paper": [(documents.near_kin(tenant), PEOPLE)],
            "a notice, no exemplar": [(documents.notice(number, NOBODY), PEOPLE)],
            "a notice, another exemplar": [(documents.notice(KEPT_FORM, KEPT_TENANT), Expected(PARKING, cites=KEPT))],
        }

    def all_forms(expected: Expected) -> list[Judged]:
        return [(documents.notice(form, tenant), expected) for form in range(documents.notices)]

    def next_one() -> FallbackRequested:
        return documents.notice(number, tenant)

    return (
        Step(DECISION, decided, decide, next_one, PEOPLE, parking, all_forms(parking), others()),
        Step(CORRECTION, next_one(), correct, next_one, parking, traffic, all_forms(traffic), others()),
        Step(DELETION, next_one(), delete, next_one, traffic, PEOPLE, all_forms(PEOPLE), others()),
    )


def register_steps(documents: Documents, send: Send, number: int, rows: int) -> tuple[Step, ...]:
    """A policy comes onto the register of `rows` others, and is taken off it."""
    policy = rows + number

    async def add(asked: Answer) -> None:
        await send_knowledge(send, register([*range(rows), policy]))

    async def take_off(asked: Answer) -> None:
        await send_knowledge(send, register(range(rows)))

    def next_one() -> FallbackRequested:
        return documents.claim(policy)

    def several(expected: Expected) -> list[Judged]:
        return [(documents.claim(policy), expected) for _ in range(CLAIMS)]

    def others() -> dict[str, list[Judged]]:
        others_listed = [(number * LISTED + place) % rows for place in range(LISTED)]
        never = [NEVER_LISTED + number * UNLISTED + place for place in range(UNLISTED)]
        return {
            "a claim on another row": [(documents.claim(one), listed(one)) for one in others_listed],
            "a claim on none": [(documents.claim(one), PEOPLE) for one in never],
        }

    on_it = listed(policy)
    return (
        Step(ADDED, next_one(), add, next_one, PEOPLE, on_it, several(on_it), others()),
        Step(TAKEN_OFF, next_one(), take_off, next_one, on_it, PEOPLE, several(PEOPLE), others()),
    )


def listed(policy: int) -> Expected:
    """How a claim on a policy is answered while that is on the register."""
    fields = {"policy_number": policy_number(policy), "claimant": holder(policy)}
    return Expected(CLAIM_LABEL, fields, REGISTER)
