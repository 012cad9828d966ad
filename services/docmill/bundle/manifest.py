"""What a bundle says of itself: manifest.json, checked. Does not know the files that it names."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, GroupSpec

FORMAT_VERSION: Final = 1
MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.int8.onnx"
TOKENIZER_FILE = "tokenizer.json"
OUTLIER_FILE: Final = "outlier.npz"
GOLDEN_FILE: Final = "golden.jsonl"
REQUIRED_FILES = (MODEL_FILE, TOKENIZER_FILE, OUTLIER_FILE)


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"named more than once: {repeated}")
    return names


def check_counts_from(fields: Mapping[str, tuple[str, Sequence[str]]], groups: Iterable[Collection[str]]) -> None:
    """Fields in their order, with kind and `counts_from`, and the fields of each group: periods count from dates of the
    same group, and from what is read before them.

    Raises:
        ValueError: a field does otherwise.
    """
    dates: set[str] = set()
    for name, (kind, counts_from) in fields.items():
        if counts_from and kind != FieldKind.END_DATE:
            raise ValueError(f"field {name} has counts_from, which only fields of kind end_date may have")
        if unfit := [other for other in counts_from if other not in dates]:
            raise ValueError(f"field {name} counts from {unfit}, which are no fields of kind date before it")
        if apart := [other for other in counts_from for own in groups if name in own and other not in own]:
            raise ValueError(f"field {name} counts from {apart}, which its group has not")
        if kind == FieldKind.DATE:
            dates.add(name)


Names = Annotated[tuple[str, ...], AfterValidator(_unique)]
Share = Annotated[float, Field(ge=0, le=1)]
What = Literal["type", "field"]  # a decision about a document's type, or about its required fields together
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]  # never a path
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FieldEntry(Strict):
    """A field of the tag head. `entities` and `values` are its names in labelled data, where they differ.

    `counts_from` and what follows it: see FieldSpec.
    """

    name: str
    kind: FieldKind
    many: bool = False
    day_first: bool = False
    outside_bias: float = 0.0
    counts_from: Names = ()
    min_confidence: Share | None = None
    joined: bool = False
    nested: bool = True
    within_column: bool = False
    exclusive: bool = False
    entities: tuple[str, ...] | None = None
    values: tuple[str, ...] | None = None


class GroupEntry(Strict):
    """A family of document types; a threshold of null was not certified."""

    fields: Names
    required: Names
    type_threshold: Share | None
    field_threshold: Share | None


class Temperatures(Strict):
    """One a head: the source of a document is unknown when serving."""

    type: Annotated[float, Field(gt=0)]
    tags: Annotated[float, Field(gt=0)]


class Certificate(Strict):
    """What one threshold was certified on; `threshold` is null where none reaches the target."""

    group: str
    target: Share
    what: What
    threshold: Share | None
    decisions: Annotated[int, Field(ge=0)]  # types, or found required fields, of held-out documents
    accepted: Annotated[int, Field(ge=0)]
    correct: Annotated[int, Field(ge=0)]
    accepted_share: Share

    @model_validator(mode="after")
    def _counts_agree(self) -> Self:
        if not self.correct <= self.accepted <= self.decisions:
            raise ValueError(f"{self.correct} correct of {self.accepted} accepted of {self.decisions}")
        return self


class Veto(Strict):
    """A label that never goes straight through: its own accepted decisions show that it falls short of the target.

    `upper_bound` is of its precision, one-sided, at the policy's confidence level.
    """

    label: str
    what: What
    accepted: Annotated[int, Field(ge=1)]
    correct: Annotated[int, Field(ge=0)]
    upper_bound: Share


class Policy(Strict):
    """The precision that automatic decisions must reach, and what that costs in straight-through rate."""

    target_precision: Annotated[float, Field(gt=0, lt=1)]
    confidence_level: Annotated[float, Field(gt=0, lt=1)]
    certified: tuple[Certificate, ...]
    vetoed: tuple[Veto, ...] = ()


class SourceNames(Strict):
    """What a source calls that which the bundle knows, so that further documents of it can be scored.

    `labels`: its own to full ones; those not named here are the group's, under the same name. Of these a recipe may
    drop some, and those in `untaught`, by full label, it teaches to no model: such a document is of no known type.
    `entities`: its names of spans and values to fields; `unused` of these mean nothing in this source, whatever they
    mean elsewhere. `masked` are fields of the group that it does not annotate.
    """

    group: str
    labels: dict[str, str] = {}
    entities: dict[str, str] = {}
    unused: Names = ()
    masked: Names = ()
    untaught: Names = ()

    def full_label(self, label: str) -> str:
        """What a label of the source is in full, whether or not the bundle has it."""
        return self.labels.get(label, label if label == self.group else f"{self.group}.{label}")


class TrainingSource(Strict):
    """`names` is None in bundles that do not record them; what is measured on `synthetic` documents is, too."""

    name: str
    licence: str
    synthetic: bool = False
    names: SourceNames | None = None


class TrainingStage(Strict):
    """One stage that fitted weights: the tokens that it saw, and where it ran."""

    name: str
    tokens: Annotated[int, Field(ge=0)]
    device: str


class Training(Strict):
    """Where the weights come from; `data_digest` is over the documents trained on.

    `seed` and the tokens of `stages` are those of the run, whatever the recipe's file says.
    """

    data_digest: str
    sources: tuple[TrainingSource, ...]
    recipe: str
    seed: int | None = None
    stages: tuple[TrainingStage, ...] = ()


class BaseModelEntry(Strict):
    name: str
    licence: str


class OutlierEntry(Strict):
    """`threshold` is a squared distance in the space that `file` projects to."""

    file: Literal["outlier.npz"] = OUTLIER_FILE
    threshold: Annotated[float, Field(gt=0)]


class GoldenEntry(Strict):
    """`tolerance` is the largest difference of a probability that still passes."""

    file: Literal["golden.jsonl"] = GOLDEN_FILE
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 0.02


class Manifest(Strict):
    """manifest.json. `files` are the sha256 of every other file of the bundle."""

    format_version: Literal[1] = FORMAT_VERSION
    name: Annotated[str, StringConstraints(min_length=1)]
    version: Annotated[str, StringConstraints(min_length=1)]
    languages: Annotated[Names, Field(min_length=1)]
    files: dict[FileName, Sha256]
    labels: Annotated[Names, Field(min_length=1)]
    fields: Annotated[tuple[FieldEntry, ...], Field(min_length=1)]
    groups: dict[str, GroupEntry]
    max_tokens: Annotated[int, Field(ge=4)]
    stride: Annotated[int, Field(ge=0)]
    type_windows: Annotated[int, Field(ge=1)]
    temperatures: Temperatures
    policy: Policy
    training: Training
    base_model: BaseModelEntry
    outlier: OutlierEntry
    golden: GoldenEntry | None = None

    @model_validator(mode="after")
    def _periods_count_from_dates(self) -> Self:
        groups = [group.fields for group in self.groups.values()]
        check_counts_from({field.name: (field.kind, field.counts_from) for field in self.fields}, groups)
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        fields = set(_unique(tuple(field.name for field in self.fields)))
        for name, group in self.groups.items():
            if unknown := sorted(set(group.fields) - fields):
                raise ValueError(f"group {name} names unknown fields {unknown}")
            if unknown := sorted(set(group.required) - set(group.fields)):
                raise ValueError(f"group {name} requires {unknown}, which are not among its fields")
        groups = {label.partition(".")[0] for label in self.labels}
        groups |= {certificate.group for certificate in self.policy.certified}
        if unknown := sorted(groups - self.groups.keys()):
            raise ValueError(f"labels or certificates belong to unknown groups {unknown}")
        if unknown := sorted({veto.label for veto in self.policy.vetoed} - set(self.labels)):
            raise ValueError(f"vetoes name unknown labels {unknown}")
        if self.stride >= self.max_tokens - 2:
            raise ValueError(f"stride {self.stride} must be below max_tokens - 2 = {self.max_tokens - 2}")
        return self

    @model_validator(mode="after")
    def _sources_agree(self) -> Self:
        for source in self.training.sources:
            if source.names is None:
                continue
            if source.names.group not in self.groups:
                raise ValueError(f"source {source.name} belongs to the unknown group {source.names.group}")
            fields = set(self.groups[source.names.group].fields)
            if unknown := sorted(({*source.names.entities.values(), *source.names.masked}) - fields):
                raise ValueError(f"source {source.name} names {unknown}, which are no fields of {source.names.group}")
        return self

    def source_names(self, source: str) -> SourceNames | None:
        """What a source of the training calls things, None where it is no such source or it is not recorded."""
        return next((known.names for known in self.training.sources if known.name == source), None)

    def field_specs(self) -> tuple[FieldSpec, ...]:
        """Fields in the order of the tag head."""
        return tuple(
            FieldSpec(
                name=f.name,
                kind=f.kind,
                many=f.many,
                day_first=f.day_first,
                outside_bias=f.outside_bias,
                counts_from=f.counts_from,
                min_confidence=f.min_confidence,
                joined=f.joined,
                nested=f.nested,
                within_column=f.within_column,
                exclusive=f.exclusive,
            )
            for f in self.fields
        )

    def group_specs(self) -> dict[str, GroupSpec]:
        """Groups with their thresholds and vetoed labels."""
        vetoed = {veto.label for veto in self.policy.vetoed}
        several = frozenset(field.name for field in self.fields if field.many)
        return {
            name: GroupSpec(
                name=name,
                fields=group.fields,
                required=group.required,
                type_threshold=group.type_threshold,
                field_threshold=group.field_threshold,
                vetoed=frozenset(label for label in vetoed if label.partition(".")[0] == name),
                several=several.intersection(group.fields),
            )
            for name, group in self.groups.items()
        }
