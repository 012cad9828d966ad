"""What the chaos driver pushes: sound bundles are sound, broken ones are refused, and nobody sees a gap between."""

from pathlib import Path

import pytest

from docmill.bundle.files import read_files
from docmill.bundle.load import load_bundle, make_bundle
from docmill.errors import BundleError
from docmill.golden import check_own_golden
from docmill.processing import Mill
from docmill.runtime.session import OnnxInference
from load_tests.chaos_parts.bundles import WAYS_TO_BREAK, Shelf


def check(folder: Path) -> None:
    """Raises: BundleError: a processor would refuse it."""
    files = read_files(folder)
    inference = OnnxInference(files.model, threads=1)
    try:
        check_own_golden(Mill(make_bundle(files), inference), files)
    finally:
        inference.close()


def test_sound_ones_have_versions_and_digests_of_their_own(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    first = shelf.current_sha256
    assert load_bundle(shelf.link).sha256 == first
    second = shelf.push_sound()
    check(shelf.link)
    assert load_bundle(shelf.link).sha256 == second == shelf.current_sha256
    assert shelf.sound_sha256s == {first, second}


@pytest.mark.parametrize("how", WAYS_TO_BREAK)
def test_broken_ones_are_refused_and_never_count_as_sound(tmp_path: Path, how: str) -> None:
    shelf = Shelf(tmp_path)
    shelf.push_broken(how)
    with pytest.raises(BundleError):
        check(shelf.link)
    assert len(shelf.sound_sha256s) == 1
    shelf.put_back()
    check(shelf.link)


def test_a_further_run_goes_on_with_the_last_sound_one(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    last = shelf.push_sound()
    shelf.push_broken("altered")
    assert load_bundle(Shelf(tmp_path).link).sha256 == last
