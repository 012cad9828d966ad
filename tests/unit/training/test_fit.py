"""What a training leaves on the disk, however it ends. (What it learns: tests/parity/test_training_network.py.)"""

import errno
import logging
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill.errors import ConfigurationError
from docmill.training import fit as fitting
from docmill.training.course import Course
from docmill.training.fit import CHECKPOINT_FILE, fit
from docmill.training.model import CONFIG_FILE, WEIGHTS_FILE
from docmill.training.progress import Moment
from docmill.training.recipe_stages import Schedule
from tests.tiny_checkpoint import write_checkpoint
from tests.tiny_training import DEVICE, DOCUMENTS, TRAINED, labels_loss, maker, model_of
from tests.unit.training.fakes import recipe

SCHEDULE = Schedule(tokens=320, encoder_lr=1e-3, head_lr=1e-2)
KILLED_AT = 3


class Killed(Exception):
    """Where a process would have died."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


def train(base: Path, folder: Path, kill_at: int | None = None) -> list[int]:
    """The steps that a training does; it dies after one of them, if told to."""
    steps: list[int] = []

    def on_moment(moment: Moment) -> None:
        steps.append(moment.step)
        if moment.step == kill_at:
            raise Killed

    course = Course(DOCUMENTS, recipe(), maker(), SCHEDULE.tokens, "course")
    fit(model_of(base, (0, 2)), course, labels_loss(), SCHEDULE, DEVICE, folder, "seed", on_moment, TRAINED)
    return steps


@pytest.fixture
def killed(base: Path, tmp_path: Path) -> Path:
    """The checkpoint of a training that died after some steps."""
    with pytest.raises(Killed):
        train(base, tmp_path, kill_at=KILLED_AT)
    return tmp_path / CHECKPOINT_FILE


def test_a_training_leaves_its_model_and_nothing_else(base: Path, killed: Path) -> None:
    killed.with_suffix(".partial").write_bytes(b"of a process that died while it wrote")
    steps = train(base, killed.parent)
    assert steps == list(range(KILLED_AT + 1, steps[-1] + 1))
    assert {path.name for path in killed.parent.iterdir()} == {CONFIG_FILE, WEIGHTS_FILE}


@pytest.mark.parametrize("damage", ["empty", "half", "zeros", "another byte"])
def test_a_damaged_checkpoint_is_told_and_counts_for_nothing(
    base: Path, killed: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As a disk leaves it whose power went: the name is there, what was written is not."""
    content = killed.read_bytes()
    middle = len(content) // 2
    damaged = {
        "empty": b"",
        "half": content[:middle],
        "zeros": bytes(len(content)),
        "another byte": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
    }
    killed.write_bytes(damaged[damage])
    with caplog.at_level(logging.WARNING):
        steps = train(base, killed.parent)
    assert f"{killed} is damaged, so this stage is trained from its beginning" in caplog.text
    assert steps[0] == 1
    assert not killed.exists()


@pytest.mark.parametrize(
    ("reads", "error"),
    [
        ("torch.load", RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory")),
        ("torch.load", OSError(errno.EIO, os.strerror(errno.EIO))),
        ("zipfile.ZipFile.testzip", OSError(errno.EIO, os.strerror(errno.EIO))),
    ],
    ids=["memory", "disk", "disk, while checksums are compared"],
)
def test_a_checkpoint_that_cannot_be_read_is_neither_damaged_nor_overwritten(
    base: Path, killed: Path, monkeypatch: pytest.MonkeyPatch, reads: str, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    before = killed.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(reads, fail)
        with pytest.raises(ConfigurationError, match=rf"{killed} cannot be read.*or delete it to train this stage"):
            train(base, killed.parent)
    assert killed.read_bytes() == before
    assert train(base, killed.parent)[0] == KILLED_AT + 1


def test_a_model_is_on_the_disk_before_its_checkpoint_goes(
    base: Path, killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the folder that names its files: else a power cut has neither."""
    synced: set[tuple[int, int]] = set()  # inode and size
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        status = os.fstat(descriptor)
        if killed.exists():
            synced.add((status.st_ino, status.st_size))

    monkeypatch.setattr(os, "fsync", noted)
    train(base, killed.parent)
    assert not killed.exists()
    saved = [(killed.parent / name).stat() for name in (CONFIG_FILE, WEIGHTS_FILE)]
    assert {(status.st_ino, status.st_size) for status in saved} <= synced
    assert killed.parent.stat().st_ino in {inode for inode, _ in synced}


def test_a_whole_checkpoint_is_told_of_nothing(base: Path, killed: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        train(base, killed.parent)
    assert caplog.text == ""


def test_a_model_that_cannot_be_saved_does_not_cost_the_training(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(fitting, "save_model", full)
        with pytest.raises(OSError, match="No space left"):
            train(base, tmp_path)
    assert len(train(base, tmp_path)) == 1  # since the last checkpoint


def test_a_checkpoint_is_on_the_disk_before_it_has_its_name(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = tmp_path / CHECKPOINT_FILE
    synced: list[tuple[int, int]] = []  # inode and size
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        status = os.fstat(descriptor)
        assert not checkpoint.exists() or checkpoint.stat().st_ino != status.st_ino  # that of before, if any
        synced.append((status.st_ino, status.st_size))

    monkeypatch.setattr(os, "fsync", noted)
    with pytest.raises(Killed):
        train(base, tmp_path, kill_at=KILLED_AT)
    status = checkpoint.stat()
    assert synced[-1] == (status.st_ino, status.st_size)
