"""docmill's own files are found, or their absence is said plainly."""

import pytest

from docmill.resources import ResourceMissingError, resource


def test_a_file_of_the_checkout_is_found() -> None:
    assert resource("deploy/kafka/jars.lock").is_file()


def test_a_missing_file_is_a_file_not_found_error_that_says_what_to_do() -> None:
    with pytest.raises(ResourceMissingError, match=r"no/such/file.*reinstall") as error:
        resource("no/such/file")
    assert isinstance(error.value, FileNotFoundError)
