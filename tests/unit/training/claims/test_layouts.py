from collections import Counter

import pytest

from docmill.training.claims.claim import Kind, scenarios
from docmill.training.claims.draft import FIELDS
from docmill.training.claims.generate import ENCLOSED, document
from docmill.training.claims.layout import Layout
from docmill.training.claims.layouts import GENRES, LAYOUTS, layouts_of
from docmill.training.claims.pools import Part

BY_NAME = {layout.name: layout for layout in LAYOUTS}


def test_there_are_many_and_each_is_once() -> None:
    assert len(LAYOUTS) >= 150
    assert len(BY_NAME) == len(LAYOUTS)
    assert len({layout.write for layout in LAYOUTS}) == len(LAYOUTS)


def test_a_fifth_of_the_layouts_is_held_out_in_every_genre_and_for_every_kind() -> None:
    train, validation = layouts_of(Part.TRAIN), layouts_of(Part.VALIDATION)
    assert not set(train) & set(validation)
    assert 0.18 < len(validation) / len(LAYOUTS) < 0.25
    assert {layout.genre for layout in validation} == {layout.genre for layout in train} == set(ENCLOSED)
    assert len(ENCLOSED) == len(GENRES) >= 20
    for kind in Kind:
        for part in Part:
            assert len([layout for layout in layouts_of(part) if kind in layout.kinds]) >= 13


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_layout_draws_each_of_its_kinds_in_many_texts(name: str) -> None:
    layout = BY_NAME[name]
    for kind in layout.kinds:
        drawn = [document(layout, kind, f"test-{n}", seed=3) for n in range(3)]
        assert {document.kind for document in drawn} == {kind}
        assert len({document.text for document in drawn}) == 3
        assert all(len(document.text) > 60 for document in drawn)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_layout_can_tell_every_field(name: str) -> None:
    layout = BY_NAME[name]
    told: Counter[str] = Counter()
    for n in range(24):
        told.update(document(layout, layout.kinds[n % len(layout.kinds)], f"field-{n}", seed=5).values.keys())
    assert all(told[field] >= 2 for field in FIELDS), told


@pytest.mark.parametrize("name", sorted(layout.name for layout in LAYOUTS if layout.about))
def test_scenarios_that_a_layout_asks_for_exist(name: str) -> None:
    layout: Layout = BY_NAME[name]
    known = {scenario.name for kind in layout.kinds for part in Part for scenario in scenarios(kind, part)}
    assert set(layout.about) <= known
