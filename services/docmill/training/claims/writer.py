"""Templates written into a draft: choices drawn, slots filled. Does not know a claim.

Slots are facts; rules are named lists of templates. What needs a fact that a document lacks cannot be said, and neither
can what needs that: so a missing value takes its sentence with it, and `[with it||without it]` names the substitute.
"""

import random
import re
from collections.abc import Collection, Mapping
from typing import Protocol

from docmill.training.claims.draft import Draft, Piece
from docmill.training.claims.grammar import Choice, GrammarError, Node, Slot, Template, parse

Rules = Mapping[str, tuple[str, ...]]

SENTENCE_START = re.compile(r"(?:\A|[:=] ?\"|[.!?]['\"”’)]?[ \t]+|\n[ \t]*)\Z")
VOWEL = re.compile(r"(?:[aeio]|u(?!ni|se|ti)|8|11\b|18\b|hour|MRI\b|X-ray|NHS)", re.IGNORECASE)


class Facts(Protocol):
    """What slots stand for in one document."""

    def knows(self, name: str) -> bool:
        """Is there such a slot at all, in whatever document?"""

    def has(self, name: str) -> bool:
        """Can this document say it?"""

    def pieces(self, name: str) -> tuple[Piece, ...]:
        """What is written for it."""


class Writer:
    """Writes the templates of one document.

    A rule gives what it has not given before, as long as there is some; the rules in `once` can then not be said again.
    A rule in `kept` gives what it gave first, with the same options and by the same rules within, as long as that can
    be said.
    """

    def __init__(
        self, facts: Facts, rules: Rules, rng: random.Random, once: Collection[str] = (), kept: Collection[str] = ()
    ) -> None:
        self._facts = facts
        self._once = once
        self._rules = rules
        self._rng = rng
        self._said: set[str] = set()
        self._kept = kept
        self._keeping = False  # within a kept rule
        self._drawn: dict[str, str] = {}  # within kept rules: what a rule gave
        self._chosen: dict[Choice, Template] = {}  # within kept rules: which option was taken

    def can_say(self, source: str) -> bool:
        """Does the document have all that a template needs?

        Raises:
            GrammarError: the template names a slot that there is not.
        """
        return self._sayable(parse(source))

    def say(self, draft: Draft, source: str) -> None:
        """Append a template.

        Raises:
            GrammarError: it cannot be said; ask `can_say` first where that may be.
        """
        self._write(draft, parse(source))

    def has_kept(self, name: str) -> bool:
        """Was a rule in `kept` given already?"""
        return name in self._drawn

    def _sayable(self, template: Template) -> bool:
        return all(self._node_sayable(node) for node in template)

    def _node_sayable(self, node: Node) -> bool:
        if isinstance(node, str):
            return True
        if isinstance(node, Choice):
            return any(self._sayable(option) for rank in node.ranks for option in rank)
        name = self._resolved(node.name)
        if name in self._rules:
            return bool(self._sources(name))
        return self._facts.has(name)

    def _resolved(self, name: str) -> str:
        """The fact or rule that a name stands for; `{Name}` is `{name}` with a capital."""
        for candidate in (name, name[0].lower() + name[1:]):
            if candidate in self._rules or self._facts.knows(candidate):
                return candidate
        raise GrammarError(f"there is no slot {{{name}}}")

    def _write(self, draft: Draft, template: Template) -> None:
        for node in template:
            if isinstance(node, str):
                draft.add(node)
            elif isinstance(node, Choice):
                self._write(draft, self._choose(node))
            else:
                self._write_slot(draft, node)

    def _choose(self, choice: Choice) -> Template:
        options = self._options(choice)
        if not self._keeping:
            return self._rng.choice(options)
        if self._chosen.get(choice) not in options:
            self._chosen[choice] = self._rng.choice(options)
        return self._chosen[choice]

    def _options(self, choice: Choice) -> list[Template]:
        for rank in choice.ranks:
            if options := [option for option in rank if self._sayable(option)]:
                return options
        raise GrammarError(f"nothing of {choice} can be said")

    def _write_slot(self, draft: Draft, slot: Slot) -> None:
        name = self._resolved(slot.name)
        if name in self._rules:
            written = Draft()
            written.add(draft.tail(4))  # so that a rule knows whether it starts a sentence
            lead = len(written.pieces)
            outer, self._keeping = self._keeping, self._keeping or name in self._kept
            self._write(written, parse(self._draw(name)))
            self._keeping = outer
            pieces = written.pieces[lead:]
        else:
            pieces = list(self._facts.pieces(name))
        if slot.article and pieces:
            article = slot.article + ("n " if VOWEL.match(pieces[0].text) else " ")
            pieces.insert(0, Piece(article))
        if name != slot.name or SENTENCE_START.search(draft.tail(4)):
            pieces = _capitalised(pieces)
        draft.extend(pieces)

    def _draw(self, name: str) -> str:
        options = self._sources(name)
        if not options:
            raise GrammarError(f"nothing of the rule {{{name}}} can be said")
        if self._keeping and self._drawn.get(name) in options:
            return self._drawn[name]
        fresh = [source for source in options if source not in self._said]
        source = self._rng.choice(fresh or options)
        self._said.add(source)
        if self._keeping:
            self._drawn[name] = source
        return source

    def _sources(self, name: str) -> list[str]:
        """The templates of a rule that can be said now."""
        used_up = self._said if name in self._once else ()
        return [source for source in self._rules[name] if source not in used_up and self.can_say(source)]


def _capitalised(pieces: list[Piece]) -> list[Piece]:
    """A capital at the beginning, save where a value begins: a value stays as it was drawn."""
    if not pieces or pieces[0].field is not None:
        return pieces
    first = pieces[0]
    return [Piece(first.text[:1].upper() + first.text[1:]), *pieces[1:]]
