"""The training documents that a bundle was not trained on, since its thresholds were certified on them. Knows no model.

Whether a document is one of them hangs on all documents of all sources of the recipe, so all must be there. That they
are those of the training, and dealt as they were then, the manifest bears out: it has a digest of what was trained on.
"""

from collections.abc import Sequence, Set
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from docmill.bundle.bundle import Bundle
from docmill.errors import ConfigurationError
from docmill.training.corpus import load_corpus
from docmill.training.recipe import load_recipe
from docmill.training.training_set import read_parts, write_training_set
from load_tests.fallback_parts.corpora import Folders, Halves, unlike


def held_out_ids(bundle: Bundle, data: Folders) -> frozenset[str]:
    """Their ids, of all sources of the recipe; a minute or two.

    Raises:
        ConfigurationError: a source is not there, the recipe holds nothing out, or the documents are not those that the
            bundle was trained on.
    """
    training = bundle.manifest.training
    recipe = load_recipe(bundle.folder / training.recipe)
    if recipe.out_of_fold.tokens is not None:
        raise ConfigurationError(f"bundle {bundle.name} was trained on all documents: its recipe holds no fold out")
    with TemporaryDirectory() as folder:
        write_training_set(load_corpus(data, recipe), recipe.out_of_fold, Path(folder))
        parts = read_parts(Path(folder), recipe)
    if parts.training.digest != training.data_digest:
        raise ConfigurationError(
            f"bundle {bundle.name} {bundle.version} was trained on other documents than these, and nothing says which "
            f"of these it has seen"
        )
    return frozenset(document.id for document in parts.held_out)


def asked_of(halves: Sequence[Halves], held_out: Set[str]) -> list[Halves]:
    """Of each source what was held out as its test, of both halves, and the rest of half B; half A is empty.

    What resembles a test document, of whatever source, is left out of half B.
    """
    tests = [tuple(document for document in (*own.half_a, *own.half_b) if document.id in held_out) for own in halves]
    others = [document for own in halves for document in own.half_b if document.id not in held_out]
    kept = {document.id for document in unlike(others, [document for test in tests for document in test])}
    gone = {document.id for document in others} - kept
    return [
        replace(
            own,
            half_a=(),
            half_b=tuple(document for document in own.half_b if document.id in kept),
            test=test,
            fold={},
            left_out=sum(document.id in gone for document in own.half_b),
        )
        for own, test in zip(halves, tests, strict=True)
    ]
