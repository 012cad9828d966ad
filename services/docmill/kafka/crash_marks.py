"""Marks in a committed offset's metadata: that a process died over a slice, and where the cause may lie.

Pure; does not know who commits them. Every commit says who holds the partition. Whoever finds the mark of another, not
released, knows that the process behind it died, or lost its membership, and that a record which killed it lies within
one slice from the committed offset on. Those records are suspected: before they are processed, each is tried in a child
process (trial.py), and only one that is seen to kill its child is condemned. A mark alone condemns nobody.

A release keeps what is suspected: each death rebalances the group, and marks that a rebalance wiped would let the
record walk through the fleet.
"""

from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FORMAT = 1


class _Metadata(BaseModel):
    """The mark as JSON, under 200 bytes; a broker takes 4,096 (offset.metadata.max.bytes)."""

    model_config = ConfigDict(extra="ignore")

    docmill: int = Field(ge=FORMAT, le=FORMAT)
    owner: str | None = None
    suspect_tokens: int = Field(default=0, ge=0)
    deaths: int = Field(default=0, ge=0)
    commit: int = Field(default=0, ge=0)


@dataclass(frozen=True, slots=True)
class CrashMark:
    """What is known at a committed offset.

    `owner` holds the partition; None: released. Records of the next `suspect_tokens` estimated tokens are suspected.
    `deaths`: how many owners died at this very offset; it says how urgent the log is, and decides nothing.
    """

    owner: str | None = None
    suspect_tokens: int = 0
    deaths: int = 0

    @property
    def suspicious(self) -> bool:
        """Whether the next records are to be tried first."""
        return self.suspect_tokens > 0

    def taken_over(self, owner: str, slice_tokens: int) -> "CrashMark":
        """The mark of the next owner, who found this one.

        Args:
            slice_tokens: the most that the one before may have had in hand.
        """
        if self.owner in (None, owner):
            return replace(self, owner=owner)
        return CrashMark(owner, max(self.suspect_tokens, slice_tokens), self.deaths + 1)

    def passed(self, tokens: int) -> "CrashMark":
        """Of the offset behind a slice of so many estimated tokens."""
        return CrashMark(self.owner, max(0, self.suspect_tokens - tokens))

    def released(self) -> "CrashMark":
        """Of a partition that is given up: nobody died."""
        return replace(self, owner=None)

    def as_metadata(self) -> str:
        """For the commit; empty where there is nothing to tell."""
        if self == CrashMark():
            return ""
        facts = _Metadata(docmill=FORMAT, owner=self.owner, suspect_tokens=self.suspect_tokens, deaths=self.deaths)
        return facts.model_dump_json(exclude_defaults=True)


def signed(mark: CrashMark, commit: int) -> str:
    """The metadata of exactly_once's commit of that number, counted from 1 for each partition."""
    facts = _Metadata(
        docmill=FORMAT, owner=mark.owner, suspect_tokens=mark.suspect_tokens, deaths=mark.deaths, commit=commit
    )
    return facts.model_dump_json(exclude_defaults=True)


def commit_of(metadata: str | None) -> int | None:
    """The number of a commit; 0: docmill's, without one; None: not docmill's at all."""
    try:
        return _Metadata.model_validate_json(metadata or "").commit
    except ValidationError:
        return None


def read_mark(metadata: str | None) -> CrashMark:
    """The mark of a commit; of a commit by anybody else (a reset of the offsets, say) a released one."""
    try:
        found = _Metadata.model_validate_json(metadata or "")
    except ValidationError:
        return CrashMark()
    return CrashMark(found.owner, found.suspect_tokens, found.deaths)
