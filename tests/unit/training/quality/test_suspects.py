"""A small synthetic version of load_tests/suspects.py: planted mistakes are found, and little else."""

import random
from importlib.util import find_spec

import pytest

from docmill.training.corpus import LabelledDocument

if find_spec("cleanlab") is None or find_spec("sklearn") is None:
    pytest.skip("needs the extra [train]: scikit-learn and cleanlab", allow_module_level=True)

from docmill.training.quality.suspects import MIN_DOCUMENTS, MIN_PER_LABEL, find_suspects

TOPICS = {
    "letter.storm": "roof tile gale gutter chimney storm fence hail",
    "letter.theft": "thief bicycle lock stolen police window burglar ring",
    "letter.water": "pipe leak ceiling tap flood plumber damp boiler",
}
COMMON = "dear sir policy please claim regards enclosed letter number date we our the of and"


def letter(number: int, label: str, rng: random.Random) -> LabelledDocument:
    words = rng.choices(TOPICS[label].split(), k=8) + rng.choices(COMMON.split(), k=22)
    rng.shuffle(words)
    return LabelledDocument(f"{label}-{number:03d}", "post", "letter", label, " ".join(words), ())


def letters(each: int) -> list[LabelledDocument]:
    rng = random.Random(1)
    return [letter(number, label, rng) for label in TOPICS for number in range(each)]


def mislabelled(documents: list[LabelledDocument], count: int) -> tuple[list[LabelledDocument], dict[str, str]]:
    """Some documents with another label, and what theirs was."""
    rng = random.Random(2)
    flipped = {documents[i].id: str(documents[i].label) for i in rng.sample(range(len(documents)), count)}
    return [
        with_label(d, rng.choice(sorted(TOPICS.keys() - {d.label}))) if d.id in flipped else d for d in documents
    ], flipped


def with_label(d: LabelledDocument, label: str | None) -> LabelledDocument:
    return LabelledDocument(d.id, d.source, d.group, label, d.text, d.entities)


def test_planted_mistakes_are_found_with_their_right_label() -> None:
    documents, flipped = mislabelled(letters(60), 18)
    search = find_suspects(documents, seed=7)
    found = {s.document.id: s.suggested for s in search.suspects}
    assert search.searched == 180
    right = found.keys() & flipped.keys()
    assert len(right) >= 0.8 * len(flipped)
    assert len(right) >= 0.9 * len(found)
    assert {name: found[name] for name in right} == {name: flipped[name] for name in right}
    margins = [s.margin for s in search.suspects]
    assert margins == sorted(margins, reverse=True)
    assert all(0 < margin <= 1 for margin in margins)


def test_right_labels_are_left_alone() -> None:
    assert len(find_suspects(letters(60), seed=7).suspects) <= 2


def test_the_same_seed_finds_the_same() -> None:
    documents, _ = mislabelled(letters(30), 5)
    assert find_suspects(documents, seed=7) == find_suspects(documents, seed=7)


def test_copies_with_the_same_mistake_do_not_vouch_for_each_other() -> None:
    documents = letters(60)
    wrong = with_label(documents[0], "letter.theft")  # a storm
    copies = [LabelledDocument(f"copy-{n}", "post", "letter", wrong.label, wrong.text, ()) for n in range(12)]
    found = {s.document.id for s in find_suspects([*documents[1:], *copies], seed=7).suspects}
    assert found >= {copy.id for copy in copies}


@pytest.mark.parametrize("each", [0, 1, MIN_DOCUMENTS // len(TOPICS)])
def test_too_few_documents_are_not_searched(each: int) -> None:
    search = find_suspects(letters(each), seed=7)
    assert (search.searched, search.suspects) == (0, ())


def test_labels_that_are_too_small_or_absent_are_left_out() -> None:
    storm, theft, water = letters(60)[:60], letters(60)[60:120], letters(60)[120:]
    none = [with_label(d, None) for d in water[MIN_PER_LABEL:]]
    search = find_suspects([*storm, *theft, *water[: MIN_PER_LABEL - 1], *none], seed=7)
    assert search.searched == 120


def test_copies_do_not_make_a_label_large() -> None:
    storm, theft, water = letters(60)[:60], letters(60)[60:120], letters(60)[120]
    copies = [LabelledDocument(f"copy-{n}", "post", "letter", water.label, water.text, ()) for n in range(30)]
    assert find_suspects([*storm, *theft, *copies], seed=7).searched == 120


def test_one_label_has_no_suspects() -> None:
    assert find_suspects(letters(60)[:60], seed=7).searched == 0
