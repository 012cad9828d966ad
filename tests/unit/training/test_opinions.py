"""What a mill says of labelled files, kept and read again."""

from pathlib import Path

from docmill.bundle.load import load_bundle
from docmill.evaluation.counts import Found
from docmill.evaluation.run import evaluate, read_sources
from docmill.evaluation.score import score_source
from docmill.pipeline.types import Prediction, Span
from docmill.processing import Rejected
from docmill.training.opinions import Opinion, make_opinions, opinion_of, read_opinions, running
from docmill_schemas.reasons import RejectionReason
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.evaluation.fakes import row, write_rows


def test_scores_of_kept_opinions_are_those_of_the_mill_itself(tmp_path: Path) -> None:
    bundle = load_bundle(build_tiny_bundle(tmp_path / "bundle"))
    texts = [text_of(label, seed) for label in ("receipt", "contract") for seed in range(4)]
    rows = [row(text, "receipt", [("total", next(w for w in text.split() if w[0] == "$"))]) for text in texts[:4]]
    files = [
        write_rows(tmp_path / "tills.jsonl", *rows, row(" ", "receipt")),  # no token: rejected
        write_rows(tmp_path / "deeds.jsonl", *[row(text, "contract") for text in texts[4:]]),
    ]
    told: list[tuple[int, int]] = []
    make_opinions(bundle, bundle.model_path, files, tmp_path, lambda done, total: told.append((done, total)))
    opinions = read_opinions(tmp_path)
    assert [len(own) for own in opinions.values()] == [5, 4]
    assert opinions["tills"][-1] is None
    assert told[-1] == (9, 9)
    with running(bundle, bundle.model_path) as mill:
        expected = evaluate(mill, files)["sources"]
    for source in read_sources(files, bundle.manifest):
        answers = [None if opinion is None else opinion.answer(bundle.spec) for opinion in opinions[source.name]]
        score = score_source(source, answers)
        assert score.straight_through == expected[source.name]["straight_through"]
        assert score.type_accuracy == expected[source.name]["type_accuracy"]
        assert score.field_f1_value == expected[source.name]["field_f1_value"]
    assert expected["tills"]["straight_through"] > 0


def test_an_answer_keeps_the_day_that_a_period_counts_from(tmp_path: Path) -> None:
    spec = load_bundle(build_tiny_bundle(tmp_path / "bundle")).spec
    span = Span("total", 0, 9, 0.9, start_date="2020-01-02")
    opinion = Opinion(
        prediction=Prediction("receipt", 0.9, (), (span,), 1.0), words=("two years",), language_known=True
    )
    assert opinion.answer(spec).found == (Found("total", 0, 9, "two years", "2020-01-02"),)


def test_a_rejection_is_no_opinion() -> None:
    assert opinion_of(Rejected(RejectionReason.NO_TEXT, "empty"), ("en",)) is None
