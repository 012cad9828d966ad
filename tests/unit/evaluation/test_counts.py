from dataclasses import replace

import pytest

from docmill.evaluation.counts import Answer, Found, comparable, required_are_right, span_counts, value_counts
from docmill.evaluation.gold import GoldDocument, GoldField, GoldSource
from docmill.pipeline.normalise import FieldKind

PARTY = GoldField("party", FieldKind.TEXT, many=True, day_first=False, entities=("party",), values=("party",))
DATE = GoldField("date", FieldKind.DATE, many=False, day_first=True, entities=("date",), values=("date",))
TOTAL = GoldField("total", FieldKind.MONEY, many=False, day_first=False, entities=("total",), values=("total",))
POLICY = replace(PARTY, name="policy", kind=FieldKind.IDENTIFIER)


def source(document: GoldDocument, *fields: GoldField, span_fields: frozenset[str] = frozenset()) -> GoldSource:
    return GoldSource("s", (document,), fields, span_fields, ())


def document(**values: set[str]) -> GoldDocument:
    return GoldDocument("1", "", "receipt", False, {k: frozenset(v) for k, v in values.items()}, {})


def answer(*found: tuple[str, str], required: tuple[str, ...] = ()) -> Answer:
    return Answer("receipt", 0.9, True, required, tuple(Found(field, 0, len(text), text) for field, text in found))


@pytest.mark.parametrize(
    ("field", "left", "right"),
    [
        (PARTY, "Mail Boxes Etc. USA, Inc.", "MAIL\nBOXES ETC USA INC"),
        (PARTY, "Cogent_Inc.", "Cogent, Inc"),
        (PARTY, "Cogent, Inc., a", "Cogent, Inc"),
        (PARTY, "GROẞ", "gross"),
        (POLICY, "POL-17/2830-A", "pol 17 2830 a"),
        (POLICY, "n/a", "N/A,"),  # is none, so compared as written
        (DATE, "3/4/18", "3rd of April 2018"),
        (DATE, "04/[]/2005", "04/ /2005"),  # neither is a date: compared as written
        (TOTAL, "RM 1,234.50", "1234.5 MYR"),
    ],
)
def test_values_that_are_the_same(field: GoldField, left: str, right: str) -> None:
    assert comparable(field, left) == comparable(field, right)


@pytest.mark.parametrize(
    ("field", "left", "right"),
    [
        (PARTY, "Acme Inc", "Acme Ltd"),
        (POLICY, "17-2830-A", "17-2830"),
        (DATE, "3/4/18", "4 March 2018"),  # no second reading of an ambiguous date
        (DATE, "3/4/18", "3/[]/18"),
        (TOTAL, "5.00", "-5.00"),
        (TOTAL, "5.00", "RM5.00"),
        (TOTAL, "50.0", "5.00"),
    ],
)
def test_values_that_are_not(field: GoldField, left: str, right: str) -> None:
    assert comparable(field, left) != comparable(field, right)


def test_the_end_of_a_period_is_compared_with_a_gold_day() -> None:
    ends = GoldField("ends", FieldKind.END_DATE, many=False, day_first=False, entities=("ends",), values=("ends",))
    found = Answer("contract", 0.9, True, (), (Found("ends", 0, 9, "two years", "2020-01-02"),))
    assert value_counts(source(document(ends={"1/2/22"}), ends), [found]).tolist() == [[[1, 0, 0]]]
    assert value_counts(source(document(ends={"1/2/23"}), ends), [found]).tolist() == [[[0, 1, 1]]]
    marked = document(ends={"for two years"})  # gold without a day: the same period, from wherever it counts
    assert value_counts(source(marked, ends), [found]).tolist() == [[[1, 0, 0]]]
    assert value_counts(source(document(ends={"three years"}), ends), [found]).tolist() == [[[0, 1, 1]]]
    assert value_counts(source(document(ends={"1/2/19"}), ends), [found]).tolist() == [[[0, 1, 1]]]


def test_values_are_sets_and_what_folds_to_nothing_is_none() -> None:
    gold = document(party={"Acme, Inc.", "Bob Ltd", "[●]"})
    found = answer(("party", "ACME INC"), ("party", "Acme Inc."), ("party", "Carol GmbH"), ("party", "***"))
    assert value_counts(source(gold, PARTY), [found]).tolist() == [[[1, 1, 1]]]


def test_a_field_that_the_document_lacks_is_invented() -> None:
    found = answer(("total", "5.00"))
    assert value_counts(source(document(), TOTAL, PARTY), [found]).tolist() == [[[0, 1, 0], [0, 0, 0]]]


@pytest.mark.parametrize(
    ("gold", "found", "counts"),
    [
        ({"5.90"}, ["RM 5.90"], [1, 0, 0]),  # who marks the amount alone says nothing against ringgit
        ({"RM 5.90"}, ["5.90"], [0, 1, 1]),  # but what is marked must be there
        ({"RM 5.90"}, ["USD 5.90"], [0, 1, 1]),
        ({"5.90"}, ["RM 6.90"], [0, 1, 1]),
        ({"5.90"}, ["5.90", "RM 5.90"], [1, 1, 0]),  # both would be published
        ({"5.90"}, ["USD 5.90", "RM 5.90"], [1, 1, 0]),
        ({"5.90", "USD 5.90"}, ["RM 5.90"], [0, 1, 2]),  # gold names the currency
        ({"5.90", "RM 5.90"}, ["RM 5.90"], [1, 0, 1]),
    ],
)
def test_an_amount_may_say_more_than_gold_but_not_less(gold: set[str], found: list[str], counts: list[int]) -> None:
    found_all = answer(*(("total", text) for text in found))
    assert value_counts(source(document(total=gold), TOTAL), [found_all]).tolist() == [[counts]]


def test_a_rejected_document_misses_everything() -> None:
    gold = document(party={"Acme", "Bob"})
    assert value_counts(source(gold, PARTY), [None]).tolist() == [[[0, 0, 2]]]


def test_spans_agree_at_both_ends_or_not_at_all() -> None:
    spans = {"party": frozenset({(0, 4), (10, 14)})}
    gold = GoldDocument("1", "", None, False, {}, spans)
    found = Answer("receipt", 0.9, False, (), (Found("party", 0, 4, ""), Found("party", 10, 15, "")))
    fields = frozenset({"party"})
    assert span_counts(source(gold, PARTY, span_fields=fields), [found]).tolist() == [[[1, 1, 1]]]
    assert span_counts(source(gold, PARTY, span_fields=fields), [None]).tolist() == [[[0, 0, 2]]]


def test_without_offsets_in_the_source_no_span_is_wrong() -> None:
    found = Answer("receipt", 0.9, False, (), (Found("party", 0, 4, "Acme"),))
    assert span_counts(source(document(party={"Acme"}), PARTY), [found]).tolist() == [[[0, 0, 0]]]


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (answer(("date", "3/4/2018"), ("party", "Acme"), ("party", "Bob"), required=("date", "party")), True),
        (answer(("date", "3/4/2018"), ("party", "Acme"), required=("date", "party")), False),  # Bob is missing
        (answer(("date", "3/4/2018"), ("party", "Acme"), required=("date",)), True),
        (answer(("date", "5/4/2018"), required=("date",)), True),  # either date is right
        (answer(("date", "6/4/2018"), required=("date",)), False),
        (answer(required=("date",)), False),
        (answer(required=("company",)), True),  # not annotated: cannot be judged
    ],
)
def test_required_fields(found: Answer, right: bool) -> None:
    gold = document(date={"3/4/18", "5/4/18"}, party={"ACME", "BOB"})
    assert required_are_right(gold, found, [DATE, PARTY]) == right


def test_a_required_field_that_the_document_lacks_must_not_be_invented() -> None:
    assert not required_are_right(document(), answer(("date", "3/4/2018"), required=("date",)), [DATE])
    assert required_are_right(document(), answer(required=("date",)), [DATE])
