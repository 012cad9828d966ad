"""The story of one slice: parse, window, infer, decode, calibrate, route. One outcome a document; knows no Kafka.

    ReceivedDocument -> text -> tokens -> windows -> outputs -> Prediction -> Route -> Outcome

A document that fails on its way fails alone: its outcome is a Rejected, its neighbours never notice.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from docmill.bundle.bundle import Bundle
from docmill.errors import AbandonedError, DependencyError, DocumentError, whereabouts
from docmill.ingest import InThread
from docmill.ingest.extracted import Extracted
from docmill.ingest.parser_process import UnforeseenError
from docmill.pipeline.decode import merge, read_off
from docmill.pipeline.language import language_is_known
from docmill.pipeline.n_best import NBest, n_best
from docmill.pipeline.route import route
from docmill.pipeline.types import Deferral, Prediction, Route, WindowOutput
from docmill.pipeline.window import Tokens, Window, cut, tokenise
from docmill_schemas.ids import sha256_hex
from docmill_schemas.reasons import RejectionReason


@dataclass(frozen=True, slots=True)
class ReceivedDocument:
    """A document as its record carried it."""

    request_id: str
    document_id: str
    content: bytes
    media_type: str
    charset: str | None
    received_at: datetime
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The model read the document; `route` says whether its opinion is published or goes to the fallback."""

    document: ReceivedDocument
    text: str
    content_sha256: str
    text_sha256: str
    prediction: Prediction
    route: Route
    timings_ms: dict[str, float] = field(default_factory=dict)
    page_starts: tuple[int, ...] = ()  # see Extracted
    unread_attachments: tuple[str, ...] = ()
    n_best: NBest | None = None  # of a deferred document


@dataclass(frozen=True, slots=True)
class Rejected:
    """The document cannot be processed. `detail` never holds its text."""

    reason: RejectionReason
    detail: str
    exception: str | None = None


Outcome = Decided | Rejected


class Parser(Protocol):
    """Who reads documents, in this process or in another."""

    def extract(self, content: bytes, media_type: str, charset: str | None) -> Extracted:
        """The text of a document.

        Raises:
            DocumentError: there is none to be had.
            DependencyError: the parser itself is not there.
        """
        ...


class Inference(Protocol):
    """The runtime, as far as processing needs it."""

    def run(
        self, windows: Sequence[Window], abandoned: Callable[[], bool] = lambda: False
    ) -> list[WindowOutput | Exception]:
        """One output a window, in the order given; a window that fails yields its exception.

        Raises:
            AbandonedError: `abandoned` said so between two windows.
        """
        ...


class Observer(Protocol):
    """Who wants to know how the work goes. Called from the threads that do it."""

    def stage(self, name: str, seconds: float) -> None: ...
    def windows(self, windows: Sequence[Window]) -> None: ...


class Silent:
    """An observer that does not care."""

    def stage(self, name: str, seconds: float) -> None:
        """Nothing."""

    def windows(self, windows: Sequence[Window]) -> None:
        """Nothing."""


Job = TypeVar("Job")
Done = TypeVar("Done")


@dataclass(slots=True)
class _Work:
    """A document under way."""

    document: ReceivedDocument
    extracted: Extracted
    tokens: Tokens
    windows: list[Window]
    timings_ms: dict[str, float]


class Mill:
    """One bundle and one runtime, processing slices of documents.

    Args:
        parser: default: parses in the calling thread, for documents that are trusted.
    """

    def __init__(
        self,
        bundle: Bundle,
        inference: Inference,
        observer: Observer | None = None,
        parser: Parser | None = None,
    ) -> None:
        self.bundle = bundle
        self._inference = inference
        self._observer = observer or Silent()
        self._parser = parser or InThread()

    def process(
        self, documents: Sequence[ReceivedDocument], abandoned: Callable[[], bool] = lambda: False
    ) -> list[Outcome]:
        """Outcomes of a slice, one a document, in its order. Blocks for the time of inference; call it in a thread.

        Args:
            abandoned: whether nobody waits for the outcomes any more; asked before each document and each window,
                in any thread.

        Raises:
            DependencyError: the parser is not there, which is no document's fault.
            AbandonedError: `abandoned` said so.
        """
        works = []
        for document in documents:
            if abandoned():
                raise AbandonedError("nobody waits for this slice any more")
            works.append(self._guarded(self._prepare, document))
        windows = [window for work in works if isinstance(work, _Work) for window in work.windows]
        self._observer.windows(windows)
        started = time.perf_counter()
        outputs = iter(self._inference.run(windows, abandoned))
        inference_s = time.perf_counter() - started
        self._observer.stage("infer", inference_s)
        outcomes: list[Outcome] = []
        for work in works:
            if isinstance(work, Rejected):
                outcomes.append(work)
                continue
            own = [next(outputs) for _ in work.windows]
            share = len(own) / len(windows)
            work.timings_ms["infer"] = round(inference_s * share * 1000, 3)
            outcomes.append(self._guarded(self._decide, (work, own)))
        return outcomes

    def tokens_of(self, text: str) -> Tokens:
        """Tokens of a text, as the model sees them."""
        return tokenise(self.bundle.tokenizer, self.bundle.windowing, text)

    def _prepare(self, document: ReceivedDocument) -> _Work:
        started = time.perf_counter()
        extracted = self._parser.extract(document.content, document.media_type, document.charset)
        parsed = time.perf_counter()
        tokens = self.tokens_of(extracted.text)
        windows = cut(tokens, self.bundle.windowing)
        tokenised = time.perf_counter()
        if not windows:
            raise DocumentError(RejectionReason.NO_TEXT, f"{len(extracted.text)} characters hold no token")
        self._observer.stage("parse", parsed - started)
        self._observer.stage("tokenise", tokenised - parsed)
        timings_ms = {"parse": _ms(parsed - started), "tokenise": _ms(tokenised - parsed)}
        return _Work(document, extracted, tokens, windows, timings_ms)

    def _decide(self, job: tuple[_Work, list[WindowOutput | Exception]]) -> Decided:
        work, results = job
        outputs = []
        for result in results:
            if isinstance(result, Exception):
                raise result
            outputs.append(result)
        started = time.perf_counter()
        spec = self.bundle.spec
        text, unread = work.extracted.text, work.extracted.unread_attachments
        merged = merge(work.tokens, work.windows, outputs, spec)
        prediction = read_off(text, work.tokens, merged, spec)
        known = language_is_known(text, self.bundle.languages)
        chosen = route(prediction, spec, language_known=known, has_unread_attachments=bool(unread))
        further = n_best(text, work.tokens, merged, spec) if isinstance(chosen, Deferral) else None
        seconds = time.perf_counter() - started
        self._observer.stage("decode", seconds)
        work.timings_ms["decode"] = _ms(seconds)
        return Decided(
            document=work.document,
            text=text,
            content_sha256=sha256_hex(work.document.content),
            text_sha256=sha256_hex(text.encode()),
            prediction=prediction,
            route=chosen,
            timings_ms=work.timings_ms,
            page_starts=work.extracted.page_starts,
            unread_attachments=unread,
            n_best=further,
        )

    @staticmethod
    def _guarded(stage: Callable[[Job], Done], job: Job) -> Done | Rejected:
        """Run a stage on one document; its own fault or an unexpected exception rejects this document alone."""
        try:
            return stage(job)
        except DocumentError as error:
            return Rejected(error.reason, error.detail)
        except DependencyError:
            raise
        except UnforeseenError as error:
            return Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", error.whereabouts)
        except Exception as error:  # tied to one document: the policy of errors.py
            return Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", whereabouts(error))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
