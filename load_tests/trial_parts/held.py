"""Which documents a trial reads: of a fold that it was not trained on and that does not certify."""

from collections import Counter
from collections.abc import Sequence

from docmill.errors import ConfigurationError
from docmill.training.corpus import LabelledDocument
from docmill.training.recipe_stages import OutOfFold
from docmill.training.training_set import TrainingSet, sample


def fold_to_read(out_of_fold: OutOfFold, wanted: int | None) -> int:
    """The fold that trials read, from 0; the middle one unless another is wanted.

    Raises:
        ConfigurationError: the recipe certifies on it, or no fold is left to train on.
    """
    last = out_of_fold.folds - 1
    if out_of_fold.tokens is not None:
        raise ConfigurationError(
            "the recipe certifies on all folds, since its [out_of_fold] has `tokens`, so none is left to judge trials "
            "by: take `tokens` out (the last fold alone certifies then), and have 3 folds or more"
        )
    if last < 2:
        raise ConfigurationError(
            "one fold certifies, one is read, and another is wanted to train on: set folds = 3 or more in [out_of_fold]"
        )
    fold = out_of_fold.folds // 2 if wanted is None else wanted
    if not 0 <= fold < last:
        raise ConfigurationError(f"--fold {fold}: it must lie in 0 to {last - 1}; fold {last} of the recipe certifies")
    return fold


def documents_to_read(
    training: TrainingSet, fold: int, count: int, longest: int
) -> tuple[TrainingSet, list[LabelledDocument]]:
    """(what to train on, what to read): of each source up to `count` documents of at most `longest` characters.

    Raises:
        ConfigurationError: there is nothing of one of the two.
    """
    others, own = training.without(fold), training.split(fold)[1]
    if not any(document.label is not None for document in others.all):
        raise ConfigurationError(f"no document with a type is left to train on beside fold {fold}: name another --fold")
    short = [document for document in own if len(document.text) <= longest]
    read = [d for name in training.documents for d in _spread([d for d in short if d.source == name], count)]
    if not read:
        raise ConfigurationError(
            f"fold {fold} holds no document with a type of at most {longest} characters: raise --longest, or name "
            f"another --fold"
        )
    return others, read


def _spread(documents: Sequence[LabelledDocument], count: int) -> list[LabelledDocument]:
    """So many documents, of every label about as many; always the same ones. Those without a label are left out."""
    places: Counter[str | None] = Counter()
    ranked = []
    for document in sample(documents, len(documents)):
        ranked.append((places[document.label], document))
        places[document.label] += 1
    ranked.sort(key=lambda one: one[0])
    return [document for _, document in ranked[:count]]
