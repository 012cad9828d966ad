"""The state file: what comes back, and what is said when it is damaged."""

import threading
from pathlib import Path

import pytest

from docmill.errors import LocalKafkaError
from docmill.local_kafka.state import (
    DetachedBroker,
    DockerBroker,
    JarsBroker,
    clear_state,
    locked,
    read_state,
    write_state,
)

JARS = JarsBroker(
    bootstrap_servers="127.0.0.1:9092",
    pid=4711,
    started="boot:123",
    data_dir=Path("/data"),
    log_file=Path("/log/kafka.log"),
    ephemeral=True,
)
DOCKER = DockerBroker(bootstrap_servers="127.0.0.1:9092", project="docmill", ephemeral=False)


@pytest.mark.parametrize("broker", [JARS, DOCKER])
def test_what_was_written_comes_back(tmp_path: Path, broker: DetachedBroker) -> None:
    state_file = tmp_path / "not there yet" / "broker.json"
    write_state(state_file, broker)
    assert read_state(state_file) == broker
    assert [path.name for path in state_file.parent.iterdir()] == ["broker.json"]


def test_no_file_is_no_broker(tmp_path: Path) -> None:
    clear_state(tmp_path / "broker.json")
    assert read_state(tmp_path / "broker.json") is None


@pytest.mark.parametrize("text", ["", "{", '{"mode": "other"}', '{"mode": "jars", "pid": 1}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "broker.json").write_text(text)
    with pytest.raises(LocalKafkaError, match=r"broker\.json is damaged"):
        read_state(tmp_path / "broker.json")


def test_the_lock_keeps_a_second_one_waiting(tmp_path: Path) -> None:
    order: list[str] = []
    entered = threading.Event()

    def second() -> None:
        entered.set()
        with locked(tmp_path / "broker.json"):
            order.append("second")

    with locked(tmp_path / "broker.json"):
        waiter = threading.Thread(target=second)
        waiter.start()
        entered.wait()
        waiter.join(0.1)  # it cannot get in; were the lock broken, it would by now
        order.append("first")
    waiter.join()
    assert order == ["first", "second"]
