"""`python -m docmill_schemas.generate`: the contracts for teams without Python. Runs in a checkout only.

It writes the events as JSON Schema, one file each, and the AsyncAPI document. They are snapshots, committed:
tests/contract compares them with the models.
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from docmill_schemas.asyncapi import asyncapi
from docmill_schemas.catalogue import EVENTS

SCHEMAS = Path(__file__).parents[1]
FOLDER = SCHEMAS / "json"
ASYNCAPI_FILE = SCHEMAS / "asyncapi.yaml"
RELEASED = SCHEMAS / "released"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = "v1"


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as such; no anchors and aliases, which are legal YAML that few tools read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _Dumper.represent_text)


def json_schema(event: type[BaseModel]) -> dict[str, object]:
    """The schema that every record of the event satisfies, now and, since changes are additive, later in v1."""
    head = {"$schema": DIALECT, "$id": f"urn:docmill:event:{event.__name__}:{VERSION}"}
    return head | event.model_json_schema()


def rendered(event: type[BaseModel]) -> str:
    """The schema as its file holds it."""
    return json.dumps(json_schema(event), indent=2, ensure_ascii=False) + "\n"


def rendered_asyncapi(topic_prefix: str = "") -> str:
    """The AsyncAPI document as its file holds it."""
    document = asyncapi(release_version(), topic_prefix)
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def release_version() -> str:
    """The version that the checkout will be released as."""
    project = tomllib.loads((SCHEMAS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def schema_file(event: type[BaseModel], folder: Path = FOLDER) -> Path:
    """Where the event's schema lies."""
    return folder / f"{event.__name__}.schema.json"


def write_schemas(folder: Path = FOLDER) -> None:
    """Write all JSON Schemas."""
    folder.mkdir(parents=True, exist_ok=True)
    for event in EVENTS:
        schema_file(event, folder).write_text(rendered(event), encoding="utf-8")


def write_release(released: Path = RELEASED) -> None:
    """Keep the schemas as they are for the tests of all later versions.

    Raises:
        FileExistsError: the version was released before; what is released does not change.
    """
    folder = released / release_version()
    if folder.exists():
        raise FileExistsError(f"{folder} is there: a release does not change; raise the version in pyproject.toml")
    write_schemas(folder)
    (folder / ASYNCAPI_FILE.name).write_text(rendered_asyncapi(), encoding="utf-8")


def main() -> None:
    """Renew the snapshots; or do what an option says instead."""
    parser = argparse.ArgumentParser(prog="python -m docmill_schemas.generate", description=main.__doc__)
    parser.add_argument("--topic-prefix", help="print the AsyncAPI document of a deployment with this prefix")
    parser.add_argument("--release", action="store_true", help="add the folder of this version to schemas/released")
    options = parser.parse_args()
    if options.topic_prefix is not None:
        sys.stdout.write(rendered_asyncapi(options.topic_prefix))
    elif options.release:
        write_release()
    else:
        write_schemas()
        ASYNCAPI_FILE.write_text(rendered_asyncapi(), encoding="utf-8")


if __name__ == "__main__":
    main()
