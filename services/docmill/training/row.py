"""A labelled document as a line of our JSONL: `id`, `text`, `label`, `entities`, `fields`, `source`. Knows no recipe.

Further keys are passed over, so that data sets keep their `license`.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from docmill.errors import ConfigurationError


class RowEntity(BaseModel):
    """`text[start:end]` of the row carries `label`; code points. `text`, where given, says what stands there."""

    model_config = ConfigDict(frozen=True)
    label: str = Field(min_length=1)
    start: int
    end: int
    text: str | None = None


class LabelledRow(BaseModel):
    """`label` is None where there is no single one; `fields` holds values as people read them, for scoring.

    `source` says where the document comes from: never read by a model, it may give the label away.
    """

    model_config = ConfigDict(frozen=True)
    id: str = Field(min_length=1)
    text: str
    label: str | None = Field(None, min_length=1)
    entities: tuple[RowEntity, ...] = ()
    fields: dict[str, JsonValue] = {}
    source: JsonValue = None


def read_rows(path: Path) -> Iterator[LabelledRow]:
    """Rows of a `.jsonl` or `.jsonl.gz` file, in its order.

    Raises:
        ConfigurationError: it cannot be read, or a line is no labelled document; the message names the line.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(line, f"{path}:{number}")
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def problems(error: ValidationError) -> str:
    """What pydantic found wrong, without the value, which may be text of a document."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the line'}: {e['msg']}" for e in error.errors())


def _row(line: str, where: str) -> LabelledRow:
    try:
        return LabelledRow.model_validate_json(line)
    except ValidationError as error:
        raise ConfigurationError(
            f"{where} is no labelled document: {problems(error)}. `docmill train import jsonl` skips such lines and "
            f"says which"
        ) from error
