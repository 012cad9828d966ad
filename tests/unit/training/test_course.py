from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from docmill.training.corpus import LabelledDocument
from docmill.training.course import Course, Draw, grouped, plan
from docmill.training.examples import ExampleMaker
from docmill.training.recipe import Recipe
from tests.unit.pipeline.fakes import FourCharacterTokenizer, windowing
from tests.unit.training.fakes import document, recipe, with_sources

LABELS = ("contract.lease", "contract.supply", "receipt")
CUTTING = windowing(max_tokens=16, stride=4)
SLIP = "ACME Trading\n25/12/2018\nTotal 4.50 thank you" + 8 * "\nbye"


def slips(count: int) -> list[LabelledDocument]:
    return [document(SLIP, ("total", "4.50"), name=f"slip {n}") for n in range(count)]


def deeds(**labels: int) -> list[LabelledDocument]:
    """So many short contracts of each label."""
    return [
        document("w x y", name=f"{label} {n}", group="contract", label=f"contract.{label}")
        for label, count in labels.items()
        for n in range(count)
    ]


def with_all_sources(documents: dict[str, list[LabelledDocument]]) -> dict[str, list[LabelledDocument]]:
    return {name: documents.get(name, []) for name in ("slips", "deeds")}


def planned(
    documents: dict[str, list[LabelledDocument]], tokens: int, of: Recipe | None = None, cost: int = 10
) -> list[Draw]:
    return plan(with_all_sources(documents), of or recipe(), lambda _: cost, tokens, "seed")


def course(documents: dict[str, list[LabelledDocument]], tokens: int, seed: str = "s", **changes: Any) -> Course:
    of = with_sources(**changes)
    make = ExampleMaker(of, LABELS, FourCharacterTokenizer(), CUTTING)
    return Course(with_all_sources(documents), of, make, tokens, seed)


def by_source(draws: list[Draw]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for draw in draws:
        counts[draw.document.source] += draw.tokens
    return counts


def test_the_tokens_are_those_of_the_budget() -> None:
    draws = planned({"slips": slips(7), "deeds": deeds(lease=3)}, 5000)
    assert 5000 <= sum(draw.tokens for draw in draws) < 5000 + 2 * 10
    assert [draw.number for draw in draws] == list(range(len(draws)))


@pytest.mark.parametrize(("exponent", "share"), [(0.0, 1 / 2), (0.5, 2 / 3), (1.0, 4 / 5)])
def test_a_sources_part_goes_by_its_size(exponent: float, share: float) -> None:
    of = recipe(training={"exponent": exponent})
    counts = by_source(planned({"slips": slips(40), "deeds": deeds(lease=10)}, 30_000, of))
    assert counts["slips"] / counts.total() == pytest.approx(share, abs=0.01)


def test_and_by_its_share() -> None:
    of = with_sources(only="slips", share=3.0)
    counts = by_source(planned({"slips": slips(10), "deeds": deeds(lease=10)}, 30_000, of))
    assert counts["slips"] / counts.total() == pytest.approx(3 / 4, abs=0.01)


def test_a_source_without_documents_takes_nothing() -> None:
    assert by_source(planned({"deeds": deeds(lease=2)}, 1000)) == {"deeds": 1000}
    assert planned({}, 1000) == []
    assert planned({"slips": slips(3)}, 1000, cost=0) == []  # none of them has a token


def test_every_source_is_seen_however_small_the_budget() -> None:
    assert set(by_source(planned({"slips": slips(40), "deeds": deeds(lease=1)}, 1))) == {"slips", "deeds"}


def test_passes_are_whole_before_a_document_comes_again() -> None:
    draws = planned({"slips": slips(7)}, 7 * 3 * 10)
    assert Counter(draw.document.id for draw in draws) == {f"slip {n}": 3 for n in range(7)}


def test_a_pass_is_capped_by_label_and_drawn_anew() -> None:
    of = with_sources(per_label=2)
    draws = planned({"deeds": deeds(lease=9, supply=1)}, 3 * 40 * 10, of)
    counts = Counter(draw.document.id for draw in draws)
    assert counts["supply 0"] == 40
    assert sum(counts[f"lease {n}"] for n in range(9)) == 80
    assert min(counts[f"lease {n}"] for n in range(9)) > 0


def test_the_plan_is_shuffled_and_can_be_repeated() -> None:
    documents = {"slips": slips(20), "deeds": deeds(lease=20)}
    first, again = planned(documents, 3000), planned(documents, 3000)
    assert first == again
    assert first != plan(documents, recipe(), lambda _: 10, 3000, "another")
    sources = [draw.document.source for draw in first]
    assert sources != sorted(sources)


def test_groups_are_filled_in_order() -> None:
    draws = [Draw(slips(1)[0], number, tokens) for number, tokens in enumerate((30, 30, 10, 80, 5))]
    assert [[draw.number for draw in group] for group in grouped(draws, 64)] == [[0, 1, 2], [3], [4]]
    assert list(grouped([], 64)) == []


def test_steps_are_of_about_the_wanted_size() -> None:
    steps = course({"slips": slips(5), "deeds": deeds(lease=5)}, 2000)
    sizes = [sum(example.tokens for example in steps.examples(step)) for step in range(len(steps))]
    assert all(64 - 16 <= size <= 64 + 4 * 16 for size in sizes[:-1])
    assert 2000 <= steps.tokens < 2200


def test_a_step_is_the_same_whichever_came_before() -> None:
    documents = {"slips": slips(5), "deeds": deeds(lease=5)}
    forwards, alone = (course(documents, 1500, only="slips", augment=True) for _ in range(2))
    for step in range(len(forwards)):
        before = forwards.examples(step)
    last = alone.examples(len(alone) - 1)
    assert [example.windows[0].ids.tolist() for example in before] == [e.windows[0].ids.tolist() for e in last]
    assert all((a == b).all() for x, y in zip(before, last, strict=True) for a, b in zip(x.tags, y.tags, strict=True))


def lengths(steps: Course) -> set[int]:
    return {example.tokens for step in range(len(steps)) for example in steps.examples(step)}


def test_only_sources_that_say_so_are_augmented() -> None:
    assert len(lengths(course({"slips": slips(5)}, 4000, only="slips", augment=True))) > 1
    assert len(lengths(course({"slips": slips(5)}, 4000, only="slips", augment=False))) == 1


def test_documents_without_a_token_are_never_drawn() -> None:
    empty = replace(slips(1)[0], id="empty", text=" ", entities=())
    steps = course({"slips": [empty, *slips(2)]}, 1000, augment=False)
    assert all(example.windows for step in range(len(steps)) for example in steps.examples(step))
