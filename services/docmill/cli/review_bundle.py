"""What a bundle knows of document types and fields, for who decides a review. Runs no model."""

from pathlib import Path

from docmill.bundle.files import manifest_of
from docmill.bundle.load import default_bundle
from docmill.bundle.manifest import Manifest
from docmill.cli.review_fields import Known
from docmill.pipeline.normalise import FieldKind, normalise


class BundleNames:
    """The names of a bundle, and how the values of its fields are normalised."""

    def __init__(self, manifest: Manifest) -> None:
        self.known = Known(
            labels=frozenset(manifest.labels),
            fields=frozenset(entry.name for entry in manifest.fields),
            fields_of={name: group.fields for name, group in manifest.groups.items()},
        )
        self._fields = {entry.name: entry for entry in manifest.fields}

    def normalise(self, name: str, text: str) -> str | None:
        """See review_fields.Normalise. A person's word stands, also where a model's number would need a digit."""
        entry = self._fields.get(name)
        if entry is None:
            return None
        kind = FieldKind.TEXT if entry.kind is FieldKind.IDENTIFIER else entry.kind
        return normalise(kind, text, day_first=entry.day_first)


def bundle_names(folder: Path | None) -> BundleNames:
    """Those of a bundle; None: of the one shipped.

    Raises:
        BundleError: there is none there; says what to do.
    """
    return BundleNames(manifest_of(folder or default_bundle()))
