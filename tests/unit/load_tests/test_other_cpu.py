"""What two processors said of the same windows, set side by side."""

import json
from pathlib import Path

import numpy as np
import pytest

from load_tests.other_cpu import SOURCES, Said, compare, main
from tests.tiny_bundle import build_tiny_bundle, text_of

TAGS = np.array([[[2.0, 0.0, 0.0]], [[0.0, 2.0, 0.0]], [[0.0, 0.0, 2.0]]], dtype=np.float32)  # outside, begin, inside
TYPES = np.array([[2.0, 0.0], [0.0, 2.0]], dtype=np.float32)


def of(tags: np.ndarray = TAGS, types: np.ndarray = TYPES) -> Said:
    return {"tags": tags, "types": types}


def test_what_is_the_same_to_the_last_bit_is_told_so() -> None:
    told, equal = compare(of(), of())
    assert equal
    assert told.startswith("3 of 3 tokens the same, 2 of 2 in values, 2 of 2 types of windows; ")
    assert told.endswith("at most 0.0000 apart, all to the last bit")


def test_other_numbers_with_the_same_tags_and_types_are_the_same_but_not_to_the_last_bit() -> None:
    told, equal = compare(of(), of(TAGS * 1.5, TYPES * 1.5))
    assert equal
    assert "last bit" not in told


@pytest.mark.parametrize(
    ("other", "said_of_it"),
    [
        (of(tags=TAGS[:, :, [0, 2, 1]]), "1 of 3 tokens the same, 0 of 2 in values"),
        (of(types=TYPES[::-1].copy()), "0 of 2 types of windows; probabilities of types at most 0.7616 apart"),
    ],
)
def test_another_tag_or_type_is_found(other: Said, said_of_it: str) -> None:
    told, equal = compare(of(), other)
    assert not equal
    assert said_of_it in told


def test_one_processor_says_the_same_twice_and_refuses_other_windows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, data, here = build_tiny_bundle(tmp_path / "bundle"), tmp_path / "data", tmp_path / "here.npz"
    rows: list[dict[str, object]]
    for source in SOURCES:
        (data / source).mkdir(parents=True)
        rows = [{"id": str(n), "text": text_of("receipt", n), "label": None, "entities": []} for n in range(3)]
        (data / source / "validation.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ["--data", str(data), "--bundle", str(bundle)]
    assert main(["write", str(here), *options]) == 0
    assert main(["compare", str(here), *options]) == 0
    assert "20 of 20 types of windows" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"here\.npz is of other windows or of another bundle"):
        main(["compare", str(here), *options, "--windows", "2"])
    another = build_tiny_bundle(tmp_path / "another", version="0.0.2")  # of the same shape
    with pytest.raises(SystemExit, match="or of another bundle: write it again"):
        main(["compare", str(here), "--data", str(data), "--bundle", str(another)])
