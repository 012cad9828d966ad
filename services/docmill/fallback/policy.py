"""The fitted numbers of tier 1, and their JSON.

Does not know how they are fitted (load_tests/fallback_eval.py, load_tests/fallback_certify.py).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from docmill.errors import ConfigurationError

FORMAT_VERSION = 1
FORBID_EXTRA = ConfigDict(extra="forbid")


def _shares(of: object, *names: str) -> None:
    for name in names:
        value = getattr(of, name)
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is a share from 0 to 1, not {value}")


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """How much evidence for a value of a field counts, each the probability that such a value is right.

    The defaults are guesses: docs/decisions/0020-fallback-tier-1.md.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID_EXTRA

    listed: float = 0.8  # a code list has it
    agreed: float = 0.5  # all neighbours of the document's type have it
    threshold: float = 0.9
    least: float = 0.1  # of the model's own confidence: below it no evidence helps

    def __post_init__(self) -> None:
        _shares(self, "listed", "agreed", "threshold", "least")


@dataclass(frozen=True, slots=True)
class GeneratorPolicy:
    """How much a generator's word counts, each the probability that what it says and bears out is right.

    The defaults are guesses, and low ones: alone they publish nothing (docs/decisions/0023-fallback-service.md).
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID_EXTRA

    label: float = 0.5
    field: float = 0.5

    def __post_init__(self) -> None:
        _shares(self, "label", "field")


@dataclass(frozen=True, slots=True)
class Policy:
    """How neighbours vote, what their vote counts beside the classifier's, and what is sure enough.

    A threshold of None was not certified: everything is abstained on.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID_EXTRA

    neighbours: int  # that vote, at most
    vote_temperature: float  # of similarities; small: the nearest alone decide
    vote_weight: float  # beside the classifier's 1 - vote_weight
    temperature: float  # of the blend
    threshold: float | None
    least_similarity: float = -1.0  # of the nearest neighbour
    citations: int = 5  # at most
    field_default: FieldPolicy = FieldPolicy()
    fields: Mapping[str, FieldPolicy] = field(default_factory=dict)  # by name, where they differ
    generator: GeneratorPolicy = GeneratorPolicy()

    def __post_init__(self) -> None:
        if self.neighbours < 1 or self.citations < 1:
            raise ValueError("neighbours and citations are 1 or more")
        for name in ("vote_temperature", "temperature"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} is a number above 0, not {value}")
        _shares(self, "vote_weight", *(() if self.threshold is None else ("threshold",)))
        if not -1 <= self.least_similarity <= 1:
            raise ValueError(f"least_similarity is a cosine, not {self.least_similarity}")

    def field_policy(self, name: str) -> FieldPolicy:
        """The numbers of one field."""
        return self.fields.get(name, self.field_default)

    def to_json(self) -> str:
        """One object, keys sorted, so that equal policies have equal bytes."""
        return json.dumps({"format_version": FORMAT_VERSION} | asdict(self), indent=1, sort_keys=True) + "\n"


# Weights as the cheap mode fits them on complaints, temperature and threshold as load_tests.fallback_certify certifies
# them on complaints; least similarity is set by hand. docs/decisions/0023-fallback-service.md has what was measured.
DEFAULT_POLICY = Policy(
    neighbours=40, vote_temperature=0.04, vote_weight=0.5, temperature=1.0, threshold=0.917, least_similarity=0.5
)


def policy_from_json(text: str) -> Policy:
    """A policy as `Policy.to_json` wrote it.

    Raises:
        ConfigurationError: it is no policy, or of a format that this version does not read.
    """
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise ValueError("it is no object")
        version = given.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise ValueError(f"its format_version is {version!r}, this docmill reads {FORMAT_VERSION}")
        return TypeAdapter(Policy).validate_python(given)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"the fallback's policy: {told}; fit it anew") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"the fallback's policy: {error}; fit it anew") from error
