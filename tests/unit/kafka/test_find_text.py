"""The text of a result wherever it may still be, and never another one."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from docmill.errors import DocumentError, ReviewError
from docmill.ingest.extracted import Extracted
from docmill.ingest.parser_process import UnforeseenError
from docmill.kafka import find_text as module
from docmill.kafka.find_text import FoundText, find_text
from docmill.kafka.publish import OutgoingRecord
from docmill.settings import Settings, load_settings
from docmill_schemas import examples
from docmill_schemas.events import FallbackRequested
from docmill_schemas.ids import sha256_hex
from docmill_schemas.reasons import RejectionReason
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.fakes import SENT_AT, FakeRecord
from tests.unit.kafka.reviews import result

HTML = b"<p>Kopitiam"
RESULT = result(content_sha256=sha256_hex(HTML), received_at=SENT_AT)
OF_REQUEST = (("docmill_request_id", examples.REQUEST_ID.encode()), ("content-type", b"text/html; charset=utf-8"))


@pytest.fixture
def settings() -> Settings:
    return load_settings(topic_prefix="p.", kafka_bootstrap_servers="here:1")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    made = FakeBroker()
    made.serve(monkeypatch, module)
    return made


@dataclass
class FakeParser:
    """Makes one text of whatever it is given."""

    text: str = examples.TEXT
    fault: Exception | None = None
    given: tuple[bytes, str, str | None] | None = None

    def extract(self, content: bytes, media_type: str, charset: str | None) -> Extracted:
        self.given = (content, media_type, charset)
        if self.fault is not None:
            raise self.fault
        return Extracted(self.text)


def deferred(**changes: object) -> OutgoingRecord:
    event: FallbackRequested = examples.FALLBACK.model_copy(update=changes)
    value = event.model_dump_json(exclude_none=True).encode()
    return OutgoingRecord("documents.fallback", event.document_id.encode(), value, [])


def received(value: bytes = HTML, **changes: object) -> FakeRecord:
    return replace(FakeRecord(value, OF_REQUEST), **changes)  # type: ignore[arg-type]


async def find(settings: Settings, parser: FakeParser | None = None) -> FoundText:
    return await find_text(settings, RESULT, parser or FakeParser(), lambda what, done, total: None)


async def test_a_result_that_carries_its_text_needs_no_broker(settings: Settings) -> None:
    carried = RESULT.model_copy(update={"text": examples.TEXT})
    found = await find_text(settings, carried, FakeParser(), lambda what, done, total: None)
    assert found == FoundText("documents.processed", examples.TEXT, "text/plain")


async def test_the_fallback_was_asked_with_the_text(broker: FakeBroker, settings: Settings) -> None:
    other = "0" * 64
    broker.put("p.", deferred(), deferred(request_id="another", text="x"), deferred(text_sha256=other, text="y"))
    broker.put("p.", replace(deferred(), value=examples.REQUEST_ID.encode()))  # no event
    broker.append("p.documents.received", received())
    found = await find(settings)
    assert found == FoundText("documents.fallback", examples.TEXT, "text/plain", examples.FALLBACK.candidates)
    assert broker.required == ["documents.fallback"]


async def test_else_it_is_read_as_it_was_received(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", deferred(request_id="another"))
    broker.append("p.documents.received", received(b"an earlier sending under this id"))
    broker.append("p.documents.received", received())
    broker.append("p.documents.received", received(headers=()))
    parser = FakeParser()
    assert await find(settings, parser) == FoundText("documents.received", examples.TEXT, "text/html")
    assert parser.given == (HTML, "text/html", "utf-8")


async def test_records_from_before_the_document_came_are_not_read(broker: FakeBroker, settings: Settings) -> None:
    early = int((SENT_AT - timedelta(seconds=1)).timestamp() * 1000)
    broker.append("p.documents.received", received(timestamp=early))
    with pytest.raises(ReviewError, match="is gone"):
        await find(settings)
    broker.append("p.documents.received", received())
    assert (await find(settings)).topic == "documents.received"


async def test_a_text_that_is_gone_everywhere_is_told(broker: FakeBroker, settings: Settings) -> None:
    broker.append("p.documents.received", received(b"another content"))
    with pytest.raises(ReviewError) as raised:
        await find(settings)
    for part in ("is gone", "DOCMILL_INCLUDE_TEXT", "p.documents.fallback", "p.documents.received", "Send it again"):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("parser", "said"),
    [
        (FakeParser(text="Kopitiam"), "reads the document otherwise"),
        (FakeParser(fault=DocumentError(RejectionReason.PARSE_TIMEOUT, "10 s")), r"any more \(parse_timeout: 10 s\)"),
        (FakeParser(fault=UnforeseenError("KeyError at pdf.py:3")), r"any more \(KeyError at pdf.py:3\)"),
    ],
)
async def test_another_text_is_never_taken_for_it(
    broker: FakeBroker, settings: Settings, parser: FakeParser, said: str
) -> None:
    broker.append("p.documents.received", received())
    with pytest.raises(ReviewError, match=said) as raised:
        await find(settings, parser)
    assert "send document 'receipt-17' again" in str(raised.value)
    assert "Kopitiam" not in str(raised.value)
