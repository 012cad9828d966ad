"""What was sent in a step and what came back, document by document. Knows no clock and no Kafka.

Times are seconds on one clock; latency runs from when a document was due, not from when it was sent, so a sender that
falls behind makes the figures worse, never better.
"""

from dataclasses import dataclass, field

from docmill.kafka.outcomes import OutcomeKind
from docmill.load.plan import Plan

DECIDED_AGAIN = {OutcomeKind.FALLBACK, OutcomeKind.PROCESSED}  # the fallback's answer follows its request


@dataclass(slots=True)
class Entry:
    """One document's way. Latency ends with the first outcome."""

    due_s: float
    sent_s: float | None = None
    outcome: OutcomeKind | None = None
    arrived_s: float | None = None
    kinds: set[OutcomeKind] = field(default_factory=set)

    @property
    def latency_s(self) -> float | None:
        """Since it was due; None: nothing came yet."""
        return None if self.arrived_s is None else self.arrived_s - self.due_s


class Ledger:
    """The entries of one step. Every document of the plan is in it, sent or not."""

    def __init__(self, plan: Plan, start_s: float) -> None:
        self.plan = plan
        self.start_s = start_s
        self.entries = [Entry(start_s + shipment.due_s) for shipment in plan.shipments]
        self.refusals: dict[int, str] = {}  # why a document did not get onto the topic
        self.duplicates = 0
        self.last_arrival_s = start_s
        self._index_of = {shipment.document_id.encode(): n for n, shipment in enumerate(plan.shipments)}
        self._sent = self._arrived = 0

    @property
    def outstanding(self) -> int:
        """Documents that are on their way: sent, not refused, without an outcome."""
        return self._sent - self._arrived - len(self.refusals)

    @property
    def sent(self) -> int:
        """Documents handed over so far."""
        return self._sent

    @property
    def counted(self) -> list[Entry]:
        """Documents after the warm-up, sent or not."""
        return self.entries[self.plan.first_counted :]

    def on_sent(self, index: int, at_s: float) -> None:
        """A document was handed to the producer."""
        self.entries[index].sent_s = at_s
        self._sent += 1

    def on_refused(self, index: int, problem: str) -> None:
        """A document did not get onto the topic, as far as is known; an outcome that comes all the same counts."""
        if self.entries[index].arrived_s is None:
            self.refusals[index] = problem

    def on_outcome(self, key: bytes | None, kind: OutcomeKind, at_s: float) -> bool:
        """An outcome came; whether it is of this step.

        A second one is a duplicate, unless the fallback answered: a request for it and a result, one of each.
        """
        index = self._index_of.get(key or b"")
        if index is None:
            return False
        entry = self.entries[index]
        if entry.arrived_s is None:
            entry.outcome, entry.arrived_s = kind, at_s
            self._arrived += 1
            self.last_arrival_s = at_s
            self.refusals.pop(index, None)
        elif kind in entry.kinds or (entry.kinds | {kind}) != DECIDED_AGAIN:
            self.duplicates += 1
        entry.kinds.add(kind)
        return True

    def count_late(self, target_s: float, now_s: float) -> int:
        """Counted documents that took longer than the target, or are bound to: due longer ago and not back."""
        return sum(
            (now_s if entry.arrived_s is None else entry.arrived_s) - entry.due_s > target_s for entry in self.counted
        )
