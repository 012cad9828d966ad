"""When the tests of training run: `.ci/train-changed` in repositories made for it."""

import ast
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from docmill.resources import resource

ENVIRON = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
COVERED = "services/docmill/training/fit.py"


class Repository:
    """One folder under git, or not yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, env=ENVIRON, check=True, capture_output=True)

    def write(self, path: str, content: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(content)

    def commit(self, path: str, content: str = "x") -> None:
        self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--message", path)

    def asked(self) -> tuple[bool, str]:
        """Whether the tests are to run, and what is said."""
        command = [shutil.which("bash") or "bash", str(resource(".ci/train-changed"))]
        done = subprocess.run(command, cwd=self.folder, env=ENVIRON, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Main with 31 commits, of which the first is the only one that touches training."""
    made = Repository(tmp_path_factory.mktemp("template"))
    made.git("init", "--initial-branch", "main")
    made.commit(COVERED)
    for number in range(30):
        made.commit("README.md", str(number))
    return made.folder


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return Repository(tmp_path)


def test_on_main_nothing_lately(repository: Repository) -> None:
    runs, said = repository.asked()
    assert not runs
    assert "nothing that its tests cover has changed since" in said


def test_on_main_one_of_many_commits_lately(repository: Repository) -> None:
    repository.commit(COVERED, "y")
    repository.commit("README.md", "y")
    runs, said = repository.asked()
    assert runs
    assert "1 files that its tests cover have changed" in said


def test_a_branch_is_compared_with_where_it_left_main(repository: Repository) -> None:
    repository.commit(COVERED, "of main")
    repository.git("switch", "--create", "branch")
    repository.commit("docs/x.md")
    assert not repository.asked()[0]
    repository.commit("recipes/new.toml")
    repository.commit("docs/y.md")
    assert repository.asked()[0]


def test_a_clone_without_a_main_of_its_own(repository: Repository, tmp_path: Path) -> None:
    repository.git("switch", "--create", "branch")
    repository.commit("docs/x.md")
    repository.git("clone", "--quiet", "--branch", "branch", str(tmp_path), str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    assert not clone.asked()[0]
    clone.commit("requirements/train.lock")
    assert clone.asked()[0]


@pytest.mark.parametrize("path", [COVERED, "services/docmill/training/new.py"], ids=["changed", "new"])
def test_what_is_not_committed_counts(repository: Repository, path: str) -> None:
    repository.write(path, "not committed")
    assert repository.asked()[0]


def test_a_shallow_clone_cannot_know(repository: Repository, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", "--depth", "1", tmp_path.as_uri(), str(tmp_path / "clone"))
    runs, said = Repository(tmp_path / "clone").asked()
    assert runs
    assert "cannot be known" in said


def test_no_repository_cannot_know(tmp_path: Path) -> None:
    runs, said = Repository(tmp_path).asked()
    assert runs
    assert "cannot be known" in said


ROOT = resource("Makefile").parent
TRAINING = (
    "services/docmill/training/**/*.py",
    "tests/parity/*.py",
    "tests/unit/training/**/*.py",
    "tests/integration/test_train_*.py",
)
HELPERS = ("tests", "load_tests")


def covered() -> list[str]:
    listed = resource(".ci/train-changed").read_text().partition("COVERED=(")[2].partition("\n)")[0]
    command = ["bash", "-c", f"printf '%s\\n' {' '.join(listed.split())}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRON).stdout.split()


def imported(path: Path) -> Iterator[Path]:
    """Modules of this repository that a module names, from the root."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{name}" for name in names)]
        for name in names:
            found = [*ROOT.glob(f"{name.replace('.', '/')}.py"), *ROOT.glob(f"services/{name.replace('.', '/')}.py")]
            yield from (module.relative_to(ROOT) for module in found)


def test_what_is_covered_is_there() -> None:
    """A path that was renamed would never be seen to change."""
    paths = covered()
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_what_the_tests_of_training_lead_to_is_covered() -> None:
    """All that these and training import; of what they import in turn, the helpers of tests and the load tests."""
    paths = covered()
    left = {path.relative_to(ROOT) for pattern in TRAINING for path in ROOT.glob(pattern)}
    seen = set(left)
    assert len(left) > 200
    left = {found for path in left for found in imported(ROOT / path)} - seen
    while left:
        path = left.pop()
        seen.add(path)
        if path.parts[0] in HELPERS:
            left |= {found for found in imported(ROOT / path) if found.parts[0] in HELPERS} - seen
    assert sorted(str(path) for path in seen if not any(path.is_relative_to(of) for of in paths)) == []
