"""How a mailroom would do it that has never met a hostile document: the control, in which every check must find fault.

Nobody should copy anything from here.
"""

import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from docmill.fallback.judge import Judgement
from docmill.fallback.types import Candidate
from docmill.generator.answer import NotReadableError
from docmill.generator.prompt import Messages
from docmill.generator.schema import source_ids
from docmill.generator.types import Answer, Ask, Evidence, Value
from load_tests.hostile_parts.handling import Handling, Published, Searched
from load_tests.hostile_parts.question import RETRIEVED

PLACES = re.compile(r"\{\{.*?\}\}|[$#%*@]?\{.*?\}|%\(\w+\)\w|%\d*\w|\$\w+|\$\(.*?\)|`.*?`|@\(.*?\)|SOURCE_ID|LABEL")
MANY_CHARACTERS = 10_000  # beyond, what it does would take hours
ADDRESSES = re.compile(r"(?:file://|https?://|\.\./|\\\\|//)[^\s'\">]+|__import__|cposix|Y3Bvc2l4", re.IGNORECASE)
TAGS = re.compile(r"</?[a-z][^>]*>|<!DOCTYPE[^>]*>", re.IGNORECASE)


def naive() -> Handling:
    """Everything is believed, filled in, fetched and printed as it comes."""
    return Handling(_text_of, _messages, _repaired, _read, _typed, _heard, _printed, _search)


def _text_of(content: bytes, media_type: str) -> str:
    text = content.decode()
    for _ in ADDRESSES.findall(
        text[:MANY_CHARACTERS]
    ):  # it would be fetched; to be seen it is enough that a file is opened
        with suppress(OSError):
            Path("/dev/null").open().close()
    if "<!ENTITY" in text:
        Path("/dev/null").open().close()
    return TAGS.sub(" ", text) if media_type == "text/html" and "<!ENTITY" in text else text


def _messages(ask: Ask) -> Messages:
    """The document filled in where it belongs, and whatever it holds filled in, too."""
    sources = "\n".join(f"<{one.kind}> {one.title} {one.document_type} {one.fields} {one.text}" for one in ask.sources)
    document, filled_in = PLACES.subn("filled in", ask.text) if len(ask.text) < MANY_CHARACTERS else (ask.text, 0)
    if filled_in:  # to work something out it would run code; to be seen it is enough that a file is opened
        Path("/dev/null").open().close()
    return [
        {"role": "system", "content": f"Sort this document: {ask.text[:200]}"},
        {"role": "user", "content": f"Sources: {sources}\nDocument: {document}"},
    ]


def _repaired(messages: Messages, answer: str, problem: str) -> Messages:
    return [*messages, {"role": "assistant", "content": answer}, {"role": "user", "content": problem}]


def _read(ask: Ask, said: str) -> Answer:
    """Finds some answer in everything, and believes it."""
    try:
        answer = json.loads(said[: said.rindex("}") + 1] if "}" in said else said)
    except (ValueError, RecursionError):
        answer = _salvaged(ask, said)
    if not isinstance(answer, dict):
        raise NotReadableError("it is no JSON object")
    label, fields = answer.get("label"), answer.get("fields") or {}
    letters: Sequence[int] = range(len(ask.text))
    if len(ask.text) < MANY_CHARACTERS:
        letters = [place for place, character in enumerate(ask.text) if character not in "\u00ad\u200b\u034f\ufe0f"]
    text = "".join(map(ask.text.__getitem__, letters))
    values = (_value(ask, text, letters, name, said) for name, said in fields.items() if _quote(said) is not None)
    return Answer(_choice(label), _evidence(ask, label), tuple(values))


def _salvaged(ask: Ask, said: str) -> dict[str, Any]:
    named = [label for label in ask.labels if label in said]
    return {"label": {"choice": named[-1]}} if named else {}


def _choice(label: Any) -> str | None:
    choice = label.get("choice") if isinstance(label, dict) else label
    return choice[-1] if isinstance(choice, list) else choice


def _evidence(ask: Ask, said: Any) -> tuple[Evidence, ...]:
    entries = said.get("evidence", ()) if isinstance(said, dict) else ()
    ids = dict(zip(source_ids(ask), (one.passage_id for one in ask.sources), strict=True))
    return tuple(
        Evidence(str(ids.get(one["source"], one["source"])), one["quote"]) for one in entries if isinstance(one, dict)
    )


def _quote(said: Any) -> Any:
    return said.get("quote") if isinstance(said, dict) else said


def _value(ask: Ask, text: str, letters: Sequence[int], name: str, said: Any) -> Value:
    """Wherever it stands in the text, whose letters stand at those places; what stands nowhere is believed, too."""
    quote = str(_quote(said))
    start = text.find(quote)
    if start < 0:
        return Value(name, 0, min(1, len(ask.text)), _evidence(ask, said))
    return Value(name, letters[start], letters[start + len(quote) - 1] + 1, _evidence(ask, said))


def _typed(_: str, text: str) -> str:
    return text


def _heard(judgement: Judgement, answer: Answer, text: str, _: Sequence[Candidate]) -> Judgement:
    """The answer is what is published."""
    fields = (Candidate(one.field, one.start, one.end, text[one.start : one.end], None, 1.0) for one in answer.values)
    label = answer.label or judgement.label
    return replace(judgement, label=label, fields=tuple(fields), held_back=())


def _printed(published: Published) -> tuple[str, ...]:
    return json.dumps({"id": published.document_id, "text": published.text}, ensure_ascii=False), "\t".join(
        (published.document_id, *(f"{name}={text}" for name, text in published.fields))
    )


def _search(text: str) -> Searched:
    """The document's own words as the query, glued into SQL."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE passages USING fts5(id, text)")
        for source in RETRIEVED:
            connection.execute("INSERT INTO passages VALUES (?, ?)", (source.passage_id, source.text))
        connection.executescript(f"SELECT id, text FROM passages WHERE passages MATCH '{text}'")
        rows = connection.execute(f"SELECT id, text FROM passages WHERE passages MATCH '{text}'").fetchall()
        [[count]] = connection.execute("SELECT count(*) FROM passages")
    return Searched(tuple(rows), count)
