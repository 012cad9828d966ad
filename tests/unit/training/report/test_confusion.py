from pathlib import Path

from docmill.training.report.confusion import REJECTED, confusion
from tests.unit.training.report.fakes import TEXTS, opinion, sources, tiny_spec


def test_documents_are_counted_by_gold_and_predicted_label(tmp_path: Path) -> None:
    receipts, deeds = sources(tmp_path)
    answers = [
        opinion(text, label).answer(tiny_spec())
        for text, label in zip(TEXTS, ["receipt"] * 4 + ["contract"], strict=False)
    ]
    found = confusion(receipts, [*answers, None])
    assert found is not None
    assert (found.gold, found.predicted) == (("receipt",), ("receipt", REJECTED, "contract"))
    assert found.counts == ((4, 1, 1),)
    of_deeds = confusion(deeds, [answers[0], answers[0]])
    assert of_deeds is not None
    assert of_deeds.counts == ((0, 1),)  # the document without a label is in no cell


def test_a_source_without_known_labels_has_none(tmp_path: Path) -> None:
    _, deeds = sources(tmp_path)
    bare = type(deeds)("deeds", deeds.documents[1:], deeds.fields, deeds.span_fields, ())
    assert confusion(bare, [None]) is None
