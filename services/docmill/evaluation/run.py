"""A mill over labelled files, to the scores as JSON. Does not know where the bundle came from."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

from docmill.bundle.manifest import Manifest
from docmill.evaluation.counts import Answer, Found
from docmill.evaluation.gold import GoldDocument, GoldSource, read_source, source_name
from docmill.evaluation.score import score_source
from docmill.pipeline.types import StraightThrough
from docmill.processing import Decided, Mill, Outcome, ReceivedDocument, Rejected

DECIMALS = 4
BATCH = 8  # documents; contracts have some sixty windows each, and a slice's outputs are all in memory
NOON = datetime(2000, 1, 1, 12, tzinfo=UTC)  # a result does not depend on when a document came
OnProgress = Callable[[int, int], None]  # documents done, of all


def evaluate(
    mill: Mill, files: Sequence[Path], batch: int = BATCH, progress: OnProgress = lambda done, total: None
) -> dict[str, Any]:
    """Scores of a mill on labelled files, by source; files of the same source count as one.

    All files are read before the first document is processed. `documents_per_s` is of processing alone.

    Returns:
        `{"bundle", "documents", "documents_per_s", "rejected", "sources": {name: SourceScore as a dict}}`.

    Raises:
        ConfigurationError: a file cannot be read, or a line of it is no labelled document.
    """
    sources = read_sources(files, mill.bundle.manifest)
    total = sum(len(source.documents) for source in sources)
    done, seconds, scores = 0, 0.0, {}
    for source in sources:
        answers: list[Answer | None] = []
        for outcomes, took_s in outcomes_of(mill, source, batch):
            seconds += took_s
            answers.extend(_answer(mill, outcome) for outcome in outcomes)
            done += len(outcomes)
            progress(done, total)
        scores[source.name] = score_source(source, answers)
    result = {
        "bundle": {"name": mill.bundle.name, "version": mill.bundle.version, "sha256": mill.bundle.sha256},
        "documents": total,
        "documents_per_s": total / seconds,
        "rejected": sum(score.rejected for score in scores.values()),
        "sources": {name: asdict(score) for name, score in scores.items()},
    }
    found: dict[str, Any] = rounded(result)
    return found


def read_sources(files: Sequence[Path], manifest: Manifest) -> list[GoldSource]:
    """Labelled files by source, in the order of their first files.

    Raises:
        ConfigurationError: a file cannot be read, or a line of it is no labelled document.
    """
    paths: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        paths[source_name(file)].append(file)
    return [read_source(name, parts, manifest) for name, parts in paths.items()]


def outcomes_of(mill: Mill, source: GoldSource, batch: int = BATCH) -> Iterator[tuple[list[Outcome], float]]:
    """What a mill makes of a source's documents, slice by slice in their order, and the seconds that each took."""
    for first in range(0, len(source.documents), batch):
        documents = [_received(document) for document in source.documents[first : first + batch]]
        started = time.perf_counter()
        outcomes = mill.process(documents)
        yield outcomes, time.perf_counter() - started


def _received(document: GoldDocument) -> ReceivedDocument:
    # A lone surrogate of a JSON escape becomes one character, so offsets stay.
    content = document.text.encode("utf-8", "replace")
    return ReceivedDocument(document.id, document.id, content, "text/plain", "utf-8", NOON)


def _answer(mill: Mill, outcome: Outcome) -> Answer | None:
    match outcome:
        case Rejected():
            return None
        case Decided(text=text, prediction=prediction, route=route):
            return Answer(
                label=prediction.label,
                probability=prediction.probability,
                is_straight_through=isinstance(route, StraightThrough),
                required=mill.bundle.spec.group_of(prediction.label).required,
                found=tuple(
                    Found(s.field, s.start, s.end, text[s.start : s.end], s.start_date) for s in prediction.spans
                ),
            )
        case _:
            assert_never(outcome)


def rounded(value: Any) -> Any:
    """JSON with fewer digits, and tuples as lists."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list | tuple) else value
