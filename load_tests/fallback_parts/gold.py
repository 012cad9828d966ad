"""Gold of the documents of a measurement, as a bundle's names have it. Knows no model."""

from collections.abc import Sequence
from dataclasses import replace

from docmill.bundle.bundle import Bundle
from docmill.evaluation.gold import GoldSource, read_source
from docmill.training.corpus import LabelledDocument, part
from load_tests.fallback_parts.corpora import Folders


def gold_of(
    bundle: Bundle, data: Folders, name: str, of_part: str, documents: Sequence[LabelledDocument]
) -> GoldSource:
    """Gold of these documents of a source, in their order.

    Each has a type, if need be one that the bundle does not know.

    Raises:
        ConfigurationError: the part is not there, or a line of it is no labelled document.
    """
    if not documents:
        return GoldSource(name, (), (), frozenset(), ())
    source = read_source(name, [part(data, name, of_part)], bundle.manifest)
    names = bundle.manifest.source_names(name)
    by_id = {document.id: document for document in source.documents}
    told = [(by_id[document.id], document.label or "") for document in documents]
    full = [gold.label or own if names is None else names.full_label(own) for gold, own in told]
    return replace(
        source, documents=tuple(replace(gold, label=label) for (gold, _), label in zip(told, full, strict=True))
    )
