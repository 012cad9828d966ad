"""Every error docmill raises on purpose, one policy a branch.

    DocmillError
    ├── DocumentError            the document's own fault: a dead letter with `reason`, never retried
    ├── DependencyError          a broker, an index, a store: back off, then exit without committing
    │   ├── BrokerError
    │   └── IndexUnavailableError
    │       └── IndexInUseError
    ├── IndexCorruptError        the local copy is broken: remove it and let it be made anew
    ├── IndexEmbeddingError      vectors of two embeddings met: make the copy anew
    ├── IndexRecordError         a record of the index's topic is none: copies have nothing under its key
    ├── GeneratorError           no answer of a language model: its breaker opens, nothing else stops
    ├── EmbedderError            the embedder cannot be made or loaded; the message says what to install
    ├── RecordsLostError         retention deleted records that were never read: stop, a person must decide
    ├── LogTruncatedError        the log ends before what was read of it: stop, a person must decide
    ├── PollError                polled records were lost on their way: stop, commit nothing that follows them
    ├── InternalErrorRateError   too many unexpected exceptions: stop, the fault is not the documents'
    ├── BundleError              refuse to start, keep the bundle that is loaded
    ├── ReviewError              no review, or no decision, to be had of what a person gave: says what to give
    ├── ConfigurationError       refuse to start; the message says which setting to change
    ├── AbandonedError           nobody waits for this slice any more: its thread stops, nothing comes of it
    └── LocalKafkaError          the local broker cannot be had; the message says what to install or free

An unexpected exception tied to one document becomes a dead letter `internal_error`; any other exception is a
bug: it is logged once, the service stops and nothing is committed.
"""

import traceback
from pathlib import Path

from docmill_schemas.reasons import RejectionReason


class DocmillError(Exception):
    """Root of the tree."""


class DocumentError(DocmillError):
    """A document that can never be processed as it stands.

    `detail` is safe to log and to put in a header: it never holds text of the document.
    """

    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class DependencyError(DocmillError):
    """Something that docmill needs does not answer; retrying later may help."""


class BrokerError(DependencyError):
    """Kafka does not answer, or refuses what is asked of it."""


class IndexUnavailableError(DependencyError):
    """The store of the local index does not answer: locked, no room, not readable."""


class IndexInUseError(IndexUnavailableError):
    """Another process writes to this copy."""


class IndexCorruptError(DocmillError):
    """The store of the local index is damaged, or is none. Whatever it would answer cannot be trusted."""


class IndexEmbeddingError(DocmillError):
    """Vectors of two embeddings would be compared, which gives figures without a meaning."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(f"{what} is of embedding {found}, the index of {expected}: rebuild the index for one of them")


class IndexRecordError(DocmillError):
    """A record of knowledge.indexed that is none of ours, so that what a copy has under its key is out of date."""


class GeneratorError(DocmillError):
    """A language model does not answer. Nobody waits for it: tier 1 of the fallback decides without."""


class EmbedderError(DocmillError):
    """The embedder's weights are missing, or the model made of them is incomplete or altered."""


class RecordsLostError(DocmillError):
    """Retention deleted records before they were read. docmill never resets an offset silently."""

    def __init__(self, partition: str, committed: int, log_start: int) -> None:
        super().__init__(
            f"{partition}: offsets {committed} to {log_start - 1} were deleted by retention before they were read. "
            f"Recover them upstream, then set the group's offset to {log_start} (kafka-consumer-groups.sh "
            f"--reset-offsets) and start again; and raise retention.ms or add replicas"
        )
        self.records = log_start - committed


class LogTruncatedError(DocmillError):
    """The log ends before an offset that was read from it: the topic was made anew, or the broker lost records.

    docmill never starts over silently, and must not wait until the log has grown past that offset either.
    """

    def __init__(self, partition: str, expected: int, found: str) -> None:
        super().__init__(
            f"{partition}: read up to offset {expected}, but {found}: the topic was deleted and created again, or the "
            f"broker lost records. Set the group's offset (kafka-consumer-groups.sh --reset-offsets) and start again"
        )


class PollError(DocmillError):
    """Records were polled and lost on their way to the engine: nothing that follows them may be committed."""


class InternalErrorRateError(DocmillError):
    """Unexpected exceptions on so many documents that the fault is not theirs."""


class BundleError(DocmillError):
    """A bundle is incomplete, altered, of an unknown format, or fails its golden documents."""


class ReviewError(DocmillError):
    """What a person asks of a review cannot be done: there is none, there are several, or a field stands nowhere."""


class ConfigurationError(DocmillError):
    """Settings contradict each other or the broker's state."""


class AbandonedError(DocmillError):
    """Work was stopped because nobody waits for its result; nobody is told, and it is done again elsewhere."""


class LocalKafkaError(DocmillError):
    """The local broker cannot be found, fetched, started or stopped."""


def whereabouts(error: BaseException) -> str:
    """Type and place of an unexpected exception, without its message, which may hold text of a document."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
