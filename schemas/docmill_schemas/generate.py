"""`python -m docmill_schemas.generate`: the events as JSON Schema, one file each, for teams without Python.

The files are snapshots, committed: tests/contract/test_json_schemas.py compares them with the models.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from docmill_schemas.events import EVENTS

FOLDER = Path(__file__).parents[1] / "json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = "v1"


def json_schema(event: type[BaseModel]) -> dict[str, object]:
    """The schema that every record of the event satisfies, now and, since changes are additive, later in v1."""
    head = {"$schema": DIALECT, "$id": f"urn:docmill:event:{event.__name__}:{VERSION}"}
    return head | event.model_json_schema()


def rendered(event: type[BaseModel]) -> str:
    """The schema as its file holds it."""
    return json.dumps(json_schema(event), indent=2, ensure_ascii=False) + "\n"


def schema_file(event: type[BaseModel], folder: Path = FOLDER) -> Path:
    """Where the event's schema lies."""
    return folder / f"{event.__name__}.schema.json"


def main(folder: Path = FOLDER) -> None:
    """Write all schemas."""
    folder.mkdir(exist_ok=True)
    for event in EVENTS:
        schema_file(event, folder).write_text(rendered(event), encoding="utf-8")


if __name__ == "__main__":
    main()
