"""Training documents as the type is read in use: their first windows whole, and how much each counts.

What a type head ends at (last_head.py) and what words say (type_words.py) are learnt from them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.window import Window, cut, tokenise
from docmill.training.corpus import LabelledDocument
from docmill.training.labels_loss import balanced_weights
from docmill.training.materials import Materials
from docmill.training.training_set import sample

PER_LABEL = 1_000  # documents, at most; each then stands for as many as were left out


@dataclass(frozen=True, slots=True)
class WholeDocuments:
    """Each document's windows that decide the type, its label [D] and its weight [D], of mean one.

    A label counts by the root of how often it comes: halfway between calibration, which wants it as it is, and rare
    labels, which want it even.
    """

    windows: Sequence[Sequence[Window]]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]

    @property
    def of_several_labels(self) -> bool:
        """Whether there is anything to tell apart."""
        return len(set(self.labels.tolist())) > 1


def whole_documents(materials: Materials) -> WholeDocuments:
    """Of the labelled training documents that have a token, at most PER_LABEL of each label."""
    labelled = [document for document in materials.training.all if document.label is not None]
    windows, chosen = [], []
    for document in sample(labelled, PER_LABEL):
        tokens = tokenise(materials.tokenizer, materials.windowing, document.text)
        if own := cut(tokens, materials.windowing)[: materials.recipe.encoder.type_windows]:
            windows.append(own)
            chosen.append(document)
    labels = np.array([materials.make.label_index(str(document.label)) for document in chosen], dtype=np.int64)
    each = balanced_weights(labelled, len(materials.labels), materials.make).double().numpy()
    weights = (each * _stands_for(labelled, chosen, materials))[labels]
    return WholeDocuments(windows, labels, weights / weights.mean() if chosen else weights)


def _stands_for(
    labelled: Sequence[LabelledDocument], chosen: Sequence[LabelledDocument], materials: Materials
) -> NDArray[np.float64]:
    """[C]: how many documents of its label each chosen one stands for."""
    of_all, of_chosen = (Counter(document.label for document in part) for part in (labelled, chosen))
    shares = np.ones(len(materials.labels))
    for label, count in of_chosen.items():
        shares[materials.make.label_index(str(label))] = of_all[label] / count
    return shares
