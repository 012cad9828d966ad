import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from docmill.training.corpus import LabelledDocument
from docmill.training.folds import assign_folds
from tests.unit.training.corpora import written
from tests.unit.training.fakes import document


def documents(**labels: int) -> list[LabelledDocument]:
    """So many documents of each label, all of different texts."""
    return [
        document(written(sum(map(ord, f"{label}{n}")) * 1000 + n), name=f"{label} {n}", label=label)
        for label, count in labels.items()
        for n in range(count)
    ]


def test_every_label_is_spread_evenly() -> None:
    given = documents(a=9, b=4, c=3)
    folds = assign_folds(given, {}, 3)
    for label, most in (("a", 3), ("b", 2), ("c", 1)):
        counts = Counter(folds[d.id] for d in given if d.label == label)
        assert set(counts) == {0, 1, 2}
        assert max(counts.values()) == most


def test_every_document_has_a_fold() -> None:
    given = [*documents(a=5), *(document(written(n), name=f"n{n}", label=None) for n in range(5))]
    folds = assign_folds(given, {}, 2)
    assert folds.keys() == {d.id for d in given}
    assert set(folds.values()) == {0, 1}


def test_the_order_of_documents_does_not_matter() -> None:
    given = documents(a=20, b=7)
    expected = assign_folds(given, {}, 3)
    for seed in range(3):
        random.Random(seed).shuffle(given)
        assert assign_folds(given, {}, 3) == expected


def kept(documents: Iterable[LabelledDocument], folds: Mapping[str, int]) -> dict[str, int]:
    """Of `folds` those of `documents`."""
    return {document.id: folds[document.id] for document in documents}


def joining(documents: Iterable[LabelledDocument]) -> list[LabelledDocument]:
    """As many documents with the same labels, of the source `new`; of other texts."""
    return [replace(d, id=f"new {d.id}", source="new", text=d.text[::-1]) for d in documents]


def test_a_source_that_is_dealt_later_leaves_the_folds_of_the_others() -> None:
    given = documents(a=20, b=7)
    before = assign_folds(given, {}, 3)
    new = joining(given[:10])
    after = assign_folds([*new, *given], {}, 3, turns={"new": 1})
    assert kept(given, after) == before
    assert Counter(after[d.id] for d in new).most_common()[0][1] <= 4
    unordered = assign_folds([*new, *given], {}, 3)
    assert kept(given, unordered) != before  # or this test would say nothing


def test_nor_does_it_let_heaps_of_the_others_judge() -> None:
    given = [*copies("heap", 6, 1), *documents(a=60)]
    before = assign_folds(given, {}, 3, judging=2)
    new = joining(documents(a=300))
    assert kept(given, assign_folds([*given, *new], {}, 3, judging=2, turns={"new": 1})) == before
    assert kept(given, assign_folds([*given, *new], {}, 3, judging=2)) != before  # or this test would say nothing


def test_what_is_alike_to_dealt_documents_goes_where_most_of_them_are() -> None:
    given = [*documents(a=20), *copies("copy", 3, 1), *copies("twin", 2, 2)]
    before = assign_folds(given, {}, 3)
    text = next(d.text for d in given if d.id.startswith("copy"))
    other = next(d.text for d in given if d.id.startswith("twin"))
    bridge = [replace(given[0], id=f"new {n}", source="new", text=own) for n, own in enumerate((text, other))]
    families = {d.id: "one" for d in bridge}  # of one family, so what both are alike to is one cluster now
    after = assign_folds([*bridge, *given], families, 3, turns={"new": 1})
    assert kept(given, after) == before
    assert before["copy 0"] != before["twin 0"]
    assert {after[d.id] for d in bridge} == {before["copy 0"]}


def test_near_duplicates_share_a_fold() -> None:
    alike = copies("copy", 5, 1)
    folds = assign_folds([*documents(a=6), *alike], {}, 3)
    assert len({folds[copy.id] for copy in alike}) == 1


def copies(name: str, count: int, seed: int) -> list[LabelledDocument]:
    """So many documents that are all alike, of the label `a`."""
    return [document(f"{written(seed)} {n}", name=f"{name} {n}", label="a") for n in range(count)]


def test_a_fold_that_judges_has_no_heap_of_copies() -> None:
    heaps = [*copies("one", 8, 1), *copies("two", 7, 2), *copies("three", 6, 3)]
    given = [*documents(a=45), *heaps]
    assert {d.id for d in heaps} & _of_fold(2, assign_folds(given, {}, 3))
    folds = assign_folds(given, {}, 3, judging=2)
    assert not {d.id for d in heaps} & _of_fold(2, folds)
    sizes = Counter(folds.values())
    assert max(sizes.values()) - min(sizes.values()) <= 1


def _of_fold(fold: int, folds: dict[str, int]) -> set[str]:
    return {name for name, of_name in folds.items() if of_name == fold}


def test_a_fold_that_judges_has_what_else_would_be_missing() -> None:
    given = [d for seed, name in enumerate(("one", "two", "three")) for d in copies(name, 4, seed)]
    assert set(assign_folds(given, {}, 3, judging=2).values()) == {0, 1, 2}


def test_a_family_may_judge_however_large_it_is() -> None:
    given = documents(a=60)
    families = {d.id: f"form {n // 8}" for n, d in enumerate(given[:24])}  # three of eight
    judges = _of_fold(2, assign_folds(given, families, 3, judging=2))
    assert {families[name] for name in judges if name in families}


def test_a_fold_that_judges_does_not_take_all_that_is_not_alike() -> None:
    heaps = [d for seed in range(1, 11) for d in copies(f"heap {seed}", 5, seed)]
    singles = documents(a=10)
    judges = _of_fold(5, assign_folds([*heaps, *singles], {}, 6, judging=5))
    assert {d.id for d in heaps} & judges
    assert len({d.id for d in singles} & judges) <= 5


def test_families_share_a_fold() -> None:
    given = documents(a=12)
    families = {d.id: "form" for d in given[:5]}
    folds = assign_folds(given, families, 3)
    assert len({folds[d.id] for d in given[:5]}) == 1
    assert len(set(folds.values())) == 3


def test_a_copy_joins_two_families() -> None:
    text = written(1)
    given = documents(a=6)
    bridge = [document(text, name="left", label="a"), document(f"{text} x", name="right", label="a")]
    families = {given[0].id: "one", "left": "one", "right": "two", given[1].id: "two"}
    folds = assign_folds([*given, *bridge], families, 3)
    assert len({folds[name] for name in families}) == 1


def test_no_documents() -> None:
    assert assign_folds([], {}, 3) == {}
