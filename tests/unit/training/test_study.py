"""Samples of a learning curve: nested, spread, never more than there is."""

from collections import Counter

from docmill.training.corpus import LabelledDocument
from docmill.training.study import curve_samples, nested_order
from docmill.training.training_set import TrainingSet


def documents(source: str, label: str | None, count: int) -> list[LabelledDocument]:
    return [LabelledDocument(f"{label}{n}", source, "group", label, "text", ()) for n in range(count)]


def training() -> TrainingSet:
    deeds = [*documents("deeds", "sale", 60), *documents("deeds", "lease", 20)]
    return TrainingSet({"deeds": deeds, "tills": documents("tills", None, 120)}, {"sale1": 2})


def test_samples_grow_up_to_all_documents() -> None:
    samples = curve_samples(training(), [50, 10, 10, 5_000])
    assert [(s.documents, s.is_all) for s in samples] == [(10, False), (50, False), (200, True)]
    assert [len(s.training.all) for s in samples] == [10, 50, 200]
    assert samples[-1].training == training()


def test_a_smaller_sample_is_within_every_larger_one() -> None:
    small, large, whole = ({d.id for d in s.training.all} for s in curve_samples(training(), [10, 50]))
    assert small < large < whole


def test_sources_and_labels_keep_their_shares() -> None:
    [sample, _] = curve_samples(training(), [20])
    counts = Counter((d.source, d.label) for d in sample.training.all)
    assert counts == {("deeds", "sale"): 6, ("deeds", "lease"): 2, ("tills", None): 12}


def test_the_order_does_not_depend_on_that_of_the_files() -> None:
    assert nested_order(training().all) == nested_order(training().all[::-1])


def test_a_source_of_which_nothing_is_drawn_is_still_named() -> None:
    [sample, _] = curve_samples(TrainingSet({"a": documents("a", "x", 99), "b": documents("b", "y", 1)}, {}), [1])
    assert set(sample.training.documents) == {"a", "b"}
    assert sum(map(len, sample.training.documents.values())) == 1
