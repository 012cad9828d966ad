"""Which passages a query may see, in SQL."""

import json

from docmill.index.types import Query

VISIBLE = """
((:kinds IS NULL OR passages.kind IN (SELECT value FROM json_each(:kinds)))
  AND (passages.tenant IS NULL OR passages.tenant IS :tenant)
  AND (:day IS NULL OR :day BETWEEN coalesce(passages.valid_from, :day) AND coalesce(passages.valid_until, :day)))
"""


def asking(query: Query) -> dict[str, object]:
    """What `VISIBLE` asks for."""
    return {
        "kinds": None if query.kinds is None else json.dumps(sorted(query.kinds)),
        "tenant": query.tenant,
        "day": None if query.valid_on is None else query.valid_on.toordinal(),
    }
