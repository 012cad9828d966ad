"""HTML as text: what it is given is escaped, unless it is Html already."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is HTML."""

    __slots__ = ()


def html(text: str) -> Html:
    """Text as HTML."""
    return text if isinstance(text, Html) else Html(escape(text))


def element(name: str, *content: str, kind: str = "") -> Html:
    """An element around its content, of a class."""
    attribute = f' class="{escape(kind)}"' if kind else ""
    return Html(f"<{name}{attribute}>{''.join(html(part) for part in content)}</{name}>")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1, *, ends_in_text: bool = False) -> Html:
    """A table; its first `texts` columns, and the last if so, are read from the left, the others are figures."""

    def cells(name: str, row: Sequence[str]) -> Html:
        last = len(row) - 1 if ends_in_text else len(row)
        kinds = ("" if i < texts or i == last else "figure" for i in range(len(row)))
        return Html("".join(element(name, cell, kind=kind) for cell, kind in zip(row, kinds, strict=True)))

    body = "\n".join(element("tr", cells("td", row)) for row in rows)
    return element("table", element("thead", element("tr", cells("th", heads))), element("tbody", Html(body)))


def bullets(lines: Iterable[str]) -> Html:
    """A list."""
    return element("ul", *(element("li", line) for line in lines))


def section(title: str, *parts: str) -> Html:
    """A part of a page under its own heading."""
    return Html(element("section", element("h2", title), *parts))
