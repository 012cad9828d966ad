"""The newest result of a request, among records of documents.processed. Does not read them."""

from dataclasses import dataclass

from docmill.kafka.decode_record import Record
from docmill.kafka.publish import passed_on
from docmill_schemas.cloudevents import read_content, read_headers
from docmill_schemas.events import DocumentProcessed


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """The newest result of a request, and the headers of its trace."""

    event: DocumentProcessed
    trace: list[tuple[str, bytes | None]]


class Newest:
    """The newest result of each request whose id begins with `wanted`, of the records that it is handed."""

    def __init__(self, wanted: str) -> None:
        self.results: dict[str, PublishedResult] = {}
        self._wanted = wanted
        self._needle = wanted.encode()

    def take(self, record: Record) -> None:
        """Look at a record of documents.processed; what is no result is passed over."""
        if record.value is None or self._needle not in record.value:
            return
        try:
            event = DocumentProcessed.model_validate_json(read_content(read_headers(record.headers), record.value).data)
        except (ValueError, RecursionError):
            return
        known = self.results.get(event.request_id)
        if event.request_id.startswith(self._wanted) and (known is None or known.event.revision <= event.revision):
            self.results[event.request_id] = PublishedResult(event, passed_on(record))
