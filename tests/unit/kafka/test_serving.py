"""Who has which bundle, and when the one before is closed."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from docmill.bundle.files import read_files
from docmill.errors import BundleError
from docmill.ingest import InThread
from docmill.kafka.serving import InUse, Serving, Surroundings
from docmill.processing import Silent
from docmill.runtime.session import OnnxInference
from docmill.settings import Settings
from tests.tiny_bundle import build_tiny_bundle
from tests.unit.kafka.fakes import FakeInference, serving


def inference(one: Serving) -> FakeInference:
    return cast(FakeInference, one.inference)


@pytest.fixture
def old() -> Serving:
    return serving("a" * 64)


@pytest.fixture
def new() -> Serving:
    return serving("b" * 64)


def test_what_nobody_has_is_closed_when_it_is_replaced(old: Serving, new: Serving) -> None:
    bundles = InUse(old)
    bundles.replace(new)
    assert bundles.current is new
    assert (inference(old).closed, inference(new).closed) == (True, False)


def test_what_slices_have_is_closed_when_the_last_gives_it_back(old: Serving, new: Serving) -> None:
    bundles = InUse(old)
    with bundles.lent() as first:
        with bundles.lent() as second:
            bundles.replace(new)
            with bundles.lent() as third:
                assert (first, second, third) == (old, old, new)
        assert not inference(old).closed
    assert inference(old).closed
    assert not inference(new).closed


def test_a_slice_that_fails_gives_its_bundle_back(old: Serving, new: Serving) -> None:
    bundles = InUse(old)

    def fail() -> None:
        with bundles.lent():
            bundles.replace(new)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert inference(old).closed


def test_one_that_was_replaced_before_it_worked_is_closed_too(old: Serving, new: Serving) -> None:
    bundles = InUse(old)
    with bundles.lent():
        bundles.replace(new)
        bundles.replace(serving("c" * 64))
        assert inference(new).closed
        assert not inference(old).closed
    assert inference(old).closed


def test_the_busy_time_of_closed_ones_is_kept(old: Serving, new: Serving) -> None:
    inference(old).busy_seconds = 3.0
    bundles = InUse(old)
    with bundles.lent():
        bundles.replace(new)
        inference(new).busy_seconds = 0.5
        inference(old).busy_seconds = 4.0
        assert bundles.busy_seconds == 4.5
    assert bundles.busy_seconds == 4.5


def test_closing_ends_all(old: Serving, new: Serving) -> None:
    bundles = InUse(old)
    with bundles.lent():
        bundles.replace(new)
        bundles.close()
        assert inference(old).closed
        assert inference(new).closed


def test_many_threads_and_many_bundles_leave_one_open() -> None:
    all_ = [serving(f"{number:064}") for number in range(50)]
    bundles = InUse(all_[0])
    stop = threading.Event()
    wrong: list[Serving] = []

    def slices() -> None:
        while not stop.is_set():
            with bundles.lent() as one:
                if inference(one).closed:
                    wrong.append(one)

    threads = [threading.Thread(target=slices) for _ in range(4)]
    for thread in threads:
        thread.start()
    for one in all_[1:]:
        bundles.replace(one)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [one for one in all_ if not inference(one).closed] == [all_[-1]]


@pytest.fixture
def surroundings() -> Surroundings:
    return Surroundings(Settings(group="claims"), "cluster", 1, Silent(), InThread())


@pytest.fixture
def made(surroundings: Surroundings, tmp_path: Path) -> Iterator[Serving]:
    made = surroundings.serving(read_files(build_tiny_bundle(tmp_path / "tiny")))
    yield made
    made.inference.close()


def test_all_that_works_is_of_the_same_bundle(made: Serving) -> None:
    assert made.bundle.sha256 == made.files.sha256
    assert made.work.mill.bundle is made.bundle
    assert made.work.publisher._bundle is made.bundle
    assert made.inference.signature.labels == len(made.bundle.spec.labels)


def test_a_graph_that_does_not_run_leaves_no_threads(
    surroundings: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: OnnxInference) -> None:
        raise BundleError("it does not run")

    monkeypatch.setattr(OnnxInference, "warm_up", fail)
    before = threading.active_count()
    with pytest.raises(BundleError, match="does not run"):
        surroundings.serving(read_files(build_tiny_bundle(tmp_path / "tiny")))
    assert threading.active_count() == before
