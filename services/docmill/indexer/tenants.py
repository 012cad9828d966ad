"""Whether a source text may be published for its tenant. A text changes hands, or is shown to all, only on purpose.

Ids are paths, so folders of two tenants may bear the same name, and a folder that was once added for a tenant is
easily added again without a word of it. Pure.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from docmill.indexer.standing import Standing, standing_of
from docmill_schemas.events import KnowledgeUpdated


class Tenants:
    """For whom what stands already stands: by id, and the files of each folder."""

    def __init__(self, standing: Mapping[str, Standing]) -> None:
        self._standing = standing
        self._by_folder: defaultdict[str, set[str | None]] = defaultdict(set)
        for passage_id, one in standing.items():
            if one.is_file:
                for folder in folders_of(passage_id):
                    self._by_folder[folder].add(one.tenant)

    def problem(self, updated: KnowledgeUpdated, given: Sequence[str]) -> str | None:
        """Why this must not be published; None: it may.

        Args:
            given: the folders that are added, as the ids of their files begin (`handbook/`); of a file by itself none,
                and then its own folder counts.
        """
        known = self._standing.get(updated.passage_id)
        if known is not None:
            return None if known.tenant == updated.tenant else _of_another(known.tenant, updated.tenant)
        if updated.tenant is not None or not standing_of(updated).is_file:
            return None
        owners = self._beside(updated.passage_id, given)
        if not owners or None in owners:
            return None
        return f"is new, for all tenants, and lies beside files of {_named(owners)} alone: {_say(owners)}"

    def _beside(self, passage_id: str, given: Sequence[str]) -> set[str | None]:
        """For whom the files stand in the nearest folder that has any, no further up than the folder that is added."""
        for number, folder in enumerate(folders_of(passage_id)):
            if number and not folder.startswith(tuple(given)):
                break
            if owners := self._by_folder.get(folder):
                return owners
        return set()


def folders_of(passage_id: str) -> Iterator[str]:
    """The folders of a path from the inside out, without the root."""
    for parent in PurePosixPath(passage_id).parents:
        if parent.name:
            yield f"{parent}/"


def _of_another(known: str | None, tenant: str | None) -> str:
    """Of a text that stands for `known` and would now be `tenant`'s."""
    if known is None:
        return (
            f"stands for all tenants and would be tenant {tenant}'s alone: give another folder by --root, so that ids "
            f"differ, or --anew if you mean it"
        )
    return f"stands for tenant {known}: {_say({known})}"


def _say(owners: set[str | None]) -> str:
    told = " or ".join(f"--tenant {one}" for one in sorted(filter(None, owners)))
    return f"say {told}, give another folder by --root so that ids differ, or --anew if you mean it"


def _named(owners: set[str | None]) -> str:
    return f"tenant {' and '.join(sorted(filter(None, owners)))}"
