import re

from docmill.training.claims.numbers import filled, reference
from tests.unit.training.claims.fakes import rng


def test_patterns() -> None:
    for _ in range(50):
        assert re.fullmatch(r"A\d[1-9]-[A-HJ-NPR-Z] x", filled(rng(), "A#=-@ x"))


def test_references_have_many_shapes_and_digits_enough_to_be_told_apart() -> None:
    generator = rng()
    drawn = [reference(generator, ("CLM", "C"), 2021) for _ in range(3000)]
    assert len(set(drawn)) > 2990
    assert all(sum(c.isdigit() for c in number) >= 5 and number == number.strip() for number in drawn)
    shapes = {re.sub(r"[A-Z]+", "A", re.sub(r"\d+", "9", number)) for number in drawn}
    assert len(shapes) > 100
    assert not any("  " in number or "{" in number for number in drawn)
