import pytest

from docmill.errors import DocumentError
from docmill.ingest.limits import DEFAULT_LIMITS, Budget, Limits, limits_of
from docmill.settings import Settings
from docmill_schemas.reasons import RejectionReason


def test_defaults_are_those_of_the_settings() -> None:
    defaults = {name: Settings.model_fields[name].default for name in Limits.__dataclass_fields__}
    assert Limits(**defaults) == DEFAULT_LIMITS


def test_every_limit_is_a_setting() -> None:
    settings = Settings(parse_timeout_s=1.5, parse_memory_mib=100, max_pages=2, max_archive_mib=3, max_characters=4)
    assert limits_of(settings) == Limits(1.5, 100, 2, 3, 4)


def test_a_parser_that_does_not_compute_has_several_times_as_long() -> None:
    assert Limits(parse_timeout_s=10).parse_wall_s == 60


def test_a_budget_is_spent_to_the_last_character() -> None:
    budget = Budget(10)
    budget.spend(4)
    budget.spend(6)
    assert budget.left == 0
    with pytest.raises(DocumentError) as caught:
        budget.spend(1)
    assert (caught.value.reason, caught.value.detail) == (RejectionReason.TEXT_TOO_LARGE, "more than 10 characters")
