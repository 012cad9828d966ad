import shutil
from pathlib import Path

import pytest

from tests.tiny_bundle import build_tiny_bundle


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete bundle that no test changes."""
    return build_tiny_bundle(tmp_path_factory.mktemp("pristine") / "tiny")


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may damage."""
    return Path(shutil.copytree(pristine, tmp_path / "tiny"))
