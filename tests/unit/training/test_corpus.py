import gzip
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docmill.errors import ConfigurationError
from docmill.training.corpus import Entity, LabelledDocument, full_label, hold_out, load_part, near_duplicates, part
from tests.unit.training.fakes import document, recipe


def row(**changes: Any) -> dict[str, Any]:
    entities = [{"label": "governing_law", "start": 3, "end": 9}, {"label": "colour", "start": 0, "end": 2}]
    return {"id": "1", "text": "by German law", "label": "supply", "entities": entities} | changes


def written(seed: int, words: int = 120) -> str:
    """A text of words that no other seed shares in this order."""
    rng = random.Random(seed)
    return " ".join(rng.choice("abcdefgh") * rng.randint(1, 5) + str(rng.randrange(50)) for _ in range(words))


def retyped(text: str, seed: int, changes: int = 2) -> str:
    """A near-duplicate: a few words differ, and case and punctuation everywhere."""
    rng = random.Random(seed)
    words = text.split(" ")
    for _ in range(changes):
        words[rng.randrange(len(words))] = f"typo{rng.randrange(99)}"
    return ",  ".join(words).upper()


def corpus() -> list[LabelledDocument]:
    return list(_corpus())


@cache
def _corpus() -> tuple[LabelledDocument, ...]:
    """60 documents, each third with two near-duplicates."""
    documents = []
    for n in range(60):
        documents.append(document(written(n), name=f"{n}"))
        if n % 3 == 0:
            documents += [document(retyped(written(n), m), name=f"{n} again {m}") for m in (1, 2)]
    return tuple(documents)


def ids(documents: list[LabelledDocument]) -> set[str]:
    return {document.id for document in documents}


def test_labels_are_named_after_their_group() -> None:
    assert full_label("contract", "supply") == "contract.supply"
    assert full_label("receipt", "receipt") == "receipt"


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_part_is_read_with_the_recipes_names(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "deeds" / f"train{suffix}"
    path.parent.mkdir()
    lines = (json.dumps(row()) + "\n\n" + json.dumps(row(id="2", label=None, text="é", entities=[])) + "\n").encode()
    path.write_bytes(gzip.compress(lines) if suffix.endswith("gz") else lines)
    assert part(tmp_path, "deeds", "train") == path
    assert load_part(tmp_path, recipe().sources[1], "train", recipe()) == [
        LabelledDocument("1", "deeds", "contract", "contract.supply", "by German law", (Entity("law", 3, 9),)),
        LabelledDocument("2", "deeds", "contract", None, "é", ()),
    ]


def test_a_part_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no train\.jsonl\[\.gz\] in .*deeds; set DOCMILL_DATA"):
        load_part(tmp_path, recipe().sources[1], "train", recipe())


def test_near_duplicates_are_clustered_and_others_are_not() -> None:
    clusters = [ids(cluster) for cluster in near_duplicates(corpus())]
    expected = [{f"{n}", f"{n} again 1", f"{n} again 2"} if n % 3 == 0 else {f"{n}"} for n in range(60)]
    assert sorted(map(sorted, clusters)) == sorted(map(sorted, expected))


def test_likeness_is_passed_on() -> None:
    """Every document is like the next one, the first is unlike the last: one cluster."""
    texts = [written(1, words=60)]
    for n in range(12):
        texts.append(retyped(texts[-1].lower().replace(",  ", " "), n, changes=2))
    chain = [document(text, name=str(n)) for n, text in enumerate(texts)]
    assert len(near_duplicates([chain[0], chain[-1]])) == 2
    assert len(near_duplicates(chain)) == 1


@pytest.mark.parametrize("text", ["", "total", "one two three four five six"])
def test_short_texts_are_duplicates_of_themselves(text: str) -> None:
    assert len(near_duplicates([document(text), document(text), document(written(1))])) == 2


def test_hold_out_splits_without_loss_and_near_the_share() -> None:
    fit, calibration = hold_out(corpus(), 0.3, seed=7)
    assert ids(fit) | ids(calibration) == ids(corpus())
    assert len(fit) + len(calibration) == len(corpus())
    assert 0.15 < len(calibration) / len(corpus()) < 0.45


@settings(max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([0.1, 0.3, 0.45]))
def test_hold_out_keeps_near_duplicates_together(seed: int, share: float) -> None:
    _, calibration = hold_out(corpus(), share, seed)
    for n in range(0, 60, 3):
        family = {f"{n}", f"{n} again 1", f"{n} again 2"}
        assert family <= ids(calibration) or not family & ids(calibration)


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_hold_out_does_not_depend_on_the_order(rng: random.Random) -> None:
    shuffled = corpus()
    rng.shuffle(shuffled)
    assert [ids(side) for side in hold_out(shuffled, 0.3, 7)] == [ids(side) for side in hold_out(corpus(), 0.3, 7)]


def test_hold_out_depends_on_the_seed_alone() -> None:
    # Written down once: a split that drifts would put documents that were trained on into calibration.
    alone = [document(written(n), name=str(n)) for n in range(12)]
    assert [sorted(ids(hold_out(alone, 0.3, seed)[1])) for seed in (7, 8)] == [["3", "4", "7", "8"], ["11", "2", "5"]]


def test_a_larger_share_only_adds() -> None:
    assert ids(hold_out(corpus(), 0.2, 7)[1]) < ids(hold_out(corpus(), 0.4, 7)[1])


def test_no_documents() -> None:
    assert hold_out([], 0.2, 7) == ([], [])
