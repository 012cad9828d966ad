"""How often a bundle keeps its hands off what it does not know, beside what it does with documents of known kinds.

    DOCMILL_DATA=FOLDER python -m load_tests.abstention [--bundle B] [--limit N] [--known FILE] [--unseen FILE]

Known are the validation documents of the sources that the bundle's manifest names. Unseen are those of all other
sources in the folder, its `files`, docmill's own letters in other languages (`foreign_letters`, one language a file)
and its claims by hand. Some of these are near kin of what was trained on; the table says so. Everything goes through
the processor's own pipeline, and nothing is chosen by what comes out.

Prints one table in Markdown. The reasons of a set do not add up: a document is deferred for all that apply. `not
certified` is about thresholds, not about the document: a group without a certified threshold always defers.
"""

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from docmill.bundle.load import default_bundle, load_bundle
from docmill.evaluation.gold import read_rows, source_name
from docmill.ingest.limits import limits_of
from docmill.ingest.processes import ParserProcesses
from docmill.kafka.read_paths import media_type_of
from docmill.pipeline.types import Deferral
from docmill.processing import Mill, Outcome, ReceivedDocument, Rejected
from docmill.runtime.session import OnnxInference
from docmill.runtime.threads import default_parsers, default_threads
from docmill.settings import load_settings
from docmill_schemas.reasons import DeferralReason

HERE = Path(__file__).parent
LETTERS = HERE / "foreign_letters"
BY_HAND = HERE.parent / "samples/claims-by-hand/validation.jsonl"
BETWEEN_LETTERS = "----"
KIN = {  # unseen, but like these sources, if the bundle was trained on them
    "kleister-nda": ("cuad", "near contracts"),
    "cfpb5": ("cfpb", "complaints, preprocessed"),
    "vetclaims-sentences": ("vetclaims", "sentences of known papers"),
    "claims-by-hand": ("claims-written", "known types, another hand"),
}
STRANGE = frozenset({DeferralReason.UNFAMILIAR_DOCUMENT, DeferralReason.UNKNOWN_LANGUAGE})
REASONS = {
    "unfamiliar": {DeferralReason.UNFAMILIAR_DOCUMENT},
    "language": {DeferralReason.UNKNOWN_LANGUAGE},
    "type unsure": {DeferralReason.LOW_TYPE_CONFIDENCE},
    "field unsure or missing": {DeferralReason.LOW_FIELD_CONFIDENCE, DeferralReason.MISSING_FIELD},
    "not certified": {DeferralReason.NOT_CERTIFIED},
    "unread": {DeferralReason.UNREAD_ATTACHMENT},
}
COLUMNS = ("set", "what", "documents", "rejected", "straight through", "deferred", "strange", *REASONS, "taken for")
LIMIT = 200  # documents of a set
SLICE = 8
NOON = datetime(2000, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DocumentSet:
    """Documents that belong together; `what` says how they stand to what the bundle was trained on."""

    name: str
    what: str
    documents: tuple[ReceivedDocument, ...]


@dataclass(slots=True)
class Tally:
    """What became of the documents of one set.

    `strange` are those that were told to be unlike the training or in no known language, whatever else was told.
    """

    documents: int = 0
    rejected: int = 0
    straight_through: int = 0
    strange: int = 0
    by_column: Counter[str] = field(default_factory=Counter)  # documents with any of the column's reasons
    groups: Counter[str] = field(default_factory=Counter)  # that documents were taken for

    def add(self, outcome: Outcome) -> None:
        """Count one document."""
        self.documents += 1
        if isinstance(outcome, Rejected):
            self.rejected += 1
            return
        self.groups[outcome.prediction.label.partition(".")[0]] += 1
        if not isinstance(outcome.route, Deferral):
            self.straight_through += 1
            return
        reasons = set(outcome.route.reasons)
        self.strange += bool(reasons & STRANGE)
        self.by_column.update(column for column, of_column in REASONS.items() if reasons & of_column)

    @property
    def read(self) -> int:
        """Documents that the model had an opinion on; shares are of these."""
        return self.documents - self.rejected

    @property
    def deferred(self) -> int:
        """Documents that go to the fallback."""
        return self.read - self.straight_through


def row_of(of_set: DocumentSet, tally: Tally) -> tuple[str, ...]:
    """The cells of COLUMNS; shares are of the documents that could be read."""
    counts = (tally.straight_through, tally.deferred, tally.strange, *(tally.by_column[name] for name in REASONS))
    taken = ", ".join(f"{group} {_share(count, tally.read)}" for group, count in tally.groups.most_common(2))
    shares = (_share(count, tally.read) for count in counts)
    return (of_set.name, of_set.what, str(tally.documents), str(tally.rejected), *shares, taken or "-")


def markdown(rows: Iterable[Sequence[str]]) -> str:
    """A table of COLUMNS."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def labelled_set(path: Path, what: str, limit: int) -> DocumentSet:
    """At most `limit` documents of a labelled file, always the same ones."""
    rows = sorted(read_rows(path), key=lambda row: hashlib.sha256(row.id.encode()).digest())[:limit]
    return DocumentSet(source_name(path), what, tuple(_text(row.id, row.text) for row in rows))


def letters_set(path: Path) -> DocumentSet:
    """The letters of one language."""
    letters = (letter.strip() for letter in path.read_text(encoding="utf-8").split(f"\n{BETWEEN_LETTERS}\n"))
    documents = tuple(_text(f"{path.stem}-{n}", letter) for n, letter in enumerate(letters, start=1))
    return DocumentSet(f"letters in {path.stem}", "another language", documents)


def files_set(folder: Path) -> DocumentSet:
    """Files as they come; a README is none of them."""
    documents = tuple(
        ReceivedDocument(path.name, path.name, path.read_bytes(), media_type_of(path), None, NOON)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix != ".md"
    )
    return DocumentSet(folder.name, "files of many kinds", documents)


def all_sets(
    trained_on: Sequence[str], data: Path | None, known: Sequence[Path], unseen: Sequence[Path], limit: int
) -> list[DocumentSet]:
    """What is there: known sources first, then unseen ones, files and letters."""
    found = {path.parent.name: path for path in sorted(data.glob("*/validation.jsonl"))} if data else {}
    sets = [labelled_set(path, "known", limit) for name, path in found.items() if name in trained_on]
    sets += [labelled_set(path, "known", limit) for path in known]
    others = [*(path for name, path in found.items() if name not in trained_on), BY_HAND, *unseen]
    sets += [labelled_set(path, _kinship(source_name(path), trained_on), limit) for path in others]
    if data and (data / "files").is_dir():
        sets.append(files_set(data / "files"))
    return sets + [letters_set(path) for path in sorted(LETTERS.glob("*.txt"))]


def _kinship(name: str, trained_on: Sequence[str]) -> str:
    like, what = KIN.get(name, (None, ""))
    return what if like in trained_on else "unseen"


def run(mill: Mill, of_set: DocumentSet) -> Tally:
    """Put a set through."""
    tally = Tally()
    for first in range(0, len(of_set.documents), SLICE):
        for outcome in mill.process(of_set.documents[first : first + SLICE]):
            tally.add(outcome)
    return tally


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, process, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="default: the one shipped")
    parser.add_argument("--data", type=Path, default=os.environ.get("DOCMILL_DATA"), help="default: DOCMILL_DATA")
    parser.add_argument("--known", type=Path, action="append", default=[], help="a labelled file of a known source")
    parser.add_argument("--unseen", type=Path, action="append", default=[], help="a labelled file of another source")
    parser.add_argument("--limit", type=int, default=LIMIT, help="documents of a set")
    parser.add_argument("--threads", type=int)
    args = parser.parse_args(arguments)
    settings = load_settings(bundle=args.bundle, threads=args.threads)
    bundle = load_bundle(settings.bundle or default_bundle())
    trained_on = [source.name for source in bundle.manifest.training.sources]
    sets = all_sets(trained_on, args.data and Path(args.data), args.known, args.unseen, args.limit)
    inference = OnnxInference(bundle.model_path, settings.threads or default_threads())
    parsers = ParserProcesses(limits_of(settings), settings.parsers or default_parsers())
    rows = []
    try:
        mill = Mill(bundle, inference, parser=parsers)
        for of_set in sets:
            rows.append(row_of(of_set, run(mill, of_set)))
            print(f"{of_set.name}: done", file=sys.stderr)
    finally:
        parsers.close()
        inference.close()
    print(f"{bundle.name} {bundle.version} ({bundle.sha256[:12]}), shares of the documents that could be read\n")
    print(markdown(rows))


def _text(document_id: str, text: str) -> ReceivedDocument:
    # A lone surrogate of a JSON escape becomes one character.
    return ReceivedDocument(document_id, document_id, text.encode("utf-8", "replace"), "text/plain", "utf-8", NOON)


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.0f} %" if of else "-"


if __name__ == "__main__":
    main()
