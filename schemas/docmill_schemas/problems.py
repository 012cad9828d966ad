"""Why something is no event, in words that hold none of what its sender wrote. Knows the models, not what refuses.

pydantic's messages quote the input, and its locations hold the keys of mappings, which are the sender's own: a name, a
line break, a million characters. Only names of the model and positions are told.
"""

from collections.abc import Sequence
from functools import cache

from pydantic import BaseModel, ValidationError

MOST_PROBLEMS = 3
SOMEBODYS = "…"  # in place of a key that is no name of the model


def problems(error: ValidationError, model: type[BaseModel]) -> str:
    """The first problems: where, in names of the model and positions, and of which kind. `event` is all of it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_PROBLEMS]
    return "; ".join(f"{place(one['loc'], model)}: {one['type']}" for one in found)


def place(location: Sequence[int | str], model: type[BaseModel]) -> str:
    """A location of a ValidationError of this model, without what its sender wrote; `event` where it names nothing."""
    known = _names(model)
    return ".".join(str(one) if isinstance(one, int) or one in known else SOMEBODYS for one in location) or "event"


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """Of the model's attributes, and of those of the models in it."""
    schema = model.model_json_schema()
    return frozenset(name for one in (schema, *schema.get("$defs", {}).values()) for name in one.get("properties", {}))
