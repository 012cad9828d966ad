import json

import pytest

from docmill.errors import ConfigurationError
from docmill.fallback.policy import FieldPolicy, policy_from_json
from tests.unit.fallback.builders import policy


def test_there_and_back() -> None:
    fitted = policy(threshold=None, fields={"company": FieldPolicy(0.9, 0.4, 0.85)})
    assert policy_from_json(fitted.to_json()) == fitted
    assert policy_from_json(policy().to_json()).to_json() == policy().to_json()
    assert fitted.field_policy("company").listed == 0.9
    assert fitted.field_policy("total") == FieldPolicy()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"neighbours": 0}, "1 or more"),
        ({"citations": 0}, "1 or more"),
        ({"temperature": 0}, "above 0"),
        ({"vote_temperature": float("inf")}, "above 0"),
        ({"vote_temperature": float("nan")}, "above 0"),
        ({"vote_weight": 1.5}, "share"),
        ({"threshold": -0.1}, "share"),
        ({"least_similarity": 2}, "cosine"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(changed: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        policy(**changed)


def test_a_fields_numbers_are_checked_too() -> None:
    with pytest.raises(ValueError, match="listed"):
        FieldPolicy(listed=7)


def _without(key: str) -> str:
    given = json.loads(policy().to_json())
    del given[key]
    return json.dumps(given)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expecting value"),
        ("[]", "no object"),
        ("{}", "format_version is None"),
        (policy().to_json().replace('"format_version": 1', '"format_version": 2'), "this docmill reads 1"),
        (_without("neighbours"), "neighbours"),
        (policy().to_json().replace('"temperature"', '"temprature"'), "temprature"),
        (policy().to_json().replace('"neighbours": 3', '"neighbours": "many"'), "neighbours"),
        (policy().to_json().replace('"vote_weight": 0.5', '"vote_weight": 5'), "vote_weight"),
        ("[" * 100_000, "fit it anew"),
    ],
)
def test_what_is_no_policy_is_refused_with_what_to_do(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        policy_from_json(text)
    assert "fit it anew" in str(caught.value)
