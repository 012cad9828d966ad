"""Is a corpus worth training on? Findings with reasons and counts, and labels for a person to look at again.

Needs no torch; suspect labels are sought where the extra [train] is installed. Does not know how it is shown.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import chain
from typing import Any

from docmill.training.corpus import Corpus
from docmill.training.quality.duplicates import check_duplicates
from docmill.training.quality.fields import check_fields
from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality.labels import check_labels, check_size
from docmill.training.quality.names import check_ids, check_names
from docmill.training.quality.spans import check_spans
from docmill.training.quality.subject import Subject
from docmill.training.quality.texts import check_texts
from docmill.training.quality.values import check_values
from docmill.training.recipe import Recipe

RULES = (
    check_names,
    check_ids,
    check_size,
    check_labels,
    check_spans,
    check_values,
    check_fields,
    check_duplicates,
    check_texts,
)
SEVEREST_FIRST = tuple(Severity)
EXCERPT_CHARACTERS = 200  # of a suspect document, in the report file
INSTALL = "pip install 'docmill[train]'"


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How much a source brings, as the recipe sees it."""

    source: str
    group: str
    training: int
    validation: int
    labels: int  # in the training part
    spans: int  # likewise


@dataclass(frozen=True, slots=True)
class SuspectLabel:
    """A label that is probably wrong; probabilities are out of fold. `excerpt` is text: for the report file alone."""

    document_id: str
    source: str
    given: str
    suggested: str
    given_probability: float
    suggested_probability: float
    margin: float
    excerpt: str


@dataclass(frozen=True, slots=True)
class QualityReport:
    """`findings` come severest first, `suspects` by margin."""

    recipe: str
    version: str
    sources: tuple[SourceCount, ...]
    findings: tuple[Finding, ...]
    suspects: tuple[SuspectLabel, ...]

    @property
    def is_refused(self) -> bool:
        """Whether training on it would be pointless or harmful."""
        return any(finding.severity is Severity.REFUSE for finding in self.findings)

    def of(self, severity: Severity) -> list[Finding]:
        """Findings of one severity."""
        return [finding for finding in self.findings if finding.severity is severity]


def check_corpus(corpus: Corpus, recipe: Recipe, *, seek_suspects: bool = True) -> QualityReport:
    """Everything that the gate has to say about a corpus under a recipe."""
    subject = Subject.of(corpus, recipe)
    findings = list(chain.from_iterable(rule(subject) for rule in RULES))
    suspects: tuple[SuspectLabel, ...] = ()
    if seek_suspects:
        found, suspects = _seek(subject)
        findings += found
    findings.sort(key=lambda finding: SEVEREST_FIRST.index(finding.severity))  # stable: rules keep their order
    return QualityReport(recipe.name, recipe.version, tuple(_counts(corpus)), tuple(findings), suspects)


def report_json(report: QualityReport) -> dict[str, Any]:
    """The report as JSON. It holds short excerpts of documents, which the console never shows."""
    counts = Counter(finding.severity for finding in report.findings)
    return {
        "recipe": report.recipe,
        "version": report.version,
        "refused": report.is_refused,
        "holds_excerpts_of_documents": True,
        "counts": {severity.value: counts[severity] for severity in Severity},
        "sources": [asdict(source) for source in report.sources],
        "findings": [asdict(finding) for finding in report.findings],
        "suspects": [asdict(suspect) for suspect in report.suspects],
    }


def _counts(corpus: Corpus) -> Iterator[SourceCount]:
    training = {part.source.name: part for part in corpus.parts if part.name == "train"}
    for part in corpus.parts:
        if part.name == "validation":
            train = training[part.source.name].documents
            labels = {document.label for document in train if document.label is not None}
            spans = sum(len(document.entities) for document in train)
            yield SourceCount(part.source.name, part.source.group, len(train), len(part.documents), len(labels), spans)


def _seek(subject: Subject) -> tuple[list[Finding], tuple[SuspectLabel, ...]]:
    """Suspect labels of each group that has several; and what was not looked at, and why."""
    if find_spec("cleanlab") is None or find_spec("sklearn") is None:
        return [_not_sought([], f"the extra [train] is not installed: {INSTALL}")], ()
    from docmill.training.quality.suspects import MIN_DOCUMENTS, MIN_PER_LABEL, find_suspects  # noqa: PLC0415 - an extra

    searched: dict[str, tuple[int, int]] = {}  # suspects and documents by group
    suspects: list[SuspectLabel] = []
    skipped: list[str] = []
    for group in subject.recipe.groups:
        documents = list(subject.training(group))
        if len({document.label for document in documents} - {None}) < 2:
            continue
        search = find_suspects(documents, subject.recipe.seed)
        if not search.searched:
            skipped.append(group)
            continue
        own = [
            SuspectLabel(
                document_id=s.document.id,
                source=s.document.source,
                given=str(s.document.label),
                suggested=s.suggested,
                given_probability=round(s.given_probability, 4),
                suggested_probability=round(s.suggested_probability, 4),
                margin=round(s.margin, 4),
                excerpt=" ".join(s.document.text[: 2 * EXCERPT_CHARACTERS].split())[:EXCERPT_CHARACTERS],
            )
            for s in search.suspects
        ]
        suspects += own
        searched[group] = len(own), search.searched
    findings = []
    if suspects:
        findings.append(_suspected(searched))
    if skipped:
        few = f"fewer than {MIN_DOCUMENTS} documents, or than two labels with {MIN_PER_LABEL}"
        findings.append(_not_sought(skipped, few))
    return findings, tuple(sorted(suspects, key=lambda s: (-s.margin, s.document_id)))


def _suspected(searched: dict[str, tuple[int, int]]) -> Finding:
    found = {group: counts for group, counts in searched.items() if counts[0]}
    return Finding(
        Severity.WARN,
        Code.SUSPECT_LABEL,
        "",
        "labels that are probably wrong, by confident learning",
        "Have a person look at them, worst first; nothing is changed by itself, and many will turn out right",
        sum(suspects for suspects, _ in searched.values()),
        "documents",
        sum(documents for _, documents in searched.values()),
        tuple(Example(group, f"{suspects:,} of {of:,}") for group, (suspects, of) in found.items()),
    )


def _not_sought(groups: list[str], why: str) -> Finding:
    return Finding(
        Severity.NOTE,
        Code.SUSPECTS_NOT_SOUGHT,
        "",
        f"suspect labels were not sought: {why}",
        "Install the extra to have them" if not groups else "Label more documents to have them",
        len(groups),
        "groups",
        examples=tuple(map(Example, groups)),
    )
