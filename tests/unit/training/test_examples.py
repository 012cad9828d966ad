import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.window import cut, tokenise
from docmill.training.corpus import Entity, LabelledDocument
from docmill.training.examples import Example, ExampleMaker
from docmill.training.targets import BEGIN, IGNORED, INSIDE, OUTSIDE
from tests.unit.pipeline.fakes import Encoding, FourCharacterTokenizer, windowing
from tests.unit.training.fakes import document, recipe, with_sources

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


def maker(tokenizer: FourCharacterTokenizer | None = None, **changes: Any) -> ExampleMaker:
    """Of the recipe with every source changed."""
    return ExampleMaker(with_sources(**changes), LABELS, tokenizer or FourCharacterTokenizer(), CUTTING)


def make(of: LabelledDocument, seed: int = 0, **changes: Any) -> Example:
    return maker(**changes)(of, random.Random(seed))


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


def test_windows_of_the_head_are_drawn_the_first_more_often() -> None:
    making = maker(head_windows=1, entity_windows=1)
    drawn = [making(contract(), random.Random(seed)) for seed in range(600)]
    assert {example.head for example in drawn} == {1}
    assert {len(example.windows) for example in drawn} == {2}
    firsts = [example.windows[0].first for example in drawn]
    assert set(firsts) == {0, 10}
    assert firsts.count(0) / len(firsts) == pytest.approx(2 / 3, abs=0.06)  # weights of 1 and 1/2
    assert making.cost(contract()) == 2 * len(drawn[0].windows[0].ids)


def test_a_head_that_is_not_drawn_is_the_first_windows_and_the_rest_counts_as_behind() -> None:
    making = maker(head_windows=1, head_drawn=False, entity_windows=1)
    drawn = [making(contract(), random.Random(seed)) for seed in range(60)]
    assert {(example.head, example.windows[0].first) for example in drawn} == {(1, 0)}
    assert {len(example.windows) for example in drawn} == {2}
    behind = {example.windows[1].first for example in drawn}
    assert 0 not in behind  # it is the head
    assert 20 in behind  # the first party's
    assert making.cost(contract()) == 2 * len(drawn[0].windows[0].ids)


def test_a_head_that_is_not_drawn_may_be_all_of_a_short_document() -> None:
    example = make(RECEIPT, head_windows=5, head_drawn=False)
    assert (example.head, len(example.windows)) == (1, 1)


def test_a_value_whose_place_is_not_known_teaches_nothing() -> None:
    example = make(replace(RECEIPT, entities=RECEIPT.entities[:1], unplaced=("date",)))
    assert set(column(example, "date")) == {IGNORED}
    assert set(column(example, "total")) == {OUTSIDE}  # a receipt that has none


def test_a_place_that_is_in_doubt_teaches_nothing() -> None:
    tax = replace(RECEIPT, doubtful=(Entity("total", 0, len(RECEIPT.text)),))
    tags = column(make(tax), "total")
    assert set(tags) == {IGNORED, BEGIN}  # the total within it is one all the same
    assert column(make(tax), "date") == column(make(RECEIPT), "date")


def test_other_places_of_a_value_teach_nothing_of_its_field() -> None:
    slip = document("Total 4.50 for cash 4.50 vat 0.45 and 14.50", ("total", "4.50"))
    # in pieces of four:   Tota l 4.50 for cash 4.50 vat 0.45 and 14.5 0
    example = make(slip)
    assert column(example, "total") == [*[OUTSIDE] * 2, BEGIN, *[OUTSIDE] * 2, IGNORED, *[OUTSIDE] * 5]
    assert IGNORED not in column(example, "company")


def test_drawn_windows_of_the_head_keep_their_order_and_no_more_are_drawn_than_there_are() -> None:
    example = make(contract(), head_windows=2, entity_windows=1)
    assert [window.first for window in example.windows[:2]] == [0, 10]
    assert make(RECEIPT, head_windows=5).head == 1


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


def test_a_rare_field_is_not_crowded_out() -> None:
    """Many windows bear a party, one the law: it is half of what is drawn."""
    pieces = ["w" for _ in range(100)]
    for place in range(31, 90, 10):
        pieces[place] = "ACME"
    pieces[95] = "Ohio"
    text = " ".join(pieces)
    parties = [Entity("party", at, at + 4) for at in range(len(text)) if text.startswith("ACME", at)]
    one = replace(contract(), text=text, entities=(*parties, Entity("law", text.index("Ohio"), text.index("Ohio") + 4)))
    making = maker(entity_windows=1)
    drawn = [making(one, random.Random(seed)).windows[2] for seed in range(400)]
    with_law = sum(window.first <= 95 < window.first + window.length for window in drawn)
    assert with_law / len(drawn) == pytest.approx(1 / 2, abs=0.1)


def test_tags_of_a_drawn_window_are_its_own() -> None:
    example = make(contract(), entity_windows=50)
    for i, window in enumerate(example.windows):
        expected = [BEGIN if window.first + n in (31, 81) else OUTSIDE for n in range(window.length)]
        assert column(example, "party", i) == expected


def test_a_document_that_stays_the_same_is_tokenised_once() -> None:
    tokenizer = CountingTokenizer()
    making = maker(tokenizer)
    assert making.cost(contract()) > 0
    examples = [making(contract(), random.Random(0)) for _ in range(3)]
    assert tokenizer.calls == 1
    assert all((a == b).all() for a, b in zip(examples[0].tags, examples[2].tags, strict=True))


def test_a_document_that_varies_is_tokenised_each_time() -> None:
    tokenizer = CountingTokenizer()
    making = maker(tokenizer)
    first = making(RECEIPT, random.Random(0), varied=True)
    other = making(document("other text", ("total", "text")), random.Random(0), varied=True)  # of the same id
    assert tokenizer.calls == 2
    assert len(first.windows[0].ids) != len(other.windows[0].ids)


def test_fields_that_the_source_does_not_annotate_are_ignored() -> None:
    making = ExampleMaker(
        with_sources(masked=["date"], augment=False, only="slips"), LABELS, FourCharacterTokenizer(), CUTTING
    )
    [tags] = making(document("ACME Trading", ("company", "ACME")), random.Random(0)).tags
    assert (tags[:, FIELDS.index("date")] == IGNORED).all()
    assert (tags[1:-1, FIELDS.index("total")] == OUTSIDE).all()


@pytest.mark.parametrize(
    "changes", [{}, {"entity_windows": 1}, {"other_windows": 2}, {"entity_windows": 1, "other_windows": 50}]
)
def test_the_cost_of_a_document_is_that_of_its_examples(changes: dict[str, Any]) -> None:
    making = maker(**changes)
    for one in (contract(), contract(words=12), RECEIPT, contract(words=37)):
        assert making.cost(one) == making(one, random.Random(1)).tokens > 0


def test_a_document_without_a_token_costs_nothing() -> None:
    assert maker().cost(replace(RECEIPT, id="empty", text=" \t", entities=())) == 0


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
            own, inside = tags[1:-1, i], np.array(touched, dtype=bool)
            assert (np.isin(own, [BEGIN, INSIDE]) == inside).all()  # a value's other places are ignored, not outside
            assert not ((tags[2:-1, i] == INSIDE) & (tags[1:-2, i] == OUTSIDE)).any()  # inside needs a beginning
