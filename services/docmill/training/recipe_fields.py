"""The recipe's sections on what documents are read as: groups, labels, fields. Does not know sources or training."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from docmill.training.recipe_stages import Strict

Name = Annotated[str, Field(min_length=1)]


class Group(Strict):
    """A family of document types that share their fields.

    `labels`: all types there are, so that another name in the data is an error; None: those of the training documents.
    """

    fields: tuple[str, ...]
    required: tuple[str, ...]
    labels: tuple[Name, ...] | None = None


class Labels(Strict):
    """What becomes of full labels (`group.label`), once a source's own names are mapped."""

    merge: dict[Name, Name] = Field(default_factory=dict)
    drop: tuple[Name, ...] = ()  # their documents are left out
    unlabel: tuple[Name, ...] = ()  # their documents teach fields, but no type


class FieldRecipe(Strict):
    """How a field's values are read off: see FieldSpec. Measured: docs/decisions/0024-reading-values-off.md."""

    kind: Literal["text", "identifier", "date", "money", "duration", "end_date"]
    many: bool = False
    day_first: bool = False
    counts_from: tuple[str, ...] = ()
    min_confidence: float = Field(default_factory=lambda known: 0.65 if known.get("many") else 0.35, ge=0, le=1)
    joined: bool = False
    nested: bool = True
    within_column: bool = False
    exclusive: bool = Field(default_factory=lambda known: not known.get("many"))
    entities: tuple[str, ...] | None = None
    values: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _fits_how_many(self) -> "FieldRecipe":
        if not self.nested and not self.many:
            raise ValueError("nested = false is of values among several: set many = true, or leave it out")
        if self.exclusive and self.many:
            raise ValueError("exclusive = true is of one value a document: set many = false, or leave it out")
        return self
