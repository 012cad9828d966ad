"""The JSON Schema of an answer: closed, and bounded everywhere, else small models run on to the token limit.

Of the subset that OpenAI's strict mode and llama.cpp's grammars both take: no unions but with null, every key required.
Source: https://platform.openai.com/docs/guides/structured-outputs; llama.cpp, grammars/README.md.
"""

from typing import Any

from docmill.generator.types import ABSTAIN, Ask

QUOTE_CHARACTERS = 200
MAX_EVIDENCE = 3


def source_ids(ask: Ask) -> tuple[str, ...]:
    """S1, S2 and so on: what a citation may name. A passage's own id is nothing that a prompt should carry."""
    return tuple(f"S{number}" for number in range(1, len(ask.sources) + 1))


def answer_schema(ask: Ask) -> dict[str, Any]:
    """Of this question."""
    parts: dict[str, Any] = {}
    if ask.labels:
        parts["label"] = _object({"choice": {"type": "string", "enum": [*ask.labels, ABSTAIN]}, **_evidence(ask)})
    if ask.fields:
        quote = {"type": ["string", "null"], "maxLength": QUOTE_CHARACTERS}
        parts["fields"] = _object({name: _object({"quote": quote, **_evidence(ask)}) for name in ask.fields})
    return _object(parts)


def _evidence(ask: Ask) -> dict[str, Any]:
    """Nothing can be cited where nothing was retrieved."""
    if not ask.sources:
        return {}
    cited = _object(
        {
            "source": {"type": "string", "enum": list(source_ids(ask))},
            "quote": {"type": "string", "minLength": 1, "maxLength": QUOTE_CHARACTERS},
        }
    )
    return {"evidence": {"type": "array", "maxItems": MAX_EVIDENCE, "items": cited}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
