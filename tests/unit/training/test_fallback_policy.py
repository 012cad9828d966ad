"""What the fast model and the fallback publish, counted: load_tests/fallback_policy.py and its parts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="the extra [train] is not installed")

from docmill.errors import ConfigurationError
from docmill.evaluation.counts import Answer, Found
from docmill.evaluation.gold import GoldDocument, GoldField, GoldSource, gold_fields
from docmill.fallback.policy import DEFAULT_POLICY
from docmill.fallback.types import Neighbour, Ranked
from docmill.pipeline.n_best import NBest
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import Deferral, FieldSpec, GroupSpec, ModelSpec, Prediction, Span, StraightThrough
from docmill.processing import Decided
from docmill.training.certify import fewest
from docmill.training.corpus import LabelledDocument
from docmill_schemas.reasons import DeferralReason
from load_tests import fallback_policy
from load_tests.fallback_parts import asked
from load_tests.fallback_parts.bundles import received
from load_tests.fallback_parts.confidence import CALIBRATION_HEADINGS
from load_tests.fallback_parts.exemplars import Exemplars, exemplar_values
from load_tests.fallback_parts.published import (
    Published,
    Share,
    Target,
    document_headings,
    field_headings,
    published,
)
from load_tests.fallback_policy import TYPE_HEADINGS, Outcome, claimed, outcome_of, told, types
from tests.tiny_bundle import LABEL_WORDS, build_tiny_bundle, tiny_manifest, tiny_outlier
from tests.unit.evaluation.fakes import row, write_rows

FIELDS = {field.name: field for field in gold_fields(tiny_manifest())}
DATE = GoldField("date", FieldKind.DATE, many=False, day_first=True, entities=("date",), values=("date",))
TARGET = Target(precision=0.9, confidence_level=0.95)
CONTRACTS, RECEIPTS = np.eye(2, dtype=np.float32)


def gold(label: str, **values: str) -> GoldDocument:
    of_fields = {name: frozenset((value,)) for name, value in values.items()}
    return GoldDocument("id", "text", label, False, of_fields, {})


def receipts(*documents: GoldDocument) -> GoldSource:
    return GoldSource("receipts", documents, (FIELDS["company"], FIELDS["total"]), frozenset(), ())


def answer(label: str, **found: str) -> Answer:
    spans = tuple(Found(field, 0, len(text), text) for field, text in found.items())
    return Answer(label, 0.9, True, ("total",) if label == "receipt" else (), spans)


def words(label: str, seed: int, *values: str) -> str:
    """A text of a label's words with these values in it."""
    random = Random(f"{label}{seed}")
    rest = [random.choice(LABEL_WORDS[label]) for _ in range(24 - len(values))]
    return " ".join([*rest[:6], *values, *rest[6:]])


def test_the_nearest_come_first_with_their_values() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    index = Exemplars(vectors, ("a", "b", "c"), ({}, {"party": ("Acme",)}, {}))
    near = index.near(np.array([0, 1], dtype=np.float32), 2)
    assert [(one.label, round(one.similarity, 3), dict(one.fields)) for one in near] == [
        ("b", 1.0, {"party": ("Acme",)}),
        ("c", 0.8, {}),
    ]


def test_an_exemplar_has_its_values_as_written_in_list_and_text_and_normalised() -> None:
    document = GoldDocument(
        "id", "On 05.01.2024 it", "receipt", False, {"date": frozenset({"5 JAN 2024"})}, {"date": frozenset({(3, 13)})}
    )
    assert exemplar_values(document, (DATE, FIELDS["company"])) == {"date": ("2024-01-05", "05.01.2024", "5 JAN 2024")}


def test_a_share_tells_what_it_is_at_least_and_what_that_says_of_the_target() -> None:
    """By Clopper's and Pearson's one-sided bound: of no error in 29 the target of 0.90 is held, of none in 28 not."""
    assert Share(94, 100).cells(TARGET) == ("94 (94.0 %)", "88.5 %", "too few to say")
    assert Share(75, 78).cells(TARGET) == ("75 (96.2 %)", "90.4 %", "held")
    assert [Share(n, n).cells(TARGET)[2] for n in (28, 29)] == ["too few to say", "held"]
    assert Share(970, 1000).cells(TARGET)[2] == "held"
    assert Share(60, 100).cells(TARGET)[2] == "not held"
    assert Share(3, 3).cells(TARGET)[2] == "too few to say"
    assert Share(0, 9).cells(TARGET)[2] == "too few to say"
    assert Share(0, 10).cells(TARGET)[2] == "not held"
    assert Share(0, 0).cells(TARGET) == ("-", "-", "-")


def test_it_is_the_bound_that_thresholds_are_certified_by() -> None:
    """Where a certificate just holds, so does the target; at a higher confidence level neither."""
    for errors in (0, 1, 2, 5):
        decisions = fewest(errors, TARGET.precision, TARGET.confidence_level)
        assert Share(decisions - errors, decisions).cells(TARGET)[2] == "held"
        assert Share(decisions - 1 - errors, decisions - 1).cells(TARGET)[2] == "too few to say"
        assert Share(decisions - errors, decisions).cells(Target(0.9, 0.975))[2] == "too few to say"
    assert Target(0.9, 0.975).headings == ("at least (97.5 %)", "target 0.90")


def test_values_of_one_document_are_one_decision() -> None:
    """Thirty values, all right, would hold; of the three documents that they stand in nothing can be said."""
    many = GoldDocument("id", "text", "contract", False, {"party": frozenset(f"p{n}" for n in range(10))}, {})
    source = GoldSource("papers", (many,) * 4, (FIELDS["party"],), frozenset(), ())

    def of(*names: str) -> Answer:
        return Answer("contract", 0.9, True, (), tuple(Found("party", 0, 2, name) for name in names))

    right = of(*(f"p{n}" for n in range(10)))
    [found] = published(source, "fallback", [right, right, right, None]).fields
    assert (found.values, found.documents) == (Share(30, 30), Share(3, 3))
    assert found.documents.cells(TARGET)[2] == "too few to say"
    [found] = published(source, "fallback", [right, of("p0", "p1", "x"), of("x", "y"), of()]).fields
    assert (found.values, found.documents) == (Share(12, 15), Share(1, 3))


def test_a_document_is_right_in_type_then_in_required_fields_then_in_all() -> None:
    """Five of seven are published: the second has a wrong optional value, the third a wrong required one."""
    right = gold("receipt", company="Acme", total="$5.00")
    given = [
        answer("receipt", company="ACME", total="USD 5.00"),
        answer("receipt", company="Globex", total="$5.00"),
        answer("receipt", company="Acme", total="$6.00"),
        answer("contract", party="Acme"),
        answer("receipt", total="$5.00"),
        None,
        None,
    ]
    found = published(receipts(*[right] * 7), "fallback", given)
    assert (found.judged, found.published) == (7, 5)
    assert (found.type_right, found.right, found.faultless) == (4, 3, 2)
    shares = {one.field: (one.values.right, one.values.of) for one in found.fields}
    assert shares == {"company": (2, 3), "total": (3, 4)}


def test_the_rows_of_a_table_are_as_wide_as_its_headings() -> None:
    found = published(receipts(gold("receipt", total="$5.00")), "fallback", [answer("receipt", total="$6.00")])
    cells = found.document_cells(TARGET)
    assert cells[:5] == ("receipts", "fallback", "1 of 1", "1", "0 (0.0 %)")
    assert len(cells) == len(document_headings(TARGET))
    [of_total] = found.field_cells(TARGET)
    assert of_total[:7] == ("receipts", "fallback", "total", "1", "0 (0.0 %)", "1", "0 (0.0 %)")
    assert len(of_total) == len(field_headings(TARGET))


def test_a_row_of_nothing_published_says_nothing_of_it() -> None:
    nothing = Published("sroie", "fallback", 76, 0, 0, 0, 0, ())
    assert nothing.document_cells(TARGET)[2:] == ("0 of 76", *["-"] * 7)
    assert nothing.field_cells(TARGET) == []


def test_the_line_of_a_source_says_what_held_its_documents_back() -> None:
    source = receipts(*[gold("receipt")] * 4)
    outcomes = [
        Outcome(by_model=answer("receipt")),
        Outcome(by_fallback=answer("receipt"), deferred=True, model_label="receipt"),
        Outcome(by_fallback=answer("receipt"), deferred=True, model_label="contract", agreed=2),
        Outcome(deferred=True, model_label="receipt", held_back=("total", "company")),
    ]
    assert told(source, outcomes) == (
        "receipts: 3 deferred, the fast model's own type right in 2 of them, in 1 of the 2 that the fallback "
        "published, with 2 values that exemplars have; held back by: total 1, company 1"
    )


def test_what_is_claimed_is_of_all_opinions_and_of_those_published() -> None:
    """One went straight through, of one nothing could be thought; a wrong one counts where it is claimed."""
    source = receipts(*[gold("receipt")] * 5)
    outcomes = [
        Outcome(by_model=answer("receipt")),
        Outcome(deferred=True),
        Outcome(by_fallback=answer("receipt"), deferred=True, opinion=Ranked("receipt", 0.96)),
        Outcome(by_fallback=answer("contract"), deferred=True, opinion=Ranked("contract", 0.98)),
        Outcome(deferred=True, opinion=Ranked("receipt", 0.46)),
    ]
    assert claimed(source, outcomes) == [
        ("receipts", "all", "3", "80.0 %", "2 (66.7 %)", "-", "-"),
        ("receipts", "those published", "2", "97.0 %", "1 (50.0 %)", "-", "-"),
    ]


def deferred(model: str, fallback: str | None, *, published: bool = False) -> Outcome:
    """What each thought of one deferred document; None: no opinion."""
    opinion = None if fallback is None else Ranked(fallback, 0.5)
    by_fallback = answer(fallback) if published and fallback else None
    return Outcome(by_fallback=by_fallback, deferred=True, model_label=model, opinion=opinion)


def test_the_types_of_deferred_documents_are_compared_pair_by_pair() -> None:
    """Eight wins and one loss among twelve: (1 + 9) * 2 / 2^9 by hand; of equals nothing is won."""
    wins = [deferred("contract", "receipt", published=n < 3) for n in range(8)]
    equals = [deferred("receipt", "receipt"), deferred("contract", "contract")]
    lost = [deferred("receipt", "contract")]
    straight = [Outcome(by_model=answer("contract"))]  # not deferred: no pair
    neither = [deferred("contract", None)]
    outcomes = [*wins, *equals, *lost, *straight, *neither]
    source = receipts(*[gold("receipt")] * len(outcomes))
    cells = types(source, outcomes)
    assert len(cells) == len(TYPE_HEADINGS)
    assert cells[:4] == ("receipts", "12", "2 (16.7 %)", "9 (75.0 %)")
    assert cells[4].startswith("+58.3 [+")
    assert cells[5:] == ("8", "1", "0.039")


def test_a_document_of_which_the_fallback_has_no_opinion_is_lost_where_the_fast_model_is_right() -> None:
    cells = types(receipts(gold("receipt")), [deferred("receipt", None)])
    assert cells == ("receipts", "1", "1 (100.0 %)", "0 (0.0 %)", "-100.0 [-100.0, -100.0]", "0", "1", "1")


def test_of_a_source_of_which_nothing_is_deferred_no_pair_is_told() -> None:
    assert types(receipts(gold("receipt")), [Outcome(by_model=answer("receipt"))]) == ("receipts", "0", *["-"] * 6)


PERIOD = "five (5) years from the Effective Date"
ENDS = GoldField("ends", FieldKind.END_DATE, many=False, day_first=False, entities=("ends",), values=("ends",))


def of_a_period(start: str | None, *, deferred: bool) -> Outcome:
    """A contract whose end was found as a period, `start` the day that it counts from; an exemplar has that day too."""
    spans = (Span("ends", 0, len(PERIOD), 0.85, start_date=start),)
    group = GroupSpec("contract", ("ends",), ("ends",), 0.5, None)
    ends = FieldSpec("ends", FieldKind.END_DATE, many=False)
    spec = ModelSpec(("contract",), (ends,), {"contract": group}, 1, 1.0, 1.0, tiny_outlier())
    decided = Decided(
        received(LabelledDocument("id", "papers", "papers", "contract", PERIOD, ())),
        PERIOD,
        "0" * 64,
        "0" * 64,
        Prediction("contract", 0.99, (), spans, outlier_distance=0.0),
        Deferral((DeferralReason.NOT_CERTIFIED,)) if deferred else StraightThrough(),
        n_best=NBest((("contract", 0.99),), spans) if deferred else None,
    )
    alike = [Neighbour("e0", "contract", 0.9, {"ends": ("2025-01-02",)})]
    return outcome_of(spec, decided, alike, replace(DEFAULT_POLICY, threshold=0.5))


def right_ends(answer: Answer | None) -> Share:
    """Of the values that are published, the gold one as a person wrote it."""
    source = GoldSource("papers", (gold("contract", ends="January 2, 2025"),), (ENDS,), frozenset(), ())
    [of_ends] = published(source, "either", [answer]).fields
    return of_ends.values


@pytest.mark.parametrize(
    ("start", "right"), [("2020-01-02", Share(1, 1)), (None, Share(0, 1))], ids=["its start was found", "it was not"]
)
def test_the_day_that_a_period_ends_on_is_judged_as_the_processor_publishes_it(start: str | None, right: Share) -> None:
    assert right_ends(of_a_period(start, deferred=False).by_model) == right


def test_the_day_that_a_period_ends_on_is_a_candidate_of_the_fallback() -> None:
    """An exemplar speaks for the day, not for the words; a period that counts from nowhere is none."""
    found = of_a_period("2020-01-02", deferred=True)
    assert (right_ends(found.by_fallback), found.agreed) == (Share(1, 1), 1)
    assert of_a_period(None, deferred=True).held_back == ("ends",)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """One direction for each kind of paper."""

    def embed(source: str, texts: Sequence[str]) -> NDArray[np.float32]:
        kinds = [
            CONTRACTS if any(word in text for word in ("agreement", "term", "clause")) else RECEIPTS for text in texts
        ]
        return np.stack(kinds) if kinds else np.zeros((0, 2), np.float32)

    monkeypatch.setattr(asked, "cached", embed)


def contract(seed: int, stands: str, right: str) -> dict[str, Any]:
    return row(words("contract", seed, stands), "contract", party=right)


def receipt(seed: int, total: str = "$7.13", label: str = "receipt") -> dict[str, Any]:
    text = words("receipt", seed, "acme", "2024-01-05", "$7.13")
    return row(text, label, company="acme", date="2024-01-05", total=total)


def run(capsys: pytest.CaptureFixture[str], bundle: Path, *arguments: str) -> str:
    fallback_policy.main([*arguments, "--bundle", str(bundle)])
    return capsys.readouterr().out


@pytest.mark.usefixtures("vectors")
def test_from_files_to_tables(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All exemplars of contracts have acme as party: this value alone the fallback may publish, right or wrong."""
    write_rows(tmp_path / "papers/train.jsonl", *(contract(n, "acme", "acme") for n in range(10)))
    write_rows(
        tmp_path / "papers/validation.jsonl",
        contract(100, "acme", "acme"),
        contract(101, "acme", "hooli"),
        contract(102, "globex", "globex"),
        contract(103, "globex", "globex"),  # a party that only validation has is evidence for none
        row(words("contract", 104, "acme"), None, party="acme"),  # of no type: left out
    )
    write_rows(
        tmp_path / "more/tills/validation.jsonl",
        receipt(200),
        receipt(201, total="$14.26"),
        receipt(202, label="invoice"),  # a type that the bundle does not know
    )
    given = ("papers", "--judged-only", "tills", "--data", str(tmp_path), "--data", str(tmp_path / "more"))
    lines = run(capsys, bundle, *given).splitlines()
    assert lines[0].startswith("tiny-en 0.0.1; 5 exemplars; ")  # one half of ten
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    documents = {(cells[0], cells[1]): cells[2:] for cells in rows if len(cells) == len(document_headings(TARGET))}
    assert documents["papers", "fast model"][0] == "0 of 4"
    assert documents["papers", "fallback"][:3] == ["2 of 4", "2", "1 (50.0 %)"]
    assert documents["papers", "both"] == documents["papers", "fallback"]
    assert documents["tills", "fast model"][:3] == ["3 of 3", "2", "1 (33.3 %)"]
    assert documents["tills", "fallback"][0] == "0 of 3"
    assert documents["source", "published by"][4] == "target 0.95"
    values = {tuple(cells[:3]): cells[3:7] for cells in rows if len(cells) == len(field_headings(TARGET))}
    assert values["papers", "fallback", "party"] == ["2", "1 (50.0 %)"] * 2
    assert values["tills", "fast model", "total"] == ["3", "2 (66.7 %)"] * 2
    types = {tuple(cells[:2]): cells[2:] for cells in rows if len(cells) == len(CALIBRATION_HEADINGS)}
    assert [types["papers", of][0] for of in ("all", "those published")] == ["4", "2"]
    assert types["papers", "all"][2:] == ["4 (100.0 %)", "-", "-"]
    assert types["tills", "all"] == ["0", "-", "-", "-", "-"]  # none was deferred
    pairs = {cells[0]: cells[1:] for cells in rows if len(cells) == len(TYPE_HEADINGS)}
    assert pairs["papers"] == ["4", "4 (100.0 %)", "4 (100.0 %)", "+0.0 [+0.0, +0.0]", "0", "0", "1"]
    assert pairs["tills"] == ["0", *["-"] * 6]
    assert "papers: 4 deferred" in lines[-2]
    assert lines[-2].endswith(
        "of the 2 that the fallback published, with 2 values that exemplars have; held back by: party 2"
    )


@pytest.mark.usefixtures("vectors")
def test_a_source_without_a_training_part_is_no_index(bundle: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "tills/validation.jsonl", receipt(200))
    with pytest.raises(ConfigurationError, match="train"):
        fallback_policy.main(["tills", "--data", str(tmp_path), "--bundle", str(bundle)])


def test_no_folder_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DOCMILL_DATA", raising=False)
    with pytest.raises(SystemExit):
        fallback_policy.main(["cfpb"])
    assert "--data or DOCMILL_DATA" in capsys.readouterr().err
