import pytest

from docmill.training.claims.claim import Kind, scenarios
from docmill.training.claims.pools import Part


@pytest.mark.parametrize("kind", list(Kind))
def test_a_fifth_of_what_happens_is_for_validation_alone(kind: Kind) -> None:
    train, validation = ({s.name for s in scenarios(kind, part)} for part in (Part.TRAIN, Part.VALIDATION))
    assert not train & validation
    assert len(train) >= 12
    assert len(validation) >= 3


@pytest.mark.parametrize("kind", list(Kind))
def test_scenarios_are_complete(kind: Kind) -> None:
    for part in Part:
        for scenario in scenarios(kind, part):
            low, high = scenario.price
            assert 0 < low < high
            assert all(len(scenario.rules[name]) >= 2 for name in ("heading", "happened", "damage"))
            assert len(scenario.rules["costs"]) == len(set(scenario.rules["costs"])) >= 5
            assert all("{when}" in told.lower() or "{loss_or_recent}" in told for told in scenario.rules["happened"]), (
                scenario.name
            )
            assert (kind is Kind.LIABILITY) == bool(scenario.insured)
