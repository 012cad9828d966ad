"""Names out of one annotator's string, as CUAD writes the parties of a contract.

Acme, Inc. ("Acme"); Bob Ltd "Supplier"; Acme and Supplier (each a "Party")  ->  Acme, Inc.  |  Bob Ltd
"""

import re

# An alias begins with a quotation mark, or with a bracket that holds one ("?" where the encoding was lost).
ALIAS = re.compile(r"""\(\s*['‘?]|(?:\(+[^()"“”]*)?["“”]|\(+\s*[afd]/[kb]/a\b""", re.IGNORECASE)
QUOTED = re.compile(r"""["“”]\s*([^"“”]+?)[\s.,]*["“”]""")
CONNECTIVE = re.compile(r"(?:individually|collectively|together|each|hereinafter|we and you)\b", re.IGNORECASE)
LIST = re.compile(r"\s*(?:,|&|\band\b|\bor\b)\s*", re.IGNORECASE)
ARTICLE = re.compile(r"^the\s+", re.IGNORECASE)


def split_names(text: str) -> tuple[str, ...]:
    """The names of a string whose entries end at ";", without aliases; an entry of nothing but aliases vanishes."""
    entries = [entry for entry in text.split(";") if entry.strip()]
    aliases = [{alias.casefold() for alias in QUOTED.findall(entry)} for entry in entries]
    names = []
    for position, entry in enumerate(entries):
        name = ALIAS.split(entry, maxsplit=1)[0].strip(" \t\n,.:" if entry.lstrip()[:1] in '"“(' else " \t\n,:")
        # Its own alias may be its name; the aliases of the others are not.
        others = set().union(*(known for other, known in enumerate(aliases) if other != position))
        if name and not CONNECTIVE.match(name) and not _is_list_of(name, others):
            names.append(name)
    return tuple(names)


def _is_list_of(name: str, aliases: set[str]) -> bool:
    """Is a name only "Buyer" or "Buyer, Seller and the Agent"?"""
    parts = [ARTICLE.sub("", part).casefold() for part in LIST.split(name) if part]
    return bool(parts) and all(part in aliases for part in parts)
