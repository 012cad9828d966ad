"""A small language for text with variants. Does not know what a slot stands for.

`[a|b|]` is one of its options; `[a|b||c]` is `a` or `b` where one of them can be said, else `c`; `{name}` is a slot and
`{a name}` the same after the indefinite article that fits. Outside of brackets a bar is a bar. A backslash takes the
next character as it is.
"""

import re
from dataclasses import dataclass
from functools import cache


class GrammarError(ValueError):
    """A template that cannot be read, or that asks for what there is not: a fault of our own text."""


@dataclass(frozen=True, slots=True)
class Slot:
    """`{name}`; `article`: the indefinite article goes before it, as `a` or as `A`."""

    name: str
    article: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Ranks of options: one option of the first rank that has any that can be said."""

    ranks: tuple[tuple["Template", ...], ...]


Node = str | Slot | Choice
Template = tuple[Node, ...]

TOKEN = re.compile(
    r"\\(?P<escaped>.)|\{(?:(?P<article>[aA]) )?(?P<slot>[A-Za-z][\w.]*)\}"
    r"|(?P<mark>\|\||[\[\]|{}])|(?P<text>[^\\\[\]|{}]+)",
    re.DOTALL,
)


@cache
def parse(source: str) -> Template:
    """Read a template.

    Raises:
        GrammarError: its brackets do not match, or a slot's name is none.
    """
    tokens = list(TOKEN.finditer(source))
    if sum(len(token[0]) for token in tokens) != len(source):
        raise GrammarError(f"{source!r} ends in a backslash")
    template, rest = _sequence(source, tokens, 0, within=False)
    if rest != len(tokens):
        raise GrammarError(f"{tokens[rest][0]!r} stands outside of brackets in {source!r}")
    return template


def _sequence(source: str, tokens: list[re.Match[str]], position: int, *, within: bool) -> tuple[Template, int]:
    """Nodes up to the end, or up to what ends an option; outside of brackets a bar is a bar."""
    nodes: list[Node] = []
    while position < len(tokens):
        token = tokens[position]
        if token["mark"] == "[":
            choice, position = _choice(source, tokens, position + 1)
            nodes.append(choice)
            continue
        if token["mark"] in ("{", "}"):
            raise GrammarError(f"a brace without a slot's name in {source!r}")
        if token["mark"] == "]" or (token["mark"] and within):
            break
        slot = Slot(token["slot"], token["article"] or "") if token["slot"] else None
        nodes.append(slot or token["escaped"] or token["text"] or token["mark"])
        position += 1
    return tuple(nodes), position


def _choice(source: str, tokens: list[re.Match[str]], position: int) -> tuple[Choice, int]:
    """A choice whose opening bracket was read, up to behind its closing one."""
    ranks: list[list[Template]] = [[]]
    while True:
        option, position = _sequence(source, tokens, position, within=True)
        ranks[-1].append(option)
        if position == len(tokens):
            raise GrammarError(f"a bracket is not closed in {source!r}")
        mark = tokens[position]["mark"]
        position += 1
        if mark == "]":
            return Choice(tuple(tuple(rank) for rank in ranks)), position
        if mark == "||":
            ranks.append([])
