"""The broker's configuration, as Java will read it, and what is shown of its log."""

import re
from pathlib import Path

import pytest

from docmill.errors import LocalKafkaError
from docmill.local_kafka.node import Node, await_ready, log_tail, render_properties
from docmill.local_kafka.ports import free_port
from docmill.resources import resource


def make_node(folder: Path, **settings: str) -> Node:
    return Node(
        folder / "data",
        folder / "kafka.log",
        port=free_port(),
        controller_port=free_port(),
        settings=settings,
    )


def properties(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_folders_and_ports_are_filled_in(tmp_path: Path) -> None:
    node = make_node(tmp_path)
    rendered = properties(render_properties(node))
    assert rendered["log.dirs"] == str(tmp_path / "data")
    assert rendered["advertised.listeners"] == f"PLAINTEXT://127.0.0.1:{node.port}"
    assert rendered["controller.quorum.voters"] == f"1@127.0.0.1:{node.controller_port}"


def test_transactions_work_on_one_node(tmp_path: Path) -> None:
    rendered = properties(render_properties(make_node(tmp_path)))
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        assert rendered[f"{topic}.replication.factor"] == "1"
    assert rendered["transaction.state.log.min.isr"] == "1"


def test_the_compose_file_sets_the_same_but_for_addresses_and_folders(tmp_path: Path) -> None:
    own = {"listeners", "advertised.listeners", "listener.security.protocol.map", "controller.quorum.voters"}
    own |= {"inter.broker.listener.name", "log.dirs"}
    compose = resource("deploy/compose.yaml").read_text()
    found = re.findall(r"^ +KAFKA_(\w+): (.+)$", compose, re.MULTILINE)
    in_compose = {name.lower().replace("_", "."): value.strip('"') for name, value in found}
    assert in_compose.pop("heap.opts") == f"-Xmx{make_node(tmp_path).heap_mb}m"
    rendered = properties(render_properties(make_node(tmp_path)))
    assert rendered.keys() == in_compose.keys()
    assert {key: rendered[key] for key in rendered.keys() - own} == {
        key: in_compose[key] for key in in_compose.keys() - own
    }


def test_settings_come_last(tmp_path: Path) -> None:
    text = render_properties(make_node(tmp_path, **{"num.io.threads": "9"}))
    assert properties(text)["num.io.threads"] == "9"


def test_a_path_survives_javas_properties_format() -> None:
    node = make_node(Path("/home/josé/a\\b/𝄞"))
    assert properties(render_properties(node))["log.dirs"] == "/home/jos\\u00e9/a\\\\b/\\ud834\\udd1e/data"


def test_a_broker_that_dies_shows_the_end_of_its_log(tmp_path: Path) -> None:
    node = make_node(tmp_path)
    node.log_file.write_text("\n".join(f"log line {number}" for number in range(100)))
    node.output_file.write_text("Java says no\n")
    with pytest.raises(LocalKafkaError, match=r"died while starting(.|\n)*log line 99(.|\n)*Java says no") as error:
        await_ready(node, is_alive=lambda: False)
    assert "log line 50" not in str(error.value)


def test_a_broker_without_a_log_is_said_to_have_none(tmp_path: Path) -> None:
    assert "no log" in log_tail(tmp_path / "kafka.log")
