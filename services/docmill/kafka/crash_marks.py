"""Marks in a committed offset's metadata: how a record that kills the process is found without condemning another.

Pure; does not know who commits them. Every commit says who holds the partition. Whoever finds the mark of another,
not released, knows that the process behind it died, and that the record which may have killed it lies within one
slice from the committed offset on. So from there records run one by one, each preceded by a mark that it is being
attempted. Only a record that is found attempted after three deaths is condemned: a random kill hits an innocent one,
but hardly the same one three times while it runs alone (docs/decisions/0010-killers.md).

A release keeps what is suspected and takes nothing for a death: each death rebalances the group, and marks that a
rebalance wiped would let the record walk through the fleet.
"""

from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

DEATHS_TO_CONDEMN = 3
FORMAT = 1


class _Metadata(BaseModel):
    """The mark as JSON, under 200 bytes; a broker takes 4,096 (offset.metadata.max.bytes)."""

    model_config = ConfigDict(extra="ignore")

    docmill: int = Field(ge=FORMAT, le=FORMAT)
    owner: str | None = None
    suspect_tokens: int = Field(default=0, ge=0)
    attempting: bool = False
    deaths: int = Field(default=0, ge=0)


@dataclass(frozen=True, slots=True)
class CrashMark:
    """What is known at a committed offset.

    `owner` holds the partition; None: released. Records run singly for `suspect_tokens` more estimated tokens.
    `attempting`: the next record runs alone at this moment. `deaths`: how often a process died while it did.
    """

    owner: str | None = None
    suspect_tokens: int = 0
    attempting: bool = False
    deaths: int = 0

    @property
    def singly(self) -> bool:
        """Whether the next slice is one record."""
        return self.suspect_tokens > 0

    @property
    def condemned(self) -> bool:
        """Whether the next record is a dead letter, untouched."""
        return self.deaths >= DEATHS_TO_CONDEMN

    def taken_over(self, owner: str, slice_tokens: int) -> "CrashMark":
        """The mark of the next owner, who found this one.

        Args:
            slice_tokens: the most that the one before may have had in hand.
        """
        if self.owner in (None, owner):
            return replace(self, owner=owner, attempting=False)
        return CrashMark(owner, self.suspect_tokens or slice_tokens, deaths=self.deaths + self.attempting)

    def attempted(self) -> "CrashMark":
        """To be committed before the next record runs alone."""
        return replace(self, attempting=True)

    def passed(self, tokens: int) -> "CrashMark":
        """Of the offset behind a slice of so many estimated tokens."""
        return CrashMark(self.owner, max(0, self.suspect_tokens - tokens))

    def released(self) -> "CrashMark":
        """Of a partition that is given up: nobody died."""
        return replace(self, owner=None, attempting=False)

    def as_metadata(self) -> str:
        """For the commit; empty where there is nothing to tell."""
        if self == CrashMark():
            return ""
        facts = _Metadata(
            docmill=FORMAT,
            owner=self.owner,
            suspect_tokens=self.suspect_tokens,
            attempting=self.attempting,
            deaths=self.deaths,
        )
        return facts.model_dump_json(exclude_defaults=True)


def read_mark(metadata: str | None) -> CrashMark:
    """The mark of a commit; of a commit by anybody else (a reset of the offsets, say) a released one."""
    try:
        found = _Metadata.model_validate_json(metadata or "")
    except ValidationError:
        return CrashMark()
    return CrashMark(found.owner, found.suspect_tokens, found.attempting, found.deaths)
