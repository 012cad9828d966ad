"""The full-text half of a search, in SQL. Works within its caller's transaction."""

import json
import sqlite3

from docmill.index.rare_terms import Words, rarest
from docmill.index.types import Query

SEARCH = """
SELECT words.rowid, -bm25(words) AS score
FROM words CROSS JOIN chunks ON chunks.number = words.rowid CROSS JOIN passages ON passages.number = chunks.passage
WHERE words MATCH :terms
  AND (:kinds IS NULL OR passages.kind IN (SELECT value FROM json_each(:kinds)))
  AND (passages.tenant IS NULL OR passages.tenant IS :tenant)
  AND (:day IS NULL OR :day BETWEEN coalesce(passages.valid_from, :day) AND coalesce(passages.valid_until, :day))
ORDER BY score DESC, passages.passage_id, chunks.first
LIMIT :count
"""


def text_ranking(connection: sqlite3.Connection, words: Words, query: Query, count: int) -> dict[int, float]:
    """BM25 by number of chunk, larger is better, in order: the best `count` that the query may see."""
    terms = rarest(connection, words.of(query.text))
    if not terms:
        return {}
    given = {
        "terms": " OR ".join(f'"{term}"' for term in terms),  # a term holds no quotation mark: it is no word's part
        "kinds": None if query.kinds is None else json.dumps(sorted(query.kinds)),
        "tenant": query.tenant,
        "day": None if query.valid_on is None else query.valid_on.toordinal(),
        "count": count,
    }
    return dict(connection.execute(SEARCH, given))
