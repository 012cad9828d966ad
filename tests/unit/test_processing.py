import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import load_bundle
from docmill.errors import AbandonedError, DependencyError, DocumentError
from docmill.ingest.extracted import Extracted
from docmill.ingest.parser_process import UnforeseenError
from docmill.pipeline.types import Deferral, StraightThrough, WindowOutput
from docmill.pipeline.window import TextTokenizer, TokenEncoding, Window
from docmill.processing import Decided, Mill, Outcome, ReceivedDocument, Rejected
from docmill.runtime.session import OnnxInference
from docmill_schemas.ids import sha256_hex
from docmill_schemas.reasons import DeferralReason, RejectionReason
from tests.tiny_bundle import HIDDEN, LABELS, build_tiny_bundle, text_of

AT = datetime(2024, 5, 6, tzinfo=UTC)
SECRET = "zyxwvut"
Abandoned = Callable[[], bool]  # bool() is False


class RecordingInference:
    """Says "receipt" of every window; fails the calls whose number (from 0, over all windows) it is told of."""

    def __init__(self, failing: dict[int, Exception] | None = None) -> None:
        self.failing = failing or {}
        self.seen: list[list[Window]] = []

    def run(self, windows: Sequence[Window], abandoned: Abandoned = bool) -> list[WindowOutput | Exception]:
        self.seen.append(list(windows))
        return [self.failing.get(i) or output_of(window) for i, window in enumerate(windows)]


class RecordingObserver:
    def __init__(self) -> None:
        self.stages: list[tuple[str, float]] = []
        self.slices: list[int] = []

    def stage(self, name: str, seconds: float) -> None:
        self.stages.append((name, seconds))

    def windows(self, windows: Sequence[Window]) -> None:
        self.slices.append(len(windows))


def output_of(window: Window) -> WindowOutput:
    logits = np.array([9.0 if label == "receipt" else 0.0 for label in LABELS], dtype=np.float32)
    tags = np.zeros((len(window.ids), 5, 3), dtype=np.float32)
    tags[:, :, 0] = 10
    return WindowOutput(logits, tags, np.zeros(HIDDEN, dtype=np.float32))


def document(text: str | bytes, name: str = "d", media_type: str = "text/plain") -> ReceivedDocument:
    content = text.encode() if isinstance(text, str) else text
    return ReceivedDocument(f"request {name}", name, content, media_type, None, AT, tenant="t")


def long_text(seed: int) -> str:
    """Several windows long."""
    return text_of("receipt", seed, words=90)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(build_tiny_bundle(tmp_path_factory.mktemp("processing") / "tiny"))


@pytest.fixture(scope="module")
def mill(bundle: Bundle) -> Iterator[Mill]:
    """A mill with the real runtime."""
    inference = OnnxInference(bundle.model_path, threads=2)
    yield Mill(bundle, inference)
    inference.close()


def said(outcome: Outcome) -> object:
    """An outcome without its timings."""
    if isinstance(outcome, Rejected):
        return outcome
    return outcome.document, outcome.text, outcome.prediction, outcome.route


def test_a_document_from_bytes_to_a_route(mill: Mill) -> None:
    received = document("<p>" + text_of("receipt", 3), media_type="text/html")
    [outcome] = mill.process([received])
    assert isinstance(outcome, Decided)
    assert outcome.document is received
    assert outcome.text.split() == text_of("receipt", 3).split()
    assert outcome.content_sha256 == sha256_hex(received.content)
    assert outcome.text_sha256 == sha256_hex(outcome.text.encode()) != outcome.content_sha256
    assert outcome.prediction.label == "receipt"
    assert {span.field for span in outcome.prediction.spans} == {"company", "date", "total"}
    assert outcome.route == StraightThrough()


def test_the_route_says_why_not(mill: Mill) -> None:
    german = document("der die das und ist nicht ein eine den dem")
    contract, unknown, foreign = mill.process([document(text_of("contract", 3)), document(SECRET * 3), german])
    assert isinstance(contract, Decided)
    assert contract.route == Deferral((DeferralReason.NOT_CERTIFIED,))
    assert isinstance(unknown, Decided)
    assert isinstance(unknown.route, Deferral)
    assert DeferralReason.UNFAMILIAR_DOCUMENT in unknown.route.reasons
    assert DeferralReason.UNKNOWN_LANGUAGE not in unknown.route.reasons
    assert isinstance(foreign, Decided)
    assert isinstance(foreign.route, Deferral)
    assert DeferralReason.UNKNOWN_LANGUAGE in foreign.route.reasons


def test_only_a_deferred_document_carries_all_that_the_model_thought(mill: Mill) -> None:
    sure, contract = mill.process([document(text_of("receipt", 3)), document(text_of("contract", 3))])
    assert isinstance(sure, Decided)
    assert sure.n_best is None
    assert isinstance(contract, Decided)
    assert contract.n_best is not None
    assert contract.n_best.labels[0] == (contract.prediction.label, contract.prediction.probability)
    assert {label for label, _ in contract.n_best.labels} == set(LABELS)
    assert set(contract.prediction.spans) <= set(contract.n_best.spans)


def test_one_outcome_a_document_in_order(bundle: Bundle) -> None:
    documents = [document(text_of("receipt", n, words=10 + 30 * (n % 3)), str(n)) for n in range(7)]
    documents[2] = document(b"", "2")
    documents[5] = document("x", "5", media_type="image/gif")
    outcomes = Mill(bundle, RecordingInference()).process(documents)
    names = [o.document.document_id if isinstance(o, Decided) else o.reason for o in outcomes]
    assert names == ["0", "1", RejectionReason.NO_TEXT, "3", "4", RejectionReason.UNSUPPORTED_MEDIA_TYPE, "6"]


def test_an_empty_slice(bundle: Bundle) -> None:
    assert Mill(bundle, RecordingInference()).process([]) == []


def test_a_slice_of_rejected_documents_alone(bundle: Bundle) -> None:
    outcomes = Mill(bundle, RecordingInference()).process([document(b""), document(b"\0\1\2\3")])
    assert [o.reason for o in outcomes if isinstance(o, Rejected)] == [
        RejectionReason.NO_TEXT,
        RejectionReason.UNDECODABLE_TEXT,
    ]


def test_windows_reach_the_runtime_once_and_in_order(bundle: Bundle) -> None:
    inference = RecordingInference()
    mill = Mill(bundle, inference)
    texts = [long_text(1), "receipt", long_text(2)]
    mill.process([document(text) for text in texts])
    [windows] = inference.seen
    firsts = [window.first for window in windows]
    assert [i for i, first in enumerate(firsts) if first == 0] == [0, firsts.index(0, 1), firsts.index(0, 1) + 1]
    assert sum(window.length for window in windows) >= sum(len(mill.tokens_of(text)) for text in texts)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_document_that_cannot_be_read_is_rejected_alone(mill: Mill, place: int) -> None:
    good = [document(long_text(1), "a"), document(long_text(2), "b")]
    alone = [said(outcome) for outcome in mill.process(good)]
    mixed = [*good[:place], document(f"<p>{SECRET}" + "<div>" * 999, "bad", "text/html"), *good[place:]]
    outcomes = mill.process(mixed)
    bad = outcomes.pop(place)
    assert isinstance(bad, Rejected)
    assert bad.reason is RejectionReason.MALFORMED_DOCUMENT
    assert bad.exception is None
    assert SECRET not in bad.detail
    assert [said(outcome) for outcome in outcomes] == alone


class ScriptedParser:
    """Says of a document what is written down for its content."""

    def __init__(self, script: dict[bytes, Extracted | Exception]) -> None:
        self.script = script

    def extract(self, content: bytes, media_type: str, charset: str | None) -> Extracted:
        said = self.script[content]
        if isinstance(said, Exception):
            raise said
        return said


def test_what_the_parser_knows_of_a_document_stays_with_it(bundle: Bundle) -> None:
    receipt = text_of("receipt", 3)
    script: dict[bytes, Extracted | Exception] = {
        b"pages": Extracted(receipt, (0, 20)),
        b"mail": Extracted(receipt, (), ("image/png",)),
    }
    inference = OnnxInference(bundle.model_path, threads=1)
    try:
        mill = Mill(bundle, inference, parser=ScriptedParser(script))
        paged, mail = mill.process([document("pages"), document("mail")])
    finally:
        inference.close()
    assert isinstance(paged, Decided)
    assert isinstance(mail, Decided)
    assert (paged.text, paged.page_starts, paged.route) == (receipt, (0, 20), StraightThrough())
    assert mail.unread_attachments == ("image/png",)
    assert mail.route == Deferral((DeferralReason.UNREAD_ATTACHMENT,))


def test_what_a_parser_fails_with_rejects_its_document_alone(bundle: Bundle) -> None:
    script: dict[bytes, Extracted | Exception] = {
        b"good": Extracted("receipt"),
        b"slow": DocumentError(RejectionReason.PARSE_TIMEOUT, "parsing takes more than 10 s"),
        b"odd": UnforeseenError("KeyError at docx.py:7"),
    }
    parser = ScriptedParser(script)
    outcomes = Mill(bundle, RecordingInference(), parser=parser).process(
        [document("slow"), document("good"), document("odd")]
    )
    assert isinstance(outcomes[1], Decided)
    assert outcomes[::2] == [
        Rejected(RejectionReason.PARSE_TIMEOUT, "parsing takes more than 10 s"),
        Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", "KeyError at docx.py:7"),
    ]


def test_a_parser_that_is_not_there_is_no_documents_fault(bundle: Bundle) -> None:
    parser = ScriptedParser({b"any": DependencyError("no parser process can be started")})
    with pytest.raises(DependencyError):
        Mill(bundle, RecordingInference(), parser=parser).process([document("any")])


class CountingParser:
    def __init__(self) -> None:
        self.parsed = 0

    def extract(self, content: bytes, media_type: str, charset: str | None) -> Extracted:
        self.parsed += 1
        return Extracted(content.decode())


def test_a_slice_that_nobody_waits_for_is_not_parsed_on(bundle: Bundle) -> None:
    parser, inference = CountingParser(), RecordingInference()
    mill = Mill(bundle, inference, parser=parser)
    with pytest.raises(AbandonedError):
        mill.process([document("receipt")] * 5, lambda: parser.parsed == 2)
    assert (parser.parsed, inference.seen) == (2, [])


def test_a_slice_that_nobody_waits_for_is_not_inferred_on(bundle: Bundle) -> None:
    inference = OnnxInference(bundle.model_path, threads=1)
    parser = CountingParser()
    try:
        mill = Mill(bundle, inference, parser=parser)
        with pytest.raises(AbandonedError):
            mill.process([document("receipt")] * 5, lambda: parser.parsed == 5)  # no sooner than all are parsed
        assert inference.busy_seconds == 0
    finally:
        inference.close()


def test_a_text_of_no_token_is_rejected(bundle: Bundle) -> None:
    [outcome] = Mill(_with(bundle, _NoTokens()), RecordingInference()).process([document(SECRET)])
    assert outcome == Rejected(RejectionReason.NO_TEXT, "7 characters hold no token")


def is_internal_error(outcome: Outcome, kind: str) -> bool:
    """Type and place of the exception are told, its message is not."""
    assert isinstance(outcome, Rejected)
    assert re.fullmatch(rf"{kind} at \w+\.py:\d+", outcome.exception or "")
    return (outcome.reason, outcome.detail) == (RejectionReason.INTERNAL_ERROR, "unexpected exception")


def test_a_document_on_which_the_tokenizer_fails_is_rejected_alone(bundle: Bundle) -> None:
    mill = Mill(_with(bundle, _FailsOn(SECRET, bundle.tokenizer)), RecordingInference())
    first, bad, last = mill.process([document("receipt"), document(f"a {SECRET}"), document("tea")])
    assert is_internal_error(bad, "RuntimeError")
    assert [o.text for o in (first, last) if isinstance(o, Decided)] == ["receipt", "tea"]


def test_exceptions_of_any_of_its_windows_reject_only_its_document(bundle: Bundle) -> None:
    documents = [document(long_text(n), str(n)) for n in range(3)]
    inference = RecordingInference()
    Mill(bundle, inference).process(documents)
    firsts = [window.first for window in inference.seen[0]]
    owner = np.cumsum([first == 0 for first in firsts]) - 1  # document of each window
    assert len(firsts) > 6
    for failing in range(len(firsts)):
        error = ArithmeticError(f"says {SECRET}")
        outcomes = Mill(bundle, RecordingInference({failing: error})).process(documents)
        rejected = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, Rejected)]
        assert rejected == [owner[failing]]
        assert is_internal_error(outcomes[owner[failing]], "ArithmeticError")


def test_a_document_error_of_a_window_keeps_its_reason(bundle: Bundle) -> None:
    error = DocumentError(RejectionReason.TEXT_TOO_LARGE, "of a window")
    assert Mill(bundle, RecordingInference({0: error})).process([document("receipt")]) == [
        Rejected(RejectionReason.TEXT_TOO_LARGE, "of a window")
    ]


def test_an_output_that_cannot_be_decoded_rejects_its_document_alone(bundle: Bundle) -> None:
    class Misshapen(RecordingInference):
        def run(self, windows: Sequence[Window], abandoned: Abandoned = bool) -> list[WindowOutput | Exception]:
            good = [output_of(window) for window in windows]
            broken = WindowOutput(good[1].type_logits, good[1].tag_logits[:1], good[1].pooled)
            return [good[0], broken, *good[2:]]

    outcomes = Mill(bundle, Misshapen()).process([document("receipt"), document("tea"), document("item")])
    assert [isinstance(outcome, Decided) for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1], Rejected)
    assert outcomes[1].reason is RejectionReason.INTERNAL_ERROR
    assert is_internal_error(outcomes[1], "IndexError")


def test_a_runtime_that_fails_as_a_whole_is_no_documents_fault(bundle: Bundle) -> None:
    class Closed(RecordingInference):
        def run(self, windows: Sequence[Window], abandoned: Abandoned = bool) -> list[WindowOutput | Exception]:
            raise RuntimeError("the pool is shut down")

    with pytest.raises(RuntimeError, match="shut down"):
        Mill(bundle, Closed()).process([document("receipt")])


def test_timings_of_a_document_and_stages_for_the_observer(bundle: Bundle) -> None:
    observer, inference = RecordingObserver(), RecordingInference()
    outcomes = Mill(bundle, inference, observer).process([document(long_text(1)), document(b""), document("tea")])
    decided = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    assert [list(outcome.timings_ms) for outcome in decided] == [["parse", "tokenise", "infer", "decode"]] * 2
    assert all(ms >= 0 for outcome in decided for ms in outcome.timings_ms.values())
    assert [name for name, _ in observer.stages] == [
        "parse",
        "tokenise",
        "parse",
        "tokenise",
        "infer",
        "decode",
        "decode",
    ]
    assert all(seconds >= 0 for _, seconds in observer.stages)
    assert observer.slices == [len(inference.seen[0])]


def test_inference_time_is_shared_out_by_windows(bundle: Bundle) -> None:
    observer, inference = RecordingObserver(), RecordingInference()
    long, short = Mill(bundle, inference, observer).process([document(long_text(1)), document("tea")])
    assert isinstance(long, Decided)
    assert isinstance(short, Decided)
    total_ms = dict(observer.stages)["infer"] * 1000
    count = len(inference.seen[0])
    assert long.timings_ms["infer"] == pytest.approx(total_ms * (count - 1) / count, abs=0.002)
    assert short.timings_ms["infer"] == pytest.approx(total_ms / count, abs=0.002)


POOL = [
    *(
        document(text_of(label, seed, words), f"{label} {seed} {words}")
        for label in LABELS
        for seed, words in ((1, 12), (2, 90))
    ),
    document(b"", "empty"),
    document("<div>" * 999, "deep", "text/html"),
]


@given(st.permutations(POOL), st.integers(1, len(POOL)))
def test_a_result_does_not_depend_on_its_neighbours(mill: Mill, order: list[ReceivedDocument], cut: int) -> None:
    alone = {one.document_id: said(mill.process([one])[0]) for one in order[:2]}
    for part in (order[:cut], order):
        together = {one.document_id: said(outcome) for one, outcome in zip(part, mill.process(part), strict=True)}
        assert {name: together[name] for name in alone if name in together} == {
            name: outcome for name, outcome in alone.items() if name in together
        }


class _NoTokens:
    """A tokenizer that finds nothing."""

    def encode(self, text: str, *, add_special_tokens: bool) -> TokenEncoding:
        return _Nothing()

    def token_to_id(self, token: str) -> int | None:
        return None


class _Nothing:
    ids: list[int] = []  # noqa: RUF012
    offsets: list[tuple[int, int]] = []  # noqa: RUF012


class _FailsOn:
    """A tokenizer that chokes on one word."""

    def __init__(self, word: str, tokenizer: TextTokenizer) -> None:
        self._word, self._tokenizer = word, tokenizer

    def encode(self, text: str, *, add_special_tokens: bool) -> TokenEncoding:
        if self._word in text:
            raise RuntimeError(f"cannot tokenise {text}")
        return self._tokenizer.encode(text, add_special_tokens=add_special_tokens)

    def token_to_id(self, token: str) -> int | None:
        return self._tokenizer.token_to_id(token)


def _with(bundle: Bundle, tokenizer: TextTokenizer) -> Bundle:
    return replace(bundle, tokenizer=tokenizer)
