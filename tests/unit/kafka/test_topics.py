"""When a topic fits its row of the table."""

import pytest

from docmill.kafka.topics import check_topic
from docmill_schemas.topics import DAY_MS, MIB, Cleanup, TopicSpec

SPEC = TopicSpec("t", "key", Cleanup.DELETE, 7 * DAY_MS, MIB, "things")
COMPACT = TopicSpec("t", "key", Cleanup.COMPACT, None, MIB, "things")
FITS = {"cleanup.policy": "delete", "retention.ms": str(7 * DAY_MS), "max.message.bytes": str(MIB)}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"retention.ms": str(8 * DAY_MS)}, None),
        ({"retention.ms": "-1"}, None),
        ({"max.message.bytes": str(2 * MIB)}, None),
        ({"max.message.bytes": "1000"}, "max.message.bytes is 1000, must be at least 1048576"),
        ({"cleanup.policy": "compact,delete"}, "cleanup.policy is compact,delete, must be delete"),
    ],
)
def test_more_than_needed_fits_and_less_does_not(change: dict[str, str], problem: str | None) -> None:
    check = check_topic("p.t", SPEC, 6, FITS | change)
    assert check.problem == problem
    assert check.ok is (problem is None)


def test_every_problem_is_told() -> None:
    problem = check_topic("t", SPEC, 6, FITS | {"cleanup.policy": "compact", "max.message.bytes": "1"}).problem
    assert problem is not None
    assert problem.count("; ") == 1


def test_a_shorter_retention_is_the_operators_choice_and_noted() -> None:
    check = check_topic("p.t", SPEC, 6, FITS | {"retention.ms": str(7 * DAY_MS - 1)})
    assert check.ok
    assert check.note == "retention.ms is 604799999, the table has 604800000"


def test_a_compacted_topic_has_no_retention_to_check() -> None:
    assert check_topic("t", COMPACT, 6, FITS | {"cleanup.policy": "compact", "retention.ms": "1"}).ok


def test_a_missing_topic_is_off_and_an_unreadable_configuration_is_a_note() -> None:
    assert not check_topic("t", SPEC, None, None).ok
    unreadable = check_topic("t", SPEC, 6, None)
    assert unreadable.ok
    assert unreadable.note is not None
