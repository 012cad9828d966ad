"""How far int8 says the same as fp32, token by token."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from docmill.pipeline.decode import OUTSIDE
from docmill.pipeline.window import cut, tokenise
from docmill.runtime.session import OnnxInference
from docmill.runtime.threads import default_threads
from docmill.training.corpus import LabelledDocument
from docmill.training.materials import Materials


@dataclass(frozen=True, slots=True)
class Agreement:
    """Tokens on which both graphs give the same tag for every field that the document's source annotates.

    Entity tokens are those that fp32 puts into some such field. A token that two windows share counts in both.
    """

    tokens: int
    equal: int
    entity_tokens: int
    entity_equal: int

    @property
    def share(self) -> float | None:
        return self.equal / self.tokens if self.tokens else None

    @property
    def entity_share(self) -> float | None:
        return self.entity_equal / self.entity_tokens if self.entity_tokens else None


def agreement(exact: Path, int8: Path, documents: Sequence[LabelledDocument], materials: Materials) -> Agreement:
    """Compare two graphs of one model on all windows of some documents."""
    columns = {name: i for i, name in enumerate(materials.recipe.field_names)}
    graphs = [OnnxInference(path, default_threads()) for path in (exact, int8)]
    counts = np.zeros(4, dtype=np.int64)
    try:
        for document in documents:
            own = [columns[name] for name in materials.taught(document)]
            windows = cut(tokenise(materials.tokenizer, materials.windowing, document.text), materials.windowing)
            for fp32, other in zip(*(graph.run(windows) for graph in graphs), strict=True):
                if isinstance(fp32, Exception) or isinstance(other, Exception):
                    raise fp32 if isinstance(fp32, Exception) else other
                expected = fp32.tag_logits[1:-1, own].argmax(-1)
                equal = (other.tag_logits[1:-1, own].argmax(-1) == expected).all(-1)
                entity = (expected != OUTSIDE).any(-1)
                counts += (len(equal), equal.sum(), entity.sum(), (equal & entity).sum())
    finally:
        for graph in graphs:
            graph.close()
    return Agreement(*(int(count) for count in counts))
