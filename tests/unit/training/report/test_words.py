import pytest

from docmill.training.report.content import Comparison, Row, Straight
from docmill.training.report.words import figure, graph_name, model_name, source_name, span, verdict, why_not
from tests.tiny_bundle import tiny_manifest


def comparison(difference: float, low: float, high: float, documents: int = 100) -> Comparison:
    return Comparison(
        before="a fp32",
        after="b fp32",
        seed=7,
        source="tills",
        measure="type_accuracy",
        difference=difference,
        interval=(low, high),
        documents=documents,
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (comparison(-0.012, -0.02, -0.004), "loses 0.012"),
        (comparison(0.03, 0.01, 0.05), "gains 0.030"),
        (comparison(-0.012, -0.03, 0.01), "no loss beyond noise"),
        (comparison(0.012, 0.0, 0.02), "no gain beyond noise"),
        (comparison(0, 0, 0), "no difference beyond noise"),
        (comparison(-0.1, -0.3, 0.1, 7), "no loss beyond noise (7 documents: only a large one would show)"),
    ],
)
def test_a_difference_in_words(found: Comparison, words: str) -> None:
    assert verdict(found) == words


def test_figures() -> None:
    assert (figure(0.98765), figure(None)) == ("0.988", "-")
    assert (span((0.5, 1)), span(None)) == ("0.500 to 1.000", "-")


def test_models_are_named_with_a_seed_that_is_not_the_bundles() -> None:
    own = Row(model="baseline", graph="fp32", seed=7, tokens=1, sources={})
    assert model_name(own, 7) == "student without a teacher, fp32"
    assert model_name(own, 8) == "student without a teacher, fp32, seed 7"
    assert graph_name("student int8") == "student, int8"


def test_a_synthetic_source_says_so() -> None:
    manifest = tiny_manifest()
    [real] = manifest.training.sources
    made_up = real.model_copy(update={"name": "claims", "synthetic": True})
    training = manifest.training.model_copy(update={"sources": (real, made_up)})
    manifest = manifest.model_copy(update={"training": training})
    assert source_name("claims", manifest) == "claims (synthetic)"
    assert source_name(real.name, manifest) == real.name
    assert source_name("elsewhere", manifest) == "elsewhere"


def test_why_not_is_the_missing_threshold_else_what_held_documents_back() -> None:
    row = Straight(
        source="tills",
        group="receipt",
        target=0.9,
        documents=9,
        straight=2,
        rate=2 / 9,
        rate_interval=None,
        known=2,
        right=2,
        precision=1,
        precision_interval=None,
        reason=None,
        deferrals={"low_type_confidence": 1, "missing_field": 6},
    )
    assert why_not(row) == "missing field 6, low type confidence 1"
    assert why_not(row.model_copy(update={"reason": "types: too few"})) == "types: too few"
