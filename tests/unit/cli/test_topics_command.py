"""`docmill topics show`, which asks no broker."""

from docmill_schemas.topics import OWN_TOPICS, TOPICS
from tests.unit.cli.conftest import Command


def test_show_lists_every_topic_and_its_configuration(docmill: Command) -> None:
    result = docmill("topics", "show", "--topic-prefix", "claims.")
    assert result.exit_code == 0
    for topic in (*TOPICS, *OWN_TOPICS):
        assert f"claims.{topic.name}: {topic.holds}" in result.output
        for name, value in topic.config().items():
            assert f"{name}={value}" in result.output
