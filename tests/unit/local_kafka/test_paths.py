"""Where files go."""

from pathlib import Path

from docmill.local_kafka.paths import user_paths


def test_one_home_for_everything(tmp_path: Path) -> None:
    paths = user_paths({"DOCMILL_HOME": str(tmp_path), "XDG_CACHE_HOME": "/elsewhere"})
    assert all(path.is_relative_to(tmp_path) for path in (paths.jars, paths.data, paths.state))
    assert len({paths.jars, paths.data, paths.state}) == 3


def test_the_xdg_directories_are_respected() -> None:
    paths = user_paths({"XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s"})
    assert (paths.jars, paths.data) == (Path("/c/docmill/kafka"), Path("/d/docmill/kafka"))
    assert paths.state_file == Path("/s/docmill/kafka/broker.json")


def test_a_relative_xdg_directory_is_ignored() -> None:
    assert user_paths({"XDG_CACHE_HOME": "relative"}) == user_paths({})
