"""Fields that a source never marks, marks seldom, or leaves out where a value is known."""

from collections import Counter
from collections.abc import Iterator

from docmill.training.corpus import SourcePart, has_value
from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality.subject import Subject
from docmill.training.recipe import Recipe
from docmill.training.row import LabelledRow

SMALL_BELOW = 20  # documents that bear a field
MANY = 0.05  # of the documents with a value
OFTEN = 0.1  # of the documents of a source


def check_fields(subject: Subject) -> Iterator[Finding]:
    """The findings of each training part, and of each field over all of them."""
    bearing: Counter[str] = Counter()
    for part in subject.corpus.parts:
        if part.name == "train":
            borne: Counter[str] = Counter()
            for document in part.documents:
                borne.update({entity.field for entity in document.entities})
            bearing.update(borne)
            yield from _never(part, borne, subject.recipe)
            yield from _unmarked_values(part, list(subject.rows(part)), subject.recipe)
            yield from _required(part, subject.recipe)
            yield from _bare(part, subject.recipe)
    yield from _small(bearing)


def _never(part: SourcePart, borne: Counter[str], recipe: Recipe) -> Iterator[Finding]:
    never = [field for field in recipe.taught_fields(part.source) if not borne[field]]
    if never:
        yield Finding(
            Severity.WARN,
            Code.FIELD_NEVER_ANNOTATED,
            part.source.name,
            "fields that no training document of the source bears: at most it teaches that they are never there",
            "List them under `masked` of the source if its annotators did not look for them, else mark them",
            len(never),
            "fields",
            len(recipe.groups[part.source.group].fields),
            tuple(map(Example, never)),
        )


def _unmarked_values(part: SourcePart, rows: list[LabelledRow], recipe: Recipe) -> Iterator[Finding]:
    """A value under `fields`, and no span for it: the text teaches nothing of the field."""
    taught = recipe.taught_fields(part.source)
    with_value, without_span = 0, []
    for row in rows:
        marked = {recipe.source_field(entity.label, part.source) for entity in row.entities}
        for field in taught:
            if has_value(row, field, recipe):
                with_value += 1
                if field not in marked:
                    without_span.append(Example(row.id, field))
    if without_span:
        yield Finding(
            Severity.WARN if len(without_span) > MANY * with_value else Severity.NOTE,
            Code.VALUE_WITHOUT_SPAN,
            part.source.name,
            "values under `fields` without a span: their text teaches nothing of the field",
            "Mark where the value stands; where it stands nowhere in the text, take it out of `fields`",
            len(without_span),
            "values",
            with_value,
            tuple(without_span),
        )


def _required(part: SourcePart, recipe: Recipe) -> Iterator[Finding]:
    missing: list[Example] = []
    fields: Counter[str] = Counter()
    required = [f for f in recipe.groups[part.source.group].required if f in recipe.taught_fields(part.source)]
    for document in part.documents:
        absent = [field for field in required if all(entity.field != field for entity in document.entities)]
        fields.update(absent)
        if absent:
            missing.append(Example(document.id, ", ".join(absent)))
    if len(missing) > OFTEN * len(part.documents):
        names = ", ".join(f"{name} in {count:,}" for name, count in fields.most_common())
        yield Finding(
            Severity.NOTE,
            Code.REQUIRED_MISSING,
            part.source.name,
            f"documents without a required field ({names}): these can never rightly go straight through",
            "Take the field out of `required`, or see whether it was overlooked",
            len(missing),
            "documents",
            len(part.documents),
            tuple(missing),
        )


def _bare(part: SourcePart, recipe: Recipe) -> Iterator[Finding]:
    bare = [document for document in part.documents if not document.entities]
    if recipe.taught_fields(part.source) and OFTEN * len(part.documents) < len(bare) < len(part.documents):
        yield Finding(
            Severity.NOTE,
            Code.NOTHING_ANNOTATED,
            part.source.name,
            "documents without a single span: they teach that none of the fields is there",
            "Fine if someone looked; if they are only not annotated yet, put them into a source of their own whose "
            "fields are all `masked`",
            len(bare),
            "documents",
            len(part.documents),
            tuple(Example(document.id) for document in bare),
        )


def _small(bearing: Counter[str]) -> Iterator[Finding]:
    small = sorted((count, name) for name, count in bearing.items() if count < SMALL_BELOW)
    if small:
        yield Finding(
            Severity.WARN,
            Code.FIELD_SMALL,
            "",
            f"fields that fewer than {SMALL_BELOW} training documents bear",
            "Mark more of them, or take the field out of the recipe: it will hardly be learned",
            len(small),
            "fields",
            len(bearing),
            tuple(Example(name, f"{count} document{'s' * (count != 1)}") for count, name in small),
        )
