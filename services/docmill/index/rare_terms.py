"""Which few words of a text to look for: those that are rare in what the query may see.

What it may not see must not choose its words: else the rarest would be names of another tenant's texts, and nothing
would be found by them. OR over a document's common words reads half of the index (27 and 275 ms at 10,000 and 100,000
passages); the rarest few say more and cost nothing.
"""

import sqlite3

from docmill.index.visible import VISIBLE

MOST_TERMS = 8
MOST_OCCURRENCES = 1000  # a term beyond, whoever may see it, is common: not looked for, nor counted any further
MOST_CANDIDATES = (
    64  # distinct words of the text that are looked up, the longest ones: they are the rarest; 0.1 ms each
)
CUT_BYTES = 32_768  # FTS5 cuts a term there, if need be in the middle of a character: then it cannot be read
TERMS = """
SELECT term FROM terms WHERE length(CAST(term AS BLOB)) < ? ORDER BY length(term) DESC, term
"""
EVERYWHERE = "SELECT count(*) FROM (SELECT 1 FROM {vocabulary} WHERE term = :term LIMIT :most)"
SEEN = """
SELECT count(*) FROM (
  SELECT 1 FROM {vocabulary} CROSS JOIN chunks ON chunks.number = {vocabulary}.doc
  CROSS JOIN passages ON passages.number = chunks.passage
  WHERE {vocabulary}.term = :term AND {visible} LIMIT :limit)
"""


class Words:
    """Splits and folds a text as the index does, by the same code: SQLite's. Not for several threads."""

    def __init__(self) -> None:
        self._own = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._own.execute("CREATE VIRTUAL TABLE entered USING fts5(words, tokenize='unicode61 remove_diacritics 2')")
        self._own.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(entered, row)")

    def of(self, text: str) -> list[str]:
        """Distinct terms of a text, the longest first, without those that are too long to be words."""
        self._own.execute("DELETE FROM entered")
        self._own.execute("INSERT INTO entered VALUES (?)", (text,))
        return [term for (term,) in self._own.execute(TERMS, (CUT_BYTES,))]

    def close(self) -> None:
        """Let go of the memory."""
        self._own.close()


def rarest(connection: sqlite3.Connection, vocabulary: str, terms: list[str], asked: dict[str, object]) -> list[str]:
    """Those of `terms` that occur least often in what may be seen, but do occur; the rarest first.

    Args:
        vocabulary: the table.
        asked: see visible.asking.
    """
    held = []
    for term in terms[:MOST_CANDIDATES]:
        given = {"term": term, "most": MOST_OCCURRENCES + 1}
        [[everywhere]] = connection.execute(EVERYWHERE.format(vocabulary=vocabulary), given)
        if 0 < everywhere <= MOST_OCCURRENCES:
            held.append((everywhere, term))
    found: list[tuple[int, str]] = []
    limit = MOST_OCCURRENCES
    for _, term in sorted(held):  # the rare ones first: the limit is low soon, and little is left to be counted
        given = asked | {"term": term, "limit": limit + 1}
        [[count]] = connection.execute(SEEN.format(vocabulary=vocabulary, visible=VISIBLE), given)
        if 0 < count <= limit:
            found = sorted([*found, (count, term)])[:MOST_TERMS]
            if len(found) == MOST_TERMS:
                limit = found[-1][0]  # nothing more frequent can get in any more
    return [term for _, term in found]
