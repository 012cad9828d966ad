"""What to train on and how: the TOML recipe, checked. Does not know how training works."""

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator, model_validator

from docmill.bundle.manifest import check_counts_from
from docmill.errors import ConfigurationError
from docmill.training.receipt_fields import unfit_to_vary
from docmill.training.recipe_fields import FieldRecipe, Group, Labels, Name
from docmill.training.recipe_stages import (
    Common,
    Encoder,
    Int8,
    OutOfFold,
    Policy,
    Schedule,
    Strict,
    Student,
    Study,
    Vocabulary,
)

GroupName = Annotated[str, Field(pattern=r"^[^.]+$")]  # a full label is `group.label`
ANY = "*"  # among a source's unused entities: whatever else it annotates
SOURCE_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\0]+")


def full_label(group: str, label: str) -> str:
    """The bundle's name of a source's label: `group.label`, or the group where they are the same."""
    return group if label == group else f"{group}.{label}"


class Source(Strict):
    """A folder of DOCMILL_DATA with `train.jsonl[.gz]` and `validation.jsonl`.

    `name` is that of the one folder, no path: evaluation knows its files by it.
    `labels` and `entities` map its names to those of the recipe; `unused` are entities that are to teach nothing;
    `masked` are fields of the group that it does not annotate, so that it must not teach their absence.
    `share` is its weight among the sources (see Common), `per_label` the most documents of a label in one pass over it;
    of a document `head_windows` of those that decide its type are drawn anew each time, the first more often than the
    second (none: all are taken), `entity_windows` of the others that bear an entity, and `other_windows` of those that
    bear none (both 0: all). `head_drawn` = false: always the first `head_windows`, and the rest are among the others.
    `values_decide`: of a field whose values a row names under `fields`, what is marked and is none of them teaches
    nothing, see value_places.py; true: of every field, or the names of fields.
    `augment` varies receipts and nothing else, see receipt_fields.py.
    `fold_by_source`: rows that name the same `source`, such as a layout, are kept in one fold.
    `synthetic_claims`: instead of a folder, so many documents of docmill's own generator, a fifth for validation.
    `packaged`: the folder of that name among docmill's own samples, whose documents are invented.
    `certifies` = false: it teaches and fits, but its held-out documents do not count in certificates, as they are not
    like those that the bundle will read (a generator's may be easier).
    `dealt`: sources of a lower number are dealt to folds first, and keep their folds when one of a higher joins them.
    """

    name: str
    group: str
    licence: str
    labels: dict[Name, Name] = Field(default_factory=dict)
    entities: dict[Name, Name] = Field(default_factory=dict)
    unused: tuple[Name, ...] = ()
    masked: tuple[Name, ...] = ()
    augment: bool = False
    values_decide: bool | tuple[Name, ...] = False
    share: float = Field(1.0, gt=0)
    per_label: int | None = Field(None, ge=1)
    head_windows: int | None = Field(None, ge=1)
    head_drawn: bool = True
    entity_windows: int = Field(0, ge=0)
    other_windows: int = Field(0, ge=0)
    fold_by_source: bool = False
    synthetic_claims: int | None = Field(None, ge=10)
    packaged: bool = False
    certifies: bool = True
    dealt: int = Field(0, ge=0)

    @field_validator("name")
    @classmethod
    def _is_a_folder(cls, name: str) -> str:
        if not SOURCE_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name of a source: it is that of one folder in DOCMILL_DATA (--data), without a path; "
                "move or link the folder there, and name it alone"
            )
        return name

    def decides(self, field: str) -> bool:
        """Whether the values of a field, by the recipe's name, say which marked places teach it."""
        return self.values_decide if isinstance(self.values_decide, bool) else field in self.values_decide

    @property
    def synthetic(self) -> bool:
        """Whether its documents are made up."""
        return self.packaged or self.synthetic_claims is not None


class Recipe(Strict):
    """`base_model_path`: a folder with a BERT checkpoint as Hugging Face lays it out; default: the packaged MiniLM-L6.

    `study` has no part in the bundle's making.
    """

    name: str
    version: str
    base_model: str
    base_model_licence: str
    base_model_path: Path | None = None
    languages: tuple[Name, ...] = Field(min_length=1)
    limits: tuple[str, ...]  # what users of the bundle must know; printed on its card
    seed: int
    encoder: Encoder
    vocabulary: Vocabulary = Vocabulary()
    training: Common = Common()
    teacher: Schedule
    student: Student
    study: Study | None = None
    out_of_fold: OutOfFold
    int8: Int8 = Int8()
    policy: Policy
    groups: dict[GroupName, Group] = Field(min_length=1)
    fields: dict[Name, FieldRecipe] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    labels: Labels = Labels()

    @model_validator(mode="after")
    def _names_agree(self) -> "Recipe":
        for name, group in self.groups.items():
            if len(set(group.fields)) < len(group.fields):
                raise ValueError(f"group {name} names a field twice: {list(group.fields)}")
            if unknown := set(group.fields) - self.fields.keys():
                raise ValueError(f"group {name} names unknown fields {sorted(unknown)}")
            if unknown := set(group.required) - set(group.fields):
                raise ValueError(f"group {name} requires {sorted(unknown)}, which are not among its fields")
        kinds = {name: (field.kind, field.counts_from) for name, field in self.fields.items()}
        check_counts_from(kinds, [group.fields for group in self.groups.values()])
        if self.study is not None and self.study.baseline is not None:
            self.study.baseline.check_frozen(len(self.student.layers), "[study.baseline]")
        if self.encoder.stride >= self.encoder.max_tokens - 2:
            raise ValueError(f"stride {self.encoder.stride} must be below max_tokens - 2")
        names = Counter(source.name for source in self.sources)
        if twice := sorted(name for name, count in names.items() if count > 1):
            raise ValueError(f"sources {twice} are named twice")
        for source in self.sources:
            if source.group not in self.groups:
                raise ValueError(f"source {source.name} names an unknown group {source.group}")
            if source.packaged and source.synthetic_claims is not None:
                raise ValueError(f"source {source.name} is packaged and to be made (synthetic_claims): choose one")
        return self

    @model_validator(mode="after")
    def _mappings_agree(self) -> "Recipe":
        for source in self.sources:
            fields = self.groups[source.group].fields
            if unknown := (set(source.masked) | set(source.entities.values())) - set(fields):
                raise ValueError(f"source {source.name} names {sorted(unknown)}, which are no fields of {source.group}")
            if both := source.entities.keys() & set(source.unused):
                raise ValueError(f"source {source.name} both maps and does not use {sorted(both)}")
            if both := set(source.entities.values()) & set(source.masked):
                raise ValueError(f"source {source.name} both maps to and masks {sorted(both)}")
            decided = source.values_decide if isinstance(source.values_decide, tuple) else ()
            if unknown := set(decided) - set(self.taught_fields(source)):
                raise ValueError(
                    f"source {source.name} has values_decide of {sorted(unknown)}, which it does not teach"
                )
            if source.augment and source.values_decide:
                what = f"source {source.name} has augment and values_decide"
                raise ValueError(f"{what}: where a text is varied, places in doubt are lost; leave one of them out")
            kinds = {name: self.fields[name].kind for name in self.taught_fields(source)}
            if source.augment and (why := unfit_to_vary(kinds)):
                raise ValueError(
                    f"source {source.name} has augment = true, which varies receipts by their fields date, company and "
                    f"address beside amounts and identifiers: {why}; name them so, or leave augment out"
                )
        self._check_labels(self.labels)
        return self

    def _check_labels(self, labels: Labels) -> None:
        gone = Counter([*labels.merge, *labels.drop, *labels.unlabel])
        if twice := sorted(name for name, count in gone.items() if count > 1):
            raise ValueError(f"labels: {twice} can be merged, dropped or unlabelled, not several of these")
        for old, new in labels.merge.items():
            if new in gone:
                raise ValueError(f"labels: {old} is merged into {new}, which is itself merged, dropped or unlabelled")
            if self._group_of(old) != self._group_of(new):
                raise ValueError(f"labels: {old} and {new} are of different groups")
        for name in (*gone, *labels.merge.values()):
            group = self._group_of(name)
            if group is None:
                raise ValueError(f"labels: {name} is of no group; write it in full: {next(iter(self.groups))}.{name}")
            known = self.known_labels(group)
            if known is not None and (name in known) == (name in gone):
                raise ValueError(f"labels: {name} contradicts the labels of group {group}")

    def _group_of(self, label: str) -> str | None:
        """The group of a full label, as far as names tell."""
        owners = (group for group in self.groups if label == group or label.startswith(f"{group}."))
        return max(owners, key=len, default=None)

    @property
    def field_names(self) -> tuple[str, ...]:
        """Fields in the order of the tag head."""
        return tuple(self.fields)

    @property
    def uncertifying(self) -> frozenset[str]:
        """Sources that do not count in certificates."""
        return frozenset(source.name for source in self.sources if not source.certifies)

    def entity_field(self, entity_label: str, group: str) -> str | None:
        """The field that an entity label of a source in `group` teaches, if any."""
        for name in self.groups[group].fields:
            aliases = self.fields[name].entities
            if entity_label in ((name,) if aliases is None else aliases):
                return name
        return None

    def source_field(self, entity_label: str, source: Source) -> str | None:
        """The field that an entity of a source teaches: by the source's own mapping, else by the fields' aliases."""
        field = self._named_field(entity_label, source)
        return None if field in source.masked or entity_label in source.unused else field

    def knows_entity(self, entity_label: str, source: Source) -> bool:
        """Whether the recipe says what an entity of a source is, if only that it is to teach nothing."""
        unused = entity_label in source.unused or ANY in source.unused
        return unused or self._named_field(entity_label, source) is not None

    def _named_field(self, entity_label: str, source: Source) -> str | None:
        return source.entities.get(entity_label) or self.entity_field(entity_label, source.group)

    def taught_fields(self, source: Source) -> tuple[str, ...]:
        """Fields of a source's group that the source annotates: a document without one teaches its absence."""
        return tuple(field for field in self.groups[source.group].fields if field not in source.masked)

    def merged_label(self, label: str, source: Source) -> str:
        """The full label that a source's label stands for; it may be one that is dropped or taken away."""
        full = full_label(source.group, source.labels.get(label, label))
        return self.labels.merge.get(full, full)

    def known_labels(self, group: str) -> frozenset[str] | None:
        """Full labels of a group, None where the training documents alone say."""
        labels = self.groups[group].labels
        return None if labels is None else frozenset(full_label(group, label) for label in labels)

    def scaled(self, budget: float) -> "Recipe":
        """The same recipe with `budget` times the tokens in every training stage, at least one step."""
        least = self.training.tokens_per_step

        def tokens(section: Schedule | OutOfFold) -> dict[str, int]:
            return {} if section.tokens is None else {"tokens": max(least, round(section.tokens * budget))}

        sections: dict[str, Schedule | OutOfFold] = {
            "teacher": self.teacher,
            "student": self.student,
            "out_of_fold": self.out_of_fold,
        }
        changed: dict[str, Strict] = {
            name: section.model_copy(update=tokens(section)) for name, section in sections.items()
        }
        if self.study is not None:
            baseline, of_curve = self.study.baseline, self.study.curve_tokens
            scaled_study = {
                "baseline": baseline and baseline.model_copy(update=tokens(baseline)),
                "curve_tokens": of_curve and max(least, round(of_curve * budget)),
            }
            changed["study"] = self.study.model_copy(update=scaled_study)
        return self.model_copy(update=changed)


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe; see `read_recipe`."""
    return read_recipe(path)[0]


def read_recipe(path: Path) -> tuple[Recipe, str]:
    """A recipe, checked, and the text that it was read from: the file may be another by the time it is trained.

    Raises:
        ConfigurationError: the file is missing, not TOML, or names things that do not exist.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return Recipe.model_validate(tomllib.loads(text)), text
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"recipe {path}: {error}") from error
