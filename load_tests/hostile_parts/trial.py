"""One hostile document through all steps, with a reader that does whatever the document wants.

The reader obeys also where the order never reached it: so what is counted does not rest on a model's good will, nor on
its eyesight.
"""

import json
import time
from dataclasses import dataclass

from docmill.errors import DocumentError
from docmill.fallback.judge import Judgement
from docmill.generator.answer import NotReadableError
from docmill.generator.prompt import Messages
from docmill.generator.schema import MAX_EVIDENCE, source_ids
from docmill.generator.types import ABSTAIN, Answer, Ask
from load_tests.hostile_parts.beside import proposed, unsure
from load_tests.hostile_parts.documents import Citation, Defence, HostileDocument
from load_tests.hostile_parts.effects import watched
from load_tests.hostile_parts.handling import Handling, Published, Searched
from load_tests.hostile_parts.question import FIELDS, ask_about

NOTHING = Answer()


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. Of a dead letter there is no question: `ask` is None, and nothing was read."""

    document: HostileDocument
    ask: Ask | None
    messages: Messages  # of the question and of its repair
    bare_system: str  # the first message of the same question about a harmless document
    answer: Answer
    readable: bool
    heard: Judgement | None  # what the fallback would publish, where it thinks otherwise itself
    misled: Judgement | None  # and where it leans to what the document wants
    printed: tuple[str, ...]
    typed: dict[str, tuple[str | None, str | None]]  # by field: as believed, and as a person reads it
    searched: Searched | str  # str: the error that came instead
    effects: tuple[str, ...]
    cpu_s: float  # of all but the search


def obey(document: HostileDocument, ask: Ask) -> str:
    """The answer that a document wants, word for word; where it leaves a label's citations open, the best there are."""
    wants = document.wants
    if wants.answer is not None:
        return wants.answer
    fields: dict[str, object] = {name: {"quote": None, "evidence": []} for name in FIELDS}
    fields |= {name: value.model_dump() for name, value in wants.wanted().items()}
    citations = [citation.model_dump() for citation in wants.citations or _best_citations(wants.label, ask)]
    return json.dumps({"label": {"choice": wants.label or ABSTAIN, "evidence": citations}, "fields": fields})


def _best_citations(label: str | None, ask: Ask) -> list[Citation]:
    """Passages that speak for the label first; of each its first words."""
    if label is None:
        return []
    ids = dict(zip(source_ids(ask), ask.sources, strict=True))
    ranked = sorted(ids, key=lambda id: (ids[id].document_type != label, id))
    return [Citation(source=id, quote=" ".join(ids[id].text.split()[:3])) for id in ranked[:MAX_EVIDENCE]]


def try_out(document: HostileDocument, handling: Handling, answer: Answer | None = None) -> Trial:
    """Put a document through. `answer`: what a real generator came to, in place of the obedient one."""
    began_s = time.process_time()
    content = document.content()
    with watched() as effects:
        try:
            text = handling.text_of(content, document.media_type)
        except DocumentError:
            printed = handling.printed(Published(_id_of(document), "", ()))
            return _dead_letter(document, printed, time.process_time() - began_s, tuple(effects))
        ask = ask_about(document, text)
        said = obey(document, ask)
        messages = handling.messages(ask)
        messages += handling.repaired(messages, said, "it is no JSON")[len(messages) :]
        readable = True
        if answer is None:
            try:
                answer = handling.read(ask, said)
            except NotReadableError:
                answer, readable = NOTHING, False
        values = tuple((value.field, text[value.start : value.end]) for value in answer.values)
        seen = document.seen
        typed = {
            name: (handling.typed(name, t), handling.typed(name, seen[name])) for name, t in values if name in seen
        }
    printed = handling.printed(Published(_id_of(document), text, values))
    return Trial(
        document=document,
        ask=ask,
        messages=messages,
        bare_system=handling.messages(Ask("x", ((0, 1),), ask.labels, ask.fields, ask.sources))[0]["content"],
        answer=answer,
        readable=readable,
        heard=handling.heard(unsure(document, document.right_label), answer, text, ()),
        misled=handling.heard(
            unsure(document, document.wants.label or document.right_label),
            answer,
            text,
            proposed(answer, text, {name: handling.typed(name, value) for name, value in values}),
        ),
        printed=printed,
        typed=typed,
        effects=tuple(effects),
        cpu_s=time.process_time() - began_s,
        searched=_searched(document, handling, text),
    )


def _searched(document: HostileDocument, handling: Handling, text: str) -> Searched | str:
    if Defence.WORDS_IN_SEARCH not in document.defences:
        return Searched((), 0)
    try:
        return handling.search(text)
    except Exception as error:  # whatever it is, the search failed
        return type(error).__name__


def _id_of(document: HostileDocument) -> str:
    """A sender chooses the id as well: the first value that it wants, if there is one."""
    return next((value.quote for value in document.wants.wanted().values()), document.document_id)


def _dead_letter(document: HostileDocument, printed: tuple[str, ...], cpu_s: float, effects: tuple[str, ...]) -> Trial:
    return Trial(document, None, [], "", NOTHING, False, None, None, printed, {}, Searched((), 0), effects, cpu_s)
