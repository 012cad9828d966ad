"""The stages that judge a finished model: opinions of validation documents, scores, golden documents, speed.

As in stages.py: what each depends on, and the version of its code. Does not know their order.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from docmill.bundle.bundle import Bundle
from docmill.evaluation.run import read_sources
from docmill.training.agreement import make_agreement, read_agreement
from docmill.training.assemble import assemble
from docmill.training.cache import Result, Stage, unchanged
from docmill.training.corpus import LabelledDocument
from docmill.training.export import FP32_FILE, INT8_FILE
from docmill.training.finish import EVALUATION_FILE, golden_of
from docmill.training.materials import Materials
from docmill.training.opinions import make_opinions, read_opinions
from docmill.training.progress import Counter
from docmill.training.report.compose import CurveRead, Read, Readings, compose
from docmill.training.report.content import evaluation_bytes
from docmill.training.report.machine import processor
from docmill.training.report.speed import make_speed
from docmill.training.stages import PIPELINE, reading_section, values_digest

GOLDEN_FILE = "golden.jsonl"


@dataclass(frozen=True, slots=True)
class Graph:
    """A model's graph, under the name that its stages bear."""

    name: str
    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The shipped student: its graphs, and all that is said about its certainty."""

    graphs: Result
    calibration: Result


@dataclass(frozen=True, slots=True)
class Validation:
    """Validation documents: `digests` of the files, by name, `documents` as the recipe maps them."""

    files: Mapping[str, Path]
    digests: Mapping[str, str]
    documents: Callable[[], Sequence[LabelledDocument]]


@dataclass(frozen=True, slots=True)
class EvaluatedRow:
    """A row of the evaluation and the result that holds its opinions."""

    model: str
    graph: Literal["fp32", "int8"]
    seed: int
    tokens: int  # that it was trained on
    opinions: Result


@dataclass(frozen=True, slots=True)
class EvaluatedPoint:
    """A point of the learning curve and the result that holds its opinions."""

    documents: int
    tokens: int
    is_all: bool
    opinions: Result


def opinions(
    materials: Materials, inputs: Mapping[str, str], graph: Graph, made: Calibrated, validation: Validation
) -> Stage:
    """What a graph says of validation documents, read with the shipped student's temperatures and biases."""
    recipe = materials.recipe

    def make(folder: Path) -> None:
        with _draft(materials, made) as bundle:
            files = list(validation.files.values())
            make_opinions(bundle, graph.path, files, folder, Counter("documents", materials.on_moment))

    section = {
        **recipe.model_dump(mode="json", include={"encoder", "languages", "fields", "groups"}),
        "code": PIPELINE,
    }
    digests = {"graph": graph.digest, "calibration": made.calibration.digest, **validation.digests}
    return unchanged(Stage(f"{graph.name}-opinions", 1, section, {**inputs, **digests}, make), validation.files)


def agreement(materials: Materials, inputs: Mapping[str, str], graphs_result: Result, validation: Validation) -> Stage:
    """int8 against fp32 on windows of validation documents."""
    exact, int8 = graphs_result.file(FP32_FILE), graphs_result.file(INT8_FILE)
    stage = Stage(
        "agreement",
        1,
        reading_section(materials.recipe),
        {**inputs, "graphs": graphs_result.digest, **validation.digests},
        lambda folder: make_agreement(
            materials, exact, int8, validation.documents(), folder, Counter("documents", materials.on_moment)
        ),
    )
    return unchanged(stage, validation.files)


def evaluation(
    materials: Materials,
    made: Calibrated,
    rows: Sequence[EvaluatedRow],
    curve: Sequence[EvaluatedPoint],
    agreement_result: Result,
    validation: Validation,
) -> Stage:
    """All opinions scored."""
    recipe = materials.recipe

    def make(folder: Path) -> None:
        with _draft(materials, made) as bundle:
            readings = Readings(
                sources=read_sources(list(validation.files.values()), bundle.manifest),
                groups={source.name: source.group for source in recipe.sources},
                seed=recipe.seed,
                reads=[
                    Read(row.model, row.graph, row.seed, row.tokens, read_opinions(row.opinions.folder)) for row in rows
                ],
                curve=[
                    CurveRead(point.documents, point.tokens, point.is_all, read_opinions(point.opinions.folder))
                    for point in curve
                ],
                agreement=read_agreement(agreement_result.folder),
            )
            found = compose(readings, bundle.manifest, bundle.spec, Counter("sources", materials.on_moment))
        (folder / EVALUATION_FILE).write_bytes(evaluation_bytes(found))

    section = {
        "recipe": recipe.model_dump(mode="json", exclude={"study"}),
        "rows": [[row.model, row.graph, row.seed, row.tokens] for row in rows],
        "curve": [[point.documents, point.tokens, point.is_all] for point in curve],
        "values": values_digest(),
    }
    of_rows = {f"row {number}": row.opinions.digest for number, row in enumerate(rows)}
    of_curve = {f"point {number}": point.opinions.digest for number, point in enumerate(curve)}
    inputs = {"calibration": made.calibration.digest, "agreement": agreement_result.digest, **of_rows, **of_curve}
    return unchanged(Stage("evaluation", 4, section, {**inputs, **validation.digests}, make), validation.files)


def golden(materials: Materials, made: Calibrated, texts: Mapping[str, str]) -> Stage:
    """Golden rows of texts."""

    def make(folder: Path) -> None:
        with _draft(materials, made) as bundle:
            rows = golden_of(bundle, made.graphs.file(FP32_FILE), texts)
        if rows is not None:
            (folder / GOLDEN_FILE).write_bytes(rows)

    recipe = materials.recipe.model_dump(mode="json", exclude={"study"})
    inputs = {"graphs": made.graphs.digest, "calibration": made.calibration.digest, "code": PIPELINE}
    return Stage("golden", 1, {"recipe": recipe, "texts": dict(texts)}, inputs, make)


def speed(materials: Materials, made: Calibrated, validation: Validation) -> Stage:
    """How fast the int8 graph reads validation documents on this machine: measured once, then remembered."""

    def make(folder: Path) -> None:
        with _draft(materials, made) as bundle:
            files = list(validation.files.values())
            make_speed(bundle, files, folder, Counter("sources", materials.on_moment))

    stage = Stage("speed", 1, {"processor": processor()}, {"graphs": made.graphs.digest, **validation.digests}, make)
    return unchanged(stage, validation.files)


@contextmanager
def _draft(materials: Materials, made: Calibrated) -> Iterator[Bundle]:
    """The bundle as far as what it says of documents goes."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "bundle"
        yield assemble(folder, materials, "", made.graphs.folder, made.calibration.folder, ())
