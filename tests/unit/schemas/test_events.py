"""What the events refuse, and that they bear with keys of later versions."""

from typing import Any

import pytest
from pydantic import ValidationError

from docmill_schemas.events import ClaimCheck, DocumentReceived, FallbackRequested
from docmill_schemas.topics import TOPICS

CLAIM = {"uri": "s3://x", "sha256": "0" * 64, "size": 1, "media_type": "text/plain"}


@pytest.mark.parametrize(
    ("event", "content"),
    [
        ({"text": "grüße"}, "grüße".encode()),
        ({"text": ""}, b""),
        ({"base64": "/w==", "media_type": "a/b"}, b"\xff"),
        ({"text": "x", "a_later_key": {}}, b"x"),
    ],
)
def test_a_received_document_has_content(event: dict[str, Any], content: bytes) -> None:
    assert DocumentReceived.model_validate(event).content() == content


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"document_id": "d"},
        {"text": "x", "base64": "eA==", "media_type": "a/b"},
        {"text": "x", "claim_check": CLAIM},
        {"base64": "eA=="},
        {"claim_check": CLAIM | {"sha256": "A" * 64}},
        {"claim_check": CLAIM | {"size": -1}},
        {"text": None},
    ],
)
def test_a_received_document_has_exactly_one_form(event: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DocumentReceived.model_validate(event)


@pytest.mark.parametrize("text", ["x", "eA", "€uro", "eA==\n"])
def test_broken_base64_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|ASCII"):
        DocumentReceived(base64=text, media_type="a/b").content()


def test_a_claim_check_has_no_content() -> None:
    with pytest.raises(ValueError, match="claim check"):
        DocumentReceived(claim_check=ClaimCheck.model_validate(CLAIM)).content()


def test_a_deferral_without_a_reason_is_none() -> None:
    with pytest.raises(ValidationError, match="reasons"):
        FallbackRequested.model_validate({"reasons": []})


def test_every_topic_states_its_configuration() -> None:
    for topic in TOPICS:
        assert {"cleanup.policy", "max.message.bytes"} <= topic.config().keys()
        assert topic.config().get("retention.ms") == (None if topic.retention_ms is None else str(topic.retention_ms))
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
