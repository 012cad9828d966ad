"""Records to outcomes and the records that tell of them. Does not know where they came from or who sends them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from docmill.errors import whereabouts
from docmill.kafka.decode_record import DecodedRecord, Record, decode_record
from docmill.kafka.publish import OutgoingRecord, Publisher
from docmill.processing import Mill, Outcome, ReceivedDocument, Rejected
from docmill_schemas.reasons import RejectionReason

EXCEPTIONAL = (RejectionReason.INTERNAL_ERROR, RejectionReason.PROCESS_KILLED)


@dataclass(frozen=True, slots=True)
class Done:
    """A record, what became of it, the record that says so, and the one that asks people whether it is right."""

    record: Record
    outgoing: OutgoingRecord
    outcome: Outcome
    audit: OutgoingRecord | None = None

    @property
    def publishes(self) -> Sequence[OutgoingRecord]:
        """See slice_work.Finished."""
        return (self.outgoing,) if self.audit is None else (self.outgoing, self.audit)

    @property
    def unexpected(self) -> str | None:
        """See slice_work.Finished."""
        if isinstance(self.outcome, Rejected) and self.outcome.reason in EXCEPTIONAL:
            return self.outcome.exception or self.outcome.detail
        return None


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with the records of a slice."""

    cluster_id: str
    max_document_bytes: int
    mill: Mill
    publisher: Publisher

    def decode(self, record: Record) -> DecodedRecord:
        """See decode_record."""
        return decode_record(record, self.cluster_id, self.max_document_bytes)

    def process(self, records: Sequence[Record], abandoned: Callable[[], bool] = lambda: False) -> list[Done]:
        """One Done a record, in their order. Blocks; call it in a thread."""
        decoded = [self.decode(record) for record in records]
        documents = [d.document for d in decoded if isinstance(d.document, ReceivedDocument)]
        try:
            processed = iter(self.mill.process(documents, abandoned))
            outcomes = [d.document if isinstance(d.document, Rejected) else next(processed) for d in decoded]
        except StopIteration as error:  # no future takes one: the worker would wait for ever
            raise RuntimeError("fewer outcomes than documents") from error
        return [self.done(d, outcome) for d, outcome in zip(decoded, outcomes, strict=True)]

    def done(self, decoded: DecodedRecord, outcome: Outcome) -> Done:
        """An outcome with its record; where that cannot be built, a dead letter."""
        now = datetime.now(UTC)
        try:
            outgoing, outcome = self.publisher.outgoing(decoded, outcome, now)
        except Exception as error:  # tied to one document: the policy of errors.py
            rejected = Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", whereabouts(error))
            outgoing, outcome = self.publisher.outgoing(decoded, rejected, now)
        return Done(decoded.record, outgoing, outcome, self.publisher.audit(decoded, outcome, now))
