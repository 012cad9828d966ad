"""Which records could be about one id, told from their bytes alone: most of a topic need not be decoded.

A false alarm costs one decoding. A miss would be an error, so whatever could hide the id (JSON escapes, base64) is an
alarm too. Pure; does not know what the records mean.
"""

import re
from collections.abc import Iterable

from docmill.kafka.decode_record import MAX_ID_CHARACTERS, REQUEST_ID, Record
from docmill.kafka.steps import Step
from docmill_schemas.cloudevents import STRUCTURED, parse_media_type, read_headers
from docmill_schemas.ids import bare_request_id, request_id

JSON_ID = re.compile(rb'"(?:document_id|subject)"\s*:\s*"([^"\\]*)(\\?)')
BASE64_EVENT = b'"data_base64"'
REQUEST_IN_EVENT = re.compile(rb'"request_id"\s*:\s*"([0-9a-f]+)"')


class Sought:
    """One document id or request id, and the request ids that turn out to belong to it."""

    def __init__(self, wanted: str, cluster_id: str) -> None:
        self.wanted = wanted
        self.requests: set[str] = set()
        self._cluster_id = cluster_id
        self._needle = wanted.encode()
        self._names = frozenset((self._needle,))  # the id and its requests, as bytes
        self._request = wanted.lower() if REQUEST_ID.fullmatch(wanted.lower()) else None
        self._may_be_cut = len(wanted) == MAX_ID_CHARACTERS  # of a rejected record whose own id is longer
        if self._request is not None:
            self._add((self._request,))

    def found(self, steps: Iterable[Step]) -> None:
        """Look for the other records of these steps' requests, too."""
        self._add(step.request_id for step in steps if step.request_id is not None)

    def is_of(self, step: Step) -> bool:
        """Whether a record, once decoded, is about the id."""
        return step.document_id == self.wanted or step.request_id in self.requests

    def may_be_received(self, record: Record) -> bool:
        """Whether a record of documents.received could be."""
        if self._is_named(record) or self._may_be_inside(record.value):
            return True
        return self._request is not None and self._may_have_request_id(record)

    def may_be_outcome(self, record: Record) -> bool:
        """Whether a record of another topic could be: docmill writes keys, headers and request ids there itself."""
        if self._is_named(record):
            return True
        if not self.requests or record.value is None:
            return False
        request = REQUEST_IN_EVENT.search(record.value)
        return request is not None and request[1] in self._names

    def may_be_dead_letter(self, record: Record) -> bool:
        """Whether a record of documents.rejected could be: as received, with docmill's headers."""
        return self._is_named(record) or self._may_be_inside(record.value)

    def _add(self, requests: Iterable[str]) -> None:
        self.requests.update(requests)
        self._names = frozenset(name.encode() for name in (self.wanted, *self.requests))

    def _is_named(self, record: Record) -> bool:
        """Does the key or a header hold the id, or a request id of it?"""
        key, names = record.key, self._names
        if key is not None and (key in names or (2 * len(key) == len(self._needle) and key.hex() == self.wanted)):
            return True
        return not names.isdisjoint([value for _, value in record.headers])

    def _may_be_inside(self, value: bytes | None) -> bool:
        """Could a JSON event in the value name the document so?"""
        if self._may_be_cut:
            return True
        if value is None:
            return False
        ids = JSON_ID.finditer(value) if b'"document_id"' in value or b'"subject"' in value else ()
        return any(match[1] == self._needle or match[2] for match in ids) or BASE64_EVENT in value

    def _may_have_request_id(self, record: Record) -> bool:
        """Is the hash that becomes the request id the one looked for? Structured events name their parts inside."""
        headers = read_headers(record.headers)
        media_type, _ = parse_media_type(headers.get("content-type"))
        if media_type == STRUCTURED:
            return True
        source, id = headers.get("ce_source"), headers.get("ce_id")
        if source and id:
            return request_id(source, id) == self._request
        place = (record.topic, record.partition, record.offset, record.timestamp)
        return bare_request_id(self._cluster_id, *place) == self._request
