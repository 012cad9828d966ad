"""A step holds its mix exactly, in an order that the seed decides."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from statistics import mean, pstdev

import pytest

from docmill.errors import ConfigurationError
from docmill.load.documents import LoadDocument, sample_shelf
from docmill.load.lengths import LENGTHS
from docmill.load.mix import DEFAULT_MIX, Mix, deal, parse_mix
from docmill.resources import resource
from tests.unit.load.fakes import shelf


def test_a_mix_is_read_and_written() -> None:
    assert parse_mix(" receipts = 55,contracts=0.5").weights == {"receipts": 55.0, "contracts": 0.5}
    assert str(parse_mix(DEFAULT_MIX)) == DEFAULT_MIX


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "KIND=WEIGHT"),
        ("receipts", "KIND=WEIGHT"),
        ("receipts=", "KIND=WEIGHT"),
        ("=5", "KIND=WEIGHT"),
        ("receipts=many", "KIND=WEIGHT"),
        ("receipts=0", "above 0"),
        ("receipts=-1", "above 0"),
        ("receipts=nan", "above 0"),
        ("receipts=inf", "above 0"),
        ("receipts=5,,contracts=1", "KIND=WEIGHT"),
        ("receipts=5,receipts=1", "receipts is there twice"),
    ],
)
def test_a_wrong_mix_is_told(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        parse_mix(text)


def test_every_kind_gets_its_share_to_the_nearest_document() -> None:
    mix = Mix({"letter": 95, "book": 5})
    for seed in range(20):
        counts = Counter(document.kind for document in deal(shelf(), mix, 410, Random(seed)))
        assert counts.total() == 410
        assert counts["book"] in (20, 21)  # 20.5


def test_a_share_below_one_document_comes_as_often_as_it_should() -> None:
    mix = Mix({"letter": 9, "book": 1})
    books = [sum(d.kind == "book" for d in deal(shelf(), mix, 2, Random(seed))) for seed in range(500)]
    assert set(books) == {0, 1}
    assert 0.15 < mean(books) < 0.25


def test_the_last_kind_is_not_lost_to_rounding() -> None:
    mix = Mix({"letter": 0.1, "book": 0.2})
    for count in range(40):
        assert len(deal(shelf(), mix, count, Random(count))) == count


def test_the_order_is_drawn() -> None:
    mix = Mix({"letter": 1, "book": 1})
    once, again, other = (deal(shelf(), mix, 50, Random(seed)) for seed in (1, 1, 2))
    assert once == again
    assert once != other
    assert len({document.kind for document in once[:20]}) == 2


def test_lengths_are_those_of_real_documents() -> None:
    kinds = sample_shelf(resource("samples"), list(LENGTHS), seed=0)
    dealt = deal(kinds, parse_mix(DEFAULT_MIX), 2000, Random(5))
    for kind, lengths in LENGTHS.items():
        found = sorted(d.characters or 0 for d in dealt if d.kind == kind)
        for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
            assert found[int(quantile * len(found))] == pytest.approx(lengths.at(quantile), rel=0.1, abs=20)


def test_two_steps_carry_the_same_load() -> None:
    """Contracts are one document in twenty and most of the characters: drawn one by one, steps would differ widely."""
    kinds = sample_shelf(resource("samples"), list(LENGTHS), seed=0)
    mix, seeds = parse_mix(DEFAULT_MIX), range(20)
    dealt = [characters(deal(kinds, mix, 400, Random(seed))) for seed in seeds]
    one_by_one = [characters([deal(kinds, mix, 1, random)[0] for _ in range(400)]) for random in map(Random, seeds)]
    assert pstdev(dealt) / mean(dealt) < 0.05
    assert pstdev(one_by_one) / mean(one_by_one) > 0.1


def characters(documents: Sequence[LoadDocument]) -> int:
    return sum(document.characters or 0 for document in documents)
