"""What a person says of fields, and the place of the text that is meant by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.bundle.manifest import FieldEntry
from docmill.cli.review_bundle import BundleNames, bundle_names
from docmill.cli.review_fields import (
    Decision,
    FieldGiven,
    Known,
    candidates,
    combined,
    occurrences,
    place,
    proposed,
)
from docmill.errors import ReviewError
from docmill.pipeline.normalise import FieldKind
from docmill_schemas.events import ExtractedField
from docmill_schemas.review_events import DecidedField, ReviewRequested
from tests.tiny_bundle import tiny_manifest
from tests.unit.kafka.reviews import review

#       0         1         2         3         4
#       0123456789012345678901234567890123456789012345678
TEXT = "Due 41.50, paid 41.50.\nTotal: RM  41.50 (Ringgit)"
FIRST, SECOND, THIRD = (4, 9), (16, 21), (34, 39)


def extracted(name: str, start: int, end: int, value: str | None = None) -> ExtractedField:
    return ExtractedField(name=name, text=TEXT[start:end], value=value, start=start, end=end, confidence=0.5)


def asked(*fields: ExtractedField, candidates: tuple[ExtractedField, ...] = ()) -> ReviewRequested:
    return review(text=TEXT, fields=fields, candidates=candidates)


def kind(name: str, text: str) -> str | None:
    return f"<{text}>" if name == "total" else None


def found(of: ReviewRequested, text: str) -> DecidedField:
    return place(of, FieldGiven.of(text), kind)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("total=41.50", FieldGiven("total", quote="41.50")),
        (" total = RM 41.50 ", FieldGiven("total", quote="RM 41.50")),
        ("mail=a=b@1:2", FieldGiven("mail", quote="a=b@1:2")),
        ("total@4:9", FieldGiven("total", place=(4, 9))),
    ],
)
def test_a_field_as_it_is_given(text: str, expected: FieldGiven) -> None:
    assert FieldGiven.of(text) == expected


@pytest.mark.parametrize("text", ["", "total", "total=", "=41.50", " = ", "total@4", "total@4:", "total@-1:3", "@4:9"])
def test_what_is_no_field_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ReviewError, match="write name=QUOTE"):
        FieldGiven.of(text)


def test_a_field_that_no_record_can_carry_is_told() -> None:
    with pytest.raises(ReviewError, match="is not UTF-8"):
        FieldGiven.of("caf\udce9=41.50")


def test_a_quote_that_stands_once_is_there_with_its_value() -> None:
    assert found(asked(), "total=RM  41.50") == DecidedField(
        name="total", text="RM  41.50", start=30, end=39, value="<RM  41.50>"
    )
    assert found(asked(), "currency=Ringgit").value is None


def test_of_several_places_the_one_nearest_to_a_candidate_of_the_field() -> None:
    near_third = extracted("total", 30, 32)
    assert (found(asked(near_third), "total=41.50").start) == THIRD[0]
    assert (found(asked(candidates=(extracted("total", 11, 15),)), "total=41.50").start) == SECOND[0]
    assert (found(asked(extracted("total", 2, 6)), "total=41.50").start) == FIRST[0]  # overlaps


def test_without_a_candidate_of_that_field_the_places_are_named() -> None:
    of = asked(extracted("date", 16, 21))
    with pytest.raises(ReviewError, match="stands in 3 places: say which: total@4:9 or total@16:21 or total@34:39"):
        found(of, "total=41.50")


def test_places_that_are_equally_near_are_named() -> None:
    halfway = extracted("total", 12, 13)  # three characters from the end of the first and from the start of the second
    with pytest.raises(ReviewError, match=r"stands in 2 places: say which: total@4:9 or total@16:21$"):
        found(asked(halfway), "total=41.50")


def test_very_many_places_are_not_all_named() -> None:
    of = review(text="a " * 30, fields=(), candidates=())
    with pytest.raises(ReviewError, match=r"stands in 30 places: .*total@8:9 \(and 25 more\)"):
        found(of, "total=a")


def test_the_value_of_a_candidate_at_the_same_place_counts() -> None:
    of = asked(extracted("total", *FIRST, value="41.50 MYR"), candidates=(extracted("total", *SECOND),))
    assert found(of, "total@4:9").value == "41.50 MYR"
    assert found(of, "total@16:21").value == "<41.50>"
    assert found(of, "due@4:9").value is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("total=RM 41.50", r"but as 'RM  41\.50': that is total@30:39"),
        ("total=ringgit", r"but as 'Ringgit': that is total@41:48"),
        ("total=41.51", r"'41.51' does not stand in the text so: quote it word for word, .*total@START:END"),
        ("total@45:50", r"no place of the text: it has characters 0 to 49"),
        ("total@9:9", "no place of the text"),
        ("total@9:4", "no place of the text"),
        ("total@22:23", r"total@22:23 is blank"),
    ],
)
def test_what_stands_nowhere_says_what_to_give(text: str, said: str) -> None:
    assert len(TEXT) == 49
    with pytest.raises(ReviewError, match=said):
        found(asked(), text)


@given(st.text("ab ", max_size=30), st.text("ab ", min_size=1, max_size=4))
def test_every_occurrence_is_found(text: str, quote: str) -> None:
    expected = [(n, n + len(quote)) for n in range(len(text)) if text[n : n + len(quote)] == quote]
    assert occurrences(text, quote) == expected


def test_candidates_are_each_once_and_proposals_first() -> None:
    one, two = extracted("total", *SECOND), extracted("total", *FIRST)
    of = asked(one, candidates=(two, extracted("total", *SECOND), extracted("date", *FIRST)))
    assert candidates(of, "total") == (one, two)


PROPOSAL = asked(extracted("total", *FIRST, value="41.50 MYR"), extracted("total", *SECOND), extracted("unit", 41, 48))


def decision(*fields: str, **options: object) -> Decision:
    given_ = [FieldGiven.of(text) for text in fields]
    defaults = {"label": None, "confirmed": False, "without": ()}
    return combined(PROPOSAL, given=given_, normalise=kind, **{**defaults, **options})  # type: ignore[arg-type]


def test_a_confirmed_proposal_is_taken_whole() -> None:
    assert decision(confirmed=True) == Decision("receipt", proposed(PROPOSAL))
    assert [(one.name, one.start, one.value) for one in proposed(PROPOSAL)] == [
        ("total", 4, "41.50 MYR"),
        ("total", 16, None),
        ("unit", 41, None),
    ]


def test_what_is_given_beside_a_confirmation_replaces_its_part() -> None:
    changed = decision("total@34:39", confirmed=True, label="contract.supply", without=["unit"])
    assert (changed.label, [(one.name, one.start) for one in changed.fields]) == ("contract.supply", [("total", 34)])


def test_without_a_confirmation_there_are_no_other_fields() -> None:
    alone = decision("unit=Ringgit", "date@0:3", "unit@41:48", label="receipt")
    assert [(one.name, one.start) for one in alone.fields] == [("date", 0), ("unit", 41)]
    assert decision(label="receipt").fields == ()


def test_what_is_not_proposed_cannot_be_left_out() -> None:
    with pytest.raises(ReviewError, match="nothing is proposed for dat, so there is nothing to leave out"):
        decision(confirmed=True, without=["unit", "dat"])


def test_names_that_look_misspelt_are_told_with_what_may_be_meant() -> None:
    known = Known(frozenset({"medical.imaging_report"}), frozenset({"diagnosis"})).with_review(PROPOSAL)
    known.check_label("receipt")
    known.check_label("contract.supply")
    known.check_label("medical.imaging_report")
    known.check_fields(["total", "unit", "diagnosis"])
    with pytest.raises(ReviewError, match=r"no type 'reciept' is known so far; did you mean 'receipt'\?"):
        known.check_label("reciept")
    with pytest.raises(ReviewError, match=r"no type 'medical.imaging' is .* 'medical.imaging_report'\?"):
        known.check_label("medical.imaging")
    with pytest.raises(ReviewError, match=r"no field 'totl' is known so far; did you mean 'total'\?"):
        known.check_fields(["total", "totl"])


@pytest.mark.parametrize("label", ["notice.parking", "notice", "letter.cancellation"])
def test_a_new_kind_may_have_any_other_name(label: str) -> None:
    known = bundle_names(None).known
    known.check_label(label)
    known.check_fields(["plate", "offence"])


def test_a_persons_number_needs_no_digit() -> None:
    """A model's does; what a person says that the document calls a policy stands."""
    kinds = {"policy": FieldKind.IDENTIFIER, "date": FieldKind.DATE}
    fields = tuple(FieldEntry(name=name, kind=kind) for name, kind in kinds.items())
    names = BundleNames(tiny_manifest().model_copy(update={"fields": fields}))
    assert names.normalise("policy", " PENDING\n ") == "PENDING"
    assert names.normalise("date", "pending") is None
    assert names.normalise("unheard_of", "1") is None
