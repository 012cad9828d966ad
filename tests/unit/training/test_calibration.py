import random
from dataclasses import replace

import numpy as np
import pytest

from docmill.bundle.manifest import Certificate, Veto
from docmill.pipeline.calibrate import softmax
from docmill.pipeline.decode import Merged, read_off
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, GroupSpec, ModelSpec, OutlierSpec, Prediction, Span
from docmill.pipeline.window import tokenise
from docmill.training.calibration import (
    certificates,
    decisions,
    field_decisions,
    fit_tags,
    fit_type_temperature,
    halves,
    threshold,
)
from docmill.training.corpus import LabelledDocument
from docmill.training.reading import Read
from docmill.training.recipe_stages import Policy
from tests.unit.pipeline.fakes import FourCharacterTokenizer, windowing
from tests.unit.training.fakes import document

LABELS = ("receipt", "contract.lease", "contract.supply")
POLICY = Policy(target_precision=0.9, confidence_level=0.95)
NOTHING = OutlierSpec(np.zeros(1, np.float32), np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32), 10.0)
SPEC = ModelSpec(
    labels=LABELS,
    fields=(FieldSpec("total", FieldKind.MONEY, many=False), FieldSpec("party", FieldKind.TEXT, many=True)),
    groups={
        "receipt": GroupSpec("receipt", ("total",), ("total",), None, None),
        "contract": GroupSpec("contract", ("party",), (), None, None),
    },
    type_windows=1,
    type_temperature=1.0,
    tag_temperature=1.0,
    outlier=NOTHING,
)
TEXT = "ACME Tota 4.50 tax 0.30 bye"
TOKENS = tokenise(FourCharacterTokenizer(), windowing(), TEXT)  # ACME Tota 4.50 tax 0.30 bye
TOTAL, TAX = 2, 4  # tokens


def slip(name: str, label: str | None = "receipt", group: str = "receipt") -> LabelledDocument:
    found = [("total", "4.50")] if group == "receipt" else [("party", "ACME")]
    return document(TEXT, *found, name=name, group=group, label=label)


def read(
    name: str,
    *,
    label: str | None = "receipt",
    group: str = "receipt",
    says: str = "receipt",
    margin: float = 3.0,
    total: int | None = TOTAL,
    confidence: float = 4.0,
    distance: float = 1.0,
) -> Read:
    """A document of which the model says the label `says` by `margin`, and finds the total at a token."""
    types = np.zeros(3, dtype=np.float32)
    types[LABELS.index(says)] = margin
    tags = np.zeros((len(TOKENS), 2, 3), dtype=np.float32)
    tags[:, :, 0] = 8
    if total is not None:
        tags[total, 0] = (0, confidence, 0)
    return Read(
        slip(name, label, group),
        ("total",) if group == "receipt" else ("party",),
        TOKENS,
        Merged(types, (0, 1), tags, distance),
    )


def test_halves_are_by_name_and_seed() -> None:
    reads = [read(f"d{n}") for n in range(400)]
    one, other = halves(reads, 1)
    assert len(one) == pytest.approx(200, abs=40)
    assert sorted(r.document.id for r in one + other) == sorted(r.document.id for r in reads)
    assert [r.document.id for r in halves(reads[::-1], 1)[0]] == [r.document.id for r in one[::-1]]
    assert halves(reads, 2)[0] != one


def test_a_model_that_is_too_sure_is_cooled_down() -> None:
    """Right in 7 of 10 cases at a margin of 6, where 0.97 of probability would be claimed at temperature 2."""
    reads = [read(f"d{n}", says="receipt" if n % 10 < 7 else "contract.lease", margin=6) for n in range(100)]
    temperature = fit_type_temperature(reads, SPEC)
    assert temperature > 2
    claimed = softmax(reads[0].merged.type_logits, temperature).max()
    assert claimed == pytest.approx(0.7, abs=0.1)


def test_documents_without_a_label_say_nothing_of_types() -> None:
    assert fit_type_temperature([read("d", label=None)], SPEC) == 1.0


def test_a_head_that_names_a_field_too_often_is_held_back() -> None:
    """It sees a total in every second document at the tax: the bias makes it doubt."""
    rng = random.Random(0)
    reads = [read(f"d{n}", total=rng.choice((TOTAL, TAX)), confidence=3) for n in range(60)]
    temperature, biases = fit_tags(reads, SPEC)
    assert biases.keys() == {"total"}  # no party in receipts: nothing to fit
    assert biases["total"] > 0
    assert temperature > 0.25


def test_naming_another_place_of_the_value_is_no_mistake() -> None:
    """Training says nothing of it, so it is not held against the head, as a tax would be."""
    twice = document("ACME Tota 4.50 tax 4.50 bye", ("total", "4.50"))
    named_both = [replace(read(f"d{n}", total=TOTAL, confidence=12), document=twice) for n in range(60)]
    for one in named_both:
        one.merged.tag_logits[TAX, 0] = (0, 12, 0)
    _, biases = fit_tags(named_both, SPEC)
    assert biases["total"] <= 0
    _, held_back = fit_tags([replace(one, document=slip("d")) for one in named_both], SPEC)
    assert held_back["total"] > 0


def test_a_value_without_a_place_says_nothing() -> None:
    placed, unplaced = read("d"), replace(slip("e"), entities=(), unplaced=("total",))
    others = [replace(read("e", total=TAX, confidence=12), document=unplaced) for _ in range(20)]
    assert fit_tags([placed, *others], SPEC) == fit_tags([placed], SPEC)


@pytest.mark.parametrize(
    ("named", "right"),
    [(("ACME",), True), (("ACME", "[]", "___"), True), (("ACME", "Bob"), False), (("Bob",), False), (("[]",), False)],
)
def test_a_document_that_names_its_values_is_judged_by_them(named: tuple[str, ...], right: bool) -> None:
    """By all of them, but for blanks, as evaluation does."""
    marked = document(TEXT, ("party", "ACME"), ("party", "bye"), group="contract", label="contract.lease")
    deed = replace(marked, values=tuple(("party", value) for value in named))
    one = replace(read("d"), document=deed, taught=("party",))
    prediction = Prediction("contract.lease", 0.9, (), (Span("party", 0, 4, 0.9),), 1.0)
    [(*_, is_right)] = field_decisions([(one, prediction)], ("party",), "contract", SPEC)
    assert is_right == right


def test_only_taught_fields_are_fitted() -> None:
    assert fit_tags([replace(read("d"), taught=())], SPEC) == (1.0, {})


def certified_on(
    reads: list[Read], spec: ModelSpec, policy: Policy
) -> tuple[tuple[Certificate, ...], tuple[Veto, ...]]:
    return certificates([decisions(reads, spec)], policy)


def test_certificates_count_the_decisions_of_each_group() -> None:
    reads = [read(f"d{n}", margin=3 + n / 100) for n in range(60)]
    rows, vetoes = certified_on(reads, SPEC, POLICY)
    assert [(r.group, r.what, r.target) for r in rows] == [
        (group, what, target)
        for group, whats in (("receipt", ("type", "field")), ("contract", ("type",)))
        for what in whats
        for target in (0.90, 0.95, 0.99)
    ]
    types = next(r for r in rows if (r.group, r.what, r.target) == ("receipt", "type", 0.9))
    assert (types.decisions, types.accepted, types.correct) == (60, 60, 60)
    assert threshold(rows, "receipt", "type", 0.9) == types.threshold
    assert threshold(rows, "receipt", "type", 0.99) is None  # 60 are too few
    assert threshold(rows, "contract", "type", 0.9) is None
    assert vetoes == ()


def test_decisions_of_several_parts_certify_together() -> None:
    parts = [[read(f"{part}{n}") for n in range(20)] for part in "ab"]
    alone, _ = certificates([decisions(parts[0], SPEC)], POLICY)
    together, _ = certificates([decisions(part, SPEC) for part in parts], POLICY)
    assert threshold(alone, "receipt", "type", 0.9) is None
    assert threshold(together, "receipt", "type", 0.9) is not None


def test_a_document_of_a_type_that_is_not_known_is_a_wrong_decision() -> None:
    """It would be published under another one; of what nobody named a type nothing can be said."""
    reads = [read(f"d{n}") for n in range(40)] + [read(f"other {n}", label=None) for n in range(10)]
    others = {f"other {n}" for n in range(4)}
    of_types = decisions(reads, SPEC, others)["receipt", "type"]
    assert [is_right for *_, is_right in of_types] == [True] * 40 + [False] * 4
    assert len(decisions(reads, SPEC, others)["receipt", "field"]) == 44  # their fields are what they are
    with_them, _ = certificates([decisions(reads, SPEC, others)], POLICY)
    without, _ = certificates([decisions(reads, SPEC)], POLICY)
    assert threshold(without, "receipt", "type", 0.9) is not None
    assert threshold(with_them, "receipt", "type", 0.9) is None  # 40 of 44


def test_a_field_that_cannot_be_read_is_missing_where_documents_are_certified_too() -> None:
    """`route` sends it to the fallback, so it is no decision, however sure and well placed."""
    one = read("d")
    found = Span("total", TOKENS.starts[TOTAL], TOKENS.ends[TOTAL], 0.9)
    for spans, decided in (((found,), [0.9]), ((replace(found, readable=False),), [])):
        prediction = Prediction("receipt", 0.9, (), spans, 1.0)
        assert [score for _, score, _ in field_decisions([(one, prediction)], ("total",), "receipt", SPEC)] == decided


def test_the_policys_own_target_is_certified_too() -> None:
    rows, _ = certified_on([], SPEC, Policy(target_precision=0.8, confidence_level=0.95))
    assert sorted({row.target for row in rows}) == [0.8, 0.9, 0.95, 0.99]


def counted(reads: list[Read], what: str) -> tuple[int, int]:
    """(decisions, accepted of them that are right) of receipts at a target that 20 right ones reach."""
    rows, _ = certified_on(reads, SPEC, Policy(target_precision=0.5, confidence_level=0.9))
    row = next(r for r in rows if (r.group, r.what, r.target) == ("receipt", what, 0.5))
    return row.decisions, row.correct


def test_what_decides_nothing_is_not_counted() -> None:
    right = [read(f"d{n}") for n in range(20)]
    assert counted(right, "type") == (20, 20)
    assert counted([*right, read("far", distance=11)], "type") == (20, 20)  # unfamiliar: goes to the fallback
    assert counted([*right, read("bare", label=None)], "type") == (20, 20)
    assert counted([*right, read("lease", says="contract.lease")], "type") == (20, 20)  # another group's
    assert counted([*right, read("missing", total=None)], "field") == (20, 20)  # goes to the fallback
    assert counted([*right, replace(read("not annotated"), taught=())], "field") == (20, 20)


def test_what_is_wrong_is_counted() -> None:
    right = [read(f"d{n}") for n in range(20)]
    stranger = read("stranger", group="contract", label="contract.lease")
    assert counted([*right, stranger], "type") == (21, 20)
    assert counted([*right, stranger], "field") == (21, 20)  # a contract has no total
    assert counted([*right, read("tax", total=TAX)], "field") == (21, 20)


def test_the_fields_of_a_document_are_one_decision() -> None:
    """As sure as the least sure; right if all are."""
    both = replace(SPEC, groups={"receipt": GroupSpec("receipt", ("total", "party"), ("total", "party"), None, None)})
    tags = np.zeros((len(TOKENS), 2, 3), dtype=np.float32)
    tags[:, :, 0] = 8
    tags[TOTAL, 0] = (0, 4, 0)
    tags[0, 1] = (0, 2, 0)
    one = read("both")
    one = replace(one, taught=("total", "party"), merged=replace(one.merged, tag_logits=tags))

    def scored(of: Read) -> list[tuple[str, float, bool]]:
        prediction = read_off(of.document.text, of.tokens, of.merged, both)
        return field_decisions([(of, prediction)], ("total", "party"), "receipt", both)

    for party, right in ((("party", "ACME"), True), (("party", "bye"), False)):
        bearing = document(TEXT, ("total", "4.50"), party, name="both")
        [(label, score, is_right)] = scored(replace(one, document=bearing))
        assert (label, is_right) == ("receipt", right)
        sure = {span.field: span.confidence for span in read_off(TEXT, TOKENS, one.merged, both).spans}
        assert score == sure["party"] < sure["total"]
    every = document(TEXT, ("total", "4.50"), ("party", "ACME"), ("party", "bye"), name="both")
    assert [is_right for *_, is_right in scored(replace(one, document=every))] == [
        False
    ]  # one of its parties is missing
    assert scored(read("total alone")) == []  # no party is found: it goes to the fallback
    unmarked = replace(one, document=document(TEXT, ("total", "4.50"), name="both"), taught=("total",))
    assert [is_right for *_, is_right in scored(unmarked)] == [True]


def test_a_sign_is_part_of_a_value() -> None:
    text = "ACME Tota -4.5 tax 0.30 bye"
    minus = document(text, ("total", "-4.5"), name="minus")
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    one = replace(read("minus"), document=minus, tokens=tokens)
    starts = [text[tokens.starts[n] : tokens.ends[n]] for n in range(len(tokens))]
    assert starts[TOTAL] == "-4.5"
    prediction = read_off(text, tokens, one.merged, SPEC)
    spans = [replace(span, start=span.start + 1) for span in prediction.spans]  # without the sign
    [(*_, whole)] = field_decisions([(one, prediction)], ("total",), "receipt", SPEC)
    [(*_, unsigned)] = field_decisions([(one, replace(prediction, spans=tuple(spans)))], ("total",), "receipt", SPEC)
    assert (whole, unsigned) == (True, False)


@pytest.mark.parametrize(("marked", "right"), [("4.5", True), ("4.5€", True), ("6.5", False)])
def test_an_amount_is_right_where_its_currency_was_not_marked(marked: str, right: bool) -> None:
    text = "ACME Tota 4.5€ tax 6.5 bye"
    one = replace(read("euro"), document=document(text, ("total", marked), name="euro"))
    one = replace(one, tokens=tokenise(FourCharacterTokenizer(), windowing(), text))
    prediction = read_off(text, one.tokens, one.merged, SPEC)
    assert [text[span.start : span.end] for span in prediction.spans] == ["4.5€"]
    [(*_, is_right)] = field_decisions([(one, prediction)], ("total",), "receipt", SPEC)
    assert is_right == right


def test_a_period_is_right_whatever_it_counts_from() -> None:
    """What is marked is "two years"; that the date it counts from may be wrong is another field's error."""
    text = "two years or so"
    marked = document(text, ("ends", "two years"), name="term")
    ends = FieldSpec("ends", FieldKind.END_DATE, many=False)
    spec = replace(SPEC, fields=(ends,), groups={"receipt": GroupSpec("receipt", ("ends",), ("ends",), None, None)})
    one = replace(read("term"), document=marked, taught=("ends",))
    found = Span("ends", 0, 9, 0.9, start_date="2020-01-02")

    def is_right(span: Span) -> bool:
        prediction = Prediction("receipt", 0.9, (), (span,), 1.0)
        [(*_, right)] = field_decisions([(one, prediction)], ("ends",), "receipt", spec)
        return right

    assert is_right(found)
    assert is_right(replace(found, end=15))  # so long as it is the same day
    assert is_right(replace(found, start_date=None))
    assert not is_right(replace(found, start=10, end=15))


def contracts(label: str, right: int, wrong: int) -> list[Read]:
    """Documents that the model gives a label, rightly or not."""
    other = next(one for one in LABELS[1:] if one != label)
    return [
        read(f"{label} {n}", group="contract", label=label if n < right else other, says=label, margin=4)
        for n in range(right + wrong)
    ]


def test_a_label_plainly_worse_than_its_group_is_vetoed() -> None:
    reads = contracts("contract.lease", 400, 0) + contracts("contract.supply", 5, 10)
    rows, vetoes = certified_on(reads, SPEC, POLICY)
    assert threshold(rows, "contract", "type", 0.9) is not None
    [veto] = vetoes
    assert (veto.label, veto.what, veto.accepted, veto.correct) == ("contract.supply", "type", 15, 5)
    assert veto.upper_bound < 0.9


def test_nothing_is_vetoed_where_nothing_is_certified() -> None:
    _, vetoes = certified_on(contracts("contract.supply", 5, 10), SPEC, POLICY)
    assert vetoes == ()


def test_a_field_can_veto_a_label() -> None:
    wrong = [read(f"w{n}", total=TAX) for n in range(15)]
    certified = replace(SPEC, labels=("receipt.till", "receipt.fuel", "contract.lease"))
    fuel = [replace(r, merged=replace(r.merged, type_logits=np.array([0, 3, 0], np.float32))) for r in wrong]
    till = [read(f"d{n}") for n in range(400)]
    _, vetoes = certified_on([*till, *fuel], certified, POLICY)
    assert ("receipt.fuel", "field", 15, 0) in {(v.label, v.what, v.accepted, v.correct) for v in vetoes}
