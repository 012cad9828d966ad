"""The pages name every reason that readers may meet, and lead nowhere that is not there."""

import re
from pathlib import Path

import pytest

from docmill_schemas.reasons import DeferralReason, RejectionReason

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
LINK = re.compile(r"\]\(<?([^)>\s#]+)")
ABROAD = re.compile(r"^[a-z][a-z0-9+.-]*:")


def missing(page: Path) -> list[str]:
    """Relative links of a page that lead to no file or folder."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    return [target for target in targets if not ABROAD.match(target) and not (page.parent / target).exists()]


@pytest.mark.parametrize("reason", [*RejectionReason, *DeferralReason])
def test_every_reason_is_explained_to_readers(reason: RejectionReason | DeferralReason) -> None:
    assert f"`{reason.value}`" in (ROOT / "docs" / "read.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_broken(page: Path) -> None:
    assert missing(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[a](page.md#part) [b](https://example.org/x) [c](#here) [d](gone.md#part) ![e](gone.png 'title')",
        encoding="utf-8",
    )
    assert missing(page) == ["gone.md", "gone.png"]
