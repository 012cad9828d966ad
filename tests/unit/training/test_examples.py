import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.window import cut, tokenise
from docmill.training.corpus import Entity, LabelledDocument
from docmill.training.examples import BEGIN, IGNORED, INSIDE, OUTSIDE, Example, ExampleMaker, draw_epoch
from docmill.training.recipe import Recipe, Source
from tests.unit.pipeline.fakes import Encoding, FourCharacterTokenizer, windowing
from tests.unit.training.fakes import RECIPE, document, recipe

LABELS = ("contract.lease", "contract.supply", "receipt")
CUTTING = windowing(max_tokens=16, stride=4)  # as the recipe says
FIELDS = recipe().field_names
SLIP = "ACME Trading\n25/12/2018\nTotal 4.50 thank you"
# in pieces of four:   ACME Trad ing \n 25/1 2/20 18 \n Tota l 4.50 than k you
RECEIPT = document(SLIP, ("company", "ACME Trading"), ("date", "25/12/2018"), ("total", "4.50"))


class CountingTokenizer(FourCharacterTokenizer):
    calls = 0

    def encode(self, text: str, *, add_special_tokens: bool) -> Encoding:
        self.calls += 1
        return super().encode(text, add_special_tokens=add_special_tokens)


def maker(of: Recipe | None = None, tokenizer: FourCharacterTokenizer | None = None) -> ExampleMaker:
    return ExampleMaker(of or recipe(), LABELS, tokenizer or FourCharacterTokenizer(), CUTTING)


def source(name: str = "deeds", **changes: Any) -> Source:
    [found] = [one for one in recipe().sources if one.name == name]
    return found.model_copy(update=changes)


def make(of: LabelledDocument, seed: int = 0, **changes: Any) -> Example:
    return maker()(of, source(**changes), random.Random(seed))


def column(example: Example, field: str, window: int = 0) -> list[int]:
    """Tags of one field in one window, without the frame."""
    return [int(tag) for tag in example.tags[window][1:-1, FIELDS.index(field)]]


def contract(name: str = "c", label: str | None = "contract.supply", words: int = 100) -> LabelledDocument:
    """About `words` tokens, of which the 31st and 81st (from 0) are parties."""
    pieces = ["w" for _ in range(words)]
    for place in (31, 81):
        if place < words:
            pieces[place] = "ACME"
    text = " ".join(pieces)
    made = document(text, name=name, group="contract", label=label)
    places = [i for i in range(len(text)) if text.startswith("ACME", i)]
    return replace(made, entities=tuple(Entity("party", i, i + 4) for i in places))


def test_tags_say_where_a_field_begins_and_goes_on() -> None:
    example = make(RECEIPT)
    assert len(example.windows) == 1
    assert column(example, "company") == [BEGIN, INSIDE, INSIDE, *[OUTSIDE] * 11]
    assert column(example, "date") == [*[OUTSIDE] * 4, BEGIN, INSIDE, INSIDE, *[OUTSIDE] * 7]
    assert column(example, "total") == [*[OUTSIDE] * 10, BEGIN, *[OUTSIDE] * 3]


def test_fields_of_other_groups_and_the_frame_are_ignored() -> None:
    [tags] = make(RECEIPT).tags
    assert tags.shape == (16, 5)
    assert (tags[[0, -1]] == IGNORED).all()
    for field in ("party", "law"):
        assert (tags[:, FIELDS.index(field)] == IGNORED).all()
    for field in ("company", "date", "total"):
        assert (tags[1:-1, FIELDS.index(field)] != IGNORED).all()


def test_a_part_of_a_token_is_the_token() -> None:
    example = make(document("abcdefgh ijkl", ("total", "defgh ij")))  # abcd efgh ijkl
    assert column(example, "total") == [BEGIN, INSIDE, INSIDE]
    assert column(make(document("abcd efgh", ("total", " "))), "total") == [OUTSIDE, OUTSIDE]  # between tokens


def test_neighbours_of_one_field_each_begin() -> None:
    example = make(document("abcd efgh", ("total", "efgh"), ("total", "abcd")))
    assert column(example, "total") == [BEGIN, BEGIN]


def test_labels_are_indices_or_ignored() -> None:
    assert make(RECEIPT).label == 2
    assert maker().label_index("contract.lease") == 0
    assert make(replace(RECEIPT, label=None)).label == IGNORED
    with pytest.raises(KeyError):
        make(replace(RECEIPT, label="letter"))


def test_the_head_comes_first_and_all_windows_where_none_are_counted() -> None:
    example = make(contract())
    windows = cut(tokenise(FourCharacterTokenizer(), CUTTING, contract().text), CUTTING)
    assert example.head == 2
    assert [w.first for w in example.windows[:2]] == [w.first for w in windows[:2]] == [0, 10]
    assert sorted(w.first for w in example.windows) == [w.first for w in windows]
    assert make(RECEIPT).head == 1


def test_windows_beyond_the_head_are_drawn() -> None:
    drawn = [make(contract(), seed, entity_windows=1, other_windows=2) for seed in range(60)]
    for example in drawn:
        beyond = example.windows[example.head :]
        bearing = [any(w.first <= place < w.first + w.length for place in (31, 81)) for w in beyond]
        assert bearing == [True, False, False]
        assert len({w.first for w in beyond}) == 3
    assert len({example.windows[2].first for example in drawn}) > 1
    assert len({example.windows[3].first for example in drawn}) > 2


def test_no_more_windows_are_drawn_than_there_are() -> None:
    example = make(contract(), entity_windows=50, other_windows=0)
    assert len(example.windows) == 2 + 4  # those from 20 and 30 hold the first party, from 70 and 80 the second
    assert len(make(contract(words=10), entity_windows=3, other_windows=3).windows) == 1


def test_tags_of_a_drawn_window_are_its_own() -> None:
    example = make(contract(), entity_windows=50)
    for i, window in enumerate(example.windows):
        expected = [BEGIN if window.first + n in (31, 81) else OUTSIDE for n in range(window.length)]
        assert column(example, "party", i) == expected


def test_a_document_that_stays_the_same_is_tokenised_once() -> None:
    tokenizer = CountingTokenizer()
    making = maker(tokenizer=tokenizer)
    examples = [making(contract(), source(), random.Random(0)) for _ in range(3)]
    assert tokenizer.calls == 1
    assert all((a == b).all() for a, b in zip(examples[0].tags, examples[2].tags, strict=True))


def test_a_document_that_varies_is_tokenised_each_time() -> None:
    tokenizer = CountingTokenizer()
    making = maker(tokenizer=tokenizer)
    first = making(RECEIPT, source(augment=True), random.Random(0))
    other = making(document("other text", ("total", "text")), source(augment=True), random.Random(0))  # of the same id
    assert tokenizer.calls == 2
    assert len(first.windows[0].ids) != len(other.windows[0].ids)


Documents = dict[str, list[LabelledDocument]]


def epoch(documents: Documents, *sources: Source, seed: int = 0, passes: int = 1) -> list[Example]:
    """One epoch over sources of the recipe, which may be changed."""
    names = {one.name: passes for one in sources}
    phases = [RECIPE["fit"]["phases"][0] | {"passes": names}]
    of = recipe(sources=[one.model_dump() for one in sources], fit=RECIPE["fit"] | {"phases": phases})
    return draw_epoch(documents, of, maker(of), names, random.Random(seed))


def test_an_epoch_caps_each_label_and_leaves_out_what_has_no_token() -> None:
    deeds = [contract(f"s{n}") for n in range(5)] + [contract("l", "contract.lease")]
    deeds += [contract(f"n{n}", None) for n in range(3)] + [replace(RECEIPT, id="empty", text=" ", entities=())]
    labels = sorted(example.label for example in epoch({"deeds": deeds}, source(per_label=2)))
    assert labels == [IGNORED, IGNORED, 0, 1, 1]


def test_each_source_has_its_own_number_of_passes() -> None:
    documents = {"slips": [RECEIPT], "deeds": [contract()]}
    examples = draw_epoch(documents, recipe(), maker(), {"slips": 3, "deeds": 2}, random.Random(0))
    assert sorted(example.label for example in examples) == [1, 1, 2, 2, 2]
    assert draw_epoch(documents, recipe(), maker(), {"slips": 0, "deeds": 0}, random.Random(0)) == []


def test_a_fraction_of_a_pass_draws_that_share() -> None:
    documents = {"slips": [], "deeds": [contract(f"c{n}") for n in range(10)]}
    examples = draw_epoch(documents, recipe(), maker(), {"slips": 0, "deeds": 1.3}, random.Random(0))
    assert len(examples) == 13


def test_the_cap_is_drawn_anew_each_pass() -> None:
    deeds = [contract(f"s{n}", words=5 + n) for n in range(5)]
    examples = epoch({"deeds": deeds}, source(per_label=1), passes=40)
    assert {example.windows[0].length for example in examples} == {5, 6, 7, 8, 9}
    assert len(examples) == 40


def test_an_epoch_is_shuffled_and_can_be_repeated() -> None:
    deeds = [contract(f"s{n}", words=1 + n) for n in range(12)]
    orders = [[e.windows[0].length for e in epoch({"deeds": deeds}, source(), seed=seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == list(range(1, 13))


def test_only_sources_that_say_so_are_augmented() -> None:
    slip = document(SLIP + 8 * "\nbye", ("total", "4.50"))  # of lines that may be dropped

    def lengths(of: Source) -> set[int]:
        return {sum(w.length for w in e.windows) for e in epoch({of.name: [slip] * 30}, of)}

    assert len(lengths(source("slips"))) > 1
    assert len(lengths(source("slips", augment=False))) == 1


@given(st.text(alphabet="ab \n5", max_size=150), st.data())
def test_any_entities_give_well_formed_tags(text: str, data: st.DataObject) -> None:
    stretch = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
    entities = [
        Entity(field, start, end)
        for field, (start, end) in data.draw(
            st.lists(st.tuples(st.sampled_from(["company", "total"]), stretch), max_size=4)
        )
    ]
    example = make(replace(document(text), entities=tuple(entities)))
    tokens = tokenise(FourCharacterTokenizer(), CUTTING, text)
    for window, tags in zip(example.windows, example.tags, strict=True):
        for i, field in enumerate(("company", "date", "total")):
            touched = [
                any(e.field == field and tokens.starts[t] < e.end and tokens.ends[t] > e.start for e in entities)
                for t in range(window.first, window.first + window.length)
            ]
            assert ((tags[1:-1, i] != OUTSIDE) == np.array(touched, dtype=bool)).all()
            assert not ((tags[2:-1, i] == INSIDE) & (tags[1:-2, i] == OUTSIDE)).any()  # inside needs a beginning
