"""What a graph says of validation documents, kept as predictions: scores and routes at any threshold come from them.

Does not know what is right.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from docmill.bundle.bundle import Bundle
from docmill.evaluation.counts import Answer, Found
from docmill.evaluation.run import OnProgress, outcomes_of, read_sources
from docmill.pipeline.language import language_is_known
from docmill.pipeline.route import route
from docmill.pipeline.types import ModelSpec, Prediction, Route, StraightThrough
from docmill.processing import Decided, Mill, Outcome
from docmill.runtime.session import OnnxInference
from docmill.runtime.threads import default_threads

OPINIONS_FILE = "opinions.jsonl"


class Opinion(BaseModel):
    """A prediction of one document, with the words that its spans cover."""

    model_config = ConfigDict(frozen=True)

    prediction: Prediction
    words: tuple[str, ...]
    language_known: bool

    def route(self, spec: ModelSpec) -> Route:
        """Where it goes under the thresholds of a spec."""
        return route(self.prediction, spec, language_known=self.language_known)

    def answer(self, spec: ModelSpec) -> Answer:
        """What is scored, under the thresholds of a spec."""
        prediction = self.prediction
        return Answer(
            label=prediction.label,
            probability=prediction.probability,
            is_straight_through=isinstance(self.route(spec), StraightThrough),
            required=spec.group_of(prediction.label).required,
            found=tuple(
                Found(s.field, s.start, s.end, words, s.start_date)
                for s, words in zip(prediction.spans, self.words, strict=True)
            ),
        )


class OpinionRow(BaseModel):
    """A line of the file; None: the document was rejected."""

    source: str
    opinion: Opinion | None


Opinions = Mapping[str, Sequence[Opinion | None]]  # by source, in the order of its documents


def make_opinions(bundle: Bundle, graph: Path, files: Sequence[Path], folder: Path, on_progress: OnProgress) -> None:
    """Read the labelled files with one graph and write what it says of them."""
    sources = read_sources(files, bundle.manifest)
    total, done = sum(len(source.documents) for source in sources), 0
    with running(bundle, graph) as mill, (folder / OPINIONS_FILE).open("w", encoding="utf-8") as lines:
        for source in sources:
            for outcomes, _ in outcomes_of(mill, source):
                for outcome in outcomes:
                    row = OpinionRow(source=source.name, opinion=opinion_of(outcome, bundle.languages))
                    lines.write(row.model_dump_json() + "\n")
                done += len(outcomes)
                on_progress(done, total)


def read_opinions(folder: Path) -> dict[str, list[Opinion | None]]:
    """What `make_opinions` wrote."""
    opinions: dict[str, list[Opinion | None]] = {}
    with (folder / OPINIONS_FILE).open(encoding="utf-8") as lines:
        for line in lines:
            row = OpinionRow.model_validate_json(line)
            opinions.setdefault(row.source, []).append(row.opinion)
    return opinions


def opinion_of(outcome: Outcome, languages: tuple[str, ...]) -> Opinion | None:
    """The opinion in an outcome; None: it is a rejection."""
    if not isinstance(outcome, Decided):
        return None
    prediction, text = outcome.prediction, outcome.text
    return Opinion(
        prediction=prediction,
        words=tuple(text[span.start : span.end] for span in prediction.spans),
        language_known=language_is_known(text, languages),
    )


@contextmanager
def running(bundle: Bundle, model: Path) -> Iterator[Mill]:
    """A mill over a bundle with one of its graphs."""
    inference = OnnxInference(model, default_threads())
    try:
        yield Mill(bundle, inference)
    finally:
        inference.close()
