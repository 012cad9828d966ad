"""The recipe's sections on how training goes, stage by stage. Does not know sources, groups or fields.

A stage's `tokens` are of all windows that it trains on, so they say how long it takes.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Rate = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]
Tokens = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Encoder(Strict):
    """Windows in tokens; a document's type is pooled over its first `type_windows`."""

    max_tokens: int = Field(ge=16, le=512)
    stride: int = Field(ge=0)
    type_windows: int = Field(ge=1)


class Vocabulary(Strict):
    """Of the base model's pieces those of the training documents, characters and numbers are always kept.

    `most_frequent`: and the first so many, by the base model's own order, for documents that are still to come.
    """

    most_frequent: int = Field(0, ge=0)


class Common(Strict):
    """What all training stages share.

    A source's part of the tokens is `share` times its size to the power of `exponent`: 1 as it comes, 0 all alike.
    `tag_weight` is of the tag loss beside the type loss; an entity token counts `entity_weight` times one outside.
    """

    tokens_per_step: int = Field(4096, ge=64)
    exponent: float = Field(0.5, ge=0, le=1)
    tag_weight: Rate = 10.0
    entity_weight: float = Field(3.0, ge=1)
    dropout: float = Field(0.1, ge=0, lt=1)


class Schedule(Strict):
    """Length and peak learning rates of one training stage.

    `head_lr` is of the tag head; the type head, which begins as a linear probe, learns at the encoder's rate. The
    lowest `frozen_layers` stay as they begin, and the embeddings with them: a step goes back through the others alone.
    """

    tokens: Tokens
    encoder_lr: Rate
    head_lr: Rate
    frozen_layers: int = Field(0, ge=0)

    def check_frozen(self, available: int, section: str) -> None:
        """Raises: ValueError: a model of `available` layers has not so many that could stay as they begin."""
        if (frozen := self.frozen_layers) > available:
            raise ValueError(
                f"frozen_layers = {frozen} of {section}, but the model has {available}; name at most these"
            )


class Distil(Strict):
    """Weights of what a student learns from: the labels, the teacher's distributions, its last hidden states.

    `kl` is of distributions softened by `temperature`; a token that the teacher holds for part of an entity counts up
    to `entity_weight` times one outside.
    """

    cross_entropy: Weight = 0.3
    kl: Weight = 4.0
    hidden: Weight = 0.5
    temperature: Rate = 2.0
    entity_weight: float = Field(10.0, ge=1)


class Student(Schedule):
    """`layers` of the teacher that it starts from, in their order, counted from 0."""

    layers: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    distil: Distil = Distil()

    @model_validator(mode="after")
    def _has_what_it_freezes(self) -> "Student":
        self.check_frozen(len(self.layers), "[student]")
        return self


class OutOfFold(Strict):
    """Where predictions come from that no label of their own documents has touched; calibration needs them.

    `tokens`: students of the same shape, each trained without a teacher on all folds but one, so many tokens each.
    Without: the last fold is held out of all training, and the shipped student itself reads it. That is the better one
    where a stage's tokens do not reach all documents anyway (docs/decisions/0013-model-factory.md).
    """

    folds: int = Field(3, ge=2, le=20)
    tokens: Tokens | None = None


class Int8(Strict):
    """`smoothing`: how much of the activations' spread the weights take over (SmoothQuant's alpha); 0 switches it off.

    `windows` of training documents say how large activations grow.
    """

    smoothing: float = Field(0.8, ge=0, lt=1)
    windows: int = Field(256, ge=1)


class Policy(Strict):
    """Precision that automatic decisions must reach, certified at `confidence_level`.

    A label is vetoed when `veto_decisions` or more accepted decisions show that it falls short of that by itself.
    """

    target_precision: float = Field(gt=0, lt=1)
    confidence_level: float = Field(gt=0, lt=1)
    veto_decisions: int = Field(8, ge=1)


class Study(Strict):
    """What `docmill train run --study` trains to be evaluated alone, beside the teacher.

    `baseline`: the student without a teacher. `seeds`: of further students, and of further baselines. `curve`: numbers
    of training documents; a student without a teacher learns from so many, `curve_tokens` each, and at last from all:
    the baseline, where there is one.
    """

    baseline: Schedule | None = None
    seeds: tuple[int, ...] = ()
    curve: tuple[Annotated[int, Field(ge=1)], ...] = ()
    curve_tokens: Tokens | None = None

    @model_validator(mode="after")
    def _curve_has_tokens(self) -> "Study":
        if (self.curve_tokens is None) == bool(self.curve):
            raise ValueError("curve and curve_tokens go together")
        return self
