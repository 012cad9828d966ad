"""Steps of documents to the way of each request, and what it has come to. Pure: no broker, no clock."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
)
from docmill_schemas.reasons import DecidedBy, ReviewReason

# Of steps with the same timestamp.
ORDER = (Received, DeadLetter, Deferred, Processed, Asked, Decision, ReviewEnded, NoEvent)


class State(StrEnum):
    """What a request has come to."""

    PUBLISHED = "published"
    IN_FALLBACK = "in_fallback"
    IN_REVIEW = "in_review"  # a person is asked, and there is no result
    REJECTED = "rejected"
    WAITING = "waiting"  # the processor has not come to it
    NO_OUTCOME = "no_outcome"  # the processor has passed it, or nobody can say
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Group:
    """The processors' consumer group as it stood after documents.received was read."""

    name: str
    committed: Mapping[int, int]  # by partition of documents.received; those without a commit are missing
    members: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request has come to, for machines and for people; `notes` are oddities that explain themselves."""

    state: State
    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """The steps of one request, in the order of time."""

    request_id: str | None  # None: records that name none
    document_id: str
    steps: tuple[Step, ...]

    @property
    def received_at(self) -> datetime | None:
        """When the document came in first: by its own record, else by what its outcomes say."""
        known = [step.received_at for step in self.steps if step.received_at is not None]
        return min(known, default=None)

    @property
    def traceparent(self) -> str | None:
        """The trace that the document came in with."""
        return next((step.traceparent for step in self.steps if step.traceparent), None)

    @property
    def correlation_id(self) -> str | None:
        """Likewise."""
        return next((step.correlation_id for step in self.steps if step.correlation_id), None)

    def after_received_s(self, step: Step) -> float | None:
        """Seconds between the document's coming in and a step; None where nobody says when it came in."""
        since = self.received_at
        return None if since is None else (step.at - since).total_seconds()


def ways(steps: Iterable[Step]) -> tuple[Way, ...]:
    """The ways of all requests among the steps, the oldest first."""
    by_request: dict[str | None, list[Step]] = defaultdict(list)
    for step in steps:
        by_request[step.request_id].append(step)
    found = []
    for request_id, own in by_request.items():
        own.sort(key=lambda s: (s.at, ORDER.index(type(s.what)), s.topic, s.partition, s.offset))
        # The document's own record knows its id best: a dead letter may have lost the value that named it.
        named = [s for s in own if s.document_id] or own
        own_record = next((s for s in named if isinstance(s.what, Received)), named[-1])
        found.append(Way(request_id, own_record.document_id, tuple(own)))
    return tuple(sorted(found, key=lambda way: (way.steps[0].at, way.steps[0].partition, way.steps[0].offset)))


def judge(way: Way, group: Group | None, now: datetime) -> Verdict:
    """What a request has come to by `now`; `group` None: nobody may see how far the processors are."""
    notes = (*_sent_again(way), *_delivered_again(way))
    decided = _decided_or_asked(way, now)
    if decided is not None:
        return Verdict(*decided, notes)
    deferred = next((step for step in reversed(way.steps) if isinstance(step.what, Deferred)), None)
    later = deferred is None or any(isinstance(s.what, DeadLetter) and s.at > deferred.at for s in way.steps)
    if deferred is not None and not later:
        since = clock(deferred.at)
        waited = length_of_time((now - deferred.at).total_seconds())
        return Verdict(State.IN_FALLBACK, f"waits in the fallback since {since} ({waited})", notes)
    letters = [step.what for step in way.steps if isinstance(step.what, DeadLetter)]
    received = [(step, step.what) for step in way.steps if isinstance(step.what, Received)]
    attempt = max((what.attempt for _, what in received), default=0)
    if letters and attempt <= max(letter.attempt for letter in letters):
        last = letters[-1]
        why = ": ".join(part for part in (last.reason, last.detail) if part)
        mended = "`docmill redrive` puts it back once its cause is mended"
        return Verdict(State.REJECTED, f"dead letter: {why}. {mended}", notes)
    if received:
        step = max(received, key=lambda r: (r[1].attempt, r[0].at))[0]
        return _unfinished(step, group, notes)
    return Verdict(*_no_document(way), notes)


def _decided_or_asked(way: Way, now: datetime) -> tuple[State, str] | None:
    """What it came to, where there is a result, or a person is or was asked."""
    review = _open_review(way)
    results = [(step, step.what) for step in way.steps if isinstance(step.what, Processed)]
    if results:
        text = _published(way, *max(results, key=lambda r: r[1].revision))
        about = "" if review is None else f"; {_about_result(review[1])} {_waits(way, *review, now)}"
        return State.PUBLISHED, text + about
    if review is not None:
        reasons = ", ".join(review[1].reasons)
        return State.IN_REVIEW, f"a person is asked ({reasons}) {_waits(way, *review, now)}"
    ended = [step for step in way.steps if isinstance(step.what, ReviewEnded)]
    if ended and not any(isinstance(s.what, Received | Deferred) and s.at > ended[-1].at for s in way.steps):
        text = f"decided by human on {clock(ended[-1].at)}; the result is past its retention, or not to be seen yet"
        return State.PUBLISHED, text
    return None


def _no_document(way: Way) -> tuple[State, str]:
    problem = next((step.what.problem for step in way.steps if isinstance(step.what, NoEvent)), None)
    if problem is None:
        return State.NO_OUTCOME, "a decision on it is all that is on the topics"
    return State.UNREADABLE, f"a record that is no event of docmill's: {problem}"


def _open_review(way: Way) -> tuple[Step, Asked] | None:
    """The review that waits for a decision. All of a request lie in one partition: its last record says whether.

    Where a transaction of somebody else hides the end of a review for a moment, the result of a person tells of it.
    """
    last = max((s for s in way.steps if isinstance(s.what, Asked | ReviewEnded)), key=lambda s: s.offset, default=None)
    if last is None or not isinstance(last.what, Asked):
        return None
    asked = last.what
    decided = any(
        isinstance(s.what, Processed)
        and s.what.decided_by == DecidedBy.HUMAN
        and s.what.revision >= asked.revision
        and s.at >= last.at
        for s in way.steps
    )
    return None if decided else (last, asked)


def _about_result(asked: Asked) -> str:
    if ReviewReason.AUDIT in asked.reasons:
        return "an audit of it is open"
    return f"a person is asked about it ({', '.join(asked.reasons)})"


def _waits(way: Way, step: Step, asked: Asked, now: datetime) -> str:
    """Since when, for which revision, and whether a decision is on its way."""
    waited = length_of_time((now - step.at).total_seconds())
    late = ", opened too late: a decision only ends it" if asked.opened_late else ""
    text = f"since {clock(step.at)} ({waited}), revision {asked.revision}{late}"
    decisions = [
        s for s in way.steps if isinstance(s.what, Decision) and s.what.revision == asked.revision and s.at >= step.at
    ]
    if not decisions:
        return text
    return (
        f"{text}; a decision was sent on {clock(decisions[0].at)}: `docmill run arbiter` has not come to it, or its "
        f"log says why it was refused"
    )


def _published(way: Way, step: Step, result: Processed) -> str:
    seconds = way.after_received_s(step)
    took = (
        "" if seconds is None else f" in {length_of_time(seconds)}" if seconds >= 0 else " (the senders' clocks differ)"
    )
    if result.decided_by == DecidedBy.MODEL:
        return f"straight through{took}"
    return f"decided by {result.decided_by}{took}"


def _unfinished(step: Step, group: Group | None, notes: tuple[str, ...]) -> Verdict:
    """A document without an outcome: is the processor behind, or has it passed it?"""
    if group is None:
        text = "received, no outcome yet; how far the processors are may not be read (it needs the right DescribeGroup)"
        return Verdict(State.NO_OUTCOME, text, notes)
    committed = group.committed.get(step.partition)
    if committed is not None and committed > step.offset:
        text = (
            f"received, and {group.name} has committed past it (offset {committed} of partition {step.partition}), but "
            f"no outcome is on the topics: it was deleted by retention, or the group's offset was set by hand"
        )
        return Verdict(State.NO_OUTCOME, text, notes)
    if committed is None:
        where = f"{group.name} has committed nothing on partition {step.partition} so far"
    elif committed == step.offset:
        where = f"it is the next record that {group.name} reads of partition {step.partition}"
    else:
        behind = step.offset - committed
        where = f"{group.name} has {_count(behind, 'record')} of partition {step.partition} to read before it"
    if group.members == 0:
        where += "; no processor runs in that group: start one with `docmill run processor`, or name another --group"
    return Verdict(State.WAITING, f"received, no outcome yet: {where}", notes)


def _sent_again(way: Way) -> tuple[str, ...]:
    """Copies of one request that its sender made; a redrive counts up the attempt instead."""
    attempts = Counter(step.what.attempt for step in way.steps if isinstance(step.what, Received))
    most = max(attempts.values(), default=1)
    return (f"received {most} times with the same ce_source and ce_id: its sender sent it again",) * (most > 1)


def _delivered_again(way: Way) -> tuple[str, ...]:
    """The same outcome more often than the document came in."""
    received = Counter(step.what.attempt for step in way.steps if isinstance(step.what, Received))
    copies = max(received.values(), default=1)
    notes = []
    for name, count in Counter(_outcome(step) for step in way.steps if not isinstance(step.what, Received)).items():
        if name is not None and count > copies:
            notes.append(
                f"{name} {count} times: under at_least_once a crash or a rebalance delivers again; "
                f"count one for each (request_id, decided_by, revision)"
            )
    return tuple(notes)


def _outcome(step: Step) -> str | None:
    """What must be once in a request, in words; None where nothing of docmill's happened."""
    match step.what:
        case Processed(decided_by=decided_by, revision=revision):
            return f"result of {decided_by} (revision {revision}) published"
        case Deferred():
            return "handed to the fallback"
        case DeadLetter(attempt=attempt):
            return f"dead letter of attempt {attempt} published"
        case _:
            return None


def clock(at: datetime) -> str:
    """A local time to the second."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def length_of_time(seconds: float) -> str:
    """A length of time as people say it: `0.21 s`, `3 min 4 s`, `2 d 5 h`."""
    if seconds < 60:
        return f"{max(0.0, seconds):.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    whole = int(seconds)
    for unit, length, smaller, part in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // part
            return f"{whole // length} {unit}" + (f" {rest} {smaller}" if rest else "")
    raise AssertionError("60 seconds are a minute")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("s" if number != 1 else "")
