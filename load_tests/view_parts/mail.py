"""The mail of the first view: documents whose type is known, and when each is due. Sends nothing.

A trickle all the time, a burst, a stretch in which most of it is of a kind that no bundle knows, and broken documents.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from random import Random

from docmill.bundle.manifest import Manifest
from docmill.evaluation.gold import read_source
from docmill.kafka.drive import Shipment
from docmill.kafka.read_paths import media_type_of
from docmill.load.documents import PLAIN
from docmill.load.schedule import Arrivals, due_times
from load_tests.answer_parts.documents import varied

WRITTEN = "claims-written-2"  # no bundle was trained on these
NOTICES, NOTICE_LABEL = "new-kind/parking-notices.jsonl", "notice.parking"
WEIGHTS = {"medical": 40, "complaint": 25, "claim": 20, "receipt": 12, "contract": 3}  # by the first part of the type
BURST_AT, STRANGE_FROM, STRANGE_UNTIL = 0.2, 0.6, 0.85  # of the time
STRANGE_SHARE = 0.7  # of the trickle, meanwhile
BROKEN_EVERY_S = 20.0
KNOWN_SHARE = 4  # one document in so many of a type is an exemplar, and is not sent


@dataclass(frozen=True, slots=True)
class Letter:
    """A document and what a person would call it."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent, in the order of its due times, and the type of each document but the broken ones, by its id."""

    shipments: tuple[Shipment, ...]
    labels: Mapping[str, str]


def read_letters(samples: Path, data: Path | None, manifest: Manifest) -> list[Letter]:
    """docmill's own samples and, of a folder of labelled sources, the validation documents of those that the bundle
    was trained on.

    Raises:
        ConfigurationError: a line is no labelled document.
    """
    rows = map(json.loads, (samples / "labels.jsonl").read_text(encoding="utf-8").splitlines())
    own = [row for row in rows if row["file"].endswith(".txt") and not row["file"].startswith("other/")]
    found = [Letter(row["label"], (samples / row["file"]).read_text(encoding="utf-8")) for row in own]
    sources = {WRITTEN: sorted((samples / WRITTEN).glob("*.jsonl"))}
    for source in manifest.training.sources if data else ():
        sources[source.name] = list((data or samples).glob(f"{source.name}/validation.jsonl"))
    for name, paths in sources.items():
        documents = read_source(name, paths, manifest).documents if paths else ()
        found += (Letter(one.label, one.text) for one in documents if one.label)
    return found


def read_notices(samples: Path) -> list[str]:
    """Texts of a kind that no bundle knows."""
    return [json.loads(row)["text"] for row in (samples / NOTICES).read_text(encoding="utf-8").splitlines()]


def known_before(letters: Sequence[Letter]) -> tuple[list[Letter], list[Letter]]:
    """(exemplars, mail): of each type every so-manieth document is known before, none is both."""
    seen: dict[str, int] = defaultdict(int)
    exemplars, mail = list[Letter](), list[Letter]()
    for letter in letters:
        seen[letter.label] += 1
        (mail if seen[letter.label] % KNOWN_SHARE else exemplars).append(letter)
    return exemplars, mail


def plan_mail(
    letters: Sequence[Letter], samples: Path, rate: float, burst: int, seconds: float, random: Random
) -> Mail:
    """All that is sent in so many seconds; a document comes again once all of its kind have come."""
    kinds = _endless(letters, random)
    weights = [WEIGHTS[kind] for kind in kinds]
    notices = cycle(read_notices(samples))
    due: list[tuple[float, Letter]] = []
    for due_s in [*due_times(Arrivals.POISSON, round(rate * seconds), seconds, random), *[BURST_AT * seconds] * burst]:
        if STRANGE_FROM <= due_s / seconds < STRANGE_UNTIL and random.random() < STRANGE_SHARE:
            due.append((due_s, Letter(NOTICE_LABEL, varied(next(notices), random))))
        else:
            due.append((due_s, next(kinds[random.choices(list(kinds), weights)[0]])))
    sent = [
        Shipment(due_s, f"first-view/{number}", letter.text.encode(), PLAIN)
        for number, (due_s, letter) in enumerate(due)
    ]
    labels = {one.document_id: letter.label for one, (_, letter) in zip(sent, due, strict=True)}
    broken = (
        Shipment(BROKEN_EVERY_S * number, f"first-view/broken/{number}", path.read_bytes(), media_type_of(path))
        for number, path in zip(range(1, int(seconds / BROKEN_EVERY_S)), cycle(_broken(samples)), strict=False)
    )
    return Mail(tuple(sorted(chain(sent, broken), key=lambda one: one.due_s)), labels)


def _endless(letters: Sequence[Letter], random: Random) -> dict[str, Iterator[Letter]]:
    """Letters by kind, each kind shuffled, round and round."""
    kinds: dict[str, list[Letter]] = {}
    for letter in letters:
        kind = letter.label.partition(".")[0]
        if kind in WEIGHTS:
            kinds.setdefault(kind, []).append(letter)
    return {kind: cycle(random.sample(of_kind, len(of_kind))) for kind, of_kind in kinds.items()}


def _broken(samples: Path) -> list[Path]:
    return sorted((samples / "broken").iterdir())
