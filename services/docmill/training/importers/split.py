"""One file of labelled documents to a training and a validation part."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from docmill.training.corpus import LabelledDocument, near_duplicates
from docmill.training.row import LabelledRow


def split(rows: Sequence[LabelledRow], share: float) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """(training, validation): about `share` of each label goes to validation, in the order of the rows.

    Documents that are alike stay together; which go is a hash of their ids, so that it is the same every time.
    """
    documents = [LabelledDocument(row.id, "", "", row.label, row.text, ()) for row in rows]
    left = Counter({label: round(share * count) for label, count in Counter(d.label for d in documents).items()})
    chosen: set[str] = set()
    for family in sorted(near_duplicates(documents), key=_hash):
        needed = Counter(document.label for document in family)
        if all(count <= left[label] for label, count in needed.items()):
            left -= needed
            chosen |= {document.id for document in family}
    return [row for row in rows if row.id not in chosen], [row for row in rows if row.id in chosen]


def _hash(family: Sequence[LabelledDocument]) -> bytes:
    return hashlib.sha256(min(document.id for document in family).encode()).digest()
