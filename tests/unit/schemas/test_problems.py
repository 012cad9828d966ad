"""Problems are told by names of the model; keys of mappings are their sender's."""

import json

import pytest
from pydantic import ValidationError

from docmill_schemas.events import KnowledgeIndexed, KnowledgeUpdated
from docmill_schemas.problems import place, problems

SECRET = "Patient Jane Doe, born 1980\nERROR a forged line"


def told(event: object, model: type[KnowledgeUpdated] = KnowledgeUpdated) -> str:
    with pytest.raises(ValidationError) as raised:
        model.model_validate_json(json.dumps(event))
    return problems(raised.value, model)


def test_a_key_of_a_mapping_is_not_told() -> None:
    event = {"passage_id": "p", "kind": "policy", "text": "t"}
    assert told(event | {"metadata": {SECRET: 5}}) == "metadata.…: string_type"
    assert told(event | {"fields": {SECRET: ["a", 5]}}) == "fields.….1: string_type"


def test_names_of_the_model_and_of_models_in_it_are() -> None:
    event = {"passage_id": "p", "kind": "policy", "embedding": {"name": "e", "sha256": "0" * 64, "dimensions": 26}}
    indexed = event | {"text": "t", "chunks": [{"start": 0, "end": 1, "vector": "AA=="}, {"start": 0, "vector": 1}]}
    assert told(indexed, KnowledgeIndexed) == "chunks.1.end: missing; chunks.1.vector: string_type"


def test_at_most_three_are_and_of_all_of_it_no_place() -> None:
    assert told({"metadata": 1, "tenant": 1}) == "passage_id: missing; kind: missing; text: missing"
    assert told([]) == "event: model_type"
    assert place((), KnowledgeUpdated) == "event"
