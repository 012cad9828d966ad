import os

import pytest

from docmill.errors import ConfigurationError
from docmill.training import environment


def test_threads_sleep_and_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"HF_HUB_OFFLINE": "0"})
    environment.prepare_environment()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    assert os.environ["HF_HUB_OFFLINE"] == "0"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None if name == "torch" else name)
    with pytest.raises(ConfigurationError, match=r"training needs torch: pip install 'docmill\[train\]'"):
        environment.require_extra()
    monkeypatch.setattr(environment, "find_spec", lambda name: name)
    environment.require_extra()
