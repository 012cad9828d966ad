"""CoNLL files: a token a line with its tag last, a blank line after a sentence; BIO, IOB, BIOES or BILOU tags.

The text is made anew: one blank between tokens, a line end between sentences.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docmill.errors import ConfigurationError
from docmill.training.importers.formats import Unit
from docmill.training.importers.imported import Imported, Unusable, clean_label, read_text
from docmill.training.importers.offsets import settle
from docmill.training.row import LabelledRow, RowEntity

DOCUMENT_START = "-DOCSTART-"
ID_COMMENT = re.compile(r"#\s*(?:new)?doc(?:ument)?[ _-]?id\s*[=:]?\s*(\S.*)|#\s*id[ =:]\s*(\S+).*", re.IGNORECASE)
LABEL_COMMENT = re.compile(r"#\s*label\s*[=:]\s*(\S.*)", re.IGNORECASE)
TAG = re.compile(r"O|(?P<prefix>[BIOESLU])[-_](?P<name>\S+)")
BEGINS, ENDS = "BSU", "ESLU"


@dataclass(frozen=True, slots=True)
class Token:
    line: int
    words: str
    prefix: str  # "O", or one of B, I, E, S, L, U
    name: str  # "" for O


@dataclass(slots=True)
class _Draft:
    """A document as it is being read. `problem`: why it cannot be used."""

    line: int
    id: str | None = None
    label: str | None = None
    problem: str | None = None
    sentences: list[list[Token]] = field(default_factory=lambda: [[]])

    @property
    def has_tokens(self) -> bool:
        return self.problem is not None or any(self.sentences)


def import_conll(path: Path, unit: Unit = Unit.MARKED, label: str | None = None) -> Imported:
    """Documents of a CoNLL file; `label` is the type of those that no comment (`# label = x`) gives another.

    Raises:
        ConfigurationError: the file cannot be read, has no tags, or does not tell where documents end.
    """
    lines = [line.rstrip("\r") for line in read_text(path).split("\n")]
    if unit is Unit.MARKED and not any(_is_marker(line) for line in lines):
        raise ConfigurationError(
            f"{path} has neither {DOCUMENT_START} lines nor `# doc_id = ...` comments between documents: say what one "
            f"is with --unit sentence or --unit file"
        )
    columns = Counter(len(_columns(line)) for line in lines if line.strip() and not line.startswith("#"))
    usual = max(columns, key=lambda count: columns[count], default=0)
    if usual == 1:
        raise ConfigurationError(f"{path} has one column: a line needs a token and, last, its tag")
    imported = Imported()
    for number, draft in enumerate(_drafts(lines, unit, usual), start=1):
        where = f"line {draft.line}"
        try:
            imported.add(_row(draft, draft.id or f"{path.stem}-{number:06d}", label, imported), where)
        except Unusable as unusable:
            imported.skip(where, str(unusable))
    return imported


def _drafts(lines: Sequence[str], unit: Unit, usual: int) -> Iterator[_Draft]:
    draft = _Draft(1)
    for number, line in enumerate(lines, start=1):
        if _is_comment(line, usual) or _is_marker(line):
            if _is_marker(line) and unit is Unit.MARKED and draft.has_tokens:
                yield draft
                draft = _Draft(number)
            _heed(line, draft)
        elif line.strip():
            if not draft.has_tokens:
                draft.line = number
            _take(line, number, draft)
        elif unit is Unit.SENTENCE and draft.has_tokens:
            yield draft
            draft = _Draft(number)
        else:
            draft.sentences.append([])
    if draft.has_tokens:
        yield draft


def _is_marker(line: str) -> bool:
    return line.startswith(DOCUMENT_START) or ID_COMMENT.fullmatch(line.rstrip()) is not None


def _is_comment(line: str, usual: int) -> bool:
    """A line that begins with # is a comment unless it has a token's columns and tag."""
    columns = _columns(line)
    return line.startswith("#") and not (len(columns) == usual and TAG.fullmatch(columns[-1]))


def _heed(line: str, draft: _Draft) -> None:
    """Take the id or label that a comment gives."""
    if found := ID_COMMENT.fullmatch(line.rstrip()):
        draft.id = found[1] or found[2]
    elif found := LABEL_COMMENT.fullmatch(line.rstrip()):
        draft.label = found[1]


def _columns(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _take(line: str, number: int, draft: _Draft) -> None:
    """Add the token of a line, or remember why its document cannot be used."""
    columns = _columns(line)
    tag = TAG.fullmatch(columns[-1].strip())
    if len(columns) == 1 or not columns[0].strip():
        draft.problem = draft.problem or f"line {number} has no tag or no token"
    elif tag is None:
        draft.problem = draft.problem or f"the last column of line {number} is no tag such as O, B-name or I-name"
    else:
        token = Token(number, " ".join(columns[0].split()), tag["prefix"] or "O", tag["name"] or "")
        draft.sentences[-1].append(token)


def _row(draft: _Draft, name: str, label: str | None, imported: Imported) -> LabelledRow:
    if draft.problem is not None:
        raise Unusable(draft.problem)
    text, entities = "", []
    for sentence in filter(None, draft.sentences):
        text += "\n" if text else ""
        starts = []
        for token in sentence:
            starts.append(len(text))
            text += token.words + " "
        text = text[:-1]
        for first, last, field_name in _spans(sentence, imported):
            start, end = starts[first], starts[last] + len(sentence[last].words)
            entities.append(RowEntity(label=field_name, start=start, end=end, text=text[start:end]))
    clean, settled, _ = settle(text, entities)
    return LabelledRow(id=name, text=clean, label=clean_label(draft.label or label), entities=settled)


def _spans(sentence: Sequence[Token], imported: Imported) -> Iterator[tuple[int, int, str]]:
    """(first token, last token, name) of each span; one that begins without B, S or U is taken as begun."""
    first: int | None = None
    for index, token in enumerate(sentence):
        goes_on = first is not None and token.prefix not in "O" + BEGINS and token.name == sentence[first].name
        if first is not None and not goes_on:
            yield first, index - 1, sentence[first].name
            first = None
        if token.prefix != "O" and not goes_on:
            imported.note("spans that begin with I, E or L: taken as begun there", token.prefix not in BEGINS)
            first = index
        if first is not None and token.prefix in ENDS:
            yield first, index, sentence[first].name
            first = None
    if first is not None:
        yield first, len(sentence) - 1, sentence[first].name
