import pytest

from docmill.bundle.manifest import Manifest, TrainingStage, Veto
from docmill.training.card import model_card
from docmill.training.report.compose import compose
from docmill.training.report.content import Evaluation
from tests.tiny_bundle import tiny_manifest
from tests.unit.training.report.fakes import SEED, readings, tiny_spec


def manifest() -> Manifest:
    """The tiny bundle's, trained on two sources, one of them made up; a label is vetoed."""
    plain = tiny_manifest()
    [real] = plain.training.sources
    made_up = real.model_copy(update={"name": "tills", "licence": "ours", "synthetic": True})
    training = plain.training.model_copy(update={"sources": (real, made_up)})
    veto = Veto(label="complaint.mortgage", what="type", accepted=9, correct=1, upper_bound=0.5)
    policy = plain.policy.model_copy(update={"vetoed": (veto,)})
    return plain.model_copy(update={"training": training, "policy": policy})


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return compose(readings(tmp_path_factory.mktemp("readings")), manifest(), tiny_spec(), lambda done, total: None)


@pytest.fixture(scope="module")
def card(evaluation: Evaluation) -> str:
    return model_card(manifest(), evaluation, ["It knows no llamas."])


def test_it_begins_with_data_and_licences(card: str) -> None:
    assert card.startswith(
        "# tiny-en 0.0.1\n\n## Data and licences\n- tests/tiny_bundle.py: Apache-2.0\n- tills (synthetic): ours\n"
    )
    assert "Base model: none (Apache-2.0)." in card
    assert "`" + "0" * 64 + "`" in card


def test_tokens_and_seed_are_those_of_the_run(card: str, evaluation: Evaluation) -> None:
    """The recipe that a bundle keeps knows nothing of --budget and --seed. What is not recorded is not told."""
    stages = (
        TrainingStage(name="teacher", tokens=420_123, device="cpu (fp32)"),
        TrainingStage(name="student", tokens=98_765, device="cpu (fp32)"),
    )
    run = {"seed": 11, "stages": stages, "recipe": "recipe.toml"}
    training = manifest().training.model_copy(update=run)
    told = model_card(manifest().model_copy(update={"training": training}), evaluation, ["x"])
    assert "(Apache-2.0).\nTrained with seed 11: teacher on 420,123 tokens, student on 98,765 tokens, every" in told
    assert "recipe.toml is the recipe before --budget and --seed.\n\n" in told
    assert "Trained with seed" not in card


def test_every_group_label_and_field_is_named(card: str) -> None:
    assert "- **complaint**: complaint.credit_card, complaint.mortgage (fields: amount)\n" in card
    assert "- **contract**: contract (fields: party)\n" in card
    assert "- **receipt**: receipt (fields: company, date, total)\n" in card


def test_every_model_of_the_bundles_seed_is_a_row_by_source(card: str) -> None:
    rows = [line for line in card.splitlines() if line.startswith("| tills (synthetic) | 6 | ")]
    assert rows == [
        "| tills (synthetic) | 6 | teacher, fp32 | 1.000 | 1.000 | 1.000 | 1.000 |",
        "| tills (synthetic) | 6 | student without a teacher, fp32 | 1.000 | 1.000 | 0.800 | 0.800 |",
        "| tills (synthetic) | 6 | student, fp32 | 1.000 | 1.000 | 0.971 | 0.971 |",
        "| tills (synthetic) | 6 | student, int8 | 0.833 | 0.909 | 0.909 | 0.909 |",
    ]


def test_the_report_is_said_to_have_further_seeds_only_if_it_has(evaluation: Evaluation) -> None:
    told = "report.html of the\ntraining, which has further seeds. A score"
    assert told in model_card(manifest(), evaluation, ["x"])
    of_one = evaluation.model_copy(update={"rows": tuple(row for row in evaluation.rows if row.seed == SEED)})
    for without in (of_one, evaluation.model_copy(update={"rows": ()})):
        card = model_card(manifest(), without, ["x"])
        assert "report.html of the\ntraining. A score" in card
        assert "further seeds" not in card


def test_figures_on_made_up_documents_say_so(card: str, evaluation: Evaluation) -> None:
    assert not [line for line in card.splitlines() if line.startswith("| tills |")]
    assert "a figure on them\nsays how well the model" in card
    assert "Synthetic documents" not in model_card(tiny_manifest(), evaluation, ["x"])


def test_differences_beyond_noise_are_told(card: str) -> None:
    [line] = [
        line
        for line in card.splitlines()
        if "student without a teacher, fp32 to student, fp32" in line and "value" in line
    ]
    assert line.startswith(
        "- student without a teacher, fp32 to student, fp32: tills (synthetic) gains 0.171 in value F1"
    )
    assert "teacher, fp32 to student, fp32: deeds" not in card  # both are the same there


def test_every_field_and_every_limit_is_told(card: str) -> None:
    assert "| tills (synthetic) | total | 0.909 | 1.000 | 0.833 | 6 | 0.909 |\n" in card
    assert card.endswith("## Limits\n- It knows no llamas.\n")


def test_straight_through_has_a_row_a_source_and_target_and_says_why_not(card: str) -> None:
    assert "| tills (synthetic) | 0.95 | 5 of 6 | 0.833 | 1.000 | 0.566 to 1.000 |  |\n" in card
    assert "| tills (synthetic) | 0.99 | 0 of 6 | 0.000 | - | - | nothing was certified at this target |\n" in card
    [deeds] = [line for line in card.splitlines() if line.startswith("| deeds | 0.95")]
    assert "types: no threshold reaches 0.95" in deeds
    assert "the shipped policy uses 0.95." in card
    assert "Never straight through, since they fall short of it by themselves: complaint.mortgage.\n" in card


def test_thresholds_are_the_policys(card: str) -> None:
    assert "each half of\nthem by what the other half fitted, at 95% confidence" in card
    assert "| receipt | type | 0.95 | 0.800 | 80 of 100 | 80 |\n" in card
    assert "| contract | type | 0.95 | none | 0 of 100 | 0 |\n" in card


def test_every_certificate_is_a_row(card: str) -> None:
    rows = card.partition("## Certified thresholds")[2].partition("## Limits")[0].splitlines()
    assert len([row for row in rows if row.startswith("|")]) == 2 + len(manifest().policy.certified)


def test_rows_have_as_many_cells_as_their_heads(card: str) -> None:
    tables = [block.splitlines() for block in card.split("\n\n") if block.partition("\n")[2].startswith("|")]
    shown = [[line.count("|") for line in table if line.startswith("|")] for table in tables]
    assert shown
    assert all(len(set(counts)) == 1 for counts in shown)


def test_an_evaluation_of_scores_alone_has_a_card_too(evaluation: Evaluation) -> None:
    bare = Evaluation(documents=8, rejected=1, sources=evaluation.sources)
    card = model_card(tiny_manifest(), bare, ["x"])
    assert "| tills | 6 | int8 | 0.833 | 0.909 | 0.909 | 0.909 |\n" in card
    assert "| tills | 6 | 0.833 | 1.000 |\n" in card
    assert "Beyond noise" not in card
