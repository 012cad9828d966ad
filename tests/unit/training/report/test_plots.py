"""What a figure names. (That a page holds them, and how: test_page.py.)"""

import re

import pytest

pytest.importorskip("matplotlib", reason="the extra [train] is not installed")

from docmill.training.report.content import CurvePoint, Measures
from docmill.training.report.plots import curve

NAMES = {"tills": "tills (synthetic)", "post": "post", "attic": "attic"}


def point(documents: int, **values: tuple[float | None, float | None]) -> CurvePoint:
    """Type macro-F1 and value F1 by source."""
    sources = {
        name: Measures(type_accuracy=of_types, type_macro_f1=of_types, field_f1_value=of_values, field_f1_span=None)
        for name, (of_types, of_values) in values.items()
    }
    return CurvePoint(documents=documents, tokens=100, is_all=False, sources=sources)


def legend_of(points: list[CurvePoint]) -> list[str]:
    """Names of sources in the figure, which has them in its legend alone."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", curve(points, NAMES))
    return [text for text in texts if text in NAMES.values()]


def test_a_source_without_fields_or_without_types_is_in_the_legend_of_a_curve() -> None:
    points = [point(size, tills=(0.5, 0.5), post=(0.5, None), attic=(None, 0.5)) for size in (10, 20)]
    assert legend_of(points) == ["tills (synthetic)", "post", "attic"]


def test_a_source_that_no_curve_shows_is_not_in_its_legend() -> None:
    assert legend_of([point(10, post=(0.5, None))]) == ["post"]
