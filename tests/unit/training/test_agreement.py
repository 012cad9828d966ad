"""Counting where two graphs agree, and which windows are compared."""

import numpy as np
import pytest

from docmill.pipeline.types import WindowOutput
from docmill.pipeline.window import Window
from docmill.training.agreement import (
    WINDOWS_PER_DOCUMENT,
    WINDOWS_PER_SOURCE,
    agreeing,
    sampled,
    spread,
)
from docmill.training.corpus import LabelledDocument
from docmill.training.report.content import Agreement

NOTHING = np.zeros(1, dtype=np.float32)


def output(*tags: tuple[int, ...]) -> WindowOutput:
    """The likeliest tag of each token (frame included) for each field."""
    logits = np.eye(3, dtype=np.float32)[np.array(tags)]
    return WindowOutput(NOTHING, logits, NOTHING)


def windows(count: int) -> list[Window]:
    return [Window(10 * number, np.zeros(3, dtype=np.int64)) for number in range(count)]


def document(number: int, source: str = "tills") -> LabelledDocument:
    return LabelledDocument(f"{source}{number}", source, "receipt", None, "text", ())


FRAME = (2, 2)
FP32 = output(FRAME, (0, 0), (1, 0), (2, 1), (0, 0), FRAME)
INT8 = output((0, 0), (0, 0), (1, 1), (2, 1), (1, 0), (0, 0))


def test_tokens_agree_when_every_field_does_and_the_frame_is_none() -> None:
    assert agreeing(FP32, INT8, [0, 1]).tolist() == [4, 2, 2, 1]


def test_only_the_fields_of_the_source_are_looked_at() -> None:
    assert agreeing(FP32, INT8, [0]).tolist() == [4, 3, 2, 2]
    assert agreeing(FP32, INT8, [1]).tolist() == [4, 3, 1, 1]
    assert agreeing(FP32, INT8, []).tolist() == [4, 4, 0, 0]


def test_shares_are_of_tokens() -> None:
    counts = agreeing(FP32, INT8, [0, 1]).tolist()
    names = ("tokens", "equal", "entity_tokens", "entity_equal")
    found = Agreement(source=None, documents=1, windows=1, **dict(zip(names, counts, strict=True)))
    assert (found.share, found.entity_share) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("count", "firsts"),
    [(0, []), (1, [0]), (3, [0, 10, 20]), (4, [0, 10, 20, 30]), (60, [0, 200, 390, 590])],
)
def test_a_long_document_gives_windows_from_its_first_to_its_last(count: int, firsts: list[int]) -> None:
    assert [window.first for window in spread(windows(count))] == firsts


def test_a_source_gives_no_more_than_it_should() -> None:
    chosen = sampled([document(n) for n in range(200)], lambda _: windows(9))
    assert len(chosen) == WINDOWS_PER_SOURCE / WINDOWS_PER_DOCUMENT
    assert {len(own) for _, own in chosen} == {WINDOWS_PER_DOCUMENT}


def test_sources_do_not_take_from_each_other_and_order_does_not_matter() -> None:
    documents = [*(document(n) for n in range(200)), document(0, "deeds"), document(1, "deeds")]
    chosen = [d.id for d, _ in sampled(documents, lambda _: windows(9))]
    assert {"deeds0", "deeds1"} < set(chosen)
    assert chosen == [d.id for d, _ in sampled(documents[::-1], lambda _: windows(9))]


def test_a_document_without_windows_is_left_out() -> None:
    assert sampled([document(0)], lambda _: []) == []
