"""Labels that are probably wrong, by confident learning, for a person to check. Needs the extra [train].

Out-of-fold probabilities come from a cheap model (TF-IDF and logistic regression) of the training documents of one
group; near-duplicates share a fold, since a copy with the same mistake would vouch for it.
Measured with load_tests/suspects.py, see docs/decisions/0012-quality-gate.md.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from docmill.training.corpus import LabelledDocument, near_duplicates

FOLDS = 5
MIN_PER_LABEL = 10  # documents of different texts, two a fold; smaller labels are left out
MIN_DOCUMENTS = 50  # below that a suspicion says nothing
READ_CHARACTERS = 20_000  # of a document; types show early
MAX_TERMS = 20_000
INVERSE_REGULARISATION = 10.0


@dataclass(frozen=True, slots=True)
class Suspect:
    """`margin` is the probability of the suggested label less that of the given one, out of fold, in (0, 1]."""

    document: LabelledDocument
    suggested: str
    given_probability: float
    suggested_probability: float

    @property
    def margin(self) -> float:
        """How much more is to be said for the suggested label."""
        return self.suggested_probability - self.given_probability


@dataclass(frozen=True, slots=True)
class Search:
    """`searched` documents had a label that is large enough; suspects are the worst first."""

    searched: int
    suspects: tuple[Suspect, ...]


def find_suspects(documents: Sequence[LabelledDocument], seed: int) -> Search:
    """Suspect labels among documents of one group.

    As many as the confident joint estimates to be wrong, those with the largest margin.

    Source: Northcutt, Jiang, Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 70, 2021.
    """
    families = near_duplicates([document for document in documents if document.label is not None])
    counts = Counter(label for members in families for label in {document.label for document in members})
    names = sorted(str(name) for name, count in counts.items() if count >= MIN_PER_LABEL)
    placed = [(d, number) for number, members in enumerate(families) for d in members if d.label in names]
    if len(names) < 2 or len(placed) < MIN_DOCUMENTS:
        return Search(0, ())
    used = [document for document, _ in placed]
    targets = np.array([names.index(str(document.label)) for document in used])
    probabilities = _out_of_fold(used, targets, np.array([number for _, number in placed]), seed)
    found = find_label_issues(
        targets,
        probabilities,
        filter_by="low_normalized_margin",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,
    )
    suspects = []
    for index in found:
        row = probabilities[index]
        best = int(row.argmax())
        if best != targets[index]:
            suspects.append(Suspect(used[index], names[best], float(row[targets[index]]), float(row[best])))
    return Search(len(used), tuple(sorted(suspects, key=lambda s: (-s.margin, s.document.id))))


def _out_of_fold(
    documents: Sequence[LabelledDocument], targets: NDArray[np.int64], families: NDArray[np.int64], seed: int
) -> NDArray[np.float64]:
    """Probabilities [N, K] of each document, from a model that has seen none of its family."""
    texts = np.array([document.text[:READ_CHARACTERS] for document in documents], dtype=object)
    probabilities = np.zeros((len(documents), targets.max() + 1))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(1):  # these matrices are so narrow that two threads take ten times as long as one
        for seen, unseen in folds.split(texts, targets, families):
            terms = TfidfVectorizer(sublinear_tf=True, min_df=2, max_features=MAX_TERMS)
            classifier = LogisticRegression(C=INVERSE_REGULARISATION, class_weight="balanced", max_iter=1000)
            model = make_pipeline(terms, classifier).fit(texts[seen], targets[seen])
            probabilities[np.ix_(unseen, classifier.classes_)] = model.predict_proba(texts[unseen])
    return probabilities
