import random
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from docmill.training.augment import ReceiptAugmenter
from docmill.training.corpus import Entity, LabelledDocument
from tests.unit.training.fakes import document

SLIP = "ACME SDN BHD\n12 High Street\n25/12/2018 10:31\nTea 4.50\nCake 9.60\nTotal 14.10\nCash 14.10\nThank you 1 2 3\n"
RECEIPT = document(
    SLIP, ("company", "ACME SDN BHD"), ("address", "12 High Street"), ("date", "25/12/2018"), ("total", "14.10")
)
POOL = [
    document("X\nA VERY LONG COMPANY INDEED\n", ("company", "X"), ("address", "A VERY LONG COMPANY INDEED")),
    document("Globex Trading\n1\n", ("company", "Globex Trading"), ("address", "1")),
]
VALUES = {
    field: {d.text[e.start : e.end] for d in POOL for e in d.entities if e.field == field}
    for field in ("company", "address")
}
SHAPE = str.maketrans("123456789", "#########")


def variations(receipt: LabelledDocument, count: int = 300) -> list[LabelledDocument]:
    augment = ReceiptAugmenter(POOL, random.Random(1))
    return [augment(receipt) for _ in range(count)]


def words(receipt: LabelledDocument, field: str) -> list[str]:
    return [receipt.text[e.start : e.end] for e in receipt.entities if e.field == field]


def shape(text: str) -> str:
    return text.translate(SHAPE)


def test_entities_still_mark_what_they_marked() -> None:
    """Companies and addresses are the old ones or the pool's, amounts keep their shape, dates are the same."""
    companies, addresses = {"ACME SDN BHD"} | VALUES["company"], {"12 High Street"} | VALUES["address"]
    for one in variations(RECEIPT):
        assert [e.field for e in one.entities] == ["company", "address", "date", "total"]
        assert {shape(text) for text in words(one, "company")} <= {shape(text) for text in companies}
        assert {shape(text) for text in words(one, "address")} <= {shape(text) for text in addresses}
        assert words(one, "date") == ["25/12/2018"]
        assert [shape(text) for text in words(one, "total")] == ["##.#0"]


def test_variations_vary() -> None:
    found = variations(RECEIPT)
    for field, at_least in (("company", 3), ("address", 20), ("total", 50)):
        assert len({text for one in found for text in words(one, field)}) >= at_least
    assert len({one.text.count("\n") for one in found}) >= 3  # lines are dropped
    assert 50 < sum(one is RECEIPT for one in found) < 130  # a share of the calls changes nothing
    assert any(
        {shape(t) for t in words(one, "company")} & VALUES["company"]
        and {shape(t) for t in words(one, "address")} & {"A VERY LONG COMPANY INDEED", "#"}
        for one in found
    )


def test_what_is_not_text_is_kept() -> None:
    for one in variations(RECEIPT, 20):
        assert (one.id, one.source, one.group, one.label) == (RECEIPT.id, RECEIPT.source, RECEIPT.group, RECEIPT.label)


def test_equal_amounts_stay_equal() -> None:
    both = replace(
        RECEIPT, entities=(*RECEIPT.entities, Entity("total", SLIP.rindex("14.10"), SLIP.rindex("14.10") + 5))
    )
    for one in variations(both):
        first, second = words(one, "total")
        assert first == second


def test_lines_with_an_entity_are_never_dropped() -> None:
    for one in variations(RECEIPT):
        assert "Total" in one.text
        assert "10:31"[2] in one.text  # on the line of the date


def test_a_draw_can_be_repeated() -> None:
    assert variations(RECEIPT, 30) == variations(RECEIPT, 30)


def test_overlapping_dates_are_kept_once() -> None:
    twice = replace(RECEIPT, entities=(Entity("date", 28, 38), Entity("date", 31, 35), Entity("date", 31, 38)))
    assert SLIP[28:38] == "25/12/2018"
    for one in variations(twice):
        assert words(one, "date") == ["25/12/2018", "12/2", "12/2018"]
        assert one.text.count("25/12/2018") == 1


@st.composite
def receipts(draw: st.DrawFn) -> LabelledDocument:
    """Lines of words and digits; entities of any field anywhere, overlapping or not."""
    text = draw(st.text(alphabet="ab 0159/.\n", min_size=1, max_size=60))
    fields = st.sampled_from(["company", "address", "date", "total"])
    stretch = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
    found = draw(st.lists(st.tuples(fields, stretch), max_size=6))
    return LabelledDocument("d", "s", "g", "l", text, tuple(Entity(f, a, b) for f, (a, b) in found if a < b))


@given(receipts(), st.integers(0, 50))
def test_any_receipt(receipt: LabelledDocument, seed: int) -> None:
    augment = ReceiptAugmenter(POOL, random.Random(seed))
    for _ in range(8):
        one = augment(receipt)
        old_dates = set(words(receipt, "date"))
        assert all(0 <= e.start < e.end <= len(one.text) for e in one.entities)
        assert len(one.entities) <= len(receipt.entities)
        assert set(words(one, "date")) <= old_dates
        assert {shape(t) for t in words(one, "total")} <= _shapes_with_dates(receipt)


def _shapes_with_dates(receipt: LabelledDocument) -> set[str]:
    return {shape(t) for t in words(receipt, "total")}


@given(receipts(), st.integers(0, 50))
def test_equal_digits_outside_dates_stay_equal(receipt: LabelledDocument, seed: int) -> None:
    plain = replace(receipt, entities=tuple(e for e in receipt.entities if e.field == "total"))
    one = ReceiptAugmenter([], random.Random(seed))._permute_digits(plain)
    mapping = dict(zip(plain.text, one.text, strict=True))
    assert "".join(mapping[c] for c in plain.text) == one.text  # one permutation
    assert len(set(mapping.values())) == len(mapping)
    assert all(mapping[c] == c for c in mapping if not re.fullmatch("[1-9]", c))
