import pytest

from docmill.ingest.media_types import DOCX, shown


@pytest.mark.parametrize("name", ["application/zip", "utf-8", "text/x.y+z", "windows-1252", DOCX])
def test_a_name_is_told_as_it_is(name: str) -> None:
    assert shown(name) == repr(name)


@pytest.mark.parametrize("name", ["dear sir", "text/plain\n", "a/b/c", "x" * 200, "", "p\u00e8re/fils"])
def test_what_cannot_be_one_is_not_repeated(name: str) -> None:
    assert shown(name) == f"a name of {len(name)} characters that is no token"
