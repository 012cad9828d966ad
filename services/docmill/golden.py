"""Golden documents: what a mill said of our own samples when its bundle was made, and says now.

Knows the story of a document (docmill.processing), but not how it is told.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from docmill.bundle.files import BundleFiles
from docmill.errors import BundleError
from docmill.pipeline.types import StraightThrough
from docmill.processing import Decided, Mill, ReceivedDocument, Rejected

SHOWN_DIFFERENCES = 5
MAY_BE = (
    "the bundle's files do not belong together, it was made by a docmill that reads fields off otherwise, or this "
    "processor or ONNX Runtime computes otherwise: "
    "keep the bundle that worked, and train this one again"
)


class GoldenSpan(BaseModel):
    """`text[start:end]`, in code points, was found as field `name`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    start: int
    end: int


class GoldenRow(BaseModel):
    """One line of golden.jsonl."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    text: str
    label: str
    probability: float
    fields: tuple[GoldenSpan, ...]
    straight_through: bool


def make_golden(mill: Mill, documents: Mapping[str, str]) -> list[GoldenRow]:
    """What the mill says of texts, given by id.

    Raises:
        BundleError: it rejects one.
    """
    rows = []
    for identity, reading in zip(documents, _read(mill, documents), strict=True):
        if isinstance(reading, Rejected):
            raise BundleError(f"{identity} cannot be golden, it is rejected: {reading.reason}, {reading.detail}")
        rows.append(_row(identity, reading))
    return rows


def check_golden(mill: Mill, rows: Sequence[GoldenRow], tolerance: float) -> None:
    """Pass when labels, spans and routes are the rows' own, and probabilities within `tolerance` of theirs.

    Raises:
        BundleError: they are not; names the first differences.
    """
    differences = [
        difference
        for row, reading in zip(rows, _read(mill, {row.id: row.text for row in rows}), strict=True)
        for difference in _differences(row, reading, tolerance)
    ]
    if differences:
        shown = "; ".join(differences[:SHOWN_DIFFERENCES])
        raise BundleError(
            f"bundle {mill.bundle.name} {mill.bundle.version} fails its golden documents, "
            f"{len(differences)} differences: {shown}. {MAY_BE}"
        )


def read_golden(path: Path) -> list[GoldenRow]:
    """The rows of a golden.jsonl.

    Raises:
        BundleError: the file cannot be read, has no row, a row is not valid or an id comes twice.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} holds no valid golden documents: {error}") from error
    return parse_golden(content, path)


def check_own_golden(mill: Mill, files: BundleFiles) -> None:
    """Make sure that a bundle says on this machine what it said where it was made.

    Args:
        files: those that the mill's bundle was made of.

    Raises:
        BundleError: it does not; names the first differences.
    """
    golden = files.manifest.golden
    if golden is not None:
        check_golden(mill, parse_golden(files.contents[golden.file], files.folder / golden.file), golden.tolerance)


def parse_golden(content: bytes, path: Path) -> list[GoldenRow]:
    """The rows of the golden.jsonl at `path`, which holds `content`.

    Raises:
        BundleError: it has no row, a row is not valid or an id comes twice.
    """
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError as error:
        raise BundleError(f"{path} holds no valid golden documents: it is not UTF-8") from error
    rows = [
        _parse_row(line, f"{path} holds no valid golden documents, line {number}")
        for number, line in enumerate(lines, start=1)
    ]
    if not rows or len({row.id for row in rows}) < len(rows):
        raise BundleError(f"{path} has no golden documents, or two of one id: train the bundle again")
    return rows


def golden_bytes(rows: Sequence[GoldenRow]) -> bytes:
    """golden.jsonl, one row a line."""
    # ASCII: a line separator inside a text (U+2028, form feed) must not end the line when it is read.
    return "".join(json.dumps(row.model_dump(mode="json")) + "\n" for row in rows).encode()


def _parse_row(line: str, complaint: str) -> GoldenRow:
    try:
        return GoldenRow.model_validate_json(line)
    except ValidationError as error:
        # Locations and kinds only: pydantic's messages quote the input, and a document's text goes in no log.
        found = [
            (e["loc"][:-1] if e["type"] == "extra_forbidden" else e["loc"], e["type"])  # that last part is input
            for e in error.errors(include_input=False)[:SHOWN_DIFFERENCES]
        ]
        problems = "; ".join(f"{'.'.join(map(str, place)) or 'row'}: {kind}" for place, kind in found)
    raise BundleError(f"{complaint}: {problems}")  # outside: a traceback would quote it, too


def _read(mill: Mill, texts: Mapping[str, str]) -> list[Decided | Rejected]:
    received_at = datetime.now(UTC)
    return mill.process(
        [
            ReceivedDocument(
                request_id=identity,
                document_id=identity,
                content=text.encode(),
                media_type="text/plain",
                charset="utf-8",
                received_at=received_at,
            )
            for identity, text in texts.items()
        ]
    )


def _row(identity: str, reading: Decided) -> GoldenRow:
    prediction = reading.prediction
    return GoldenRow(
        id=identity,
        text=reading.text,
        label=prediction.label,
        probability=round(prediction.probability, 6),
        fields=tuple(GoldenSpan(name=s.field, start=s.start, end=s.end) for s in prediction.spans),
        straight_through=isinstance(reading.route, StraightThrough),
    )


def _differences(row: GoldenRow, reading: Decided | Rejected, tolerance: float) -> list[str]:
    if isinstance(reading, Rejected):
        return [f"{row.id} is rejected ({reading.reason}: {reading.detail})"]
    found = _row(row.id, reading)
    differences = []
    if found.label != row.label:
        differences.append(f"{row.id} is {found.label}, was {row.label}")
    elif abs(found.probability - row.probability) > tolerance:
        differences.append(f"{row.id} has probability {found.probability:.3f}, had {row.probability:.3f}")
    for span in sorted(set(row.fields) ^ set(found.fields), key=lambda s: (s.start, s.end, s.name)):
        change = "lacks" if span in row.fields else "has a new"
        differences.append(f"{row.id} {change} {span.name} at {span.start}:{span.end}")
    if found.straight_through != row.straight_through:
        differences.append(f"{row.id} goes straight through: {found.straight_through}, {row.straight_through} then")
    return differences
