"""Whether a source text may be published for its tenant. A text changes hands, or is shown to all, only on purpose.

Ids are paths, so folders of two tenants may bear the same name, and a folder that was once added for a tenant is
easily added again without a word of it. Pure.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from docmill.indexer.standing import Standing, standing_of
from docmill_schemas.events import KnowledgeUpdated

NAMED = 3  # tenants in a message
IF_MEANT = "or --change-tenant if you mean it"
OTHER_ROW = f"correct the tenant of the row, or give it another id, {IF_MEANT}"


class Tenants:
    """For whom what stands already stands: by id, and the files of each folder, at any depth."""

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
            given: the folders that are added, as the ids of their files begin: `handbook/`; the root itself: nothing.
        """
        known, is_file = self._standing.get(updated.passage_id), standing_of(updated).is_file
        if known is not None:
            if known.tenant == updated.tenant:
                return None
            return f"stands for {for_whom({known.tenant})}: {_say({known.tenant}) if is_file else OTHER_ROW}"
        if updated.tenant is not None or not is_file:
            return None
        folder, owners = self._beside(updated.passage_id, given)
        if not owners - {None}:
            return None
        lies = f"is new, for all tenants, and {folder or 'the root'} holds files of {_named(owners)} alone"
        return f"{lies}: {_say(owners)}"

    def _beside(self, passage_id: str, given: Sequence[str]) -> tuple[str, set[str | None]]:
        """The nearest folder that has files, and for whom these stand.

        No further up than the folder that is added. A file by itself is in none: up to the root, and with it.
        """
        bounds = tuple(folder for folder in given if passage_id.startswith(folder))
        for folder in folders_of(passage_id):
            if bounds and not folder.startswith(bounds):
                break
            if owners := self._by_folder.get(folder):
                return folder, owners
        return "", set()


def folders_of(passage_id: str) -> Iterator[str]:
    """The folders of a path from the inside out, as the ids of their files begin; the root, the last one: nothing."""
    for parent in PurePosixPath(passage_id).parents:
        yield f"{parent}/" if parent.name else ""


def for_whom(tenants: set[str | None]) -> str:
    """Whose texts these are, in a message; the first few."""
    if tenants == {None}:
        return "all tenants"
    return f"all tenants and {_named(tenants)}" if None in tenants else _named(tenants)


def _say(owners: set[str | None]) -> str:
    if _nobodys(owners):
        return "say --change-tenant, with --tenant if it is one's alone"
    told = " or ".join(f"--tenant {one}" for one in _some(owners)) or "no --tenant"
    return f"say {told}, give another folder by --root so that ids differ, {IF_MEANT}"


def _named(owners: set[str | None]) -> str:
    return "an empty tenant (nobody's)" if _nobodys(owners) else f"tenant {' and '.join(_some(owners))}"


def _nobodys(owners: set[str | None]) -> bool:
    """Whether all that stands was added for an empty tenant, which is no longer taken."""
    return not _some(owners) and any(one is not None for one in owners)


def _some(owners: set[str | None]) -> list[str]:
    """The first few: below the root there may be hundreds."""
    return sorted(one for one in owners if one and one.strip())[:NAMED]
