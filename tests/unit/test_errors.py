import re

import pytest

from docmill import errors
from docmill.errors import DocmillError, DocumentError, RecordsLostError
from docmill_schemas.reasons import RejectionReason

DRAWN = re.compile(r"^ {4}(?P<branch>[│├└─ ]*)(?P<name>\w+Error)\b")


def drawn_parents() -> dict[str, str | None]:
    """Class to parent, as the module's docstring draws them."""
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := DRAWN.match(line):
            depth = len(found["branch"]) // 4
            path[depth:] = [found["name"]]
            parents[found["name"]] = path[depth - 1] if depth else None
    return parents


def real_parents() -> dict[str, str | None]:
    classes = [DocmillError]
    for one in classes:
        classes += one.__subclasses__()
    own = [one for one in classes if one.__module__ == errors.__name__]
    return {one.__name__: None if one is DocmillError else one.__base__.__name__ for one in own if one.__base__}


def test_the_tree_is_as_drawn() -> None:
    assert len(drawn_parents()) > 5
    assert drawn_parents() == real_parents()


def test_every_error_of_the_module_hangs_on_the_tree() -> None:
    defined = {
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, BaseException) and one.__module__ == errors.__name__
    }
    assert defined == set(real_parents())


def test_every_branch_says_its_policy() -> None:
    drawing = (errors.__doc__ or "").split("\n\n")[1]
    branches = [line for line in drawing.splitlines() if re.match(r" {4}[├└]── ", line)]
    assert [line for line in branches if not re.search(r"Error {2,}\w", line)] == []
    assert all(one.__doc__ for one in (getattr(errors, name) for name in real_parents()))


@pytest.mark.parametrize("reason", RejectionReason)
def test_a_document_error_carries_reason_and_detail(reason: RejectionReason) -> None:
    error = DocumentError(reason, "12 bytes")
    assert (error.reason, error.detail, str(error)) == (reason, "12 bytes", f"{reason.value}: 12 bytes")


def test_lost_records_say_which_and_what_to_do() -> None:
    error = RecordsLostError("documents.received[3]", committed=10, log_start=25)
    assert error.records == 15
    assert str(error).startswith("documents.received[3]: offsets 10 to 24 were deleted by retention")
    assert "offset to 25" in str(error)
