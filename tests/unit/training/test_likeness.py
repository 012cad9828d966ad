from collections import Counter

import pytest

from docmill.training.corpus import near_duplicates
from docmill.training.likeness import COPY_RESEMBLANCE, alike, resemblance
from tests.unit.training.corpora import written
from tests.unit.training.fakes import document


def with_words(text: str, *places: int) -> str:
    words = text.split(" ")
    for place in places:
        words[place] = f"other{place}"
    return " ".join(words)


def test_only_texts_that_share_most_are_alike() -> None:
    texts = [written(1), written(2), with_words(written(1), 3), written(3), with_words(written(2), 0, 39)]
    assert sorted(alike(texts)) == [(2, 0), (4, 1)]


def test_case_and_punctuation_do_not_count() -> None:
    assert list(alike([written(1), written(1).upper().replace(" ", ",\n ")])) == [(1, 0)]


def test_resemblance_is_the_share_of_shingles() -> None:
    assert resemblance(written(1), written(1)) == 1.0
    assert resemblance(written(1), written(2)) == 0.0
    assert resemblance("a b c d e f g", "a b c d e f h") == pytest.approx(1 / 3)  # of abcdef, bcdefg, bcdefh


def test_a_form_is_alike_and_no_copy() -> None:
    form = with_words(written(1, 120), 5, 45, 85)
    filled = with_words(written(1, 120), 25, 65, 105)
    assert list(alike([form, filled])) == [(1, 0)]
    assert resemblance(form, filled) < COPY_RESEMBLANCE < resemblance(form, with_words(form, 110))


@pytest.mark.parametrize("text", ["", " \n", "total", "one two three"])
def test_short_texts_are_like_themselves(text: str) -> None:
    assert resemblance(text, text) == 1.0
    assert list(alike([text, written(1), text])) == [(2, 0)]


def test_of_a_form_that_many_share_not_every_pair_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a few thousand form letters would take hours; they are one cluster as it is."""
    monkeypatch.setattr("docmill.training.likeness.MOST_HOLDERS", 3)
    forms = [with_words(written(1, 120), 5 + n) for n in range(10)]
    pairs = list(alike(forms))
    assert {later for later, _ in pairs} == set(range(1, 10))
    assert max(Counter(later for later, _ in pairs).values()) < 9
    documents = [document(text, name=str(n)) for n, text in enumerate(forms)]
    assert [len(cluster) for cluster in near_duplicates(documents)] == [10]
