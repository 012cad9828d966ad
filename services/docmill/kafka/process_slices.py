"""The processor's slices: suspects tried, the rest computed, all of a slice by one bundle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docmill.kafka.accounting import Accounting, Final
from docmill.kafka.decode_record import Record
from docmill.kafka.serving import InUse
from docmill.kafka.slice_work import SliceWork
from docmill.kafka.trial import Trials
from docmill.kafka.work import Done
from docmill.processing import Rejected


@dataclass(frozen=True, slots=True)
class ProcessSlices(SliceWork[Done]):
    """See SliceWork."""

    bundles: InUse
    trials: Trials
    accounting: Accounting

    @property
    def tries_suspects(self) -> bool:
        """In a child process (trial.py)."""
        return True

    @property
    def gives_up_on_release(self) -> bool:
        """It is soon done."""
        return False

    def process(self, records: Sequence[Record], suspected: bool, abandoned: Callable[[], bool]) -> list[Done]:
        """See SliceWork.process."""
        with self.bundles.lent() as serving:
            condemned = self.trials.condemned(records, serving.files) if suspected else {}
            done = serving.work.process([r for r in records if r.offset not in condemned], abandoned)
            for decoded in condemned.values():
                assert isinstance(decoded.document, Rejected)
                done.append(serving.work.done(decoded, decoded.document))
        return sorted(done, key=lambda d: d.record.offset)

    def final(self, slice_: Sequence[Done]) -> None:
        """See SliceWork.final."""
        self.accounting.final([Final(d.record.timestamp, d.outcome, d.audit is not None) for d in slice_])
