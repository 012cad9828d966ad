"""A generator's answer, read and checked part by part: what does not hold is refused, the rest stands. Pure.

A value must stand verbatim in what was shown of the document. A citation must name a source of this request, quote it
verbatim, and bear the answer out: verbatim alone is no support.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from docmill.generator.prompt import shown_excerpt
from docmill.generator.schema import ABSTAIN, MAX_EVIDENCE, QUOTE_CHARACTERS, source_ids
from docmill.generator.shown_text import ShownText, shown
from docmill.generator.types import Answer, Ask, Evidence, Refusal, Refused, Source, Value


class NotReadableError(ValueError):
    """An answer that is no JSON of the schema's shape; the message goes back to the generator."""


def read_answer(ask: Ask, said: str) -> Answer:
    """What may be believed of an answer.

    Raises:
        NotReadableError: nothing of it can be read.
    """
    try:
        answer = json.loads(said)
    except ValueError as error:
        raise NotReadableError("it is no JSON") from error
    if not isinstance(answer, dict):
        raise NotReadableError("it is no JSON object")
    refused: list[Refused] = []
    label, evidence = _label(ask, answer.get("label"), refused) if ask.labels else (None, ())
    values = tuple(_values(ask, answer.get("fields"), refused)) if ask.fields else ()
    return Answer(label, evidence, values, tuple(refused))


def _label(ask: Ask, said: Any, refused: list[Refused]) -> tuple[str | None, tuple[Evidence, ...]]:
    if not isinstance(said, dict) or not isinstance(choice := said.get("choice"), str):
        raise NotReadableError("`label` has no `choice`")
    if choice == ABSTAIN:
        return None, ()
    if choice not in ask.labels:
        refused.append(Refused("label", Refusal.UNKNOWN_LABEL))
        return None, ()

    def supports(source: Source, quote: str) -> bool:
        return choice == source.document_type or _mentions(f"{source.title}\n{quote}", choice)

    return choice, tuple(_evidence(ask, "label", said.get("evidence"), supports, refused))


def _values(ask: Ask, said: Any, refused: list[Refused]) -> Iterable[Value]:
    if not isinstance(said, dict):
        raise NotReadableError("`fields` is no object")
    document = shown(ask.text, ask.shown)
    refused += [Refused("field", Refusal.UNKNOWN_FIELD) for name in said if name not in ask.fields]
    for name in ask.fields:
        if (value := _value(ask, document, name, said.get(name), refused)) is not None:
            yield value


def _value(ask: Ask, document: ShownText, name: str, said: Any, refused: list[Refused]) -> Value | None:
    quote = said.get("quote") if isinstance(said, dict) else said
    if quote is None or quote == "":
        return None
    place = document.find(quote) if isinstance(quote, str) and len(quote) <= QUOTE_CHARACTERS else None
    if place is None or not _in_one_stretch(place, ask.shown):
        refused.append(Refused(name, Refusal.NOT_VERBATIM))
        return None

    def supports(source: Source, cited: str) -> bool:
        return _folded(quote) in map(_folded, dict(source.fields).get(name, ())) or _mentions(cited, quote)

    evidence = said.get("evidence") if isinstance(said, dict) else None
    return Value(name, *place, tuple(_evidence(ask, name, evidence, supports, refused)))


def _evidence(ask: Ask, part: str, said: Any, supports: Any, refused: list[Refused]) -> Iterable[Evidence]:
    """Those citations that hold; each source once."""
    sources: Mapping[str, Source] = dict(zip(source_ids(ask), ask.sources, strict=True))
    cited: set[str] = set()
    for entry in said[:MAX_EVIDENCE] if isinstance(said, list) else ():
        id, quote = (entry.get("source"), entry.get("quote")) if isinstance(entry, dict) else (None, None)
        source = sources.get(id) if isinstance(id, str) else None
        if source is None:
            refused.append(Refused(part, Refusal.UNKNOWN_SOURCE))
        elif not isinstance(quote, str) or shown(shown_excerpt(source)).find(quote) is None:
            refused.append(Refused(part, Refusal.QUOTE_NOT_IN_SOURCE))
        elif not supports(source, quote):
            refused.append(Refused(part, Refusal.UNSUPPORTED))
        elif source.passage_id not in cited:
            cited.add(source.passage_id)
            yield Evidence(source.passage_id, quote)


def _in_one_stretch(place: tuple[int, int], stretches: Iterable[tuple[int, int]]) -> bool:
    return any(start <= place[0] and place[1] <= end for start, end in stretches)


def _mentions(text: str, what: str) -> bool:
    """Whether a text has the words, in their order and side by side; a label's `motor_claim` is `motor claim`."""
    words = _folded(what.replace("_", " ").replace(".", " "))
    return f" {words} " in f" {_folded(text)} "


def _folded(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())
