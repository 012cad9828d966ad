"""Strangers' headers and events are read or refused with a ValueError, whatever they hold."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill_schemas.cloudevents import (
    STRUCTURED,
    Attributes,
    Content,
    binary_headers,
    parse_media_type,
    read_content,
    read_headers,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
EVENT_KEYS = st.sampled_from(["id", "source", "type", "subject", "datacontenttype", "data", "data_base64", "x"])


def structured(**event: Any) -> Content:
    return read_content({"content-type": STRUCTURED}, json.dumps(event).encode())


def test_headers_are_read_in_lower_case_and_the_last_of_a_name_wins() -> None:
    assert read_headers([("CE_Id", b"1"), ("ce_id", b"2"), ("x", None), ("y", b"\xff"), ("z", b"")]) == {
        "ce_id": "2",
        "z": "",
    }


@pytest.mark.parametrize(
    ("header", "parsed"),
    [
        (None, (None, None)),
        (" ", (None, None)),
        (";charset=utf-8", (None, "utf-8")),
        ("Text/HTML", ("text/html", None)),
        (' text/html ; level=1 ; Charset="UTF-8" ', ("text/html", "utf-8")),
        ("text/html; charset=", ("text/html", None)),
        ("text/html; charset", ("text/html", None)),
    ],
)
def test_media_types_are_parsed(header: str | None, parsed: tuple[str | None, str | None]) -> None:
    assert parse_media_type(header) == parsed


def test_binary_mode_carries_attributes_in_headers() -> None:
    headers = {"ce_id": "1", "ce_source": "s", "ce_type": "t", "ce_subject": "d", "content-type": "text/plain"}
    assert read_content(headers, b"x") == Content(Attributes("1", "s", "t", "d"), "text/plain", None, b"x")


def test_a_record_without_attributes_is_content_all_the_same() -> None:
    assert read_content({}, b"x") == Content(Attributes(), None, None, b"x")


def test_structured_mode_carries_text_bytes_or_json() -> None:
    assert structured(id="1", datacontenttype="text/html; charset=latin-1", data="ü") == Content(
        Attributes("1"), "text/html", "utf-8", "ü".encode()
    )
    assert structured(datacontenttype="text/html", data_base64="/w==").data == b"\xff"
    assert structured(data={"text": "x"}) == Content(Attributes(), "application/json", None, b'{"text": "x"}')
    assert structured(data_base64=None, data={}).data == b"{}"


def test_written_headers_are_read_back() -> None:
    time = datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    headers = read_headers(
        binary_headers(id="1", source="s", type="t", subject="ä", time=time, media_type="text/plain; charset=utf-8")
    )
    assert headers["ce_time"] == "2024-01-02T01:00:00Z"
    assert headers["ce_specversion"] == "1.0"
    content = read_content(headers, b"x")
    assert content == Content(Attributes("1", "s", "t", "ä"), "text/plain", "utf-8", b"x")


@given(st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=9))))
def test_reading_headers_never_raises(headers: list[tuple[str, bytes | None]]) -> None:
    for name, value in read_headers(headers).items():
        assert name == name.lower()
        value.encode()


@given(st.binary() | st.dictionaries(EVENT_KEYS, JSON_VALUES).map(lambda event: json.dumps(event).encode()))
def test_reading_an_event_raises_nothing_but_a_value_error(value: bytes) -> None:
    try:
        content = read_content({"content-type": STRUCTURED}, value)
    except ValueError:
        return
    for attribute in (content.attributes.id, content.attributes.source, content.attributes.subject):
        (attribute or "").encode()


@pytest.mark.parametrize("depth", [10, 990, 100_000])
def test_deep_nesting_raises_nothing_but_a_value_error(depth: int) -> None:
    value = b'{"data": ' + b"[" * depth + b"]" * depth + b"}"
    try:
        assert read_content({"content-type": STRUCTURED}, value).data.startswith(b"[[")
    except ValueError:
        assert depth > 10
