"""Every rule of the checker finds its break, on the side that it breaks, and additive changes pass."""

from typing import Any

import pytest

from tests.contract.compatibility import Rule, Schema, Side, breaks

NULL = {"type": "null"}
STRING = {"type": "string"}
INTEGER = {"type": "integer"}


def event(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, NULL], "default": None}


def referring(**beside: Any) -> Schema:
    """An event whose `a` is named elsewhere."""
    return {"$defs": {"A": STRING}} | event(a={"$ref": "#/$defs/A"} | beside)


def found(released: Schema, current: Schema, side: Side) -> list[tuple[str, Rule]]:
    return [(one.path, one.rule) for one in breaks(released, current, side)]


BREAKS_CONSUMERS: dict[str, tuple[Schema, Schema, str, Rule]] = {
    "optional property removed": (event(a=STRING, b=STRING), event(a=STRING), "$.b", Rule.REMOVED),
    "required property removed": (event(("a",), a=STRING), event(), "$.a", Rule.REMOVED),
    "required one made optional": (event(("a",), a=STRING), event(a=STRING), "$.a", Rule.REQUIRED),
    "type changed": (event(a=STRING), event(a=INTEGER), "$.a", Rule.TYPE),
    "type widened": (event(a=INTEGER), event(a={"type": "number"}), "$.a", Rule.TYPE),
    "type widened to null": (event(a=STRING), event(a=nullable(STRING)), "$.a", Rule.TYPE),
    "type widened to null as a list": (event(a=STRING), event(a={"type": ["string", "null"]}), "$.a", Rule.TYPE),
    "type widened to anything": (event(a=STRING), event(a={}), "$.a", Rule.TYPE),
    "closed enum extended": (
        event(a=STRING | {"enum": ["x"]}),
        event(a=STRING | {"enum": ["x", "y"]}),
        "$.a",
        Rule.WORDS,
    ),
    "closed enum opened": (event(a=STRING | {"enum": ["x"]}), event(a=STRING), "$.a", Rule.WORDS),
    "constant changed": (event(a=STRING | {"const": "1"}), event(a=STRING | {"const": "2"}), "$.a", Rule.WORDS),
    "lower bound loosened": (event(a=INTEGER | {"minimum": 1}), event(a=INTEGER | {"minimum": 0}), "$.a", Rule.BOUND),
    "lower bound dropped": (event(a=INTEGER | {"minimum": 0}), event(a=INTEGER), "$.a", Rule.BOUND),
    "upper bound loosened": (event(a=INTEGER | {"maximum": 1}), event(a=INTEGER | {"maximum": 2}), "$.a", Rule.BOUND),
    "list may be empty": (
        event(a={"type": "array", "items": STRING, "minItems": 1}),
        event(a={"type": "array", "items": STRING}),
        "$.a",
        Rule.BOUND,
    ),
    "pattern changed": (
        event(a=STRING | {"pattern": "^[0-9]+$"}),
        event(a=STRING | {"pattern": "^.+$"}),
        "$.a",
        Rule.KEYWORD,
    ),
    "format dropped": (event(a=STRING | {"format": "date-time"}), event(a=STRING), "$.a", Rule.KEYWORD),
    "items changed": (
        event(a={"type": "array", "items": event(b=STRING)}),
        event(a={"type": "array", "items": event()}),
        "$.a[].b",
        Rule.REMOVED,
    ),
    "items no longer said": (
        event(a={"type": "array", "items": STRING}),
        event(a={"type": "array"}),
        "$.a[]",
        Rule.TYPE,
    ),
    "values of a map changed": (
        event(a={"type": "object", "additionalProperties": {"type": "number"}}),
        event(a={"type": "object", "additionalProperties": STRING}),
        "$.a.*",
        Rule.TYPE,
    ),
    "key of a map named, of another type": (
        event(a={"type": "object", "additionalProperties": INTEGER}),
        event(a={"type": "object", "properties": {"b": STRING}, "additionalProperties": INTEGER}),
        "$.a.b",
        Rule.TYPE,
    ),
    "closed object extended": (
        {"type": "object", "additionalProperties": False, "properties": {}},
        {"type": "object", "additionalProperties": False, "properties": {"a": STRING}},
        "$.a",
        Rule.ADDED,
    ),
    "closed object opened": (
        {"type": "object", "additionalProperties": False},
        {"type": "object"},
        "$.*",
        Rule.ADDED,
    ),
    "behind a reference": (
        {"$defs": {"A": event(("b",), b=STRING)}} | event(a={"$ref": "#/$defs/A"}),
        {"$defs": {"A": event(b=STRING)}} | event(a={"$ref": "#/$defs/A"}),
        "$.a.b",
        Rule.REQUIRED,
    ),
    "one form of a choice": (
        event(a=nullable(INTEGER | {"minimum": 1})),
        event(a=nullable(INTEGER | {"minimum": 0})),
        "$.a",
        Rule.BOUND,
    ),
}
BREAKS_PRODUCERS: dict[str, tuple[Schema, Schema, str, Rule]] = {
    "new required property": (event(), event(("a",), a=STRING), "$.a", Rule.REQUIRED),
    "optional one made required": (event(a=STRING), event(("a",), a=STRING), "$.a", Rule.REQUIRED),
    "property no longer read": (event(a=STRING), event(), "$.a", Rule.REMOVED),
    "type narrowed": (event(a={"type": "number"}), event(a=INTEGER), "$.a", Rule.TYPE),
    "null no longer taken": (event(a=nullable(STRING)), event(a=STRING), "$.a", Rule.TYPE),
    "anything no longer taken": (event(a={}), event(a=STRING), "$.a", Rule.TYPE),
    "enum word removed": (
        event(a=STRING | {"enum": ["x", "y"]}),
        event(a=STRING | {"enum": ["x"]}),
        "$.a",
        Rule.WORDS,
    ),
    "open vocabulary closed": (event(a=STRING), event(a=STRING | {"enum": ["x"]}), "$.a", Rule.WORDS),
    "lower bound tightened": (event(a=INTEGER), event(a=INTEGER | {"minimum": 0}), "$.a", Rule.BOUND),
    "upper bound tightened": (
        event(a=STRING | {"maxLength": 9}),
        event(a=STRING | {"maxLength": 8}),
        "$.a",
        Rule.BOUND,
    ),
    "pattern new": (event(a=STRING), event(a=STRING | {"pattern": "^x"}), "$.a", Rule.KEYWORD),
    "unknown keys refused": (event(), event() | {"additionalProperties": False}, "$.*", Rule.ADDED),
}
BREAKS_NOBODY: dict[str, tuple[Schema, Schema]] = {
    "nothing changed": (event(("a",), a=nullable(STRING)), event(("a",), a=nullable(STRING))),
    "optional property added": (event(a=STRING), event(a=STRING, b=nullable(INTEGER | {"minimum": 0}))),
    "annotations changed": (
        event(a=STRING | {"description": "x", "title": "A"}),
        event(a=STRING | {"description": "y"}),
    ),
    "open vocabulary grown": (event(a=STRING | {"examples": ["x"]}), event(a=STRING | {"examples": ["x", "y"]})),
    "null spelled otherwise": (event(a=nullable(STRING)), event(a={"type": ["null", "string"]})),
    "null of a bounded number spelled otherwise": (
        event(a=nullable(INTEGER | {"minimum": 1})),
        event(a={"type": ["integer", "null"], "minimum": 1}),
    ),
    "default of a key that is always there changed": (
        event(("a",), a=STRING | {"default": "x"}),
        event(("a",), a=STRING | {"default": "y"}),
    ),
    "default null said": (event(a=nullable(STRING)), event(a={"anyOf": [STRING, NULL]})),
    "annotations beside a reference": (referring(description="x"), referring(title="A")),
    "part given a name": (
        event(a=event(("b",), b=STRING)),
        {"$defs": {"A": event(("b",), b=STRING)}} | event(a={"$ref": "#/$defs/A"}),
    ),
}


@pytest.mark.parametrize(("released", "current", "path", "rule"), BREAKS_CONSUMERS.values(), ids=BREAKS_CONSUMERS)
def test_what_breaks_a_consumer(released: Schema, current: Schema, path: str, rule: Rule) -> None:
    assert found(released, current, Side.CONSUMER) == [(path, rule)]


@pytest.mark.parametrize(("released", "current", "path", "rule"), BREAKS_PRODUCERS.values(), ids=BREAKS_PRODUCERS)
def test_what_breaks_a_producer(released: Schema, current: Schema, path: str, rule: Rule) -> None:
    assert found(released, current, Side.PRODUCER) == [(path, rule)]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("released", "current"),
    [
        (event(a=STRING | {"default": "x"}), event(a=STRING | {"default": "y"})),
        (event(a=STRING | {"default": "x"}), event(a=STRING)),
        (referring(default="x"), referring(default="y")),
    ],
    ids=["changed", "gone", "beside a reference"],
)
def test_another_default_breaks_both_where_the_key_may_be_absent(released: Schema, current: Schema, side: Side) -> None:
    assert found(released, current, side) == [("$.a", Rule.DEFAULT)]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("beside", [{"pattern": "^x"}, {"maxLength": 1}, {"type": "string"}, {"allOf": []}])
def test_nothing_that_binds_passes_beside_a_reference(beside: dict[str, Any], side: Side) -> None:
    with pytest.raises(NotImplementedError, match=rf"{next(iter(beside))} beside #/\$defs/A"):
        breaks(referring(), referring(**beside), side)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("released", "current"), BREAKS_NOBODY.values(), ids=BREAKS_NOBODY)
def test_what_breaks_nobody(released: Schema, current: Schema, side: Side) -> None:
    assert found(released, current, side) == []


@pytest.mark.parametrize(
    "name",
    ["required one made optional", "type widened", "type widened to null", "closed enum extended", "list may be empty"],
)
def test_what_loosens_for_consumers_is_kind_to_producers(name: str) -> None:
    released, current, _, _ = BREAKS_CONSUMERS[name]
    assert found(released, current, Side.PRODUCER) == []


def test_every_break_is_named() -> None:
    released = event(("a", "b"), a=STRING, b=event(("c",), c=INTEGER))
    current = event(("b",), b=event(c=STRING))
    assert found(released, current, Side.CONSUMER) == [
        ("$.a", Rule.REMOVED),
        ("$.b.c", Rule.REQUIRED),
        ("$.b.c", Rule.TYPE),
    ]


def test_a_break_says_where_and_what() -> None:
    [one] = breaks(event(a=INTEGER | {"minimum": 1}), event(a=INTEGER), Side.CONSUMER)
    assert str(one) == "$.a: value beyond the reader's bound: minimum: written -inf, read 1"


@pytest.mark.parametrize(
    "unknown",
    [STRING | {"patternProperties": {}}, STRING | {"allOf": [STRING]}, {"not": {"$ref": "#/$defs/A"}}],
)
@pytest.mark.parametrize("side", Side)
def test_a_keyword_of_which_nothing_is_known_is_no_pass(unknown: Schema, side: Side) -> None:
    with pytest.raises(NotImplementedError, match=r"\$\.a: .*teach"):
        breaks(event(a=unknown), event(a=unknown), side)
