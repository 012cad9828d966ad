"""The full-text half of a search, in SQL. Works within its caller's transaction."""

import sqlite3

from docmill.index.rare_terms import Words, rarest
from docmill.index.schema import EXEMPLAR, EXEMPLAR_WORDS, TOLD_WORDS, WordTables
from docmill.index.types import Query
from docmill.index.visible import VISIBLE, asking

SEARCH = """
SELECT {words}.rowid, -bm25({words}) AS score
FROM {words} CROSS JOIN chunks ON chunks.number = {words}.rowid CROSS JOIN passages ON passages.number = chunks.passage
WHERE {words} MATCH :terms AND {visible}
ORDER BY score DESC, passages.passage_id, chunks.first
LIMIT :count
"""


def text_ranking(connection: sqlite3.Connection, words: Words, query: Query, count: int) -> dict[int, float]:
    """BM25 by number of chunk, larger is better, in order: the best `count` that the query may see.

    Where exemplars and others are asked for at once, each are measured among their own.
    """
    terms = words.of(query.text)
    found = [pair for tables in _asked(query) for pair in _ranking(connection, tables, terms, query, count)]
    return dict(sorted(found, key=lambda pair: -pair[1])[:count])


def _asked(query: Query) -> list[WordTables]:
    told = query.kinds is None or bool(query.kinds - {EXEMPLAR})
    exemplars = query.kinds is None or EXEMPLAR in query.kinds
    return [TOLD_WORDS] * told + [EXEMPLAR_WORDS] * exemplars


def _ranking(
    connection: sqlite3.Connection, tables: WordTables, terms: list[str], query: Query, count: int
) -> list[tuple[int, float]]:
    asked = asking(query)
    rare = rarest(connection, tables.vocabulary, terms, asked)
    if not rare:
        return []
    match = " OR ".join(f'"{term}"' for term in rare)  # a term holds no quotation mark: it is no word's part
    statement = SEARCH.format(words=tables.words, visible=VISIBLE)
    return connection.execute(statement, asked | {"terms": match, "count": count}).fetchall()
