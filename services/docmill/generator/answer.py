"""A generator's answer, read and checked part by part: what does not hold is refused, the rest stands. Pure.

A value must stand verbatim in what was shown of the document, and be what a person reads there. A citation must name a
source of this request, quote it verbatim, and bear the answer out: verbatim alone is no support. What is kept of a
quote is the text that it was found in, never the generator's own.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from docmill.generator.matching import folded, whole_matches
from docmill.generator.prompt import excerpt
from docmill.generator.schema import MAX_EVIDENCE, QUOTE_CHARACTERS, source_ids
from docmill.generator.shown_text import ShownText, readable, shown
from docmill.generator.types import ABSTAIN, Answer, Ask, Evidence, Refusal, Refused, Source, Value
from docmill.pipeline.visible import is_overridden

WORD = re.compile(r"[^\W\d_]{2}")
BETWEEN_WORDS = r"(?:\s+|[-_./])"  # of a label in running text
Supports = Callable[[Source, str], bool]  # whether a source, quoted so, bears an answer out


class NotReadableError(ValueError):
    """An answer that is no JSON of the schema's shape; the message goes back to the generator."""


def read_answer(ask: Ask, said: str) -> Answer:
    """What may be believed of an answer.

    Raises:
        NotReadableError: nothing of it can be read.
    """
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):  # its message would quote the document
        raise NotReadableError("it is no JSON") from None
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
        known = choice == source.document_type or _names(readable(source.title), choice)
        return (known and WORD.search(quote) is not None) or _names(quote, choice)

    return choice, tuple(_evidence(ask, "label", said.get("evidence"), supports, refused))


def _values(ask: Ask, said: Any, refused: list[Refused]) -> Iterable[Value]:
    if not isinstance(said, dict):
        raise NotReadableError("`fields` is no object")
    document = shown(ask.text, ask.shown)
    if any(name not in ask.fields for name in said):
        refused.append(Refused("field", Refusal.UNKNOWN_FIELD))  # once: an answer may have any number of them
    for name in ask.fields:
        if (value := _value(ask, document, name, said.get(name), refused)) is not None:
            yield value


def _value(ask: Ask, document: ShownText, name: str, said: Any, refused: list[Refused]) -> Value | None:
    quote = said.get("quote") if isinstance(said, dict) else said
    if quote is None or quote == "":
        return None
    places = _found(document, quote)
    if not places:
        refused.append(Refused(name, Refusal.NOT_VERBATIM))
        return None
    places = tuple(place for place in places if not is_overridden(ask.text, *place))
    if not places:
        refused.append(Refused(name, Refusal.NOT_AS_SEEN))
        return None
    start, end = places[0]
    value = folded(readable(ask.text[start:end]))

    def supports(source: Source, cited: str) -> bool:
        listed = (folded(readable(each)) for each in dict(source.fields).get(name, ()))
        return (value in listed and WORD.search(cited) is not None) or _states(cited, value)

    evidence = said.get("evidence") if isinstance(said, dict) else None
    return Value(name, start, end, tuple(_evidence(ask, name, evidence, supports, refused)), len(places))


def _evidence(ask: Ask, part: str, said: Any, supports: Supports, refused: list[Refused]) -> Iterable[Evidence]:
    """Those citations that hold; each source once."""
    sources: Mapping[str, Source] = dict(zip(source_ids(ask), ask.sources, strict=True))
    cited: set[str] = set()
    for entry in said[:MAX_EVIDENCE] if isinstance(said, list) else ():
        id, quote = (entry.get("source"), entry.get("quote")) if isinstance(entry, dict) else (None, None)
        source = sources.get(id) if isinstance(id, str) else None
        if source is None:
            refused.append(Refused(part, Refusal.UNKNOWN_SOURCE))
        elif not (places := _found(excerpt(source), quote)):
            refused.append(Refused(part, Refusal.QUOTE_NOT_IN_SOURCE))
        elif not supports(source, cited_text := " ".join(readable(source.text[slice(*places[0])]).split())):
            refused.append(Refused(part, Refusal.UNSUPPORTED))
        elif source.passage_id not in cited:
            cited.add(source.passage_id)
            yield Evidence(source.passage_id, cited_text[:QUOTE_CHARACTERS])


def _found(text: ShownText, quote: Any) -> tuple[tuple[int, int], ...]:
    return text.find(quote) if isinstance(quote, str) and len(quote) <= QUOTE_CHARACTERS else ()


def _names(text: str, label: str) -> bool:
    """Whether a text has a label's words whole, in order and side by side: `motor_claim` is `Motor claim`."""
    words = re.split(r"[_.]", label.casefold())
    return any(True for _ in whole_matches(words, text.casefold(), gap=BETWEEN_WORDS))


def _states(text: str, value: str) -> bool:
    """Whether a text has a folded value whole."""
    return any(True for _ in whole_matches([value], folded(text)))
