"""What a changed schema would break on the other side. Knows the keywords of docmill's schemas and raises at others.

One question serves both sides: does the reader's schema allow every value that the writer's does? Consumers read what
docmill publishes, so their schema is the released one; producers write what docmill reads, so theirs is.
What neither side is bound to stays free: annotations, unknown keys (readers ignore them) and the words of an open
vocabulary, which are only its examples. A default is no annotation: it is what an absent key means to its reader.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Schema = Mapping[str, Any]

ANNOTATIONS = {"$schema", "$id", "title", "description", "examples", "deprecated"}
BESIDE_REF = ANNOTATIONS | {"$defs", "default"}
SHAPE = {"$ref", "$defs", "type", "anyOf", "properties", "required", "additionalProperties", "items"}
VOCABULARY = {"enum", "const"}
AT_LEAST = {"minimum": -math.inf, "exclusiveMinimum": -math.inf, "minLength": 0, "minItems": 0, "minProperties": 0}
AT_MOST = dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), math.inf)
UNREAD = {"pattern", "format", "multipleOf", "uniqueItems", "contentMediaType", "oneOf", "not"}  # equal, or a break
NUMERIC = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"}
CONCERNS = {
    "string": {"minLength", "maxLength", "pattern", "format", "contentMediaType"},
    "number": NUMERIC,
    "integer": NUMERIC,
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", "minProperties", "maxProperties"},
}
OF_ONE_TYPE = set().union(*CONCERNS.values())
KNOWN = BESIDE_REF | SHAPE | VOCABULARY | AT_LEAST.keys() | AT_MOST.keys() | UNREAD


class Side(StrEnum):
    """Who holds the released schema."""

    CONSUMER = "consumer"
    PRODUCER = "producer"


class Rule(StrEnum):
    """What of a schema the other side relies on."""

    REMOVED = "property removed"
    REQUIRED = "required by the reader, optional for the writer"
    ADDED = "property that a closed object does not allow"
    TYPE = "type that the reader does not allow"
    WORDS = "words that the reader does not know"
    BOUND = "value beyond the reader's bound"
    KEYWORD = "keyword changed"
    DEFAULT = "another default where the key may be absent"


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that breaks; `path` like `fields[].page`, the schema itself is `$`."""

    path: str
    rule: Rule
    detail: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}: {self.detail}"


def breaks(
    released: Schema, current: Schema, side: Side, documents: tuple[Schema, Schema] | None = None
) -> list[Break]:
    """What `current` breaks for a side that still works with `released`; empty where it works on. References point
    into the schemas themselves, or into the `documents` that hold them.

    Raises:
        NotImplementedError: a schema has a keyword of which nothing is known here.
    """
    old_root, new_root = documents or (released, current)
    old, new = _Node(released, old_root), _Node(current, new_root)
    writer, reader = (new, old) if side is Side.CONSUMER else (old, new)
    return list(_Comparison(side).compare(writer, reader, "$"))


@dataclass(frozen=True, slots=True)
class _Node:
    """A schema and the document that its references point into."""

    schema: Schema
    root: Schema

    def at(self, schema: Schema | bool) -> "_Node":
        return _Node({"not": {}} if schema is False else {} if schema is True else schema, self.root)

    def resolved(self) -> "_Node":
        if "$ref" not in self.schema:
            return self
        target: Any = self.root
        for step in self.schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        beside = {name: value for name, value in self.schema.items() if name != "$ref"}
        if unread := beside.keys() - BESIDE_REF:
            raise NotImplementedError(f"{', '.join(sorted(unread))} beside {self.schema['$ref']}: not merged here")
        return self.at({**self.at(target).resolved().schema, **beside})

    def forms(self) -> list["_Node"]:
        """The schema as a choice of schemas that have one type each, or none."""
        schema = self.resolved().schema
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        if "anyOf" in schema:
            return [
                form for one in schema["anyOf"] for form in self.at({**rest, **self.at(one).resolved().schema}).forms()
            ]
        if isinstance(schema.get("type"), list):
            return [self.at(_of_type(schema, type)) for type in schema["type"]]
        return [self.at(schema)]

    def words(self) -> list[Any] | None:
        """The closed vocabulary, if it is one."""
        return [self.schema["const"]] if "const" in self.schema else self.schema.get("enum")


@dataclass(frozen=True, slots=True)
class _Comparison:
    side: Side

    def compare(self, writer: _Node, reader: _Node, path: str) -> Iterator[Break]:
        for written in writer.forms():
            fitting = [form for form in reader.forms() if _fits(written.schema, form.schema)]
            if fitting:
                yield from min((list(self._compare_forms(written, form, path)) for form in fitting), key=len)
            else:
                yield Break(path, Rule.TYPE, str(written.schema.get("type", "any")))

    def _compare_forms(self, writer: _Node, reader: _Node, path: str) -> Iterator[Break]:
        for node in (writer, reader):
            _check_known(node.schema, path)
        yield from _keywords(writer.schema, reader.schema, path)
        yield from _vocabulary(writer, reader, path)
        yield from _bounds(writer.schema, reader.schema, path)
        if "items" in reader.schema:
            yield from self.compare(
                writer.at(writer.schema.get("items", True)), reader.at(reader.schema["items"]), f"{path}[]"
            )
        yield from self._compare_objects(writer, reader, path)

    def _compare_objects(self, writer: _Node, reader: _Node, path: str) -> Iterator[Break]:
        written, read = (node.schema.get("properties", {}) for node in (writer, reader))
        released, current = (read, written) if self.side is Side.CONSUMER else (written, read)
        removed = released.keys() - current.keys()
        for name in sorted(removed):
            yield Break(
                f"{path}.{name}", Rule.REMOVED, "readers look for it" if released is read else "nobody reads it"
            )
        missing = set(reader.schema.get("required", ())) - set(writer.schema.get("required", ()))
        for name in sorted(missing - removed):
            yield Break(f"{path}.{name}", Rule.REQUIRED, "it may be absent")
        for name in sorted(written.keys() & read.keys()):
            as_written, as_read = writer.at(written[name]), reader.at(read[name])
            yield from self.compare(as_written, as_read, f"{path}.{name}")
            if name not in writer.schema.get("required", ()):
                yield from _defaults(as_written, as_read, f"{path}.{name}")
        yield from self._compare_further(writer, reader, path)

    def _compare_further(self, writer: _Node, reader: _Node, path: str) -> Iterator[Break]:
        """Keys without a name of their own."""
        allowed = reader.schema.get("additionalProperties", True)
        if allowed is True:
            return
        further = writer.schema.get("additionalProperties", True)
        named = writer.schema.get("properties", {})
        unnamed = {name: named[name] for name in sorted(named.keys() - reader.schema.get("properties", {}).keys())}
        if allowed is False:
            if further is not False:
                yield Break(f"{path}.*", Rule.ADDED, "any")
            yield from (Break(f"{path}.{name}", Rule.ADDED, "new") for name in unnamed)
            return
        for name, schema in {**unnamed, "*": further}.items():
            if schema is not False:
                yield from self.compare(writer.at(schema), reader.at(allowed), f"{path}.{name}")


def _of_type(schema: Schema, type: str) -> Schema:
    """What a schema of several types says of one of them: bounds of numbers say nothing of null."""
    idle = OF_ONE_TYPE - CONCERNS.get(type, set())
    return {**{name: value for name, value in schema.items() if name not in idle}, "type": type}


def _fits(written: Schema, read: Schema) -> bool:
    type, allowed = written.get("type"), read.get("type")
    return allowed in (None, type) or (type, allowed) == ("integer", "number")


def _defaults(writer: _Node, reader: _Node, path: str) -> Iterator[Break]:
    """No default is null: both are read as nothing there."""
    meant, taken = (node.resolved().schema.get("default") for node in (writer, reader))
    if meant != taken:
        yield Break(path, Rule.DEFAULT, f"meant {meant!r}, read as {taken!r}")


def _keywords(written: Schema, read: Schema, path: str) -> Iterator[Break]:
    for keyword in sorted(UNREAD & read.keys()):
        if written.get(keyword) != read[keyword]:
            detail = f"{keyword}: written {written.get(keyword)!r}, read {read[keyword]!r}"
            yield Break(path, Rule.KEYWORD, detail)


def _vocabulary(writer: _Node, reader: _Node, path: str) -> Iterator[Break]:
    known, words = reader.words(), writer.words()
    if known is None:
        return
    if words is None:
        yield Break(path, Rule.WORDS, f"any, not only {known}")
    elif unknown := [word for word in words if word not in known]:
        yield Break(path, Rule.WORDS, str(unknown))


def _bounds(written: Schema, read: Schema, path: str) -> Iterator[Break]:
    for keyword, default in AT_LEAST.items():
        if (value := written.get(keyword, default)) < (bound := read.get(keyword, default)):
            yield Break(path, Rule.BOUND, f"{keyword}: written {value}, read {bound}")
    for keyword, default in AT_MOST.items():
        if (value := written.get(keyword, default)) > (bound := read.get(keyword, default)):
            yield Break(path, Rule.BOUND, f"{keyword}: written {value}, read {bound}")


def _check_known(schema: Schema, path: str) -> None:
    """An unknown keyword, or a reference where none is followed, would hide a break."""
    unknown = schema.keys() - KNOWN
    if unknown or any("$ref" in repr(schema[keyword]) for keyword in UNREAD & schema.keys()):
        what = ", ".join(sorted(unknown)) or "a $ref below oneOf or not"
        raise NotImplementedError(f"{path}: {what}: teach tests/contract/compatibility.py what it means for each side")
